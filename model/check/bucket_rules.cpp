#include "model/check/bucket_rules.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace leasehold::check {

namespace {

constexpr std::string_view kEpochKey = ".ha/epoch";
constexpr std::string_view kProbes = ".ha/probe/";
/// Claims of one leadership that may be under way, and more.
constexpr std::size_t kLandedMax = 64;

std::string epoch_words(Epoch epoch) {
    return "epoch " + std::to_string(epoch.value());
}

}  // namespace

void BucketRules::committed(const ObjectCommitted& record) {
    if (record.key.view() == kEpochKey) claimed(record);
    Key& key = keys_[record.key];
    ranked(record, key);
    Commit commit;
    commit.sequence = key.next++;
    commit.etag = record.etag;
    commit.epoch = record.stamp.epoch;
    commit.writer = record.writer;
    commit.absent = record.etag.empty() || record.stamp.tombstone;
    commit.at = record.at;
    commit.number = record.number;
    // A DELETE carries no stamp: it acts under the epoch that its sender claimed.
    if (record.etag.empty() && commit.epoch == Epoch{} && record.writer < claims_.size())
        commit.epoch = claims_[record.writer];

    // A probe may come before its process has claimed the epoch of this leadership, and after a
    // restore of the cluster the term that stands in for it may be lower than that of the last.
    if (record.key.view().starts_with(kProbes)) key.newest = std::min(key.newest, commit.epoch);
    const bool equal = !key.commits.empty() && equal_tombstones(commit, key.commits.back());
    if (record.writer != kNobody) {
        if (fenced() && !equal) {
            check_epoch(record, commit, key);
            check_acknowledged(record, commit, key);
        }
        if (commit.epoch >= key.newest) {
            key.newest = commit.epoch;
            key.newest_number = record.number;
            key.newest_writer = record.writer;
        }
    }
    key.is_acknowledged = false;
    key.commits.push_back(std::move(commit));
    forget(key);
}

/// Plain ones have the same bytes, and so one ETag: a removal goes over another unseen, and nothing
/// is another for it.
bool BucketRules::equal_tombstones(const Commit& a, const Commit& b) {
    return a.absent && b.absent && !a.etag.empty() && a.etag == b.etag;
}

/// Whoever is not of the group may bring back anything.
void BucketRules::ranked(const ObjectCommitted& record, Key& key) {
    if (record.writer == kNobody) went_back_ = true;
    if (record.etag.empty()) return;
    const Stamp& stamp = record.stamp;
    if (stamp.epoch < key.top || (stamp.epoch == key.top && stamp.write_id < key.top_write)) {
        went_back_ = true;
        return;
    }
    key.top = stamp.epoch;
    key.top_write = stamp.write_id;
}

void BucketRules::alarmed(const ReplicaStepped& step) {
    if (!fenced()) return;
    facts_.checked(Id::no_stale_commit);
    if (went_back_ || !facts_.fresh(Id::no_stale_commit)) return;
    facts_.violate(Id::no_stale_commit, step.at,
                   facts_.name(step.replica) + " noted at " + words(step.at) +
                       " that an object went back to an older version, but none ever did",
                   {step.number});
}

void BucketRules::claimed(const ObjectCommitted& record) {
    if (!fenced()) return;
    if (record.writer == kNobody) {
        // Somebody tampered with the claim object: what was claimed before is no measure.
        last_claim_ = Epoch{};
        return;
    }
    if (record.etag.empty()) return;
    facts_.checked(Id::epochs_increase);
    const Epoch epoch = record.stamp.epoch;
    if (epoch <= last_claim_ && facts_.fresh(Id::epochs_increase)) {
        facts_.violate(Id::epochs_increase, record.at,
                       facts_.name(record.writer) + " claimed " + epoch_words(epoch) + " at " +
                           words(record.at) + " after " + facts_.name(last_claimant_) +
                           " had claimed " + epoch_words(last_claim_),
                       {last_claim_number_, record.number});
    }
    part_of(claims_, record.writer) = epoch;
    landed_.emplace_back(record.etag, epoch);
    if (landed_.size() > kLandedMax) landed_.pop_front();
    last_claim_ = epoch;
    last_claim_number_ = record.number;
    last_claimant_ = record.writer;
}

Epoch BucketRules::claimed_as(const ETag& etag) const {
    const auto found = std::find_if(landed_.rbegin(), landed_.rend(),
                                    [&](const auto& claim) { return claim.first == etag; });
    return found == landed_.rend() ? Epoch{} : found->second;
}

void BucketRules::check_epoch(const ObjectCommitted& record, const Commit& commit, const Key& key) {
    facts_.checked(Id::no_stale_commit);
    if (commit.epoch >= key.newest || !facts_.fresh(Id::no_stale_commit)) return;
    facts_.violate(Id::no_stale_commit, record.at,
                   facts_.name(record.writer) + "'s write of " + words(record.key) + " with " +
                       epoch_words(commit.epoch) + " was stored at " + words(record.at) + " over " +
                       facts_.name(key.newest_writer) + "'s of " + epoch_words(key.newest),
                   {key.newest_number, record.number});
}

