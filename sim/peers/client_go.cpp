#include "sim/peers/client_go.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

bool written(const LeaseReply& reply) {
    return reply.status == 200 || reply.status == 201;
}

WallTime micro_time(WallTime time) {
    return std::chrono::floor<std::chrono::microseconds>(time);
}

std::optional<WallTime> whole_seconds(const std::optional<WallTime>& time) {
    if (!time) return std::nullopt;
    return std::chrono::floor<std::chrono::seconds>(*time);
}

/// What client-go compares to see a change: the record's JSON, whose times have whole seconds.
LeaseRecord raw(const LeaseRecord& record) {
    LeaseRecord seen;
    seen.holder = record.holder;
    seen.duration_seconds = record.duration_seconds;
    seen.transitions = record.transitions;
    seen.acquire_time = whole_seconds(record.acquire_time);
    seen.renew_time = whole_seconds(record.renew_time);
    return seen;
}

}  // namespace

std::string ClientGoConfig::problem() const {
    if (lease_duration <= renew_deadline) return "leaseDuration must be more than renewDeadline";
    if (renew_deadline <= retry_period * 12 / 10)
        return "renewDeadline must be more than 1.2 times retryPeriod";
    return "";
}

ClientGo::ClientGo(const ClientGoConfig& config, std::string identity, std::uint64_t seed)
    : config_(config), identity_(std::move(identity)), random_(seed) {}

void ClientGo::step(Now now, const Event& event, Effects& out) {
    settle(now, out);
    if (phase_ == Phase::done) return;
    if (std::holds_alternative<Start>(event)) run(now);
    if (const auto* stop = std::get_if<Stop>(&event)) cancel(now, *stop, out);
    if (const auto* answer = std::get_if<LeaseAnswered>(&event)) answered(now, *answer, out);
    pursue(now, out);
}

Instant ClientGo::next_deadline() const {
    if (phase_ == Phase::done) return kNever;
    return std::min({next_attempt_, deadline_, stop_by_.value_or(kNever)});
}

std::string ClientGo::summary() const {
    std::string text = "client-go, ";
    text += leads_ ? "leads in term " + std::to_string(term_.value()) : "does not lead";
    if (phase_ == Phase::releasing) text += ", releasing";
    return text + ", observed holder '" + observed_.holder + "'";
}

// ---- the loops ----------------------------------------------------------------------------------

void ClientGo::run(Now now) {
    phase_ = Phase::acquiring;
    cached_ = nullptr;
    observed_ = LeaseRecord{};
    observed_raw_.reset();
    observed_at_ = Instant::min();
    next_attempt_ = now.monotonic;
}

/// Contexts end first: where an answer came as late as that, Go's select takes either.
void ClientGo::settle(Now now, Effects& out) {
    if (phase_ == Phase::done) return;
    if (now.monotonic >= stop_by_.value_or(kNever)) {
        run_ended(now, out);  // killed
    } else if (now.monotonic >= deadline_) {
        if (phase_ == Phase::renewing)
            renew_ended(now, out);
        else
            run_ended(now, out);
    }
}

void ClientGo::pursue(Now now, Effects& out) {
    if (now.monotonic < next_attempt_) return;
    next_attempt_ = kNever;
    if (phase_ == Phase::renewing && !polling_) {
        polling_ = true;
        deadline_ = now.monotonic + config_.renew_deadline;
        tick_ = now.monotonic + config_.retry_period;
    }
    attempt(now, out);
}

void ClientGo::cancel(Now now, const Stop& stop, Effects& out) {
    if (stop_by_) return;
    stop_by_ = stop.deadline;
    if (phase_ == Phase::acquiring) run_ended(now, out);
    if (phase_ == Phase::renewing) renew_ended(now, out);
}

void ClientGo::attempt_ended(Now now, bool succeeded, Effects& out) {
    if (phase_ == Phase::acquiring) {
        if (succeeded) {
            start_leading(now, out);
        } else {
            const Duration jitter = config_.retry_period * 12 / 10;
            next_attempt_ = now.monotonic + config_.retry_period +
                            Duration(static_cast<std::int64_t>(
                                random_.below(static_cast<std::uint64_t>(jitter.count()))));
        }
        return;
    }
    if (succeeded) {
        polling_ = false;
        deadline_ = kNever;
        next_attempt_ = now.monotonic + config_.retry_period;
        return;
    }
    // A ticker keeps one tick that nobody waited for, and drops those after it.
    next_attempt_ = std::max(tick_, now.monotonic);
    while (tick_ <= next_attempt_)
        tick_ += config_.retry_period;
}

/// The first renewal follows at once.
void ClientGo::start_leading(Now now, Effects& out) {
    phase_ = Phase::renewing;
    polling_ = false;
    next_attempt_ = now.monotonic;
    leads_ = true;
    term_ = Term{cached_->version.value()};
    out.emplace_back(GateMoved{term_, kNever});
    out.emplace_back(RoleChanged{Role::leader, term_});
    if (gain_) mark(out, *gain_);
}

/// The user leads on while the release is under way: the leading context is cancelled by a
/// deferred call of Run, behind it.
void ClientGo::renew_ended(Now now, Effects& out) {
    if (!config_.release_on_cancel) {
        run_ended(now, out);
        return;
    }
    phase_ = Phase::releasing;
    next_attempt_ = kNever;
    deadline_ = now.monotonic + config_.renew_deadline;  // of a context of its own
    send(now, Call::release_get, out);
}

