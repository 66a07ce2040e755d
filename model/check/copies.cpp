#include "model/check/copies.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace leasehold::check {

const Copies::Copy* Copies::find(ReplicaIndex index, const ObjectKey& name) const {
    if (index >= disks_.size()) return nullptr;
    const auto found = disks_[index].copies.find(name);
    return found == disks_[index].copies.end() ? nullptr : &found->second;
}

void Copies::sent(const ReplicaStepped& step, const SendFile& file) {
    Disk& own = disk(step.replica);
    if (file.verb == FileVerb::list) {
        own.blind = true;
        own.listing = file.request;
        return;
    }
    Copy& copy = own.copies[file.key];
    // A write whose leadership had claimed no epoch gives way to any object but the one that it was
    // derived from, a foreign one of before it too: nobody was promised it.
    const bool unclaimed = copy.there && copy.tag.dirty && copy.tag.epoch == Epoch{};
    const bool becomes_copy =
        (file.verb == FileVerb::store || file.verb == FileVerb::retag) && !file.tag.dirty;
    if (becomes_copy && unclaimed && facts_.settings.storage.ha)
        floors_.of(step.replica, file.key).own = {};
    if (file.verb == FileVerb::store || file.verb == FileVerb::remove)
        copy.there = copy.below = false;  // until it is done
    if (file.verb != FileVerb::load) copy.retag_failed = false;
    own.flights.push_back(Flight{file.request, file.verb, file.key, file.tag,
                                 without_bytes(file.payload), step.number});
}

void Copies::answered(const ReplicaStepped& step, const FileAnswered& answer) {
    Disk& own = disk(step.replica);
    const bool ok = answer.reply.status == FileStatus::ok;
    const auto found = std::ranges::find(own.flights, answer.request, &Flight::request);
    if (found != own.flights.end()) {
        landed(step, *found, ok);
        *found = std::move(own.flights.back());
        own.flights.pop_back();
    } else if (ok && answer.request == own.listing) {
        own.blind = false;
        if (answer.reply.entries) listed(step, answer.reply);
    }
}

void Copies::listed(const ReplicaStepped& step, const FileReply& reply) {
    for (const FileEntry& entry : *reply.entries) {
        Copy& copy = disks_[step.replica].copies[entry.key];
        copy.below = left_behind(step.replica, entry, copy);
        if (copy.below) continue;
        copy.below = unsure(step.replica, entry);
        copy.there = true;
        copy.tag = entry.tag;
        copy.bytes = without_bytes(entry.payload);
        copy.tagged = {step.at, step.number, true, 0};
    }
}

/// A list may come late. A file that could not be read, or whose next bytes could not be stored, or
/// below what this process has committed or given since, is a copy for nobody: that of the newer
/// one was told by its own store.
bool Copies::left_behind(ReplicaIndex index, const FileEntry& entry, const Copy& copy) const {
    if (copy.store_failed || copy.load_failed) return true;
    const Floor* floor = floors_.find(index, entry.key);
    if (floor == nullptr || !floor->committed) return false;
    const Rank& given = floor->committed->rank;
    if (entry.tag.dirty)
        return entry.tag.epoch != Epoch{} && std::pair(entry.tag.epoch, entry.tag.write_id) <
                                                 std::pair(given.epoch, given.write_id);
    const Committed* commit = contents_.of(entry.key).committed_as(entry.tag.etag);
    return commit != nullptr && commit->rank.older_than(given) && !commit->rank.same_write(given);
}

/// In the plain format an ETag comes back with its bytes, and what others write has no order with
/// what is ours: then what was given may be older or newer than what is found on the disk.
bool Copies::unsure(ReplicaIndex index, const FileEntry& entry) const {
    const Floor* floor = floors_.find(index, entry.key);
    if (floor == nullptr || !floor->committed) return false;
    const std::deque<Committed>& commits = contents_.of(entry.key).commits;
    const auto given = std::ranges::find_if(commits, [floor](const Committed& one) {
        return one.rank.sequence == floor->committed->rank.sequence;
    });
    if (given == commits.end() || given->etag == entry.tag.etag) return false;
    const Committed* found = contents_.of(entry.key).committed_as(entry.tag.etag);
    return (found != nullptr && found->rank.generation != given->rank.generation) ||
           std::ranges::count(commits, given->etag, &Committed::etag) > 1;
}

