#include "model/check/index_rules.hpp"

#include <algorithm>

namespace leasehold::check {

namespace {

/// Did anybody ever write it, or find it on a disk?
bool was_there(const KeyContents& key) {
    return !key.asked.empty() || !key.commits.empty();
}

}  // namespace

std::string IndexRules::named(const ReplicaTold& told, const IndexEntry& entry,
                              const KeyContents& key) const {
    const ETag& etag = entry.etag;
    if (!etag.empty() && !key.forgot_commits && key.committed_as(etag) == nullptr)
        return "names a version of " + words(entry.key) + " that the bucket never held";
    // A pass that did not show a tombstone made it forget that; the next one names an object.
    if (!entry.local && !misled(told.replica) && floors_.saw_removed(told.replica, entry.key, key))
        return "names " + words(entry.key) + ", which it knows to be removed";
    if (entry.dirty && !entry.local)
        return "says that a copy of " + words(entry.key) + " waits for the bucket, and has none";
    // What is being stored, tagged or removed is told as it will be.
    if (copies_.unsettled(told.replica, entry.key) || copies_.blind(told.replica)) return {};
    const FileTag* copy = copies_.tag(told.replica, entry.key);
    if (entry.local != (copy != nullptr))
        return copy == nullptr
                   ? "says that a copy of " + words(entry.key) + " is local, and has none"
                   : "hides its copy of " + words(entry.key);
    if (copy != nullptr && (entry.dirty != copy->dirty || entry.epoch != copy->epoch))
        return "tells another epoch or state of its copy of " + words(entry.key) + " than it has";
    return {};
}

std::string IndexRules::left_out(const ReplicaTold& told, const ObjectKey& name,
                                 const KeyContents& key) const {
    if (!copies_.changing(told.replica, name) && !copies_.blind(told.replica) &&
        copies_.tag(told.replica, name) != nullptr)
        return "leaves out " + words(name) + ", of which it has a copy";
    // An answer that a write of its own has overtaken is given, and not noted.
    const bool writes = std::ranges::any_of(
        key.asked, [&told](const Asked& one) { return one.open && one.replica == told.replica; });
    // What only its file told it, it knows no more once that can't be read.
    if (!misled(told.replica) && !copies_.unreadable(told.replica, name) && !writes &&
        floors_.saw_present(told.replica, name, key))
        return "leaves out " + words(name) + ", which it knows that the bucket holds";
    return {};
}

std::string IndexRules::compare(const ReplicaTold& told) const {
    const auto& all = contents_.all();
    auto known = all.begin();
    const auto pass_over = [&](const ObjectKey* until) {
        std::string wrong;
        for (; known != all.end() && (until == nullptr || known->first < *until) && wrong.empty();
             ++known)
            if (contents_.tracked(known->first))
                wrong = left_out(told, known->first, known->second);
        return wrong;
    };
    const IndexEntry* before = nullptr;
    for (const IndexEntry& entry : *told.index) {
        if (before != nullptr && !(before->key < entry.key))
            return "names " + words(entry.key) + " behind " + words(before->key);
        before = &entry;
        if (std::string wrong = pass_over(&entry.key); !wrong.empty()) return wrong;
        if (known == all.end() || known->first != entry.key || !contents_.tracked(entry.key) ||
            !was_there(known->second))
            return "names " + words(entry.key) + ", which nobody ever wrote";
        if (std::string wrong = named(told, entry, known->second); !wrong.empty()) return wrong;
        ++known;
    }
    return pass_over(nullptr);
}

void IndexRules::fault(const FaultTookEffect& record) {
    // A LIST that leaves keys out, and a tombstone that comes damaged: no longer known for one.
    if (!record.what.starts_with("omitKeys") && !record.what.starts_with("damageAnswer")) return;
    for (const ReplicaIndex target : record.targets) {
        if (target == kNobody) continue;
        part_of(misled_, target) = true;
    }
}

void IndexRules::told(const ReplicaTold& told) {
    if (told.index == nullptr) return;
    facts_.checked(Id::index_complete);
    if (!facts_.fresh(Id::index_complete)) return;
    const std::string wrong = compare(told);
    if (wrong.empty()) return;
    facts_.violate(
        Id::index_complete, told.at,
        "the index that " + facts_.name(told.replica) + " told at " + words(told.at) + " " + wrong,
        {told.number});
}

}  // namespace leasehold::check
