// What each role does next and when, and what an own record lets it do.
#include <algorithm>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

using namespace election;

namespace {

/// A write that is due goes first: it proves itself, and a poll only tells what it would meet.
Plan sooner(Instant now, const Plan& write, const Plan& look) {
    return write.at <= std::max(now, look.at) && write.at != kNever ? write : look;
}

}  // namespace

// One function decides what is due and what is done, so that a deadline without a deed, or a deed
// without a deadline, can't be written.
Plan Elector::plan(Instant now) const {
    const Requests& requests = requests_;
    const bool looks = own_.must_look();
    Plan look{.at = requests.idle() ? requests.look_at : kNever, .act = Plan::Act::look};
    Plan write{.at = kNever, .act = Plan::Act::write};
    if (const auto* following = std::get_if<Following>(&role_)) {
        // A write under way is the next thing to be heard of. A GET is not: it makes way for what
        // is due.
        if (requests.writing() || !progress_.started) return {};
        const Instant contends = std::max(requests.write_at, following->sit_out_until);
        if (looks) {
            write.at = kNever;
        } else if (view_.lease()) {
            // The conditional PUT at expiry is the proof of it: 200 means that nobody renewed since
            // the record was first seen. No GET before, no polling delay, no stagger (clause 3).
            // All followers may be due at one instant. Their PUTs name one version, so one of them
            // is applied and the rest meet a conflict: no harm, and no draw of lots that would cost
            // time. But whoever is a few milliseconds ahead (a faster clock, a shorter way) wins
            // each time: two that could not store anything handed the Lease to and fro, and the
            // third, which could have, never had it. So those come later, by how often they failed.
            write.at = std::max(saturating_add(view_.free_at(), stand_back_), contends);
            write.kind = view_.way();
            // Its own record, emptied by somebody while it led (observe.cpp).
            if (following->blanked != Version() && following->blanked == view_.known()) {
                write.at = contends;
                write.kind = WriteKind::take_blanked;
            }
        } else if (view_.absent_since()) {
            // Two periods of absence leave a leader with an open gate the time to do it first,
            // without any loss of leadership (clause 4).
            // The first leader of a new group waits these and a whole lease, for nothing says that
            // the group is new. Who leads unseen may have lost its Lease a moment ago; its Pod
            // object goes with a force deletion or a lost node, and its namespace's with both,
            // while the process runs; the bucket is empty until its first write; and a Lease that
            // an install made beforehand, as "never held", is made again by the next install,
            // whether the processes of the one before have ended or not. All of these are absences,
            // and a proof would have to be somebody's word of an end, of everybody who may have
            // led.
            write.at = std::max(*view_.absent_since() + 2 * config_.retry_period, contends);
            write.kind = WriteKind::create;
        }
        // Only a held Lease is renewed, so only then does silence make one ask.
        if (requests.idle() && watch_.open() && view_.held())
            look.at = std::min(look.at,
                               std::max({watch_.last_heard(), view_.since(), requests.last_look}) +
                                   3 * config_.retry_period);
        return sooner(now, write, look);
    }
    // A leader's attempt is short against its window, and what is sent next depends on its answer.
    if (!requests.idle()) return {};
    if (const auto* leading = std::get_if<Leading>(&role_)) {
        // Each period from the start of the last renewal, never from its end: one slow answer must
        // not consume the window. A look that is due comes first: it may show that all is lost.
        // A wish is no reason to repeat what the server has just refused, before it asked for that.
        const bool wish = leading->renewal_wanted && !leading->refused;
        if (!looks) write.at = wish ? Instant::min() : requests.write_at;
        // With the gate open nobody else can lead, so a missing Lease may be created at once.
        write.kind = view_.lease() ? WriteKind::renew : WriteKind::recreate;
        return look.at <= std::max(now, write.at) ? look : write;
    }
    if (std::holds_alternative<Done>(role_)) return {};
    // Releasing. Not while a renewal is unresolved: it may be applied after the release.
    if (looks) return look;
    // Released already, taken by another, or a creation, which is no proof and frees nobody.
    if (!view_.lease() || own_.claim(view_.lease()->record) != Claim::proven)
        return {.at = Instant::min(), .act = Plan::Act::end_release};
    // Released over a PUT that may land, the Lease would be led by another within milliseconds, and
    // its writes gone over by an old one, where the store checks no condition.
    return {.at = std::max(requests.write_at, release_held_until_),
            .act = Plan::Act::write,
            .kind = WriteKind::release};
}

