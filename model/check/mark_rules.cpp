#include "model/check/mark_rules.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace leasehold::check {

namespace {

/// How a leadership can begin.
constexpr std::array kBeginnings{MarkId::acquired_free_lease, MarkId::takeover_after_expiry,
                                 MarkId::retook_own_lease,    MarkId::opened_created_lease,
                                 MarkId::takeover_after_end,  MarkId::retook_blanked_lease};

/// What one step shows beside its marks.
struct Seen {
    const Event* event = nullptr;                   ///< null in a step without one
    std::array<std::uint32_t, kMarkCount> marks{};  ///< thousands, where thousands of reads wait
    bool any = false;                               ///< of them
    std::size_t skipped = 0, fenced = 0, not_available = 0;  ///< answers of these kinds
    std::size_t data = 0;                                    ///< reads that got some
    std::size_t late = 0;                                    ///< ... and that ran out of time
    std::size_t aborted = 0;
    bool elects = false;
    bool created = false;  ///< its last write of the Lease before this step was a POST
    bool begins_to_lead = false, changes_role = false;
    bool gate_moved = false, sends_lease = false, sends_bucket = false;
    bool parks = false;      ///< a backup read came, and a follower keeps it
    bool ends_read = false;  ///< one that was there before
    bool refused = false;    ///< the call that came was refused for its lateness, or for a stop
    std::size_t reads_before = 0;
    bool awaited_before = false;

