#include "agent/host/state_log.hpp"

#include <algorithm>
#include <array>

#include <spdlog/spdlog.h>

namespace leasehold::agent {
namespace {

/// Marks that are changes of state; the others are for metrics and tests.
constexpr std::array kTold{MarkId::epoch_claimed,
                           MarkId::epoch_raised,
                           MarkId::restored_cluster,
                           MarkId::watch_lost,
                           MarkId::bucket_unusable,
                           MarkId::stale_put_refused,
                           MarkId::object_corrupt,
                           MarkId::reconcile_discarded,
                           MarkId::preconditions_honoured,
                           MarkId::conditional_delete_honoured,
                           MarkId::conditional_delete_ignored,
                           MarkId::drained,
                           MarkId::stop_deadline};

/// Did the server let us in and do its work? (A refusal of what was asked is an answer too.)
bool of_use(std::int32_t status) {
    return status >= 200 && status < 500 && status != 401 && status != 403 && status != 429;
}

}  // namespace

void StateLog::stepped(Now now, const Event& event, const Effects& effects) {
    if (const auto* answer = std::get_if<LeaseAnswered>(&event)) {
        answered(answer->reply);
        if (answer->reply.lease) lease_seen(answer->reply.lease);
    } else if (const auto* watched = std::get_if<LeaseWatched>(&event)) {
        if (watched->lease) lease_seen(watched->lease);
        if (watched->kind == WatchKind::deleted) spdlog::warn("the Lease was deleted");
    } else if (const auto* bucket = std::get_if<BucketAnswered>(&event)) {
        answered(*bucket->reply);
    }
    for (const Effect& effect : effects) {
        if (const auto* role = std::get_if<RoleChanged>(&effect)) {
            if (role->role != Role::leader)
                spdlog::info(role->role == Role::stopped ? "stopped" : "follows");
            else if (role->term != Term{})  // without an election it was said at the start
                spdlog::info("leads, term {}", role->term.value());
        } else if (const auto* gate = std::get_if<GateMoved>(&effect)) {
            if (gate->valid_until <= now.monotonic) spdlog::info("write gate closed");
        } else if (const auto* write = std::get_if<WriteDone>(&effect)) {
            if (write->ack == WriteAck::committed) epoch_ = write->epoch;
        } else if (const auto* mark = std::get_if<Mark>(&effect)) {
            reached(mark->mark);
        }
    }
}

void StateLog::lease_seen(const LeasePtr& lease) {
    if (lease->record.holder == holder_) return;
    holder_ = lease->record.holder;
    if (holder_.empty())
        spdlog::info("the Lease is released");
    else
        spdlog::info("the Lease is held by {}", holder_);
}

void StateLog::answered(const LeaseReply& reply) {
    const bool good = of_use(reply.status);
    const Health health = good ? Health::good : Health::bad;
    if (health == api_) return;
    if (!good)
        spdlog::warn("the API server gave no use: {}",
                     reply.not_sent      ? "unreachable"
                     : reply.status == 0 ? "no answer"
                                         : "status " + std::to_string(reply.status));
    else if (api_ == Health::bad)
        spdlog::info("the API server answers again");
    api_ = health;
}

void StateLog::answered(const BucketReply& reply) {
    // A permit that was refused says nothing of the bucket.
    if (reply.not_sent) return;
    const bool good = of_use(reply.status) && reply.code != BucketCode::no_such_bucket;
    const Health health = good ? Health::good : Health::bad;
    if (health == bucket_) return;
    if (!good)
        spdlog::warn("the bucket gave no use: {}",
                     reply.status == 0 ? "no answer" : "status " + std::to_string(reply.status));
    else if (bucket_ == Health::bad)
        spdlog::info("the bucket answers again");
    bucket_ = health;
}

void StateLog::reached(MarkId mark) {
    if (mark == MarkId::preconditions_honoured) preconditions_ = "honoured";
    if (mark == MarkId::preconditions_ignored) {
        preconditions_ = "ignored";
        spdlog::warn(
            "the bucket ignores conditional writes: only time keeps an old leader's late write "
            "away from a new leader's");
        return;
    }
    if (std::find(kTold.begin(), kTold.end(), mark) == kTold.end()) return;
    spdlog::info("{}", kMarks[static_cast<std::size_t>(mark)].meaning);
}

}  // namespace leasehold::agent
