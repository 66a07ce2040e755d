#include "model/storage/follower/parked_reads.hpp"

#include <utility>

#include "model/base/check.hpp"

namespace leasehold::storage {

void ParkedReads::park(CallId call, KeyId key, const ETag& known) {
    keys_[key].by_known[known].insert(call);
}

void ParkedReads::detach(CallId call, KeyId key, const ETag& known) {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return;
    const auto group = at->second.by_known.find(known);
    if (group != at->second.by_known.end() && group->second.erase(call) == 1 &&
        group->second.empty())
        at->second.by_known.erase(group);
    at->second.riders.erase(call);
    tidy(key);
}

void ParkedReads::ride(KeyId key, RequestId flight, std::set<CallId> riders) {
    Waiting& waiting = keys_[key];
    CHECK(waiting.late == RequestId{});
    waiting.late = flight;
    ++lates_;
    waiting.riders = std::move(riders);
}

bool ParkedReads::wait_for_other(KeyId key, const ETag& etag) const {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return false;
    const std::size_t groups = at->second.by_known.size();
    return groups > 1 || (groups == 1 && at->second.by_known.begin()->first != etag);
}

void ParkedReads::answer(CallId call, KeyId key, const Stamp& stamp, const ETag& etag,
                         const Blob& payload, Desk& desk) {
    keys_.at(key).riders.erase(call);
    desk.calls.answer(ReadDone{call, ReadOutcome::data, stamp.epoch, etag, payload}, desk.out);
}

void ParkedReads::deliver(KeyId key, const Stamp& stamp, const ETag& etag, const Blob& payload,
                          Desk& desk) {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return;
    desk.tell(Served{key, stamp});
    auto& groups = at->second.by_known;
    for (auto group = groups.begin(); group != groups.end();) {
        if (group->first == etag) {
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
    if (std::exchange(at->second.loading, false)) --loads_;
    const bool read = reply.status == FileStatus::ok && reply.entries && reply.entries->size() == 1;
    if (read) {
        const FileEntry& file = reply.entries->front();
        Stamp stamp;
        stamp.epoch = file.tag.epoch;
        stamp.write_id = file.tag.write_id;
        const bool overtaken = older(version_of(file.tag), sight.catalog.newest(owner.key));
        if (!file.tag.dirty && file.tag.tagged && !overtaken)
            deliver(owner.key, stamp, file.tag.etag, file.payload, desk);
    }
    tidy(owner.key);
    return read;
}

// Data is data, whoever asked for it; absence is a leader's answer, and this is none any more.
void ParkedReads::step(const LateRead& owner, const Found& found, Desk& desk) {
    const auto at = keys_.find(owner.key);
    CHECK(at != keys_.end());
    at->second.late = RequestId{};
    --lates_;
    const std::set<CallId> riders = std::exchange(at->second.riders, {});
    const bool served = found.kind == FoundKind::data && !found.stale;
    if (served && !riders.empty()) desk.tell(Served{owner.key, found.stamp});
    for (const CallId call : riders) {
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
        if (waiting.late != RequestId{}) desk.requests.abandon(waiting.late, desk.out);
        for (const auto& [known, calls] : waiting.by_known)
            for (const CallId call : calls)
                released.push_back({call, key});
    }
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
    CHECK_MSG(loads_ == sight.requests.count<ReadLoad>(),
              "readers wait for a load that is not in flight");
    CHECK_MSG(lates_ == sight.requests.count<LateRead>(),
              "a late GET that no key waits for, or the other way round");
    CHECK_MSG(loads_ <= keys_.size() && lates_ <= keys_.size(), "a request without its key");
}

}  // namespace leasehold::storage