    [[nodiscard]] std::size_t count(MarkId mark) const {
        return marks[static_cast<std::size_t>(mark)];
    }
    template <class T>
    [[nodiscard]] const T* is() const {
        return event != nullptr ? std::get_if<T>(event) : nullptr;
    }
    /// The status of the answer from the Lease API; -1 without one.
    [[nodiscard]] std::int32_t lease_status() const {
        const auto* answer = is<LeaseAnswered>();
        return answer != nullptr ? answer->reply.status : -1;
    }
    /// A word of the Lease API: the present record, or that there is none.
    [[nodiscard]] bool lease_word() const {
        return is<LeaseAnswered>() != nullptr || is<LeaseWatched>() != nullptr;
    }
};

/// Is the effect a mark, or one that calls for some?
bool calls_for_marks(const Effect& effect) {
    if (const auto* write = std::get_if<WriteDone>(&effect))
        return write->ack == WriteAck::fenced || write->ack == WriteAck::skipped_follower;
    if (const auto* query = std::get_if<QueryDone>(&effect))
        return query->outcome == QueryOutcome::not_available_yet;
    return std::holds_alternative<Mark>(effect) || std::holds_alternative<RoleChanged>(effect);
}

Seen look_at(const ReplicaStepped& step, const ReplicaFacts& self) {
    Seen out;
    out.event = step.event;
    out.elects = self.elects;
    const auto* read = out.is<BackupRead>();
    const auto* query = out.is<Query>();
    for (const Effect& effect : step.effects) {
        if (const auto* mark = std::get_if<Mark>(&effect)) {
            ++out.marks[static_cast<std::size_t>(mark->mark)];
            out.any = true;
        } else if (const auto* role = std::get_if<RoleChanged>(&effect)) {
            out.changes_role = true;
            out.begins_to_lead = role->role == Role::leader;
        } else if (const auto* write = std::get_if<WriteDone>(&effect)) {
            out.skipped += write->ack == WriteAck::skipped_follower;
            out.fenced += write->ack == WriteAck::fenced;
        } else if (const auto* got = std::get_if<ReadDone>(&effect)) {
            out.data += got->outcome == ReadOutcome::data;
            out.late += got->outcome == ReadOutcome::deadline;
            out.ends_read |= read == nullptr || got->call != read->call;
            out.refused |=
                read != nullptr && got->call == read->call &&
                (got->outcome == ReadOutcome::shutdown || got->outcome == ReadOutcome::deadline);
        } else if (const auto* told = std::get_if<QueryDone>(&effect)) {
            out.not_available += told->outcome == QueryOutcome::not_available_yet;
            out.refused |= query != nullptr && told->call == query->call &&
                           (told->outcome == QueryOutcome::shutdown ||
                            told->outcome == QueryOutcome::deadline);
        } else {
            out.aborted += std::holds_alternative<AbortBucket>(effect);
            out.gate_moved |= std::holds_alternative<GateMoved>(effect);
            out.sends_lease |= std::holds_alternative<SendLease>(effect);
            out.sends_bucket |= std::holds_alternative<SendBucket>(effect);
        }
    }
    out.parks = read != nullptr && self.role == Role::follower && !out.refused;
    return out;
}

/// What the mark speaks of and the step has not; empty when it has.
std::string_view lacks(MarkId mark, const Seen& seen) {
    switch (mark) {
        case MarkId::takeover_lost_race:
            return seen.lease_status() == 409 || seen.lease_status() == 404
                       ? ""
                       : "an answer that somebody wrote in between";
        case MarkId::created_lease:
            return seen.lease_status() == 201 ? "" : "an answer 201";
        case MarkId::recreated_lease:
            return seen.lease_word() && seen.created ? "" : "a Lease that it created";
        case MarkId::renewal_unchanged:
            return seen.lease_status() == 200 ? "" : "an answer 200";
        case MarkId::renewal_throttled:
            return seen.lease_status() == 429 ? "" : "an answer 429";
        case MarkId::renewal_unknown:
        case MarkId::release_retried:
            return seen.is<LeaseAnswered>() != nullptr ? "" : "an answer of the Lease API";
        case MarkId::renewal_resolved:
            return seen.lease_word() && seen.gate_moved ? "" : "a gate that moved on a record";
        case MarkId::late_grant_refused:
        case MarkId::released_lease:
        case MarkId::empty_holder_waited:
        case MarkId::lease_too_long:
        case MarkId::restored_cluster:
        case MarkId::adopted_metadata_edit:
            return seen.lease_word() ? "" : "a word of the Lease API";
        case MarkId::stale_watch_event:
            return seen.is<LeaseWatched>() != nullptr ? "" : "an event of the watch";
        case MarkId::gate_expired:
        case MarkId::woke_with_expired_lease:
        case MarkId::stepped_down_foreign:
        case MarkId::stepped_down_abdicated:
            return seen.changes_role && !seen.begins_to_lead ? "" : "a leadership that ended";
        case MarkId::holder_named:
            return seen.sends_lease ? "" : "a write of the Lease";
        case MarkId::epoch_claimed:
        case MarkId::epoch_raised:
        case MarkId::epoch_claim_contended:
        case MarkId::write_resolved:
        case MarkId::put_not_permitted:
        case MarkId::object_corrupt:
        case MarkId::tombstone_seen:
        case MarkId::tombstone_purged:
        case MarkId::reconcile_uploaded:
        case MarkId::version_went_back:
        case MarkId::precondition_contradicted:
        case MarkId::two_groups:
            return seen.is<BucketAnswered>() != nullptr ? "" : "an answer of the bucket";
        case MarkId::stale_put_refused:
            return seen.is<BucketAnswered>() != nullptr || seen.sends_bucket
                       ? ""
                       : "an answer of the bucket, or a look at the epoch";
        case MarkId::write_retried:
        case MarkId::query_read_through:
            return seen.sends_bucket ? "" : "a request to the bucket";
        default:
            return "";
    }
}

/// Which marks the step has more or less often than it must; empty when all is well.
/// What follows from the effects alone. A change of role, or a read whose deadline passes, in the
/// middle of a step leaves open what its event met: those steps are left out where that decides.
std::string_view miscounts(const Seen& seen) {
    std::size_t beginnings = 0;
    for (const MarkId mark : kBeginnings)
        beginnings += seen.count(mark);
    if (seen.elects && beginnings != (seen.begins_to_lead ? 1U : 0U))
        return "how its leadership began, once for each that begins";
    if (seen.count(MarkId::write_fenced) != seen.fenced)
        return "write-fenced, once for each answer Fenced";
    if (seen.count(MarkId::write_skipped) != seen.skipped)
        return "write-skipped, once for each write that is a no-op";
    if (seen.count(MarkId::query_not_available) != seen.not_available)
        return "query-not-available, once for each answer NotAvailableYet";
    if (seen.count(MarkId::put_aborted) > seen.aborted)
        return "put-aborted, of what is aborted alone";
    if (seen.count(MarkId::read_delivered) > seen.data)
        return "read-delivered, of what got its data alone";
    // One whose deadline is that very instant may have ended first.
    const std::size_t released = seen.count(MarkId::read_released);
    const std::size_t pending = seen.begins_to_lead && seen.elects ? seen.reads_before : 0;
    if (released > pending || released + seen.late < pending)
        return "read-released, once for each that was pending";
    if (seen.count(MarkId::promoted_with_pending_reads) != (released > 0 ? 1U : 0U))
        return "promoted-with-pending-reads, where it is promoted over some";
    if (seen.changes_role || seen.ends_read) return {};
    if (seen.elects && seen.count(MarkId::read_parked) != (seen.parks ? 1U : 0U))
        return "read-parked, once for each that a follower keeps";
    const bool asks = seen.is<Query>() != nullptr && !seen.refused;
    const bool beside = asks && seen.awaited_before;
    const std::size_t said = seen.count(MarkId::query_beside_pending_read);
    // A read's GET whose last caller went away is on its way still, and serves the query too.
    if (said > (asks ? 1U : 0U) || said < (beside ? 1U : 0U))
        return "query-beside-pending-read, where a read of its key is open";
    return {};
}

}  // namespace