void BucketRules::check_acknowledged(const ObjectCommitted& record, const Commit& commit,
                                     const Key& key) {
    if (!key.is_acknowledged) return;
    if (record.etag.empty() && !key.commits.back().absent && !removal_is_open(record)) {
        if (facts_.fresh(Id::acknowledged_survives))
            facts_.violate(Id::acknowledged_survives, record.at,
                           facts_.name(key.acknowledger) + "'s acknowledged backup of " +
                               words(record.key) + " was deleted at " + words(record.at) + " by " +
                               facts_.name(record.writer) + ", of which nobody had asked that",
                           {key.acknowledged_number, record.number});
        return;
    }
    if (commit.epoch >= key.acknowledged) return;
    if (!facts_.fresh(Id::acknowledged_survives)) return;
    facts_.violate(Id::acknowledged_survives, record.at,
                   facts_.name(key.acknowledger) + "'s acknowledged backup of " +
                       words(record.key) + " with " + epoch_words(key.acknowledged) +
                       " was replaced at " + words(record.at) + " by " +
                       facts_.name(record.writer) + "'s older " + epoch_words(commit.epoch),
                   {key.acknowledged_number, record.number});
}

/// A deletion for good takes tombstones only: anything else must have been asked for.
bool BucketRules::removal_is_open(const ObjectCommitted& record) const {
    if (record.writer >= writes_.size()) return false;
    const std::vector<Write>& open = writes_[record.writer];
    return std::any_of(open.begin(), open.end(), [&record](const Write& write) {
        return write.removes && write.key->first == record.key;
    });
}

void BucketRules::write_began(const ReplicaStepped& step, CallId call, const ObjectKey& key,
                              bool removes) {
    const auto found = keys_.try_emplace(key).first;
    ++found->second.open_writes;
    part_of(writes_, step.replica).push_back(Write{call, removes, found->second.next, found});
}

void BucketRules::write_done(const ReplicaStepped& step, const WriteDone& done) {
    if (step.replica >= writes_.size()) return;
    std::vector<Write>& open = writes_[step.replica];
    const auto found = std::find_if(
        open.begin(), open.end(), [&done](const Write& write) { return write.call == done.call; });
    if (found == open.end()) {
        if (done.ack == WriteAck::committed && facts_.fresh(Id::acknowledged_survives))
            facts_.violate(Id::acknowledged_survives, step.at,
                           facts_.name(step.replica) + " acknowledged write " +
                               std::to_string(done.call.value()) + " at " + words(step.at) +
                               ", which nobody waits for",
                           {step.number});
        return;
    }
    Key& key = found->key->second;
    if (done.ack == WriteAck::committed) check_ack(step, done, *found);
    --key.open_writes;
    *found = std::move(open.back());
    open.pop_back();
    forget(key);
}

void BucketRules::check_ack(const ReplicaStepped& step, const WriteDone& done, const Write& write) {
    facts_.checked(Id::acknowledged_survives);
    Key& key = write.key->second;
    // The newest commit that can be the acknowledged one. A removal of what is already gone
    // writes nothing: any absence at or after its beginning will do.
    std::size_t position = key.commits.size();
    bool stored = write.removes && write.began == 1;
    while (position > 0 && !stored) {
        const Commit& commit = key.commits[--position];
        const bool newer = commit.sequence >= write.began;
        const bool held_then =
            position + 1 == key.commits.size() || commit.sequence + 1 >= write.began;
        stored = write.removes ? commit.absent && held_then : newer && commit.etag == done.etag;
    }
    if (!stored) {
        if (facts_.fresh(Id::acknowledged_survives))
            facts_.violate(Id::acknowledged_survives, step.at,
                           facts_.name(step.replica) + " acknowledged its " +
                               (write.removes ? "removal" : "backup") + " of " +
                               words(write.key->first) + " at " + words(step.at) +
                               " as committed, but the bucket has held nothing of it since it "
                               "was asked for",
                           {key.commits.empty() ? 0 : key.commits.back().number, step.number});
        return;
    }
    if (position >= key.commits.size()) return;  // never written: there is nothing to replace
    const Epoch epoch = key.commits[position].epoch;
    for (std::size_t i = position + 1; i < key.commits.size(); ++i) {
        const Commit& later = key.commits[i];
        if (later.writer == kNobody || later.epoch >= epoch || !fenced()) continue;
        if (equal_tombstones(later, key.commits[position])) continue;
        if (facts_.fresh(Id::acknowledged_survives))
            facts_.violate(Id::acknowledged_survives, step.at,
                           facts_.name(step.replica) + " acknowledged its backup of " +
                               words(write.key->first) + " with " + epoch_words(epoch) + " at " +
                               words(step.at) + ", but " + facts_.name(later.writer) + "'s older " +
                               epoch_words(later.epoch) + " had replaced it at " + words(later.at),
                           {key.commits[position].number, later.number, step.number});
        return;
    }
    if (position + 1 == key.commits.size()) {
        key.is_acknowledged = true;
        key.acknowledged = epoch;
        key.acknowledged_number = step.number;
        key.acknowledger = step.replica;
    }
}

void BucketRules::forget(Key& key) {
    if (key.open_writes > 0) return;
    while (key.commits.size() > 1)
        key.commits.pop_front();
}

bool BucketRules::writes_open(ReplicaIndex index, const ObjectKey& key) const {
    if (index >= writes_.size()) return false;
    const std::vector<Write>& open = writes_[index];
    return std::any_of(open.begin(), open.end(),
                       [&key](const Write& write) { return write.key->first == key; });
}

void BucketRules::process_ended(ReplicaIndex index) {
    if (index >= writes_.size()) return;
    for (const Write& write : writes_[index]) {
        Key& key = write.key->second;
        --key.open_writes;
        forget(key);
    }
    writes_[index].clear();
}

}  // namespace leasehold::check
