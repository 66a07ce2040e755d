// What replicas asked of servers and disks, and what they were answered beside each fault.
#include <algorithm>

#include "model/protocol/stamp.hpp"
#include "sim/world/clock.hpp"
#include "sim/world/felt.hpp"
#include "sim/world/request_kind.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kUnderWay = 5s;              // what left before a watch broke is there by then
constexpr std::uint64_t kTransfer = 256 << 10;  // bytes: time in transit shows above latencies

std::uint64_t size_of(const ObjectBody* body) {
    return body != nullptr ? body->payload.size : 0;
}
bool among(const std::vector<ReplicaIndex>& list, ReplicaIndex replica) {
    return std::ranges::find(list, replica) != list.end();
}
bool succeeded(std::int32_t status) {
    return status >= 200 && status < 300;
}

/// Whether the object is not what its stamp says; nothing where it has none.
std::optional<bool> damaged_body(const ObjectBody* body) {
    if (body == nullptr || (body->head.empty() && body->metadata.empty())) return std::nullopt;
    return !stamp_of(*body);
}

/// Whether the answer is what a fault of single requests makes of it; nothing: it may be either.
std::optional<bool> as_told(const Fault& fault, TrueTime sent, TrueTime at, std::int32_t status,
                            const ObjectBody* body) {
    switch (fault.kind) {
        case FaultKind::apply_late:
            return status == 0 || at - sent >= fault.by;
        case FaultKind::answer_error:
            return status == 0 ? std::nullopt : std::optional(status == fault.status);
        case FaultKind::damage_answer:
            if (fault.answer_damage == AnswerDamage::ended)
                return status == 0 ? std::optional(true)
                                   : (status == 200 ? std::optional(false) : std::nullopt);
            return status == 200 ? damaged_body(body) : std::nullopt;
        default:
            return status == 0;  // dropped, or its answer lost
    }
}

/// A conditional write whose condition does not hold of what lies there.
bool fails(PutCondition condition, const ETag& wanted, const ETag& held) {
    if (condition == PutCondition::if_none_match) return !held.empty();
    return condition == PutCondition::if_match && wanted != held;
}

}  // namespace

Felt::Server Felt::server_of(RequestKind kind) {
    return kind >= RequestKind::get_object ? Server::bucket : Server::api;
}

// ---- asked ----------------------------------------------------------------------------------

void Felt::sent(Machine& machine, const ReplicaStepped& record, const Effect& effect) {
    if (const auto* lease = std::get_if<SendLease>(&effect)) {
        if (lease->lease && scenario_.upgrade) holds(machine, *lease->lease);
        if (!asks_the_api_) return;
        Request request;
        request.id = lease->request;
        request.kind = kind_of(lease->verb);
        request.sent = record.at;
        machine.open.push_back(std::move(request));
    } else if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
        sent(machine, record, *bucket);
    } else if (const auto* file = std::get_if<SendFile>(&effect)) {
        if (asks_for_files_) sent(machine, record, *file);
    } else if (const auto* watch = std::get_if<WatchLease>(&effect)) {
        if (asks_the_api_) machine.streams.push_back({watch->watch, {}, std::nullopt, {}});
    } else if (const auto* holder = std::get_if<WatchHolder>(&effect)) {
        machine.watches_pod = holder->container->pod;
    } else if (std::holds_alternative<StopHolderWatch>(effect)) {
        machine.watches_pod.clear();
    } else if (const auto* stop = std::get_if<StopWatch>(&effect)) {
        const auto found = std::ranges::find(machine.streams, stop->watch, &Stream::id);
        if (found == machine.streams.end()) return;
        stream_over(*found);
        machine.streams.erase(found);
    }
}

void Felt::sent(Machine& machine, const ReplicaStepped& record, const SendBucket& effect) {
    Request request;
    request.id = effect.request;
    request.kind = kind_of(effect.verb);
    request.sent = record.at;
    request.bytes = size_of(effect.body.get());
    if (asks_for_objects_) {
        request.condition = effect.condition;
        if (effect.verb == BucketVerb::remove && !effect.etag.empty())
            request.condition = PutCondition::if_match;
        request.key = effect.key;
        request.etag = effect.etag;
        request.prefix = effect.prefix;
    }
    if (scenario_.bucket.skew_limit) {
        const Duration off = record.now.wall - (kWallEpoch + record.at.time_since_epoch());
        request.skewed = std::chrono::abs(off) > *scenario_.bucket.skew_limit;
    }
    machine.open.push_back(std::move(request));
}

