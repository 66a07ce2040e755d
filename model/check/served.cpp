#include "model/check/served.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace leasehold::check {

namespace {

// Of a PUT that was sent again, both may be stored: one write under two ETags. Bytes without one
// are of either, so none of the two is older than the other.
bool same_write(const Rank& a, const Rank& b) {
    return a.write_id != 0 && a.write_id == b.write_id && a.epoch == b.epoch &&
           a.generation == b.generation;
}

}  // namespace

Served::Floor& Served::floor(ReplicaIndex index, const ObjectKey& name) {
    if (index >= stations_.size()) stations_.resize(index + std::size_t{1});
    return stations_[index].keys[name];
}

void Served::regressed(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t newer) {
    if (!facts_.fresh(Id::never_regresses)) return;
    facts_.violate(Id::never_regresses, step.at,
                   facts_.name(step.replica) + " gave a version of " + words(name) + " at " +
                       words(step.at) + " that is older than one it had given or committed before",
                   {newer, step.number});
}

void Served::raise(const ReplicaStepped& step, const Committed& commit, Floor& floor) {
    if (floor.committed && floor.committed->rank.generation == commit.rank.generation &&
        !floor.committed->rank.older_than(commit.rank))
        return;
    floor.before = std::exchange(floor.committed, Said{commit.rank, step.number});
}

void Served::show(const ReplicaStepped& step, const Answer& answer, const Committed& commit,
                  Floor& floor) {
    for (const auto& said : {floor.committed, floor.before})
        if (said && said->number < answer.asked && commit.rank.older_than(said->rank) &&
            !same_write(commit.rank, said->rank))
            regressed(step, answer.name, said->number);
    // A backup read is about the bucket, which an open write of its own has not reached.
    // A deposed leader may accept one unawares, after its successor's commit.
    // Equal bytes are no older ones, whichever write's they are called.
    if (!answer.backup && floor.asked_number < answer.asked && commit.origin < floor.asked &&
        commit.rank.sequence <= floor.base && commit.rank.epoch <= floor.epoch &&
        !(floor.asked_payload == answer.payload))
        regressed(step, answer.name, floor.asked_number);
    raise(step, commit, floor);
}

