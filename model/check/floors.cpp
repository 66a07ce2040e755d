#include "model/check/floors.hpp"

#include <utility>

namespace leasehold::check {

void Floor::raise(const ReplicaStepped& step, const Committed& commit) {
    if (committed && committed->rank.generation == commit.rank.generation &&
        !committed->rank.older_than(commit.rank))
        return;
    before = std::exchange(committed, Said{commit.rank, step.number});
}

Floor& Floors::of(ReplicaIndex index, const ObjectKey& name) {
    return part_of(floors_, index)[name];
}

const Floor* Floors::find(ReplicaIndex index, const ObjectKey& name) const {
    if (index >= floors_.size()) return nullptr;
    const auto found = floors_[index].find(name);
    return found == floors_[index].end() ? nullptr : &found->second;
}

bool Floors::is_newest(ReplicaIndex index, const ObjectKey& name, const KeyContents& key) const {
    const Floor* known = find(index, name);
    return known != nullptr && known->committed && !key.commits.empty() &&
           known->committed->rank.sequence == key.commits.back().rank.sequence;
}

bool Floors::saw_present(ReplicaIndex index, const ObjectKey& name, const KeyContents& key) const {
    return is_newest(index, name, key) && !key.commits.back().absent;
}

bool Floors::saw_removed(ReplicaIndex index, const ObjectKey& name, const KeyContents& key) const {
    return is_newest(index, name, key) && key.commits.back().absent;
}

void Floors::process_ended(ReplicaIndex index) {
    if (index < floors_.size()) floors_[index].clear();
}

}  // namespace leasehold::check
