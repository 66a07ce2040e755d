#include "model/check/served.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace leasehold::check {

void Served::regressed(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t newer) {
    if (!facts_.fresh(Id::never_regresses)) return;
    facts_.violate(Id::never_regresses, step.at,
                   facts_.name(step.replica) + " gave a version of " + words(name) + " at " +
                       words(step.at) + " that is older than one it had given or committed before",
                   {newer, step.number});
}

/// The event by which something newer had been said; 0 = none.
std::uint64_t Served::behind(const Answer& answer, const Committed& commit, const Floor& floor) {
    for (const auto& said : {floor.committed, floor.before})
        if (said && said->number < answer.asked && commit.rank.older_than(said->rank) &&
            !commit.rank.same_write(said->rank))
            return said->number;
    // A backup read is about the bucket, which an open write of its own has not reached.
    // A deposed leader may accept one unawares, after its successor's commit.
    // Equal bytes are no older ones, whichever write's they are called.
    const Shown& own = floor.own;
    const bool held = !answer.backup && own.number < answer.asked && commit.origin < own.asked &&
                      commit.rank.sequence <= own.base && commit.rank.epoch <= own.epoch &&
                      !(own.payload == answer.payload);
    return held ? own.number : 0;
}

void Served::show(const ReplicaStepped& step, const Answer& answer, const Committed& commit,
                  Floor& floor) {
    const std::uint64_t newer = behind(answer, commit, floor);
    if (newer != 0) regressed(step, answer.name, newer);
    floor.raise(step, commit);
}

void Served::show(const ReplicaStepped& step, const Answer& answer, const Asked& write,
                  Shown& own) {
    if (write.number == own.asked) return;
    if (write.number < own.asked) {
        if (own.number < answer.asked) regressed(step, answer.name, own.number);
        return;
    }
    own = {write.number, write.payload, write.base, answer.epoch, step.number};
}

bool Served::known(const KeyContents& key, const Blob& payload) const {
    return key.forgot_asked || key.forgot_commits || key.asked_as(payload) != nullptr;
}

void Served::wrong_epoch(const ReplicaStepped& step, const Answer& answer, const Committed& commit,
                         const KeyContents& key) {
    if (answer.epoch == commit.rank.epoch || !facts_.fresh(Id::linearizable)) return;
    // Plain objects of equal bytes have one ETag, and any of their epochs.
    const bool only =
        std::count_if(key.commits.begin(), key.commits.end(),
                      [&commit](const Committed& one) { return one.etag == commit.etag; }) == 1;
    if (!only) return;
    facts_.violate(Id::linearizable, step.at,
                   facts_.name(step.replica) + " gave the version of " + words(answer.name) +
                       " that carries epoch " + std::to_string(commit.rank.epoch.value()) +
                       " with epoch " + std::to_string(answer.epoch.value()) + " at " +
                       words(step.at),
                   {commit.number, step.number});
}

/// The version whose bytes these may be: the one that was said last, or the newest of their epoch.
/// A later one, of whoever, may hold the same: it has not been said by that.
const Committed* Served::unnamed(const KeyContents& key, const Answer& answer, const Floor& floor) {
    const auto said = [&floor](const Committed& one) {
        return floor.committed && one.rank.sequence == floor.committed->rank.sequence;
    };
    const auto last = std::find_if(key.commits.begin(), key.commits.end(), said);
    if (last != key.commits.end() && !last->absent && last->payload == answer.payload)
        return &*last;
    return key.committed_as(answer.payload, answer.epoch);
}

/// The version that its ETag names. Plain objects of equal bytes have one: then it is the oldest of
/// them that is not behind what was said before.
const Committed* Served::named(const KeyContents& key, const Answer& answer, const Floor& floor) {
    const Committed* found = nullptr;
    for (auto one = key.commits.rbegin(); one != key.commits.rend(); ++one) {
        if (one->etag != answer.etag) continue;
        if (found != nullptr && behind(answer, *one, floor) != 0) break;
        found = &*one;
        if (!one->repeats) break;  // most ETags are of one version, and the past is long
    }
    return found;
}

void Served::data(const ReplicaStepped& step, const Answer& answer) {
    facts_.checked(Id::never_regresses);
    const KeyContents& key = contents_.of(answer.name);
    Floor& floor = floors_.of(step.replica, answer.name);
    const Committed* named = answer.etag.empty() ? nullptr : Served::named(key, answer, floor);
    const bool is_named = named != nullptr && named->payload == answer.payload;
    if (is_named) wrong_epoch(step, answer, *named, key);
    const Committed* commit = is_named ? named : unnamed(key, answer, floor);
    // Contents repeat: what no ETag names is of the newest write that it can be, or the file of one
    // under way would pass for an older one that held the same. Only an own write has such a file.
    const Asked* asked =
        is_named || answer.from_bucket ? nullptr : key.asked_as(answer.payload, step.replica);
    if (commit == nullptr && asked == nullptr) commit = key.committed_as(answer.payload);
    if (asked != nullptr && (commit == nullptr || commit->origin < asked->number)) {
        show(step, answer, *asked, floor.own);
        return;
    }
    if (commit != nullptr) {
        // The file of a write that was never stored, and then the same bytes as those of the
        // version that nothing had replaced when it was asked for: nobody uploads these again.
        Shown& own = floor.own;
        const bool held_then =
            commit->origin < own.asked && commit->rank.sequence >= own.base &&
            std::any_of(key.asked.begin(), key.asked.end(), [&](const Asked& one) {
                return one.number == own.asked && one.payload == answer.payload;
            });
        if (held_then) own.asked = commit->origin;
        show(step, answer, *commit, floor);
        return;
    }
    if (known(key, answer.payload) || !facts_.fresh(Id::linearizable)) return;
    facts_.violate(Id::linearizable, step.at,
                   facts_.name(step.replica) + " gave content as that of " + words(answer.name) +
                       " at " + words(step.at) + " that no version of it ever had",
                   {step.number});
}