void Copies::failed(TrueTime at, Copy& copy, const FileTag& tag) {
    if (copy.failing != tag.etag) copy.failures = 0;
    if (copy.failures == 0) copy.failing_since = at;
    copy.failing = tag.etag;
    copy.failures += 1;
    copy.failed = at;
}

void Copies::landed(const ReplicaStepped& step, const Flight& flight, bool ok) {
    const bool loaded = flight.verb == FileVerb::load;
    const bool stored = flight.verb == FileVerb::store;
    if (loaded && ok) return;  // tells nothing new
    Copy& copy = disks_[step.replica].copies[flight.key];
    if (stored) {
        copy.there = ok;
        copy.load_failed &= !ok;
        copy.bytes = flight.bytes;
        copy.store_failed = !ok;
        if (!ok) failed(step.at, copy, flight.tag);
    }
    // A write that was given, and that the disk has not, or cannot be read from it, and the bucket
    // neither: nobody was promised it, and what the bucket holds counts again. Committed, it binds
    // all the same.
    const bool not_stored = stored && !ok && flight.tag.dirty;
    const bool not_loaded = loaded && copy.tag.dirty;
    if (not_stored || not_loaded) floors_.of(step.replica, flight.key).own = {};
    if (loaded) {
        failed(step.at, copy, copy.tag);
        copy.there = false;
        copy.load_failed = true;
    }
    if (flight.verb == FileVerb::retag) copy.retag_failed = !ok;
    if (ok && (stored || flight.verb == FileVerb::retag)) {
        copy.there = true;  // also where a load had failed: its tag could be written
        copy.tag = flight.tag;
        copy.tagged = {step.at, step.number, false, flight.number};
    }
}

bool Copies::changing(ReplicaIndex index, const ObjectKey& name) const {
    return index < disks_.size() &&
           std::ranges::any_of(disks_[index].flights, [&name](const Flight& flight) {
               return flight.key == name && flight.verb != FileVerb::load;
           });
}

bool Copies::in_flight(ReplicaIndex index, const ObjectKey& name, FileVerb verb) const {
    return index < disks_.size() &&
           std::ranges::any_of(disks_[index].flights, [&](const Flight& flight) {
               return flight.key == name && flight.verb == verb;
           });
}

bool Copies::unreadable(ReplicaIndex index, const ObjectKey& name) const {
    const Copy* known = find(index, name);
    return known != nullptr && known->load_failed;
}

bool Copies::unsettled(ReplicaIndex index, const ObjectKey& name) const {
    const Copy* known = find(index, name);
    return changing(index, name) || unreadable(index, name) ||
           (known != nullptr && (known->retag_failed || known->below));
}

TrueTime Copies::rests_until(ReplicaIndex index, const ObjectKey& name) const {
    const Copy* known = find(index, name);
    if (known == nullptr || known->failures == 0) return TrueTime{};
    const Duration period = facts_.settings.storage.poll_period;
    const Duration rarest = std::max<Duration>(std::chrono::hours(1), period);
    Duration wait = period;
    for (std::uint32_t i = 1; i < known->failures && wait < rarest; ++i)
        wait *= 2;
    return known->failed + std::min({wait, rarest, known->failed - known->failing_since});
}

const FileTag* Copies::tag(ReplicaIndex index, const ObjectKey& name) const {
    const Copy* known = find(index, name);
    return known != nullptr && known->there ? &known->tag : nullptr;
}

bool Copies::holds(ReplicaIndex index, const SendFile& file) const {
    const Copy* known = find(index, file.key);
    if (known == nullptr || !known->there || !(known->tag == file.tag)) return false;
    // What could not be read once may be written anew, whatever a list that comes later shows.
    if (known->load_failed && file.verb == FileVerb::store) return false;
    return file.verb == FileVerb::retag || known->bytes == file.payload;
}

Copies::Tagged Copies::tagged(ReplicaIndex index, const ObjectKey& name) const {
    const Copy* known = find(index, name);
    return known == nullptr ? Tagged{} : known->tagged;
}

void Copies::process_ended(ReplicaIndex index) {
    if (index < disks_.size()) disks_[index] = Disk{};
}

}  // namespace leasehold::check
