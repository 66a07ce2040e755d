// The roles' only writers. Each change is one step: the privilege to write first, then the readers.
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/arrows.hpp"

namespace leasehold::storage {

namespace {

bool of_leader(const BucketOwner& owner) {
    return std::holds_alternative<ClaimLook>(owner) || std::holds_alternative<ClaimSwap>(owner) ||
           std::holds_alternative<ProbeRequest>(owner) ||
           std::holds_alternative<HealthPut>(owner) || std::holds_alternative<Purge>(owner) ||
           std::holds_alternative<ReconcilePage>(owner) ||
           std::holds_alternative<ReconcileLook>(owner);
}

/// The leadership is over: what is queued or in flight is given up. The reads that were open.
std::vector<LeaderReads::Open> leave_leading(Step& step) {
    Leading& leader = *step.s.leading();
    Desk desk = step.desk();
    leader.writer.end(step.sight(), desk);
    desk.requests.abandon_all(of_leader, step.out);
    desk.requests.forget_loads(
        [](const FileOwner& owner) { return std::holds_alternative<ReconcileLoad>(owner); });
    step.s.life.wishes = Wishes{};
    return leader.reads.release();
}

}  // namespace

// Promotion: the privilege to write first, then the readers. Released the other way round, a
// pipeline could compute from its NotFound and find its write still skipped: a lost window.
void become_leader(Step& step, const Leadership& leadership) {
    const Tenure tenure{leadership.term, step.now, leadership.valid_until, leadership.renewed_sent};
    std::vector<std::pair<CallId, KeyId>> reads;
    Desk desk = step.desk();
    if (Following* follower = step.s.following(); follower != nullptr) {
        for (const ParkedReads::Waiter& waiter : follower->reads.release(desk))
            reads.emplace_back(waiter.call, waiter.key);
        // Their answers would only be dropped: free the bandwidth for the leader's reads.
        desk.requests.abandon_all(
            [](const BucketOwner& owner) {
                return std::holds_alternative<PollPage>(owner) ||
                       std::holds_alternative<Fetch>(owner);
            },
            step.out);
    } else if (step.s.leading() != nullptr) {
        for (const LeaderReads::Open& open : leave_leading(step)) {
            if (open.flight != RequestId{}) desk.requests.abandon(open.flight, step.out);
            for (const CallId call : open.calls)
                reads.emplace_back(call, open.key);
        }
    }
    Leading& leader = step.s.role.emplace<Leading>(step.s.config, tenure);
    // Every pending read becomes a plain leader read; deadlines run on.
    if (!reads.empty()) desk.note(MarkId::promoted_with_pending_reads);
    for (const auto& [call, key] : reads) {
        desk.note(MarkId::read_released);
        leader.reads.add(call, key);
    }
    if (step.s.life.stopping) return;
    leader.claim.begin(step.sight(), desk);
}

// Demotion: the privilege to write first (it went when the gate closed), then the read gate.
void become_follower(Step& step) {
    std::vector<LeaderReads::Open> open;
    if (step.s.leading() != nullptr) open = leave_leading(step);
    const Sight sight = step.sight();
    Following& follower = step.s.role.emplace<Following>(
        Following{Poller(sight, step.s.life.writer), FetchQueue(step.s.config), ParkedReads{}, {}});
    Desk desk = step.desk();
    for (LeaderReads::Open& reads : open) {
        for (const CallId call : reads.calls)
            follower.reads.park(call, reads.key, desk.calls.at(call).known);
        if (reads.flight == RequestId{}) continue;
        desk.requests.hand_over(reads.flight, LateRead{reads.key});
        follower.reads.ride(reads.key, reads.flight, std::move(reads.riders));
    }
}

void become_ended(Step& step) {
    Desk desk = step.desk();
    if (step.s.leading() != nullptr) {
        for (const LeaderReads::Open& open : leave_leading(step))
            if (open.flight != RequestId{}) desk.requests.abandon(open.flight, step.out);
    }
    on(step, Stop{});  // what is still open is shut, if no Stop came before
    step.s.role = Ended{};
    CHECK_MSG(step.s.calls.empty(), "a call was left without its answer");
}

}  // namespace leasehold::storage