void Felt::sent(Machine& machine, const ReplicaStepped& record, const SendFile& effect) {
    machine.files.push_back({effect.request, effect.verb, record.at, {}});
    if (rolls_back_ && (effect.verb == FileVerb::store || effect.verb == FileVerb::retag))
        machine.written.emplace_back(record.at, FileEntry{effect.key, effect.tag, effect.payload});
}

/// A record that this process writes has the duration of the configuration that it runs.
void Felt::holds(const Machine& machine, const Lease& lease) {
    if (lease.record.holder.empty()) return;
    const ElectorConfig& own =
        machine.upgraded_process ? scenario_.upgrade->election : scenario_.election;
    if (std::chrono::seconds(lease.record.duration_seconds) != own.lease_duration)
        ++world_.other_lease;
}

// ---- answered -------------------------------------------------------------------------------

void Felt::came(Machine& own, const ReplicaStepped& record) {
    if (const auto* lease = std::get_if<LeaseAnswered>(record.event)) {
        if (asks_the_api_ && !lease->reply.not_sent)
            answered(own, record.replica, record.at,
                     {lease->request, Server::api, lease->reply.status, nullptr, nullptr});
    } else if (const auto* bucket = std::get_if<BucketAnswered>(record.event)) {
        if (bucket->reply->not_sent) {
            std::erase_if(own.open, [&](const Request& one) {
                return one.id == bucket->request && server_of(one.kind) == Server::bucket;
            });
            return;
        }
        const auto* body = std::get_if<ObjectBodyPtr>(&bucket->reply->content);
        const auto* page = std::get_if<ListPagePtr>(&bucket->reply->content);
        answered(
            own, record.replica, record.at,
            {bucket->request, Server::bucket, bucket->reply->status,
             body != nullptr ? body->get() : nullptr, page != nullptr ? page->get() : nullptr});
    } else if (const auto* file = std::get_if<FileAnswered>(record.event)) {
        if (asks_for_files_) file_answered(own, record.at, *file);
    } else if (const auto* event = std::get_if<LeaseWatched>(record.event)) {
        if (asks_the_api_) watched(own, record.at, *event);
    } else if (const auto* write = std::get_if<BackupWrite>(record.event)) {
        if (scenario_.workload.contents == 0) return;
        ++world_.payloads;
        if (!payloads_.insert(write->payload->digest).second) ++world_.payloads_again;
    }
}

void Felt::answered(Machine& own, ReplicaIndex replica, TrueTime at, const Answer& answer) {
    const auto found = std::ranges::find_if(own.open, [&](const Request& one) {
        return one.id == answer.request && server_of(one.kind) == answer.server;
    });
    if (found == own.open.end()) return;
    Request request = std::move(*found);
    own.open.erase(found);
    if (request.skewed) {
        // Refused before all else; whatever else was to happen to it did not.
        if (answer.status != 0 && answer.status != 403) ++world_.not_refused;
        return;
    }
    of_request(request, at, answer);
    for (const Watch& watch : watches_)
        if (among(watch.targets, replica)) through(watch, request, at, answer);
    if (answer.status == 0) return;
    if (answer.status < 300) crowd(own, request);
    request.bytes = std::max(request.bytes, size_of(answer.body));
    const double seconds = static_cast<double>((at - request.sent).count()) / 1e9;
    const auto fastest = static_cast<double>(
        std::max(scenario_.network.bandwidth, scenario_.network.bucket_bandwidth));
    if (answer.status == 200 && request.bytes >= kTransfer &&
        seconds < static_cast<double>(request.bytes) / fastest)
        ++world_.too_fast;
}

void Felt::of_request(const Request& request, TrueTime at, const Answer& answer) {
    for (const Met& met : request.met) {
        const auto told =
            as_told(scenario_.faults[met.fault], request.sent, at, answer.status, answer.body);
        if (told && (*told || (met.sure && request.met.size() == 1))) say(met.fault, *told);
    }
}