void MarkRules::asked(const ReplicaStepped& step, const Query& query) {
    awaited_before_ = calls_.awaited(step.replica, query.key);
}

void MarkRules::role_changes(const ReplicaStepped& step) {
    reads_before_ = calls_.open(step.replica).reads;
}

void MarkRules::after(const ReplicaStepped& step, const ReplicaFacts& self) {
    const bool silent = step.effects.empty() && !awaited_before_;
    if (silent || !facts_.fresh(Id::status_truthful)) return;
    Station& own = part_of(stations_, step.replica);
    const bool created = own.created;
    bool judged = awaited_before_ ||
                  (step.event != nullptr && std::holds_alternative<BackupRead>(*step.event));
    for (const Effect& effect : step.effects) {
        judged = judged || calls_for_marks(effect);
        if (const auto* sent = std::get_if<SendLease>(&effect); sent && sent->lease)
            own.created = sent->verb == LeaseVerb::create;
    }
    if (!judged) return;  // as most steps: renewals, queries, and what they bring
    Seen seen = look_at(step, self);
    seen.reads_before = std::exchange(reads_before_, 0);
    seen.awaited_before = std::exchange(awaited_before_, false);
    seen.created = created;
    own.marks = own.marks || seen.any;
    if (!own.marks) return;
    std::string wrong(miscounts(seen));
    if (!wrong.empty()) wrong = "does not count " + wrong;
    for (const Effect& effect : step.effects) {
        const auto* mark = std::get_if<Mark>(&effect);
        if (mark == nullptr || !wrong.empty()) continue;
        const std::string_view lack = lacks(mark->mark, seen);
        if (lack.empty()) continue;
        wrong = "counts " + std::string(mark_name(mark->mark)) + " in a step without ";
        wrong += lack;
    }
    if (wrong.empty()) return;
    facts_.violate(Id::status_truthful, step.at,
                   facts_.name(step.replica) + " " + wrong + ", at " + check::words(step.at),
                   {step.number});
}

}  // namespace leasehold::check
