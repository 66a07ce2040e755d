// What is learned of the Lease: answers of GETs, and the watch.
#include <algorithm>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/election/record.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

using namespace election;

namespace {

/// Did somebody empty the holder of the record `own`, by which a leader leads, and nothing else?
///
/// Clause 14: such a record is taken back at once, by one conditional PUT, as a new term. It is
/// seen by a leader with an open gate, so nobody else's is open. Everybody else waits an empty
/// holder without a mark out; and who does not (a foreign elector takes it for a release) writes
/// the Lease first, so that the PUT meets a conflict. Where nonce, acquireTime and transitions are
/// still those of the leader's newest record, nobody has held the Lease in between: a takeover of
/// ours brings all three, a foreign one the last two. Only the answer opens the gate, which is
/// closed until then; after any other answer the record is waited out like anybody's.
bool blanks(const Lease& lease, const Lease& own, const Leading& leading) {
    const LeaseRecord& record = lease.record;
    return record.holder.empty() && record.released == 0 && lease.uid == own.uid &&
           record.nonce == own.record.nonce && record.renew_time == own.record.renew_time &&
           record.acquire_time == leading.acquire_time && record.transitions == leading.transitions;
}

}  // namespace

// ---- answers of GETs --------------------------------------------------------------------------

/// A GET is authoritative relative to what was known when it was sent: less than that is a
/// restored cluster, between that and the present knowledge merely old.
void Elector::on_found(Now now, const Request& request, const LeasePtr& lease, Effects& out) {
    // The Lease was missing at this version, and a new one would stand at a larger: it came back.
    const bool undeleted = request.was_absent && lease->version == request.known;
    // A store that was set back counts through its versions a second time. What stands at one of
    // them now is not what stood there, and no PUT that names the old Lease will ever be taken.
    const bool again = view_.lease() && lease->version == request.known &&
                       lease->version == view_.known() && !same_record(*view_.lease(), *lease);
    if (lease->version < request.known || undeleted || again) {
        restored(now, lease, out);
        return;
    }
    const bool owed = watch_.owes(lease->version, request.sent_at, 3 * config_.retry_period);
    if (lease->version < view_.known()) {
        // The watch has shown a newer record since. Each such loop costs a change of the Lease.
        mark(out, MarkId::stale_answer);
        requests_.look_at = now.monotonic;
    } else {
        // Settles what was in doubt, and only now: an answer from before the newest knowledge may
        // also be from before the write.
        own_.looked();
        observe(now, lease, LeaseView::Source::answer, out);
    }
    // A renewal of unknown outcome that the GET shows was applied, and counts from its send.
    if (!own_.must_look()) {
        const Leadership before = leadership_;
        confirm(now, out);
        const bool extended =
            before.role == leadership_.role && before.renewed_sent != leadership_.renewed_sent;
        if (extended) mark(out, MarkId::renewal_resolved);
    }
    if (std::holds_alternative<Releasing>(role_) && view_.lease() &&
        own_.released(view_.lease()->record))
        mark(out, MarkId::released_lease);
    if (owed) lose_watch(out);
    open_watch(now, out);
}

/// The Lease is not there. That frees nobody: its last holder's gate may be open, and may make it
/// anew (clause 4).
void Elector::on_missing(Now now, const Request& request, Effects& out) {
    if (view_.known() != request.known) {
        // The watch has shown a newer record since: it was created after, or deleted after.
        mark(out, MarkId::stale_answer);
        requests_.look_at = now.monotonic;
        return;
    }
    // The same for "not there", which takes every PUT that named this uid with it: a POST alone may
    // still be applied.
    own_.looked();
    own_.lease_missing();
    // Since the first look that missed it, so that the two periods of waiting are not begun anew.
    view_.miss(now.monotonic);
    requests_.look_by(request.sent_at + config_.retry_period);
    if (std::holds_alternative<Leading>(role_)) {
        // The POST finds out, so no poll; one that was just refused keeps to its cadence.
        requests_.look_at = kNever;
        if (!request.was_absent) requests_.write_at = now.monotonic;
    }
}

// ---- records ----------------------------------------------------------------------------------