/// Does whatever is due, and sets the deadline of what is not.
void Elector::pursue(Now now, Effects& out) {
    Plan next = plan(now.monotonic);
    // It ends: a look or a write is then in flight, an ended release is another role.
    for (; next.at <= now.monotonic; next = plan(now.monotonic)) {
        if (next.act == Plan::Act::look) {
            send_look(now, out);
        } else if (next.act == Plan::Act::write) {
            send_write(now, next.kind, out);
        } else {
            const Releasing ended = std::get<Releasing>(role_);
            if (ended.stopping)
                become_done(out);
            else
                become_following(now, ended.sit_out_until);
        }
    }
    progress_.deadline = next.at;
    if (const auto* leading = std::get_if<Leading>(&role_))
        // These two end by time alone, also while a request is in flight and nothing is planned.
        progress_.deadline = std::min({next.at, leadership_.valid_until, leading->stop_deadline});
    if (const auto* releasing = std::get_if<Releasing>(&role_))
        progress_.deadline = std::min(next.at, releasing->deadline);
}

/// An authoritative answer has shown the present record. If it is a write that may count, validity
/// counts from its send: it opens the gate of a follower, or extends that of a leader.
void Elector::confirm(Now now, Effects& out) {
    const OwnWrite* made = view_.lease() ? own_.made(view_.lease()->record) : nullptr;
    // Identity is not asked here: a record under our name that none of these writes made is
    // foreign, whoever else was given the name (clause 7).
    if (!made || !made->counts()) return;
    const OwnWrite write = *made;
    if (std::holds_alternative<Leading>(role_)) {
        if (write.standing == Standing::extends) {
            mark(out, MarkId::recreated_lease);
            own_.proved(write.nonce);
            view_.prove();
        }
        // A GET shows again what has counted before, and an earlier renewal may be answered after a
        // later one: validity only grows.
        // A renewal without an answer counts for nothing here, though followers wait from it if it
        // was stored. So a leader that is cut off between the two leaves nobody leading for one
        // retryPeriod longer than others do, and no rule saves that. It can't tell "stored, and the
        // answer was lost" from "never arrived", nor can they tell that from "answered"; what one
        // answer adds to a gate that may be open in the last case, the first must go without. On
        // average it must be a retryPeriod, so only a shorter one makes it less. Each candidate has
        // its schedule with two leaders (`leasehold explore tight`): counting an unanswered
        // renewal, and waiting from the record before the last.
        if (write.sent_at <= leadership_.renewed_sent) return;
        leadership_.renewed_sent = write.sent_at;
        leadership_.valid_until = write.sent_at + config_.effective_renew_deadline();
        out.emplace_back(GateMoved{leadership_.term, leadership_.valid_until});
        return;
    }
    // One that releases wants no gate, whatever it finds to be its own.
    if (!std::holds_alternative<Following>(role_) || write.standing != Standing::opens) return;
    if (write.sent_at + config_.effective_renew_deadline() <= now.monotonic) {
        // Late, but ours: a conditional PUT takes it again, as a new term.
        own_.outlived(write.nonce);
        mark(out, MarkId::late_grant_refused);
        return;
    }
    become_leading(now, write, out);
    switch (write.kind) {
        case WriteKind::take_free:
            mark(out, MarkId::acquired_free_lease);
            break;
        case WriteKind::take_expired:
            mark(out, MarkId::takeover_after_expiry);
            break;
        case WriteKind::take_own:
            mark(out, MarkId::retook_own_lease);
            break;
        case WriteKind::take_created:
            mark(out, MarkId::opened_created_lease);
            break;
        case WriteKind::take_ended:
            mark(out, MarkId::takeover_after_end);
            break;
        case WriteKind::take_blanked:
            mark(out, MarkId::retook_blanked_lease);
            break;
        case WriteKind::create:
        case WriteKind::recreate:
        case WriteKind::renew:
        case WriteKind::release:
            CHECK_MSG(false, "a write that can't open a gate");
    }
}

}  // namespace leasehold