void Served::show(const ReplicaStepped& step, const Answer& answer, const Asked& own,
                  Floor& floor) {
    if (own.number == floor.asked) return;
    if (own.number < floor.asked) {
        if (floor.asked_number < answer.asked) regressed(step, answer.name, floor.asked_number);
        return;
    }
    floor.asked = own.number;
    floor.asked_payload = own.payload;
    floor.base = own.base;
    floor.epoch = answer.epoch;
    floor.asked_number = step.number;
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

void Served::data(const ReplicaStepped& step, const Answer& answer) {
    facts_.checked(Id::never_regresses);
    const KeyContents& key = contents_.of(answer.name);
    Floor& own = floor(step.replica, answer.name);
    const Committed* named = answer.etag.empty() ? nullptr : key.committed_as(answer.etag);
    const bool is_named = named != nullptr && named->payload == answer.payload;
    if (is_named) wrong_epoch(step, answer, *named, key);
    const Committed* commit = is_named ? named : unnamed(key, answer, own);
    // Contents repeat: what no ETag names is of the newest write that it can be, or the file of one
    // under way would pass for an older one that held the same. Only an own write has such a file.
    const Asked* asked =
        is_named || answer.from_bucket ? nullptr : key.asked_as(answer.payload, step.replica);
    if (commit == nullptr && asked == nullptr) commit = key.committed_as(answer.payload);
    if (asked != nullptr && (commit == nullptr || commit->origin < asked->number)) {
        show(step, answer, *asked, own);
        return;
    }
    if (commit != nullptr) {
        // The file of a write that was never stored, and then the same bytes as those of the
        // version that nothing had replaced when it was asked for: nobody uploads these again.
        const bool held_then =
            commit->origin < own.asked && commit->rank.sequence >= own.base &&
            std::any_of(key.asked.begin(), key.asked.end(), [&](const Asked& one) {
                return one.number == own.asked && one.payload == answer.payload;
            });
        if (held_then) own.asked = commit->origin;
        show(step, answer, *commit, own);
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
    const Committed* commit = contents_.of(*name).committed_as(done.etag);
    if (commit != nullptr) raise(step, *commit, floor(step.replica, *name));
}

void Served::query_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                        const QueryDone& done) {
    if (done.outcome == QueryOutcome::data) {
        data(step, Answer{name, asked, done.payload, done.etag, done.epoch, false, false});
    } else if (done.outcome == QueryOutcome::not_available_yet) {
        // What lies on the disk a process knows only when it has listed it.
        if (!floor(step.replica, name).file || blind(step.replica)) return;
        facts_.checked(Id::never_regresses);
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
    const Committed* commit = key.committed_as(done.etag);
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

void Served::read_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                       const ReadDone& done) {
    if (done.outcome == ReadOutcome::data) {
        facts_.checked(Id::linearizable);
        const bool leads = facts_.replicas[step.replica].role == Role::leader;
        data(step, Answer{name, asked, done.payload, done.etag, done.epoch, true, leads});
        if (leads) current(step, name, asked, done);
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

/// A list may come late. A file whose next bytes could not be stored, or below what this process
/// has committed or given since, is a copy for nobody: that of the newer one was told by its own
/// store.
bool Served::left_behind(const FileEntry& entry, const Floor& floor) const {
    if (floor.store_failed) return true;
    if (!floor.committed) return false;
    if (entry.tag.dirty) {
        const Rank& given = floor.committed->rank;
        return entry.tag.epoch != Epoch{} && std::pair(entry.tag.epoch, entry.tag.write_id) <
                                                 std::pair(given.epoch, given.write_id);
    }
    const Committed* commit = contents_.of(entry.key).committed_as(entry.tag.etag);
    return commit != nullptr && commit->rank.older_than(floor.committed->rank) &&
           !same_write(commit->rank, floor.committed->rank);
}

void Served::file_sent(const ReplicaStepped& step, const SendFile& file) {
    if (step.replica >= stations_.size()) stations_.resize(step.replica + std::size_t{1});
    if (file.verb == FileVerb::list) {
        stations_[step.replica].blind = true;
        stations_[step.replica].listing = file.request;
        return;
    }
    Floor& floor = stations_[step.replica].keys[file.key];
    // A write whose leadership had claimed no epoch gives way to any object but the one that it was
    // derived from, a foreign one of before it too: nobody was promised it.
    const bool unclaimed = floor.file && floor.tag.dirty && floor.tag.epoch == Epoch{};
    if (file.verb == FileVerb::store && !file.tag.dirty && unclaimed && facts_.settings.storage.ha)
        floor.asked = 0;
    if (file.verb == FileVerb::store || file.verb == FileVerb::remove)
        floor.file = floor.below = false;  // until it is done
    if (file.verb != FileVerb::load) floor.retag_failed = false;
    stations_[step.replica].flights.push_back(
        FileFlight{file.request, file.verb, file.key, file.tag, without_bytes(file.payload)});
}

void Served::file_answered(const ReplicaStepped& step, const FileAnswered& answer) {
    if (step.replica >= stations_.size()) stations_.resize(step.replica + std::size_t{1});
    Station& own = stations_[step.replica];
    const auto found = std::find_if(
        own.flights.begin(), own.flights.end(),
        [&answer](const FileFlight& flight) { return flight.request == answer.request; });
    const bool ok = answer.reply.status == FileStatus::ok;
    if (found == own.flights.end()) {
        if (!ok || answer.request != own.listing) return;
        own.blind = false;
        if (!answer.reply.entries) return;
        for (const FileEntry& entry : *answer.reply.entries) {
            Floor& floor = own.keys[entry.key];
            floor.below = left_behind(entry, floor);
            if (floor.below) continue;
            floor.file = true;
            floor.tag = entry.tag;
            floor.bytes = without_bytes(entry.payload);
            floor.tagged = {step.at, step.number, true};
        }
        return;
    }
    if (!ok || found->verb != FileVerb::load) {  // a load that succeeded tells nothing new
        Floor& floor = own.keys[found->key];
        if (found->verb == FileVerb::store) {
            floor.file = ok;
            floor.load_failed &= !ok;
            floor.bytes = found->bytes;
            if (!floor.store_failed) floor.failing_since = step.at;
            floor.store_failed = !ok;
            floor.failed = step.at;
        }
        // A write that was given, and that the disk has not, or cannot be read from it, and the
        // bucket neither: nobody was promised it, and what the bucket holds counts again.
        // Committed, it binds all the same.
        const bool not_stored = found->verb == FileVerb::store && !ok && found->tag.dirty;
        const bool not_loaded = found->verb == FileVerb::load && floor.tag.dirty;
        if (not_stored || not_loaded) floor.asked = 0;
        if (found->verb == FileVerb::load) {
            floor.file = false;
            floor.load_failed = true;
        }
        if (found->verb == FileVerb::retag) floor.retag_failed = !ok;
        if (ok && (found->verb == FileVerb::store || found->verb == FileVerb::retag)) {
            floor.file = true;  // also where a load had failed: its tag could be written
            floor.tag = found->tag;
            floor.tagged = {step.at, step.number, false};
        }
    }
    *found = std::move(own.flights.back());
    own.flights.pop_back();
}

bool Served::changing(ReplicaIndex index, const ObjectKey& name) const {
    if (index >= stations_.size()) return false;
    const std::vector<FileFlight>& flights = stations_[index].flights;
    return std::any_of(flights.begin(), flights.end(), [&name](const FileFlight& flight) {
        return flight.key == name && flight.verb != FileVerb::load;
    });
}

bool Served::storing(ReplicaIndex index, const ObjectKey& name) const {
    if (index >= stations_.size()) return false;
    return std::ranges::any_of(stations_[index].flights, [&name](const FileFlight& flight) {
        return flight.key == name && flight.verb == FileVerb::store;
    });
}

const Served::Floor* Served::find(ReplicaIndex index, const ObjectKey& name) const {
    if (index >= stations_.size()) return nullptr;
    const auto found = stations_[index].keys.find(name);
    return found == stations_[index].keys.end() ? nullptr : &found->second;
}

bool Served::unsettled(ReplicaIndex index, const ObjectKey& name) const {
    const Floor* known = find(index, name);
    return changing(index, name) ||
           (known != nullptr && (known->retag_failed || known->load_failed || known->below));
}

TrueTime Served::rests_until(ReplicaIndex index, const ObjectKey& name) const {
    const Floor* known = find(index, name);
    if (known == nullptr || !known->store_failed) return TrueTime{};
    return known->failed + (known->failed - known->failing_since);
}

const FileTag* Served::copy(ReplicaIndex index, const ObjectKey& name) const {
    const Floor* known = find(index, name);
    return known != nullptr && known->file ? &known->tag : nullptr;
}

bool Served::holds(ReplicaIndex index, const SendFile& file) const {
    const Floor* known = find(index, file.key);
    if (known == nullptr || !known->file || !(known->tag == file.tag)) return false;
    // What could not be read once may be written anew, whatever a list that comes later shows.
    if (known->load_failed && file.verb == FileVerb::store) return false;
    return file.verb == FileVerb::retag || known->bytes == file.payload;
}

Served::Tagged Served::tagged(ReplicaIndex index, const ObjectKey& name) const {
    const Floor* known = find(index, name);
    return known == nullptr ? Tagged{} : known->tagged;
}

bool Served::is_newest(ReplicaIndex index, const ObjectKey& name, const KeyContents& key) const {
    const Floor* known = find(index, name);
    return known != nullptr && known->committed && !key.commits.empty() &&
           known->committed->rank.sequence == key.commits.back().rank.sequence;
}

bool Served::saw_present(ReplicaIndex index, const ObjectKey& name, const KeyContents& key) const {
    return is_newest(index, name, key) && !key.commits.back().absent;
}

bool Served::saw_removed(ReplicaIndex index, const ObjectKey& name, const KeyContents& key) const {
    return is_newest(index, name, key) && key.commits.back().absent;
}

void Served::process_ended(ReplicaIndex index) {
    if (index < stations_.size()) stations_[index] = Station{};
}

}  // namespace leasehold::check
