#include "model/storage/follower/parked_reads.hpp"

#include <utility>

#include "model/base/check.hpp"

namespace leasehold::storage {

void ParkedReads::park(CallId call, KeyId key, const ETag& known) {
    // A read is for "another version than I have": a caller that knows none takes any.
    keys_[key].by_known[known].insert(call);
}

void ParkedReads::detach(CallId call, KeyId key, const ETag& known) {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return;
    const auto group = at->second.by_known.find(known);
    if (group != at->second.by_known.end() && group->second.erase(call) == 1 &&
        group->second.empty())
        at->second.by_known.erase(group);
    // Its flight goes on without it: it belongs to the key, and others may ride on it.
    at->second.riders.erase(call);
    tidy(key);
}

void ParkedReads::ride(KeyId key, RequestId flight, std::set<CallId> riders) {
    Waiting& waiting = keys_[key];
    // One leadership has one GET of a key, and this machine is made anew by each demotion.
    CHECK(waiting.late == RequestId{});
    waiting.late = flight;
    ++lates_;
    waiting.riders = std::move(riders);
}

bool ParkedReads::wait_for_other(KeyId key, const ETag& etag) const {
    // By groups, because ten thousand readers may know the present version, and a LIST asks this
    // for each key of each page.
    const auto at = keys_.find(key);
    if (at == keys_.end()) return false;
    const std::size_t groups = at->second.by_known.size();
    // Two groups know two versions, so at least one of them waits for another than this.
    return groups > 1 || (groups == 1 && at->second.by_known.begin()->first != etag);
}

void ParkedReads::answer(CallId call, KeyId key, const Stamp& stamp, const ETag& etag,
                         const Blob& payload, Desk& desk) {
    // Or the late GET would answer it again.
    keys_.at(key).riders.erase(call);
    desk.calls.answer(ReadDone{call, ReadOutcome::data, stamp.epoch, etag, payload}, desk.out);
}

void ParkedReads::deliver(KeyId key, const Stamp& stamp, const ETag& etag, const Blob& payload,
                          Desk& desk, const ETag* before) {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return;
    // From the end of this step on nothing below this version is served or kept, by any machine.
    desk.tell(Served{key, stamp});
    auto& groups = at->second.by_known;
    for (auto group = groups.begin(); group != groups.end();) {
        // They have this very version. Handed it again, a pipeline would ask again at once, and so
        // on at wire speed.
        const bool compared = before == nullptr || group->first.empty() || group->first == *before;
        if (group->first == etag || !compared) {
            ++group;
            continue;
        }
        for (const CallId call : group->second) {
            desk.note(MarkId::read_delivered);
            answer(call, key, stamp, etag, payload, desk);
        }
        group = groups.erase(group);
    }
    tidy(key);
}

void ParkedReads::serve_local(const Sight& sight, KeyId key, Desk& desk) {
    const Entry& known = sight.catalog.at(key);
    // The file must be what the bucket holds, as far as is known: not a write that may fail, not
    // below what was served, not of a version that a LIST has since replaced.
    if (!known.clean() || !sight.catalog.servable(key) || sight.catalog.needs_fetch(key)) return;
    const ETag etag = known.local.etag.etag();
    if (!wait_for_other(key, etag)) return;
    if (const Blob* held = sight.catalog.held(key); held != nullptr) {
        Stamp stamp;
        stamp.epoch = known.local.version.epoch;
        stamp.write_id = known.local.version.write_id;
        deliver(key, stamp, etag, Blob(*held), desk);
        return;
    }
    // One load a key: whoever comes until it lands is served by it.
    if (std::exchange(keys_.at(key).loading, true)) return;
    ++loads_;
    SendFile load;
    load.verb = FileVerb::load;
    load.key = sight.catalog.name(key);
    desk.requests.send(std::move(load), ReadLoad{key}, desk.out);
}

bool ParkedReads::step(const Sight& sight, const ReadLoad& owner, const FileReply& reply,
                       Desk& desk) {
    const auto at = keys_.find(owner.key);
    if (at == keys_.end()) return true;
    // Read or not: the next pass, or the next reader, may ask again.
    if (std::exchange(at->second.loading, false)) --loads_;
    const bool read = reply.status == FileStatus::ok && reply.entries && reply.entries->size() == 1;
    if (read) {
        const FileEntry& file = reply.entries->front();
        // The known file is what is known of it: its tag may wait to be written for as long as the
        // disk is full. Another one, for it may have been replaced since the load was asked for, is
        // what the tag says that came with the bytes.
        const Entry& known = sight.catalog.at(owner.key);
        const bool is_known = known.clean() && known.local.digest == file.payload.digest;
        const FileTag tag = is_known ? known.tag() : file.tag;
        Stamp stamp;
        stamp.epoch = tag.epoch;
        stamp.write_id = tag.write_id;
        // While the disk was read a newer version may have been served from a GET.
        const bool overtaken = older(version_of(tag), sight.catalog.newest(owner.key));
        if (!tag.dirty && tag.tagged && !overtaken)
            deliver(owner.key, stamp, tag.etag, file.payload, desk);
    }
    tidy(owner.key);
    return read;
}

// Data is data, whoever asked for it; absence is a leader's answer, and this is none any more.
void ParkedReads::step(const LateRead& owner, const Found& found, Desk& desk) {
    const auto at = keys_.find(owner.key);
    CHECK(at != keys_.end());
    // Whatever it says, it was the last GET of that leadership for this key.
    at->second.late = RequestId{};
    --lates_;
    const std::set<CallId> riders = std::exchange(at->second.riders, {});
    // An older version than was served since is no answer, although it was the present one when the
    // reader came: the same process must not go back.
    const bool served = found.kind == FoundKind::data && !found.stale;
    if (served && !riders.empty()) desk.tell(Served{owner.key, found.stamp});
    for (const CallId call : riders) {
        // As a leader it would have been "not found". Now another replica may have written the key
        // in the meantime, so the reader goes on waiting, as on any follower.
        if (found.absent()) desk.note(MarkId::read_reparked);
        const ETag known = desk.calls.at(call).known;
        // A follower's reader waits for another version than it has.
        if (!served || known == found.etag) continue;
        answer(call, owner.key, found.stamp, found.etag, found.payload, desk);
        detach(call, owner.key, known);
        if (!keys_.contains(owner.key)) return;
    }
    tidy(owner.key);
}

std::vector<ParkedReads::Waiter> ParkedReads::release(Desk& desk) {
    std::vector<Waiter> released;
    for (const auto& [key, waiting] : keys_) {
        // The new leadership asks by a GET of its own, and one key has one flight.
        if (waiting.late != RequestId{}) desk.requests.abandon(waiting.late, desk.out);
        for (const auto& [known, calls] : waiting.by_known)
            for (const CallId call : calls)
                released.push_back({call, key});
    }
    // A leader answers from the bucket: what a file says now is no answer of its.
    desk.requests.forget_loads(
        [](const FileOwner& owner) { return std::holds_alternative<ReadLoad>(owner); });
    keys_.clear();
    loads_ = 0;
    lates_ = 0;
    return released;
}

/// The last caller that leaves takes the entry with it, unless a request is still to land.
void ParkedReads::tidy(KeyId key) {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return;
    const Waiting& waiting = at->second;
    if (waiting.by_known.empty() && !waiting.loading && waiting.late == RequestId{})
        keys_.erase(at);
}

void ParkedReads::check(const Sight& sight) const {
    // A key that thinks a load is under way never asks for one: its readers would wait for a change
    // of the object that may not come for hours.
    CHECK_MSG(loads_ == sight.requests.count<ReadLoad>(),
              "readers wait for a load that is not in flight");
    CHECK_MSG(lates_ == sight.requests.count<LateRead>(),
              "a late GET that no key waits for, or the other way round");
    CHECK_MSG(loads_ <= keys_.size() && lates_ <= keys_.size(), "a request without its key");
}

}  // namespace leasehold::storage
