// Events, time and roles: the frame that the rules of the other files hang in.

#include "model/storage/controller.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold {

using namespace storage;

RWStorageController::RWStorageController(const StorageConfig& config)
    : config_(config), writer_(hash_text(config.identity)) {
    CHECK_MSG(config.file_store || !config.ha, "high availability needs the local file store");
    CHECK_MSG(config.poll_period > Duration{0} && config.retry_min > Duration{0} &&
                  config.retry_max >= config.retry_min,
              "the polling period and the back-off must be positive");
    CHECK_MSG(config.leader_reads_max > 0 && config.pass_gets_max > 0 && config.puts_max > 0,
              "the limits of requests in flight must be positive");
}

void RWStorageController::step(Now now, const Event& event, Effects& out) {
    CHECK_MSG(now.monotonic >= settled_at_ || !started_, "the monotonic clock went back");
    settled_at_ = now.monotonic;
    Context c{now.monotonic, out};
    settle_deadlines(c);
    std::visit(
        [&](const auto& one) {
            // Lease answers and watch events are the elector's: here they only let time pass.
            if constexpr (requires { on(c, one); }) on(c, one);
        },
        event);
    fire_timers(c);
    pump(c);
    check_invariants();
}

void RWStorageController::lead(Now now, const Leadership& leadership, Effects& out) {
    settled_at_ = std::max(settled_at_, now.monotonic);
    if (std::holds_alternative<Ended>(role_)) return;
    Context c{now.monotonic, out};
    // What ended before the change of role ended under the old one; timers, which send, fire only
    // under the new one: a process that woke with an expired lease must not send for the old.
    settle_deadlines(c);
    Leading* leader = leading();
    if (leadership.role == leasehold::Role::leader) {
        if (leader != nullptr && leader->term == leadership.term) {
            leader->valid_until = leadership.valid_until;
            leader->renewed_sent = leadership.renewed_sent;
        } else {
            if (leader != nullptr) leave_leading(c);
            become_leader(c, leadership);
        }
    } else if (leadership.role == leasehold::Role::stopped) {
        become_ended(c);
    } else if (leader != nullptr) {
        become_follower(c);
    }
    fire_timers(c);
    pump(c);
    check_invariants();
}

Instant RWStorageController::next_deadline() const {
    const Instant call = deadlines_.empty() ? kNever : deadlines_.begin()->first;
    return timers_.empty() ? call : std::min(call, timers_.begin()->at);
}

bool RWStorageController::permit(Instant now, RequestId request) const {
    if (!config_.ha) return true;
    const auto found = flights_.find(request);
    if (found == flights_.end()) return true;
    const Flight& flight = found->second;
    switch (flight.purpose) {
        case Purpose::abandoned_write:
            return false;
        case Purpose::write_attempt:
        case Purpose::claim_put:
        case Purpose::probe_put:
        case Purpose::probe_delete:
        case Purpose::probe_cleanup:
        case Purpose::purge:
            break;
        default:
            return true;
    }
    const Leading* leader = leading();
    if (leader == nullptr || now >= leader->valid_until) return false;
    // With working preconditions an attempt must start inside validity: one that arrives later
    // meets a newer ETag. Without them nothing stops it there, so it has to fit wholly.
    return preconditions_ == Preconditions::honoured ||
           saturating_add(now, flight.timeout) <= leader->valid_until;
}

bool RWStorageController::take_renewal_wish() {
    return std::exchange(renewal_wish_, false);
}
bool RWStorageController::take_give_up_wish() {
    return std::exchange(give_up_wish_, false);
}

bool RWStorageController::drained() const {
    if (!stopping_) return false;
    const Leading* leader = leading();
    if (leader == nullptr) return true;
    if (!leader->jobs.empty() || gate_flights_ > 0) return false;
    // A store without preconditions may yet apply a put that we gave up: whoever leads next
    // would be overwritten, so the Lease is not handed over before it has grown too old.
    return preconditions_ == Preconditions::honoured || settled_at_ >= unresolved_until_ ||
           !config_.ha;
}