// A request that was under way beside a fault of paths or servers.
void Felt::through(const Watch& watch, const Request& request, TrueTime at, const Answer& answer) {
    const Fault& fault = fault_of(watch);
    const bool concerns = server_of(request.kind) == Server::api ? fault.api : fault.bucket;
    if (at <= watch.at || request.sent >= watch.until) return;
    const bool inside = request.sent > watch.at && at < watch.until;
    const std::int32_t status = answer.status;
    switch (fault.kind) {
        case FaultKind::cut:
        case FaultKind::outage:
        case FaultKind::freeze:
            if (!concerns) return;
            // What a frozen server held back it answers at the end.
            if (status == 0 || (fault.kind == FaultKind::freeze && !inside))
                say(watch.fault, true);
            else if (inside)
                say(watch.fault, false);
            return;
        case FaultKind::delay:
            if (!concerns) return;
            if (status == 0 || (request.sent >= watch.at && at - request.sent >= fault.by))
                say(watch.fault, true);
            else if (inside)
                say(watch.fault, false);
            return;
        case FaultKind::set_preconditions:
            if (inside) by_condition(watch, request, at, answer);
            return;
        case FaultKind::omit_keys:
            if (inside && answer.page != nullptr && leaves_out(request, *answer.page))
                say(watch.fault, true);
            return;
        case FaultKind::damage_object:
            if (request.kind == RequestKind::get_object && status == 403) say(watch.fault, true);
            return;
        default:
            return;  // of processes, clocks, single requests: seen elsewhere
    }
}

/// A conditional write whose store was told what to do with conditions.
void Felt::by_condition(const Watch& watch, const Request& request, TrueTime at,
                        const Answer& answer) {
    if (request.condition == PutCondition::none || answer.status == 0) return;
    const Fault& fault = fault_of(watch);
    const Condition condition =
        request.kind == RequestKind::remove_object    ? Condition::if_match_on_delete
        : request.condition == PutCondition::if_match ? Condition::if_match
                                                      : Condition::if_none_match;
    if (std::ranges::count(fault.conditions, condition) == 0) return;
    const bool stored = succeeded(answer.status);
    const bool failed = answer.status == 412;
    switch (fault.rule) {
        case PreconditionRule::refused:
            if (stored || failed || answer.status == 501) say(watch.fault, answer.status == 501);
            return;
        case PreconditionRule::ignored:
            if (failed || answer.status == 501) say(watch.fault, false);
            return;  // what was stored all the same the commit shows
        case PreconditionRule::honoured:
            if (stored || failed || answer.status == 501) say(watch.fault, answer.status != 501);
            return;
        case PreconditionRule::checked_then_stored:
            if (stored) say(watch.fault, at - request.sent >= fault.window);
            return;
    }
}

/// A key that lay there before the LIST was sent, and lies there still, is not on its page.
bool Felt::leaves_out(const Request& request, const ListPage& page) const {
    for (auto at = objects_.lower_bound(std::max(request.prefix, request.key));
         at != objects_.end() && at->first.view().starts_with(request.prefix.view()); ++at) {
        if (at->first <= request.key || at->second.since >= request.sent) continue;
        if (page.truncated && page.entries.back().key < at->first) return false;
        if (!std::ranges::binary_search(page.entries, at->first, {}, &ListEntry::key)) return true;
    }
    return false;
}

