#include "model/check/lineage.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace leasehold::check {

namespace {

// Where two led at once, which leader.at-most-one tells, what they accepted meanwhile has no order
// but that of the epochs that they had claimed: whoever was deposed unawares may accept one after
// its successor has.
bool is_older(const Committed& commit, const Acknowledged& newer) {
    if (!newer.alone && commit.epoch > newer.epoch) return false;
    return !commit.absent && commit.writer != kNobody && commit.origin != 0 &&
           commit.origin < newer.origin && (newer.removes || !(commit.payload == newer.payload));
}

// The tombstone that is placed before a large creation is no version of it.
bool is_of(const Committed& commit, const Asked& asked) {
    return commit.absent == asked.removes &&
           asked.sent.is(commit.stamp_writer, commit.rank.write_id);
}

}  // namespace

void Lineage::came_back(const ObjectKey& name, const Acknowledged& newer, const Committed& commit,
                        TrueTime at, std::uint64_t number) {
    if (!facts_.fresh(Id::acknowledged_survives)) return;
    facts_.violate(
        Id::acknowledged_survives, at,
        facts_.name(commit.writer) + "'s commit of " + words(name) + " at " + words(commit.at) +
            " brought back content older than " +
            (newer.removes ? "the removal that " : "the backup that ") +
            facts_.name(newer.replica) + " had acknowledged",
        {commit.origin, std::min(newer.number, commit.number), std::max(newer.number, number)});
}

void Lineage::committed(const ObjectCommitted& record, const Committed& commit) {
    if (!contents_.tracked(record.key)) return;
    const KeyContents& key = contents_.of(record.key);
    if (is_older(commit, key.acknowledged))
        came_back(record.key, key.acknowledged, commit, record.at, record.number);
    for (const Asked& asked : key.asked) {
        if (!asked.denied || !is_of(commit, asked) || !facts_.fresh(Id::linearizable)) continue;
        facts_.violate(Id::linearizable, record.at,
                       facts_.name(asked.replica) + "'s write of " + words(record.key) +
                           " was stored at " + words(record.at) +
                           ", after the answer that it certainly was not",
                       {asked.number, record.number});
    }
}

void Lineage::write_done(const ReplicaStepped& step, const WriteDone& done) {
    if (done.ack == WriteAck::skipped_follower) return;  // it never was
    const ObjectKey* name = contents_.key_of(step.replica, done.call);
    if (name == nullptr) return;
    Asked* asked = contents_.of(*name).asked_by(step.replica, done.call);
    if (asked == nullptr) return;
    if (done.ack == WriteAck::committed)
        acknowledged(step, done, *name, *asked);
    else if (done.ack == WriteAck::failed || done.ack == WriteAck::fenced)
        denied(step, done, *name, *asked);
}

void Lineage::denied(const ReplicaStepped& step, const WriteDone& done, const ObjectKey& name,
                     Asked& asked) {
    facts_.checked(Id::linearizable);
    asked.denied = true;
    KeyContents& key = contents_.of(name);
    // What was sent was an older one of the same bytes, if one is not denied too.
    std::uint64_t twin = asked.twin;
    for (auto older = key.asked.rbegin(); older != key.asked.rend() && twin != 0; ++older) {
        if (older->number != twin) continue;
        twin = older->denied ? older->twin : 0;
        if (older->denied || older->sent.write_id != 0) continue;
        older->sent = std::exchange(asked.sent, {});
    }
    for (const Committed& commit : key.commits) {
        if (!is_of(commit, asked) || !facts_.fresh(Id::linearizable)) continue;
        facts_.violate(Id::linearizable, step.at,
                       facts_.name(step.replica) + " answered its write of " + words(name) +
                           " with " + (done.ack == WriteAck::failed ? "Failed" : "Fenced") +
                           " at " + words(step.at) + ", but it had been stored at " +
                           words(commit.at),
                       {asked.number, commit.number, step.number});
    }
}

/// Of open writes of the same bytes a PUT passes for the newest's, until one is answered with it.
void Lineage::own(KeyContents& key, Asked& asked, const Committed& commit) {
    if (asked.sent.write_id != 0) return;
    for (Asked& other : key.asked) {
        if (!is_of(commit, other) || !(other.payload == asked.payload)) continue;
        asked.sent = std::exchange(other.sent, {});
        return;
    }
}

void Lineage::acknowledged(const ReplicaStepped& step, const WriteDone& done, const ObjectKey& name,
                           Asked& asked) {
    facts_.checked(Id::linearizable);
    KeyContents& key = contents_.of(name);
    const Committed* commit = done.etag.empty() ? nullptr : key.committed_as(done.etag, done.epoch);
    // An earlier one of the same bytes is not what was written.
    if (commit != nullptr && commit->rank.sequence <= asked.base)
        commit = key.committed_as(done.etag);
    if (commit != nullptr) own(key, asked, *commit);
    // A write that is overtaken by a newer one of its key is answered with that one's version.
    const Asked* stored = &asked;
    if (commit != nullptr && commit->rank.sequence > asked.base) {
        for (const Asked& later : key.asked)
            if (later.replica == step.replica && later.number >= asked.number &&
                later.removes == commit->absent && later.payload == commit->payload)
                stored = &later;
        const bool known = commit->absent || !(commit->payload == Blob{});
        const bool same = stored->removes == commit->absent && stored->payload == commit->payload;
        if (known && !same && facts_.fresh(Id::linearizable))
            facts_.violate(Id::linearizable, step.at,
                           facts_.name(step.replica) + " acknowledged its write of " + words(name) +
                               " at " + words(step.at) +
                               " with a version that holds neither it nor a later one",
                           {asked.number, commit->number, step.number});
        if (done.epoch != commit->rank.epoch && facts_.fresh(Id::linearizable))
            facts_.violate(Id::linearizable, step.at,
                           facts_.name(step.replica) + " acknowledged its write of " + words(name) +
                               " at " + words(step.at) + " with epoch " +
                               std::to_string(done.epoch.value()) + ", but the object carries " +
                               std::to_string(commit->rank.epoch.value()),
                           {commit->number, step.number});
    }
    if (stored->number < key.acknowledged.origin) return;
    key.acknowledged = Acknowledged{stored->number,  step.number,   step.replica, stored->payload,
                                    stored->removes, stored->alone, done.epoch};
    if (commit == nullptr) return;
    for (const Committed& later : key.commits)
        if (later.rank.sequence > commit->rank.sequence &&
            later.rank.generation == commit->rank.generation && is_older(later, key.acknowledged))
            came_back(name, key.acknowledged, later, step.at, step.number);
}

}  // namespace leasehold::check
