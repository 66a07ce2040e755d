#include "sim/verify/commits.hpp"

#include <algorithm>
#include <chrono>
#include <map>

namespace leasehold::verify {
namespace {

ReplicaIndex writer_of(const Sightings& sightings, const LeasePtr& before, const LeasePtr& after) {
    if (!after) return kNobody;  // only an operator deletes
    if (before && before->uid == after->uid && before->record.nonce == after->record.nonce)
        return kNobody;
    const auto found = sightings.nonces.find(after->record.nonce);
    return found == sightings.nonces.end() ? kNobody : found->second;
}

ObjectCommitted commit(const ObjectKey& key, const ETag& etag, ReplicaIndex writer,
                       const Stamp& stamp, TrueTime at) {
    ObjectCommitted record;
    record.at = at;
    record.key = key;
    record.etag = etag;
    record.writer = writer;
    record.stamp = stamp;
    return record;
}

ReplicaIndex writer_of(const Sightings& sightings, const Stamp& stamp) {
    const auto found = sightings.writers.find(stamp.writer);
    return found == sightings.writers.end() ? kNobody : found->second;
}

/// A LIST may be as old as this when its answer is recorded (`record-world` asks no longer).
constexpr Duration kListAge = std::chrono::seconds(5);

/// The key that a LIST lacked was removed by an agent who knows that it was, and nothing shows that
/// it was there again before that LIST was asked for.
bool explained(const Sightings& sightings, const ObjectKey& key, TrueTime at) {
    const ObjectWrite* removal = nullptr;
    for (const ObjectWrite& write : sightings.writes)
        if (write.key == key && write.etag.empty() && write.confirmed && write.sent <= at &&
            (removal == nullptr || removal->answered < write.answered))
            removal = &write;
    if (removal == nullptr) return false;
    const auto between = [&](TrueTime seen) {
        return seen > removal->answered && seen < at - kListAge;
    };
    for (auto one = sightings.objects.lower_bound({key, ETag{}});
         one != sightings.objects.end() && one->first.first == key; ++one)
        if (between(one->second.first)) return false;
    // Equal bytes have an ETag that was seen before.
    return std::ranges::none_of(sightings.writes, [&](const ObjectWrite& write) {
        return write.key == key && !write.etag.empty() && between(write.answered);
    });
}

/// Leaves out deletions of what is not there, and rewrites that a first sighting covers.
std::vector<ObjectCommitted> settled(std::vector<ObjectCommitted> all) {
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    std::map<ObjectKey, ETag> present;
    std::vector<ObjectCommitted> kept;
    for (ObjectCommitted& record : all) {
        ETag& etag = present[record.key];
        if (record.etag == etag) continue;
        etag = record.etag;
        record.version = kept.size() + 1;
        kept.push_back(std::move(record));
    }
    return kept;
}

}  // namespace

std::vector<LeaseCommitted> lease_commits(const Sightings& sightings) {
    std::vector<LeaseCommitted> commits;
    LeasePtr before;
    for (const auto& [place, state] : sightings.lease) {
        if (!state.lease && !before) continue;  // one deletion, seen twice
        LeaseCommitted record;
        record.at = state.first;
        record.before = before;
        record.after = state.lease;
        record.writer = writer_of(sightings, before, state.lease);
        commits.push_back(record);
        before = state.lease;
    }
    // What was known of a successor was committed by then.
    for (std::size_t i = commits.size(); i-- > 1;)
        commits[i - 1].at = std::min(commits[i - 1].at, commits[i].at);
    return commits;
}

std::vector<ObjectCommitted> object_commits(const Sightings& sightings) {
    std::vector<ObjectCommitted> all;
    for (const auto& [name, version] : sightings.objects) {
        const Stamp stamp = version.stamp.value_or(Stamp{});
        all.push_back(
            commit(name.first, name.second, writer_of(sightings, stamp), stamp, version.first));
    }
    for (const ObjectWrite& write : sightings.writes) {
        if (write.etag.empty()) {
            if (!write.confirmed) continue;
            all.push_back(commit(write.key, {}, write.writer, Stamp{}, write.answered));
            continue;
        }
        const ObjectVersion& version = sightings.objects.at({write.key, write.etag});
        if (version.first < write.sent)  // equal bytes again
            all.push_back(commit(write.key, write.etag, write.writer,
                                 version.stamp.value_or(Stamp{}), write.answered));
    }
    for (const auto& [at, key] : sightings.vanished) {
        if (explained(sightings, key, at)) continue;
        const auto lost = std::find_if(sightings.writes.begin(), sightings.writes.end(),
                                       [&key = key](const ObjectWrite& w) {
                                           return w.etag.empty() && !w.confirmed && w.key == key;
                                       });
        all.push_back(
            commit(key, {}, lost == sightings.writes.end() ? kNobody : lost->writer, Stamp{}, at));
    }
    return settled(std::move(all));
}

}  // namespace leasehold::verify