/// Takes in a record that is not older than what is known.
void Elector::observe(Now now, const LeasePtr& lease, LeaseView::Source source, Effects& out) {
    // A write that met a conflict may leave again as soon as it is known what it met.
    // Not before: the conflict named a version, and with that one still in sight the next PUT would
    // only meet the same conflict, again and again, as fast as the server answers.
    if (own_.explained_by(lease->version, lease->record.nonce))
        requests_.write_at = std::min(requests_.write_at, now.monotonic);
    const bool was_damaged = view_.lease() && view_.too_long(view_.lease()->record);
    // Asked before the view takes it in: how a record binds depends on whose it is.
    const Claim mine = own_.claim(lease->record);
    const auto* leading = std::get_if<Leading>(&role_);
    // A leader that stops has no use for it.
    const bool blanked = leading && leading->stop_deadline == kNever && view_.lease() &&
                         own_.claim(view_.lease()->record) == Claim::proven &&
                         blanks(*lease, *view_.lease(), *leading);
    switch (view_.see(now.monotonic, lease, source, mine)) {
        case LeaseView::Sight::unchanged:
            return;
        case LeaseView::Sight::edited:
            if (leading) mark(out, MarkId::adopted_metadata_edit);
            return;
        case LeaseView::Sight::changed:
            break;
    }
    if (leading && mine == Claim::none) lost(now, out);
    if (auto* following = std::get_if<Following>(&role_)) {
        following->blanked = blanked ? view_.known() : Version();
        if (blanked) requests_.write_at = now.monotonic;
    }
    if (!view_.held() && view_.way() == WriteKind::take_expired)
        mark(out, MarkId::empty_holder_waited);
    // Once, not at each renewal of it.
    if (!was_damaged && view_.too_long(lease->record)) mark(out, MarkId::lease_too_long);
    own_.prune(lease->record.nonce, view_.known());
}

/// The record is another's (or nobody's): leadership ends in this step (clause 8).
void Elector::lost(Now now, Effects& out) {
    const Instant stop_deadline = std::get<Leading>(role_).stop_deadline;
    close_gate(now, out);
    mark(out, MarkId::stepped_down_foreign);
    if (stop_deadline == kNever)
        become_following(now, Instant::min());
    else
        become_releasing(now, {.stopping = true, .deadline = stop_deadline, .sit_out_until = {}});
}

/// The cluster was set back. All that was known of versions and own writes is void: a leader
/// closes its gate, followers wait a full lease even on an empty holder (clause 10).
void Elector::restored(Now now, const LeasePtr& lease, Effects& out) {
    Instant stop_deadline = kNever;
    const auto* leading = std::get_if<Leading>(&role_);
    if (leading) {
        stop_deadline = leading->stop_deadline;
        close_gate(now, out);
    }
    mark(out, MarkId::restored_cluster);
    if (watch_.open()) out.emplace_back(StopWatch{watch_.id()});
    watch_.end();
    // Their records may be shown again, as they are in what was restored, and prove nothing now:
    // others may have led in between, in a history that is gone.
    own_.forget();
    progress_.last_term = Term();
    view_.restore(now.monotonic, lease);
    if (leading) {
        if (stop_deadline == kNever) {
            become_following(now, Instant::min());
        } else {
            become_done(out);  // nothing is ours any more
            return;
        }
    }
    if (!view_.held()) mark(out, MarkId::empty_holder_waited);
    open_watch(now, out);
}

// ---- the watch --------------------------------------------------------------------------------

// The watch shortens detection and proves nothing: its events never open or extend a gate, and
// absence is only believed to a GET.
void Elector::on(Now now, const LeaseWatched& event, Effects& out) {
    // An event of a watch that was given up: there may be newer knowledge, so it is not even a sign
    // of life.
    if (!watch_.is(event.watch)) return;
    watch_.heard(now.monotonic, event.lease ? event.lease->version : event.version);
    switch (event.kind) {
        case WatchKind::seen:
            if (!event.lease || event.lease->version < view_.known()) {
                mark(out, MarkId::stale_watch_event);
            } else if (event.lease->version > view_.known()) {
                observe(now, event.lease, LeaseView::Source::watch, out);
            }
            break;  // an equal version is the echo of what is known
        case WatchKind::deleted:
            if (event.version < view_.known()) {
                mark(out, MarkId::stale_watch_event);
            } else {
                requests_.look_by(now.monotonic);  // it may have been made again already
            }
            break;
        case WatchKind::bookmark:
            break;  // a sign of life
        case WatchKind::ended:
            lose_watch(out);
            // A leader's next renewal is its poll. A watch that ends at once must make no busy
            // loop.
            if (std::holds_alternative<Following>(role_) && !requests_.looking())
                requests_.look_by(
                    std::max(now.monotonic, requests_.last_look + config_.retry_period));
            break;
    }
}

/// After an answer that showed the Lease: a watch from there on, and then no polls.
void Elector::open_watch(Now now, Effects& out) {
    if (std::holds_alternative<Done>(role_) || std::holds_alternative<Releasing>(role_)) return;
    // From the version that is known, so that nothing between the answer and the watch is missed.
    if (watch_.open() || !view_.lease()) return;
    out.emplace_back(WatchLease{watch_.start(now.monotonic, view_.known()), view_.known()});
}

/// The watch ended, or owes something. The next answer that shows the Lease opens another.
void Elector::lose_watch(Effects& out) {
    if (!watch_.open()) return;  // ended in this very step
    out.emplace_back(StopWatch{watch_.id()});
    watch_.end();
    mark(out, MarkId::watch_lost);
}

}  // namespace leasehold
