#include "sim/world/api_channel.hpp"

#include <algorithm>
#include <utility>

#include "sim/world/faults.hpp"
#include "sim/world/kubelets.hpp"
#include "sim/world/request_kind.hpp"

namespace leasehold::sim {
namespace {

StatusReason reason_of(std::int32_t status) {
    switch (status) {
        case 404:
            return StatusReason::not_found;  // of the namespace: not about this Lease
        case 429:
            return StatusReason::too_many_requests;
        case 401:
            return StatusReason::unauthorized;
        case 403:
            return StatusReason::forbidden;
        case 500:
            return StatusReason::internal_error;
        case 503:
            return StatusReason::unavailable;
        case 504:
            return StatusReason::timeout;
        default:
            return StatusReason::other;
    }
}

}  // namespace

ApiChannel::ApiChannel(Context& context, Paths& paths, Faults& faults)
    : context_(context),
      paths_(paths),
      faults_(faults),
      api_(context.stream("lease-api").next(), context.scenario.api.profile),
      second_(context.stream("lease-api", 1).next(), context.scenario.api.profile),
      handling_(context.scenario.api.latency),
      random_(context.stream("api-channel")),
      keeps_past_(std::ranges::any_of(context.scenario.faults, [](const Fault& fault) {
          return fault.kind == FaultKind::restore_lease;
      })) {
    if (keeps_past_) past_.push_back({TrueTime{}, nullptr, api_.revision()});
}

void ApiChannel::send(ReplicaIndex replica, const SendLease& request) {
    Host& host = context_.hosts[replica];
    ++context_.recorder.work.lease_requests;
    const Slab<Exchange>::Made made = exchanges_.make();
    Exchange& exchange = made.value;
    exchange.replica = replica;
    exchange.incarnation = host.incarnation;
    exchange.request = request;
    const TrueTime now = context_.now();
    exchange.deadline = saturating_add(host.clock.monotonic(now), request.timeout);
    exchange.deadline_true = host.clock.reaches(exchange.deadline);
    exchange.interference = faults_.interfere(replica, kind_of(request.verb));
    const TrueTime arrival = now + paths_.latency(replica, Server::api) + handling_(random_);
    if (exchange.interference.drop || !paths_.to(Server::api, replica)) {
        time_out(exchange);
        exchanges_.drop(made.handle);
        return;
    }
    if (arrival + exchange.interference.late >= exchange.deadline_true) time_out(exchange);
    const TrueTime applied =
        exchange.interference.status != 0 ? arrival : arrival + exchange.interference.late;
    context_.at(applied, Kind::lease_arrives, replica, made.handle);
}

void ApiChannel::request_arrives(std::uint64_t handle) {
    Exchange& exchange = *exchanges_.find(handle);
    if (state_.frozen()) {
        state_.hold({Kind::lease_arrives, exchange.replica, handle});
        if (!exchange.answered && exchange.deadline_true != TrueTime::max())
            context_.at(std::max(exchange.deadline_true, context_.now()), Kind::lease_deadline,
                        exchange.replica, handle);
        return;
    }
    handled(exchange);
    exchanges_.drop(handle);
}

void ApiChannel::deadline(std::uint64_t handle) {
    if (Exchange* exchange = exchanges_.find(handle)) time_out(*exchange);
}

void ApiChannel::freeze(int by) {
    state_.freeze(by);
    for (const ServerState::Held& held : state_.thawed())
        context_.at(context_.now(), held.kind, held.replica, held.handle);
}

void ApiChannel::handled(Exchange& exchange) {
    if (!state_.up() || !paths_.to(Server::api, exchange.replica)) {
        time_out(exchange);
        return;
    }
    LeaseReply reply = handle(exchange);
    if (exchange.answered) return;
    if (exchange.interference.lose_answer || !paths_.from(Server::api, exchange.replica)) {
        time_out(exchange);
        return;
    }
    answer(exchange, std::move(reply),
           context_.now() + paths_.latency(exchange.replica, Server::api));
}

bool ApiChannel::in_second(ReplicaIndex replica) const {
    const std::vector<std::uint32_t>& group = context_.scenario.replicas.second_group;
    return !group.empty() && std::ranges::binary_search(group, replica);
}

LeaseReply ApiChannel::handle(const Exchange& exchange) {
    const Interference& interference = exchange.interference;
    LeaseReply reply;
    if (interference.status == 0 || interference.applied) {
        std::optional<LeaseChange> change;
        reply =
            api_of(exchange.replica).handle(exchange.request.verb, exchange.request.lease, change);
        if (change) commit(*change, exchange.replica);
    }
    if (interference.status == 0) return reply;
    LeaseReply error;
    error.status = interference.status;
    if (!interference.plain_text) error.reason = reason_of(error.status);
    error.retry_after = interference.retry_after;
    return error;
}

void ApiChannel::answer(Exchange& exchange, LeaseReply reply, TrueTime when) {
    if (when >= exchange.deadline_true) {
        time_out(exchange);
        return;
    }
    const Host& host = context_.hosts[exchange.replica];
    if (!host.running() || host.incarnation != exchange.incarnation) return;
    Mail& letter = context_.post(when, exchange.replica);
    letter.event.emplace<LeaseAnswered>(exchange.request.request, std::move(reply));
    letter.via = Via::api;
    letter.deadline = exchange.deadline;
}

void ApiChannel::time_out(Exchange& exchange) {
    if (exchange.answered) return;
    exchange.answered = true;
    const Host& host = context_.hosts[exchange.replica];
    if (!host.running() || host.incarnation != exchange.incarnation) return;
    if (exchange.deadline_true == TrueTime::max()) return;
    Mail& letter = context_.post(exchange.deadline_true, exchange.replica);
    letter.event = LeaseAnswered{exchange.request.request, LeaseReply{}};
    letter.deadline = exchange.deadline;
    letter.timeout = true;
}

bool ApiChannel::arrives(const Mail& letter, ReplicaIndex replica) {
    const Server server = letter.via == Via::api ? Server::api : Server::bucket;
    if (paths_.from(server, replica)) return true;
    if (const auto* watched = std::get_if<LeaseWatched>(&letter.event)) {
        for (const std::uint64_t stream : streams_) {
            Watcher* watcher = watchers_.find(stream);
            if (watcher->replica == replica && watcher->id == watched->watch)
                watcher->silent = true;
        }
        return false;
    }
    if (std::holds_alternative<HolderEnded>(letter.event)) kubelets_->lost(replica);
    if (std::holds_alternative<HolderEnded>(letter.event) ||
        std::holds_alternative<OwnContainer>(letter.event))
        return false;
    Mail timeout;
    timeout.deadline = letter.deadline;
    timeout.timeout = true;
    timeout.incarnation = letter.incarnation;
    if (const auto* lease = std::get_if<LeaseAnswered>(&letter.event))
        timeout.event = LeaseAnswered{lease->request, LeaseReply{}};
    else
        timeout.event = BucketAnswered{std::get<BucketAnswered>(letter.event).request,
                                       std::make_shared<const BucketReply>()};
    // Of a frozen clock's date the process's own door takes care.
    const TrueTime due = context_.hosts[replica].clock.reaches(letter.deadline);
    context_.post(due == TrueTime::max() ? context_.now() : due, replica, std::move(timeout));
    return false;
}

void ApiChannel::watch(ReplicaIndex replica, const WatchLease& request) {
    const Interference interference = faults_.interfere(replica, RequestKind::watch_lease);
    // A connection that never opens: silence.
    if (interference.drop || !paths_.to(Server::api, replica)) return;
    Watcher watcher;
    watcher.replica = replica;
    watcher.incarnation = context_.hosts[replica].incarnation;
    watcher.id = request.watch;
    watcher.from = request.from;
    watcher.refused = interference.status != 0;
    watcher.silent = interference.lose_answer;
    const TrueTime opens = context_.now() + paths_.latency(replica, Server::api);
    context_.at(opens, Kind::watch_opens, replica, watchers_.put(std::move(watcher)));
}

void ApiChannel::watch_opens(std::uint64_t handle) {
    Watcher* watcher = watchers_.find(handle);
    if (watcher == nullptr) return;  // stopped before it opened
    const Host& host = context_.hosts[watcher->replica];
    if (state_.up() && state_.frozen()) {
        state_.hold({Kind::watch_opens, watcher->replica, handle});
        return;
    }
    if (!state_.up() || !paths_.to(Server::api, watcher->replica) ||
        host.incarnation != watcher->incarnation || !host.running()) {
        watchers_.drop(handle);
        return;
    }
    watcher->opened = context_.now();
    streams_.push_back(handle);
    const auto missed = api_of(watcher->replica).changes_since(watcher->from);
    if (!missed || watcher->refused) {
        close(handle, true);  // an error, such as 410 Expired
        return;
    }
    for (const LeaseChange& change : *missed)
        tell(*watcher, change.after ? WatchKind::seen : WatchKind::deleted, change.version,
             change.after);
    context_.at(context_.now() + context_.scenario.api.bookmark_period, Kind::bookmark,
                watcher->replica, handle);
}

void ApiChannel::bookmark(std::uint64_t handle) {
    Watcher* watcher = watchers_.find(handle);
    if (watcher == nullptr) return;
    if (context_.now() - watcher->opened >= context_.scenario.api.watch_timeout) {
        close(handle, true);  // the server ends a watch cleanly about so often
        return;
    }
    if (up()) tell(*watcher, WatchKind::bookmark, api_of(watcher->replica).revision(), nullptr);
    context_.at(context_.now() + context_.scenario.api.bookmark_period, Kind::bookmark,
                watcher->replica, handle);
}

void ApiChannel::stop_watch(ReplicaIndex replica, WatchId watch) {
    watchers_.each([&](std::uint64_t handle, Watcher& watcher) {
        if (watcher.replica == replica && watcher.id == watch) close(handle, false);
    });
}

void ApiChannel::process_ended(ReplicaIndex replica) {
    watchers_.each([&](std::uint64_t handle, Watcher& watcher) {
        if (watcher.replica == replica) close(handle, false);
    });
}

void ApiChannel::close(std::uint64_t handle, bool say) {
    if (say) tell(*watchers_.find(handle), WatchKind::ended, Version{}, nullptr);
    std::erase(streams_, handle);
    watchers_.drop(handle);
}

void ApiChannel::tell(Watcher& watcher, WatchKind kind, Version version, LeasePtr lease) {
    if (watcher.silent) return;
    // One that asked for a version which is still to come, the store having gone back, is told
    // nothing below it, as etcd and the API server's cache have it; a bookmark may repeat it.
    if (kind != WatchKind::ended &&
        (kind == WatchKind::bookmark ? version < watcher.from : version <= watcher.from))
        return;
    if (!paths_.from(Server::api, watcher.replica)) {
        watcher.silent = true;
        return;
    }
    TrueTime when = context_.now() + paths_.latency(watcher.replica, Server::api);
    when = std::max(when, watcher.last + Duration(1));
    watcher.last = when;
    Mail& letter = context_.post(when, watcher.replica);
    letter.event.emplace<LeaseWatched>(watcher.id, kind, version, std::move(lease));
    letter.via = Via::api;
}

void ApiChannel::commit(const LeaseChange& change, ReplicaIndex writer) {
    LeaseCommitted record;
    record.at = context_.now();
    record.writer = writer;
    record.before = change.before;
    record.after = change.after;
    const bool second = writer != kNobody && in_second(writer);
    // What the checkers judge is the first group's Lease: they know of one.
    if (!second) context_.recorder.lease_committed(record);
    if (keeps_past_ && !second) past_.push_back({context_.now(), api_.lease(), api_.revision()});
    for (const std::uint64_t stream : streams_) {
        Watcher& watcher = *watchers_.find(stream);
        if (in_second(watcher.replica) != second) continue;
        tell(watcher, change.after ? WatchKind::seen : WatchKind::deleted, change.version,
             change.after);
    }
}

bool ApiChannel::restore(TrueTime then, bool bump) {
    if (!up() || then < TrueTime{}) return false;
    while (past_.size() > 1 && past_.back().since > then)
        past_.pop_back();
    const auto change = api_.restore(past_.back().lease, past_.back().revision, bump);
    if (!change) return false;
    LeaseCommitted record;
    record.at = context_.now();
    record.writer = kNobody;
    record.before = change->before;
    record.after = change->after;
    record.restored = true;
    context_.recorder.lease_committed(record);
    past_.push_back({context_.now(), api_.lease(), api_.revision()});
    for (ReplicaIndex replica = 0; replica < context_.replicas(); ++replica)
        static_cast<void>(break_watches(replica, WatchBreak::ended));
    return true;
}

bool ApiChannel::break_watches(ReplicaIndex replica, WatchBreak how) {
    bool any = false;
    watchers_.each([&](std::uint64_t handle, Watcher& watcher) {
        if (watcher.replica != replica) return;
        any = true;
        if (how == WatchBreak::silent)
            watcher.silent = true;
        else
            close(handle, true);
    });
    if (any && how == WatchBreak::expired) api_.compact();
    return any;
}

bool ApiChannel::remove_lease() {
    if (!up()) return false;
    const auto change = api_.remove();
    if (change) commit(*change, kNobody);
    return change.has_value();
}

bool ApiChannel::edit_lease(LeaseEdit edit) {
    if (!up()) return false;
    const bool anew = edit == LeaseEdit::recreate_empty;
    if (anew && !remove_lease()) return false;
    const auto change = anew ? api_.create_empty() : api_.edit(edit);
    if (change) commit(*change, kNobody);
    return change.has_value();
}

}  // namespace leasehold::sim
