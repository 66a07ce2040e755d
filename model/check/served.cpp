#include "model/check/served.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace leasehold::check {

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

void Served::show(const ReplicaStepped& step, const ObjectKey& name, const Committed& commit,
                  Floor& floor, bool from_bucket) {
    if (floor.committed && commit.rank.older_than(*floor.committed))
        regressed(step, name, floor.committed_number);
    // A leader's read comes from the bucket, which an open write of its own has not reached.
    else if (!from_bucket && floor.asked != 0 && commit.origin < floor.asked &&
             commit.rank.sequence <= floor.base)
        regressed(step, name, floor.asked_number);
    if (floor.committed && commit.rank.generation == floor.committed->generation &&
        commit.rank.older_than(*floor.committed))
        return;
    floor.committed = commit.rank;
    floor.committed_number = step.number;
}

void Served::show(const ReplicaStepped& step, const ObjectKey& name, const Asked& asked,
                  Floor& floor) {
    if (asked.number < floor.asked) {
        regressed(step, name, floor.asked_number);
        return;
    }
    floor.asked = asked.number;
    floor.base = asked.base;
    floor.asked_number = step.number;
}

bool Served::known(const KeyContents& key, const Blob& payload) const {
    return key.forgot_asked || key.forgot_commits || key.asked_as(payload) != nullptr;
}

void Served::data(const ReplicaStepped& step, const ObjectKey& name, const Blob& payload,
                  const ETag& etag, Epoch epoch, bool from_bucket) {
    facts_.checked(Id::never_regresses);
    KeyContents& key = contents_.of(name);
    Floor& own = floor(step.replica, name);
    const Committed* named = etag.empty() ? nullptr : key.committed_as(etag);
    const bool is_named = named != nullptr && named->payload == payload;
    if (is_named && epoch != named->rank.epoch && facts_.fresh(Id::linearizable))
        facts_.violate(Id::linearizable, step.at,
                       facts_.name(step.replica) + " gave the version of " + words(name) +
                           " that carries epoch " + std::to_string(named->rank.epoch.value()) +
                           " with epoch " + std::to_string(epoch.value()) + " at " + words(step.at),
                       {named->number, step.number});
    const Committed* commit = is_named ? named : key.committed_as(payload);
    if (commit != nullptr) {
        show(step, name, *commit, own, from_bucket);
        return;
    }
    const Asked* asked = key.asked_as(payload);
    if (asked != nullptr && !from_bucket) {
        show(step, name, *asked, own);
        return;
    }
    if (known(key, payload) || !facts_.fresh(Id::linearizable)) return;
    facts_.violate(Id::linearizable, step.at,
                   facts_.name(step.replica) + " gave content as that of " + words(name) + " at " +
                       words(step.at) + " that no version of it ever had",
                   {step.number});
}

void Served::write_done(const ReplicaStepped& step, const WriteDone& done) {
    const ObjectKey* name = contents_.key_of(step.replica, done.call);
    if (name == nullptr || done.ack != WriteAck::committed || done.etag.empty()) return;
    const Committed* commit = contents_.of(*name).committed_as(done.etag);
    if (commit == nullptr) return;
    Floor& own = floor(step.replica, *name);
    if (own.committed && commit->rank.older_than(*own.committed)) return;
    own.committed = commit->rank;
    own.committed_number = step.number;
}

void Served::query_done(const ReplicaStepped& step, const ObjectKey& name, const QueryDone& done) {
    if (done.outcome == QueryOutcome::data) {
        data(step, name, done.payload, done.etag, done.epoch, false);
    } else if (done.outcome == QueryOutcome::not_available_yet) {
        const Floor& own = floor(step.replica, name);
        if (!own.file) return;
        facts_.checked(Id::never_regresses);
        if (!facts_.fresh(Id::never_regresses)) return;
        facts_.violate(Id::never_regresses, step.at,
                       facts_.name(step.replica) + " answered the query for " + words(name) +
                           " with NotAvailableYet at " + words(step.at) +
                           " although it has a local copy",
                       {step.number});
    }
}

void Served::read_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                       const ReadDone& done) {
    if (done.outcome == ReadOutcome::data) {
        facts_.checked(Id::linearizable);
        data(step, name, done.payload, done.etag, done.epoch,
             facts_.replicas[step.replica].role == Role::leader);
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

void Served::file_sent(const ReplicaStepped& step, const SendFile& file) {
    if (file.verb == FileVerb::list || file.verb == FileVerb::retag) return;
    Floor& own = floor(step.replica, file.key);
    if (file.verb != FileVerb::load) own.file = false;  // until it is done
    stations_[step.replica].flights.push_back(FileFlight{file.request, file.verb, file.key});
}

void Served::file_answered(const ReplicaStepped& step, const FileAnswered& answer) {
    if (step.replica >= stations_.size()) stations_.resize(step.replica + std::size_t{1});
    Station& own = stations_[step.replica];
    const auto found = std::find_if(
        own.flights.begin(), own.flights.end(),
        [&answer](const FileFlight& flight) { return flight.request == answer.request; });
    const bool ok = answer.reply.status == FileStatus::ok;
    if (found == own.flights.end()) {
        if (!ok || !answer.reply.entries) return;
        for (const FileEntry& entry : *answer.reply.entries)
            own.keys[entry.key].file = true;
        return;
    }
    Floor& floor = own.keys[found->key];
    if (found->verb == FileVerb::store)
        floor.file = ok;
    else if (!ok)
        floor.file = false;
    *found = std::move(own.flights.back());
    own.flights.pop_back();
}

void Served::process_ended(ReplicaIndex index) {
    if (index < stations_.size()) stations_[index] = Station{};
}

}  // namespace leasehold::check