void Felt::on(const ObjectCommitted& record) {
    if (!asks_for_objects_) return;
    Held& held = objects_[record.key];
    if (record.writer == kNobody) {
        if (held.etag != record.etag) damaged_ = record.at;
    } else {
        // All writes of this key that it can have been have a condition, and none of them holds.
        std::size_t candidates = 0;
        bool all_fail = true;
        Condition condition = Condition::if_match;
        for (const Request& one : machine(record.writer).open) {
            const bool removes = one.kind == RequestKind::remove_object;
            if ((!removes && one.kind != RequestKind::put_object) || one.key != record.key ||
                removes != record.etag.empty())
                continue;
            ++candidates;
            all_fail = all_fail && fails(one.condition, one.etag, held.etag);
            condition = removes ? Condition::if_match_on_delete
                        : one.condition == PutCondition::if_none_match ? Condition::if_none_match
                                                                       : Condition::if_match;
        }
        for (const Watch& watch : watches_) {
            const Fault& fault = fault_of(watch);
            if (candidates == 0 || !all_fail || fault.kind != FaultKind::set_preconditions ||
                std::ranges::count(fault.conditions, condition) == 0 || record.at >= watch.until)
                continue;
            if (fault.rule == PreconditionRule::ignored) say(watch.fault, true);
            if (fault.rule == PreconditionRule::honoured) say(watch.fault, false);
        }
    }
    held = {record.etag, record.at};
    if (record.etag.empty()) objects_.erase(record.key);
}

// ---- watches --------------------------------------------------------------------------------

void Felt::watched(Machine& machine, TrueTime at, const LeaseWatched& event) {
    const auto found = std::ranges::find(machine.streams, event.watch, &Stream::id);
    if (found == machine.streams.end()) return;
    Stream& stream = *found;
    const bool ended = event.kind == WatchKind::ended;
    for (const Met& met : stream.met)
        say(met.fault, scenario_.faults[met.fault].kind == FaultKind::answer_error && ended);
    stream.met.clear();
    if (stream.broken) {
        const bool silent = scenario_.faults[*stream.broken].watch_break == WatchBreak::silent;
        const bool too_late = at - std::max(stream.broken_at, machine.woke) > kUnderWay;
        if (ended || too_late) {
            if (!silent || too_late) say(*stream.broken, ended && !silent);
            stream.broken.reset();
        }
    }
    if (ended) machine.streams.erase(found);
}

/// Nothing more came of it: that is what silence is like.
void Felt::stream_over(const Stream& stream) {
    for (const Met& met : stream.met)
        if (scenario_.faults[met.fault].kind != FaultKind::answer_error) say(met.fault, true);
    if (stream.broken) say(*stream.broken, true);
}

// ---- local files ----------------------------------------------------------------------------

void Felt::file_answered(Machine& machine, TrueTime at, const FileAnswered& event) {
    const auto found = std::ranges::find(machine.files, event.request, &FileOperation::id);
    if (found == machine.files.end()) return;
    const FileOperation done = std::move(*found);
    machine.files.erase(found);
    ++world_.files;
    if (at - done.sent >= scenario_.files.latency.p50) ++world_.files_waited;
    for (const Met& met : done.met) {
        const bool told = event.reply.status == scenario_.faults[met.fault].file_status;
        if (told || (met.sure && done.met.size() == 1)) say(met.fault, told);
    }
    if (done.verb == FileVerb::list && event.reply.entries)
        disk_shown(machine, *event.reply.entries);
}

/// The files that a process found at its start, after a crash that took some.
void Felt::disk_shown(Machine& machine, const FileList& files) {
    if (!machine.lost_by) return;
    const std::uint32_t fault = *machine.lost_by;
    machine.lost_by.reset();
    if (scenario_.faults[fault].disk == Disk::lose) {
        if (!files.empty()) say(fault, false);
        return;
    }
    // What was stored before the crash, and after the instant that the disk went back to. A list
    // that comes late may show what the process after it has stored since.
    const auto first = std::ranges::find_if(machine.written, [&](const auto& one) {
        return one.first > machine.rolled_back_to;
    });  // they are in order
    const auto last = std::find_if(first, machine.written.end(),
                                   [&](const auto& one) { return one.first > machine.ended; });
    const auto same = [](const FileEntry& one, const FileEntry& other) {
        return one.key == other.key && one.tag == other.tag;
    };
    const std::vector<std::pair<TrueTime, FileEntry>> gone(first, last);
    machine.written.erase(first, last);
    for (const auto& [at, file] : gone) {
        const bool kept = std::ranges::any_of(
            machine.written, [&](const auto& one) { return same(one.second, file); });
        const bool shown =
            std::ranges::any_of(files, [&](const FileEntry& one) { return same(one, file); });
        if (shown && !kept) say(fault, false);
    }
}

}  // namespace leasehold::sim
