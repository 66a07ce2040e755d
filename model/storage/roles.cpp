// The roles' only writers. Each change is one step: the privilege to write first, then the readers.
#include <algorithm>
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

bool of_follower(const BucketOwner& owner) {
    return std::holds_alternative<PollPage>(owner) || std::holds_alternative<Fetch>(owner);
}

/// The leadership is over: what is queued or in flight is given up. The reads that were open.
std::vector<LeaderReads::Open> leave_leading(Step& step) {
    Leading& leader = *step.s.leading();
    // Of this leadership's own: counted for what an earlier one left, each of a row would wait for
    // the one before it, and none write.
    const bool left = step.s.requests.changes() > 0 ||
                      step.s.life.unresolved_until >=
                          saturating_add(leader.tenure.began, step.s.config.largest_request_age);
    if (left) step.s.life.left_until = leader.tenure.valid_until;
    step.s.life.unresolved_until = step.s.landing_until(step.now);
    Desk desk = step.desk();
    // Writes one by one: the writer alone knows which of them may be stored (unknown) and which
    // can't be (fenced). The rest has no call that waits and is simply given up. Reads go on.
    leader.writer.end(step.sight(), desk);
    desk.requests.abandon_all(of_leader, step.out);
    desk.requests.forget_loads(
        [](const FileOwner& owner) { return std::holds_alternative<ReconcileLoad>(owner); });
    // What this leadership wanted of the Lease is not to be asked in the name of the next.
    step.s.life.wishes = Wishes{};
    return leader.reads.release();
}

}  // namespace

// Promotion: the privilege to write first, then the readers. Released the other way round, a
// pipeline could compute from its NotFound and find its write still skipped: a lost window.
void become_leader(Step& step, const Leadership& leadership) {
    std::vector<std::pair<CallId, KeyId>> reads;
    Desk desk = step.desk();
    if (Following* follower = step.s.following(); follower != nullptr) {
        // Their versions are not asked any more: a leader answers with what is there, also with
        // nothing.
        for (const ParkedReads::Waiter& waiter : follower->reads.release(desk))
            reads.emplace_back(waiter.call, waiter.key);
        // Their answers would only be dropped: free the bandwidth for the leader's reads.
        desk.requests.abandon_all(of_follower, step.out);
    } else if (step.s.leading() != nullptr) {
        for (const LeaderReads::Open& open : leave_leading(step)) {
            // Its answer would find no machine: the new leadership sends GETs of its own.
            if (open.flight != RequestId{}) desk.requests.abandon(open.flight, step.out);
            for (const CallId call : open.calls)
                reads.emplace_back(call, open.key);
        }
    }
    // The proof of an end is younger than what that process sent, and this leadership than both.
    // This process itself may have led a moment ago, and lead again at once (the Lease was emptied,
    // and taken back): no wait for an expiry lies between, and its claim of before could land over
    // the next one.
    const Instant landing = std::min(std::max(leadership.landing_until, step.s.life.left_until),
                                     saturating_add(step.now, step.s.config.largest_request_age));
    const Tenure tenure{leadership.term, step.now, leadership.valid_until, leadership.renewed_sent,
                        landing};
    // From here on writes are accepted; they are sent when the epoch is claimed.
    Leading& leader = step.s.role.emplace<Leading>(step.s.config, tenure);
    // Every pending read becomes a plain leader read; deadlines run on.
    if (!reads.empty()) desk.note(MarkId::promoted_with_pending_reads);
    for (const auto& [call, key] : reads) {
        desk.note(MarkId::read_released);
        leader.reads.add(call, key);
    }
    // One that stops and still wins the Lease has nothing to write, and must not raise the epoch
    // over a leader that does.
    if (step.s.life.stopping) return;
    leader.claim.begin(step.sight(), desk);
}

// Demotion: the privilege to write first (it went when the gate closed), then the read gate.
void become_follower(Step& step) {
    std::vector<LeaderReads::Open> open;
    if (step.s.leading() != nullptr) open = leave_leading(step);
    const Sight sight = step.sight();
    Following& follower = step.s.role.emplace<Following>(
        // What the leadership had listed and fetched is not news any more: the poller begins anew,
        // and a reader is only served by what a pass since then has shown.
        Following{Poller(sight, step.s.life.writer), FetchQueue(step.s.config), ParkedReads{}, {}});
    Desk desk = step.desk();
    for (LeaderReads::Open& reads : open) {
        // By the version that the caller has: as a follower's reader it waits for another one, and
        // is never told "not found" by the answer of a leadership that is over.
        for (const CallId call : reads.calls)
            follower.reads.park(call, reads.key, desk.calls.at(call).known);
        if (reads.flight == RequestId{}) continue;
        // The GET goes on, for those who were there when it left.
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
    // The step that ends it may be the one that brings the answer.
    desk.requests.abandon_all(of_follower, step.out);
    on(step, Stop{});  // what is still open is shut, if no Stop came before
    step.s.role = Ended{};
    CHECK_MSG(step.s.calls.empty(), "a call was left without its answer");
}

}  // namespace leasehold::storage