void RWStorageController::on(Context& c, const Start&) {
    CHECK_MSG(!started_, "a second Start");
    started_ = true;
    if (config_.file_store) {
        SendFile list;
        list.verb = FileVerb::list;
        send_file(c, std::move(list), Purpose::file_index, 0);
    } else {
        loaded_ = true;
    }
    if (std::holds_alternative<Idle>(role_)) become_follower(c);
}

void RWStorageController::on(Context& c, const Stop&) {
    if (stopping_) return;
    stopping_ = true;
    shut_reads_and_queries(c);
    Leading* leader = leading();
    if (leader == nullptr) return;
    // Uploads of reconciling are nobody's call: the next leader's reconciling makes up for them.
    std::vector<std::uint64_t> unsent;
    for (const auto& [id, job] : leader->jobs)
        if (!job.call && job.state != JobState::putting) unsent.push_back(id);
    for (const std::uint64_t id : unsent)
        abandon_job(c, id, WriteAck::failed);  // with its GET, if one is in flight
    leader->reconcile = Reconcile{};
}

void RWStorageController::on(Context& c, const BucketAnswered& event) {
    const auto found = flights_.find(event.request);
    if (found == flights_.end()) {
        mark(c, MarkId::stale_answer);
        return;
    }
    CHECK(event.reply != nullptr);
    const Flight flight = found->second;
    flights_.erase(found);
    const BucketOutcome outcome = classify(flight.verb, *event.reply);
    if (flight.verb == BucketVerb::put || flight.verb == BucketVerb::remove) {
        CHECK(gate_flights_ > 0);
        --gate_flights_;
        if (outcome == BucketOutcome::not_sent) mark(c, MarkId::put_not_permitted);
    }
    note_health(c, flight, outcome);
    dispatch(c, flight, event.request, outcome, *event.reply);
}

void RWStorageController::on(Context& c, const FileAnswered& event) {
    const auto found = flights_.find(event.request);
    if (found == flights_.end()) {
        mark(c, MarkId::stale_answer);
        return;
    }
    const Flight flight = found->second;
    flights_.erase(found);
    switch (flight.purpose) {
        case Purpose::file_index:
            on_index(c, event.reply);
            break;
        case Purpose::file_change:
            on_file_change(c, flight, event.reply.status);
            break;
        case Purpose::read_load:
            on_read_load(c, flight, event.reply);
            break;
        case Purpose::query_load:
            on_query_load(c, flight, event.reply);
            break;
        case Purpose::reconcile_load:
            on_reconcile_load(c, flight, event.reply);
            break;
        default:
            CHECK_MSG(false, "a file's answer to a request of the bucket");
    }
}

void RWStorageController::settle_deadlines(Context& c) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= c.now)
        expire_call(c, deadlines_.begin()->second);
}

void RWStorageController::fire_timers(Context& c) {
    while (!timers_.empty() && timers_.begin()->at <= c.now) {
        const TimerEntry timer = *timers_.begin();
        timers_.erase(timers_.begin());
        fire(c, timer);
    }
}

void RWStorageController::fire(Context& c, const TimerEntry& timer) {
    Leading* leader = leading();
    Following* follower = following();
    if (timer.kind == TimerKind::pass_tick && follower != nullptr) {
        if (follower->next_tick == timer.at) on_tick(c);
        return;
    }
    if (leader == nullptr) return;
    switch (timer.kind) {
        case TimerKind::read_retry: {
            const auto entry = reads_.find(timer.key);
            if (entry == reads_.end() || entry->second.retry_at != timer.at) return;
            entry->second.retry_at = kNever;
            enqueue_reads(timer.key);
            return;
        }
        case TimerKind::job_retry: {
            const auto entry = leader->jobs.find(timer.owner);
            if (entry == leader->jobs.end() || entry->second.retry_at != timer.at) return;
            entry->second.retry_at = kNever;
            if (entry->second.check_next)
                check_write(c, timer.owner);
            else
                requeue(timer.owner);
            return;
        }
        case TimerKind::claim_retry:
            if (leader->claim.retry_at == timer.at) start_claim(c);
            return;
        case TimerKind::probe_retry:
            if (leader->probe_retry_at != timer.at) return;
            leader->probe_retry_at = kNever;
            leader->probe = ProbeState::idle;
            return;
        case TimerKind::reconcile_due:
            if (leader->reconcile.due_at == timer.at) on_reconcile_due(c);
            return;
        case TimerKind::reconcile_retry:
            if (leader->reconcile.retry_at == timer.at) start_reconcile(c);
            return;
        case TimerKind::usable:
            watch_usable(c);
            return;
        case TimerKind::pass_tick:
        case TimerKind::pass_resume:
        case TimerKind::purge_due:
            return;  // pump() goes on with the pass, or with the purge
    }
}