void Served::write_done(const ReplicaStepped& step, const WriteDone& done) {
    if (done.ack != WriteAck::committed || done.etag.empty()) return;
    const ObjectKey* name = contents_.key_of(step.replica, done.call);
    if (name == nullptr) return;
    const Committed* commit = contents_.of(*name).committed_as(done.etag, done.epoch);
    if (commit == nullptr) return;
    Floor& floor = floors_.of(step.replica, *name);
    floor.raise(step, *commit);
    floor.acknowledged = Said{commit->rank, step.number};
}

void Served::query_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                        const QueryDone& done) {
    if (done.outcome == QueryOutcome::data) {
        data(step, Answer{name, asked, done.payload, done.etag, done.epoch, false, false});
    } else if (done.outcome == QueryOutcome::not_available_yet) {
        // What lies on the disk a process knows only when it has listed it.
        const FileTag* tag = copies_.tag(step.replica, name);
        if (tag == nullptr || copies_.blind(step.replica)) return;
        facts_.checked(Id::never_regresses);
        // Nor is it to give a file that others went over, once a read was given what they wrote.
        // What was given before its write was accepted, that write goes over; and of a file that
        // waits and has no number, none says that it was outdone.
        const Floor* floor = floors_.find(step.replica, name);
        const bool outdone =
            (tag->epoch != Epoch{} || !tag->dirty) && floor != nullptr && floor->committed &&
            std::tie(tag->epoch, tag->write_id) <
                std::tie(floor->committed->rank.epoch, floor->committed->rank.write_id) &&
            copies_.tagged(step.replica, name).sent < floor->committed->number;
        if (outdone) return;
        if (!facts_.fresh(Id::never_regresses)) return;
        facts_.violate(Id::never_regresses, step.at,
                       facts_.name(step.replica) + " answered the query for " + words(name) +
                           " with NotAvailableYet at " + words(step.at) +
                           " although it has a local copy",
                       {step.number});
    }
}

/// The order of the commits is known, and a leader reads from the bucket: so the operations fit
/// one order exactly if what was read was the present version at some instant of the call.
void Served::current(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                     const ReadDone& done) {
    const KeyContents& key = contents_.of(name);
    const Committed* commit = key.committed_as(done.etag, done.epoch);
    if (commit == nullptr || commit == &key.commits.back()) return;
    const auto after = std::find_if(
        key.commits.begin(), key.commits.end(),
        [commit](const Committed& one) { return one.rank.sequence == commit->rank.sequence + 1; });
    if (after == key.commits.end() || after->number > asked || !facts_.fresh(Id::linearizable))
        return;
    facts_.violate(Id::linearizable, step.at,
                   facts_.name(step.replica) + " led and answered the backup read of " +
                       words(name) + " at " + words(step.at) + " with the version of " +
                       words(commit->at) + ", which had been replaced at " + words(after->at) +
                       ", before the read was asked for",
                   {commit->number, after->number, asked, step.number});
}

/// Its caller may have heard meanwhile of a write that this process committed, so what its one GET
/// showed of before that is asked for once more. Not for ever: a key that is written all the time
/// must be readable too.
void Served::overtaken(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                       const ReadDone& done) {
    const Floor* floor = floors_.find(step.replica, name);
    if (floor == nullptr || !floor->acknowledged) return;
    const Said& own = *floor->acknowledged;
    if (own.number <= asked || own.number == step.number) return;
    const Committed* commit = contents_.of(name).committed_as(done.etag, done.epoch);
    const bool older = commit != nullptr && commit->rank.older_than(own.rank) &&
                       !commit->rank.same_write(own.rank);
    if (older) regressed(step, name, own.number);
}

void Served::read_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                       std::uint32_t gets, const ReadDone& done) {
    if (done.outcome == ReadOutcome::data) {
        facts_.checked(Id::linearizable);
        const bool leads = facts_.replicas[step.replica].role == Role::leader;
        data(step, Answer{name, asked, done.payload, done.etag, done.epoch, true, leads});
        if (leads) current(step, name, asked, done);
        if (leads && gets == 1) overtaken(step, name, asked, done);
    } else if (done.outcome == ReadOutcome::not_found) {
        facts_.checked(Id::linearizable);
        const KeyContents& key = contents_.of(name);
        if (key.absent || key.became_present > asked || !facts_.fresh(Id::linearizable)) return;
        facts_.violate(Id::linearizable, step.at,
                       facts_.name(step.replica) + " answered the backup read of " + words(name) +
                           " with NotFound at " + words(step.at) +
                           ", but the bucket has held it since " + words(key.present_since),
                       {key.became_present, asked, step.number});
    }
}

}  // namespace leasehold::check
