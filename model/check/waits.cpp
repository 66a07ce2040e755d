#include "model/check/waits.hpp"

#include <utility>

namespace leasehold::check {

void Waits::fault(const FaultTookEffect& record) {
    if (!record.what.starts_with("omitKeys")) return;
    for (const ReplicaIndex target : record.targets)
        if (target != kNobody) station(target).misled = true;
}

/// Its copy is what the bucket holds, and not what the caller has.
bool Waits::could_end(ReplicaIndex index, const ObjectKey& key, const ETag& known) {
    if (!contents_.tracked(key)) return false;
    const FileTag* copy = copies_.tag(index, key);
    if (copy == nullptr || copy->dirty || copy->etag.empty() || copy->etag == known) return false;
    if (copies_.unsettled(index, key) || copies_.loading(index, key)) return false;
    const std::deque<Committed>& commits = contents_.of(key).commits;
    return !commits.empty() && !commits.back().torn && commits.back().etag == copy->etag;
}

void Waits::after(const ReplicaStepped& step, const ReplicaFacts& self) {
    Station& own = station(step.replica);
    if (!std::exchange(own.passed, false)) return;
    if (self.role != Role::follower || self.stopped || own.misled) {
        own.waiting.clear();
        return;
    }
    std::map<CallId, std::uint64_t> waiting;
    calls_.each_read(step.replica, [&](CallId call, const ObjectKey& key, const ETag& known) {
        if (!could_end(step.replica, key, known)) return;
        waiting.emplace(call, step.number);
        facts_.checked(Id::freshness);
        const auto before = own.waiting.find(call);
        if (before == own.waiting.end() || !facts_.fresh(Id::freshness)) return;
        facts_.violate(Id::freshness, step.at,
                       facts_.name(step.replica) + "'s backup read of " + words(key) +
                           " still waits at " + words(step.at) +
                           ", after a whole pass in which its copy was what the bucket holds",
                       {before->second, step.number});
    });
    own.waiting = std::move(waiting);
}

}  // namespace leasehold::check