void ClientGo::run_ended(Now now, Effects& out) {
    call_ = Call::none;
    next_attempt_ = deadline_ = kNever;
    const bool led = std::exchange(leads_, false);
    if (led) out.emplace_back(GateMoved{term_, now.monotonic});
    const bool foreign = led && !is_leader() && !observed_.holder.empty();
    if (stop_by_) {
        phase_ = Phase::done;
        out.emplace_back(RoleChanged{Role::stopped, Term{}});
        if (foreign) mark(out, MarkId::stepped_down_foreign);
        out.emplace_back(Stopped{});
        return;
    }
    if (led) out.emplace_back(RoleChanged{Role::follower, Term{}});
    if (foreign) mark(out, MarkId::stepped_down_foreign);
    run(now);
}

// ---- tryAcquireOrRenew --------------------------------------------------------------------------

bool ClientGo::lease_valid(Instant now) const {
    return observed_at_ + std::chrono::seconds(observed_.duration_seconds) > now;
}

void ClientGo::attempt(Now now, Effects& out) {
    asked_at_ = now.monotonic;
    wanted_ = LeaseRecord{};
    wanted_.holder = identity_;
    wanted_.duration_seconds = static_cast<std::int32_t>(config_.lease_duration / 1s);
    wanted_.acquire_time = wanted_.renew_time = micro_time(now.wall);
    if (!is_leader() || !lease_valid(asked_at_)) {
        send(now, Call::get, out);
        return;
    }
    wanted_.acquire_time = observed_.acquire_time;
    wanted_.transitions = observed_.transitions;
    send(now, Call::fast_update, out);
}

void ClientGo::found(Now now, const LeasePtr& lease, Effects& out) {
    cached_ = lease;
    const LeaseRecord& got = lease->record;
    if (const LeaseRecord seen = raw(got); observed_raw_ != seen) {
        observed_ = got;
        observed_raw_ = seen;
        observed_at_ = now.monotonic;
    }
    if (!got.holder.empty() && lease_valid(asked_at_) && !is_leader()) {
        attempt_ended(now, false, out);
        return;
    }
    if (is_leader()) wanted_.acquire_time = got.acquire_time;
    wanted_.transitions = got.transitions + (is_leader() ? 0 : 1);
    gain_.reset();
    if (!is_leader())
        gain_ = got.holder.empty() ? MarkId::acquired_free_lease : MarkId::takeover_after_expiry;
    send(now, Call::update, out);
}

/// Whatever was observed before: nobody waits for a holder whose Lease is gone.
void ClientGo::missing(Now now, Effects& out) {
    gain_ = MarkId::acquired_free_lease;
    send(now, Call::create, out);
}

/// Own writes count from their answer, too.
void ClientGo::observe_own(Now now, const LeasePtr& lease) {
    cached_ = lease;
    observed_ = wanted_;
    observed_at_ = now.monotonic;
}

// ---- tryRelease ---------------------------------------------------------------------------------

/// Who leads is looked up in what was observed before, not in what has just been read.
void ClientGo::release_found(Now now, const LeasePtr& lease, Effects& out) {
    cached_ = lease;
    if (!is_leader()) {
        run_ended(now, out);
        return;
    }
    releases_own_ = lease->record.holder == identity_;
    wanted_ = LeaseRecord{};
    wanted_.duration_seconds = 1;
    wanted_.transitions = lease->record.transitions;
    wanted_.acquire_time = wanted_.renew_time = micro_time(now.wall);
    send(now, Call::release_update, out);
}

// ---- requests -----------------------------------------------------------------------------------

void ClientGo::answered(Now now, const LeaseAnswered& answer, Effects& out) {
    if (call_ == Call::none || answer.request != request_) return;
    const LeaseReply& reply = answer.reply;
    switch (std::exchange(call_, Call::none)) {
        case Call::fast_update:
            if (written(reply)) break;
            send(now, Call::get, out);  // any error, within the same attempt
            return;
        case Call::get:
            if (reply.status == 200)
                found(now, reply.lease, out);
            else if (reply.status == 404)
                missing(now, out);
            else
                attempt_ended(now, false, out);
            return;
        case Call::release_get:
            if (reply.status == 200)
                release_found(now, reply.lease, out);
            else
                run_ended(now, out);
            return;
        case Call::release_update:
            if (written(reply) && releases_own_) mark(out, MarkId::released_lease);
            if (reply.status == 409 && config_.retries_release)
                send(now, Call::release_get, out);
            else
                run_ended(now, out);
            return;
        case Call::none:
        case Call::create:
        case Call::update:
            break;
    }
    if (written(reply)) observe_own(now, reply.lease);
    attempt_ended(now, written(reply), out);
}

void ClientGo::send(Now now, Call call, Effects& out) {
    call_ = call;
    request_ = RequestId{request_.value() + 1};
    SendLease request;
    request.request = request_;
    request.verb = call == Call::create                             ? LeaseVerb::create
                   : call == Call::get || call == Call::release_get ? LeaseVerb::get
                                                                    : LeaseVerb::update;
    request.lease = body(call);
    const Duration left =
        deadline_ == kNever ? Duration::max() : std::max(deadline_ - now.monotonic, Duration(1));
    request.timeout = std::min(config_.request_timeout, left);
    out.emplace_back(std::move(request));
}

/// A PUT replaces the spec of the cached object and keeps all else, other electors' annotations
/// among it.
LeasePtr ClientGo::body(Call call) const {
    if (call == Call::get || call == Call::release_get) return nullptr;
    auto lease =
        call == Call::create ? std::make_shared<Lease>() : std::make_shared<Lease>(*cached_);
    LeaseRecord record = wanted_;
    record.nonce = lease->record.nonce;
    record.acquisition = lease->record.acquisition;
    record.released = lease->record.released;
    record.max_lease_seconds = lease->record.max_lease_seconds;
    record.container = lease->record.container;
    record.container_mark = lease->record.container_mark;
    lease->record = std::move(record);
    return lease;
}

}  // namespace leasehold::sim