void RWStorageController::pump(Context& c) {
    if (leading() != nullptr) {
        pump_reads(c);
        pump_claim(c);
        pump_writes(c);
        leading()->epoch_seen = false;
        pump_probe(c);
        pump_reconcile(c);
        pump_purge(c);
        // A renewal moves the gate's end without an event of ours; a write that waits for room
        // in the validity is looked at again by lead().
    } else if (following() != nullptr) {
        pump_pass(c);
    }
}

// Promotion: the privilege to write first, then the readers. Released the other way round, a
// pipeline could compute from its NotFound and find its write still skipped: a lost window.
void RWStorageController::become_leader(Context& c, const Leadership& leadership) {
    if (Following* follower = following(); follower != nullptr && follower->pass) {
        // The pass's answers would only be dropped: free the bandwidth for the leader's reads.
        Pass& pass = *follower->pass;
        if (pass.list != RequestId{}) abandon(c, pass.list);
        for (const RequestId get : pass.gets)
            abandon(c, get);
    }
    timers_.clear();
    Leading leader;
    leader.term = leadership.term;
    leader.valid_until = leadership.valid_until;
    leader.renewed_sent = leadership.renewed_sent;
    leader.waiting_since = c.now;
    role_ = std::move(leader);
    release_reads(c);
    if (stopping_) return;
    if (config_.ha)
        start_claim(c);
    else if (loaded_)
        start_reconcile(c);
}

// Demotion: the privilege to write first (it went when the gate closed; what is queued or in
// flight is given up here), then the read gate.
void RWStorageController::become_follower(Context& c) {
    if (leading() != nullptr) leave_leading(c);
    timers_.clear();
    role_ = Following{};
    park_reads();
    if (!stopping_) begin_polling(c);
}

void RWStorageController::become_ended(Context& c) {
    if (leading() != nullptr) leave_leading(c);
    stopping_ = true;
    shut_reads_and_queries(c);
    timers_.clear();
    role_ = Ended{};
    CHECK_MSG(calls_.empty(), "a call was left without its answer");
}

void RWStorageController::leave_leading(Context& c) {
    Leading* leader = leading();
    while (!leader->jobs.empty())
        abandon_job(c, leader->jobs.begin()->first, WriteAck::fenced);
    std::vector<RequestId> dropped;
    for (const auto& [id, flight] : flights_) {
        switch (flight.purpose) {
            case Purpose::claim_get:
            case Purpose::claim_put:
            case Purpose::probe_put:
            case Purpose::probe_delete:
            case Purpose::probe_cleanup:
            case Purpose::purge:
            case Purpose::reconcile_list:
            case Purpose::reconcile_get:
                dropped.push_back(id);
                break;
            case Purpose::reconcile_load:
                dropped.push_back(id);
                break;
            default:
                break;
        }
    }
    for (const RequestId id : dropped) {
        if (flights_.at(id).purpose == Purpose::reconcile_load)
            forget(id);
        else
            abandon(c, id);
    }
    renewal_wish_ = false;
    give_up_wish_ = false;
}

void RWStorageController::check_invariants() const {
    const Leading* leader = leading();
    CHECK_MSG(leader != nullptr || !config_.ha || !renewal_wish_, "a follower wants a renewal");
    if (leader == nullptr) return;
    CHECK(leader->active <= config_.puts_max);
    CHECK(leader->reads_in_flight <= config_.leader_reads_max);
    CHECK(leader->lanes.size() <= leader->jobs.size());
    CHECK_MSG(leader->jobs.empty() || started_, "a write before Start");
}

}  // namespace leasehold
