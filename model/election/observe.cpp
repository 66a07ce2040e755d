// What is known of the Lease: answers of GETs, the watch, and the wait that follows from them.
#include <algorithm>
#include <limits>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/election/record.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

namespace {

using namespace std::chrono_literals;

/// The wire's int32 of seconds; a negative one never gets past a server, and would be no wait.
Duration seconds_on_wire(std::int32_t count) {
    return std::chrono::seconds(std::max(count, 0));
}

}  // namespace

// ---- answers of GETs --------------------------------------------------------------------------

void Elector::on_looked(Now now, const Request& request, const LeaseReply& reply, Effects& out) {
    switch (classify(LeaseVerb::get, reply)) {
        case LeaseOutcome::found:
            on_found(now, request, reply.lease, out);
            break;
        case LeaseOutcome::missing:
            on_missing(now, request, out);
            break;
        default:
            look_at_ = std::min(look_at_, retry_at(now, request, reply));
            break;
    }
}

/// A GET is authoritative relative to what was known when it was sent: less than that is a
/// restored cluster, between that and the present knowledge merely old.
void Elector::on_found(Now now, const Request& request, const LeasePtr& lease, Effects& out) {
    const bool undeleted = request.was_absent && lease->version == request.known;
    if (lease->version < request.known || undeleted) {
        restored(now, lease, out);
        return;
    }
    if (lease->version < known_) {
        // The watch has shown a newer record since. Each such loop costs a change of the Lease.
        mark(out, MarkId::stale_answer);
        look_at_ = now.monotonic;
    } else {
        must_look_ = false;
        observe(now, lease, out);
    }
    OwnWrite* mine = own_observed();
    if (mine && mine->counts && !must_look_) {
        if (std::holds_alternative<Leading>(role_)) {
            const bool news = mine->sent_at > leadership_.renewed_sent;
            extend(*mine, out);
            if (news) mark(out, MarkId::renewal_resolved);
        } else if (std::holds_alternative<Following>(role_) && mine->proven) {
            grant(now, *mine, out);
        }
    }
    if (std::holds_alternative<Releasing>(role_) && observed_) {
        const LeaseRecord& record = observed_->lease->record;
        const bool released = std::ranges::any_of(writes_, [&](const OwnWrite& write) {
            return write.kind == WriteKind::release && write.nonce == record.nonce &&
                   write.renew_time == record.renew_time && record.holder.empty();
        });
        if (released) mark(out, MarkId::released_lease);
    }
    open_watch(now, out);
}

void Elector::on_missing(Now now, const Request& request, Effects& out) {
    if (known_ != request.known) {
        // The watch has shown a newer record since: it was created after, or deleted after.
        mark(out, MarkId::stale_answer);
        look_at_ = now.monotonic;
        return;
    }
    must_look_ = false;
    observed_.reset();
    if (!absent_since_) absent_since_ = now.monotonic;
    // A PUT names the uid that is gone, so it can't be applied any more; a create still may.
    std::erase_if(writes_, [](const OwnWrite& write) { return write.precondition != Version(); });
    look_at_ = std::min(look_at_, request.sent_at + config_.retry_period);
    if (std::holds_alternative<Leading>(role_)) {
        // The POST finds out, so no poll; one that was just refused keeps to its cadence.
        look_at_ = kNever;
        if (!request.was_absent) write_at_ = now.monotonic;
    }
}

// ---- records ----------------------------------------------------------------------------------

/// Takes in a record that is not older than what is known.
void Elector::observe(Now now, const LeasePtr& lease, Effects& out) {
    CHECK(lease->version >= known_);
    if (refused_ && lease->version > *refused_) {
        // The conflict is explained; what was refused may be sent again at once.
        write_at_ = std::min(write_at_, now.monotonic);
        refused_.reset();
    }
    known_ = lease->version;
    absent_since_.reset();
    const LeasePtr before = observed_ ? observed_->lease : nullptr;
    if (before && same_record(*before, *lease)) {
        // An edit of other metadata: it neither restarts the wait nor ends a leadership.
        if (lease->version == before->version) return;
        observed_->lease = lease;
        if (std::holds_alternative<Leading>(role_)) mark(out, MarkId::adopted_metadata_edit);
        return;
    }
    note_history(*lease);
    observed_ = Observed{
        .lease = lease, .since = now.monotonic, .quarantined = false, .take = {}, .free_at = {}};
    reassess();
    if (std::holds_alternative<Leading>(role_) && !own(lease->record)) lose_to_foreign(now, out);
    if (lease->record.holder.empty() && observed_->take == WriteKind::take_expired)
        mark(out, MarkId::empty_holder_waited);
    prune_writes();
}

/// Remembers what decides later whether an empty holder is free, and the longest lease seen.
void Elector::note_history(const Lease& lease) {
    const LeaseRecord& record = lease.record;
    largest_duration_ = std::max(largest_duration_, seconds_on_wire(record.duration_seconds));
    if (lease.uid != uid_) {
        uid_ = lease.uid;
        annotated_ = false;
        stale_mark_ = 0;
    }
    annotated_ = annotated_ || carries_annotations(record);
    // Ours clear the mark when they take a Lease; client-go leaves all annotations as they are.
    // A mark on a held record is a leftover, and names no leadership that may end after it.
    if (!record.holder.empty() && record.released != 0) stale_mark_ = record.released;
}

/// An empty holder is free at once only as the end of a leadership that closed its gate first
/// (clause 6): by the mark that names the acquisition it ends, or as a release of client-go on a
/// record that never was ours. An operator, or a late release by client-go, leaves no mark.
bool Elector::released_for_all(const LeaseRecord& record) const {
    if (!record.holder.empty()) return false;
    if (!annotated_) return true;
    return record.released != 0 && record.released == record.acquisition &&
           record.released != stale_mark_;
}

/// How and from when on the present record may be taken.
void Elector::reassess() {
    if (!observed_) return;
    const LeaseRecord& record = observed_->lease->record;
    const OwnWrite* mine = own(record);
    if (mine && mine->proven) {
        observed_->take = WriteKind::take_own;
        observed_->free_at = observed_->since;
        return;
    }
    if (!observed_->quarantined && released_for_all(record)) {
        observed_->take = WriteKind::take_free;
        observed_->free_at = observed_->since;
        return;
    }
    // The holder may go by the record's duration; a lowered one may be older than the holder's
    // last renewal, and a created record says how long a leader unseen may last (clauses 2, 4).
    const Duration longest = std::max({seconds_on_wire(record.duration_seconds),
                                       seconds_on_wire(record.max_lease_seconds), largest_duration_,
                                       config_.lease_duration});
    observed_->take = mine ? WriteKind::take_created : WriteKind::take_expired;
    observed_->free_at = saturating_add(observed_->since, stretched(longest, config_.drift_ppm));
}

/// The own write that made this record, if one did: identity alone proves nothing (two processes
/// may share one), nor does the nonce (client-go keeps annotations when it takes over).
Elector::OwnWrite* Elector::own(const LeaseRecord& record) {
    if (writes_.empty() || record.holder != config_.identity) return nullptr;
    for (OwnWrite& write : writes_)
        if (write.nonce == record.nonce && write.renew_time == record.renew_time &&
            write.kind != WriteKind::release)
            return &write;
    return nullptr;
}

Elector::OwnWrite* Elector::own_observed() {
    return observed_ ? own(observed_->lease->record) : nullptr;
}

/// Forgets the writes that neither are the present record nor can become it.
void Elector::prune_writes() {
    if (writes_.empty()) return;
    const std::uint64_t present = observed_ ? observed_->lease->record.nonce : 0;
    std::erase_if(writes_, [&](const OwnWrite& write) {
        return write.nonce != present && write.precondition != Version() &&
               write.precondition < known_;
    });
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
    if (watch_) out.emplace_back(StopWatch{watch_->id});
    watch_.reset();
    writes_.clear();
    refused_.reset();
    must_look_ = false;
    known_ = lease->version;
    last_term_ = Term();
    absent_since_.reset();
    note_history(*lease);
    observed_ = Observed{
        .lease = lease, .since = now.monotonic, .quarantined = true, .take = {}, .free_at = {}};
    reassess();
    if (leading) {
        if (stop_deadline == kNever) {
            become_following(now, Instant::min());
        } else {
            become_done(out);  // nothing is ours any more
            return;
        }
    }
    if (lease->record.holder.empty()) mark(out, MarkId::empty_holder_waited);
    open_watch(now, out);
}

// ---- the watch --------------------------------------------------------------------------------

// The watch shortens detection and proves nothing: its events never open or extend a gate, and
// absence is only believed to a GET.
void Elector::on(Now now, const LeaseWatched& event, Effects& out) {
    if (!watch_ || watch_->id != event.watch) return;
    watch_->last_heard = now.monotonic;
    switch (event.kind) {
        case WatchKind::seen:
            if (!event.lease || event.lease->version < known_) {
                mark(out, MarkId::stale_watch_event);
            } else if (event.lease->version > known_) {
                observe(now, event.lease, out);
            }
            break;  // an equal version is the echo of what is known
        case WatchKind::deleted:
            if (event.version < known_) {
                mark(out, MarkId::stale_watch_event);
            } else {
                look_at_ = std::min(look_at_, now.monotonic);
            }
            break;
        case WatchKind::bookmark:
            break;
        case WatchKind::ended:
            lose_watch(now, out);
            break;
    }
}

/// After an answer that showed the Lease: a watch from there on, and then no polls.
void Elector::open_watch(Now now, Effects& out) {
    if (std::holds_alternative<Done>(role_) || std::holds_alternative<Releasing>(role_)) return;
    if (!observed_) return;
    if (!watch_) {
        watch_ = Watch{WatchId(++watches_), now.monotonic};
        out.emplace_back(WatchLease{watch_->id, known_});
    }
}

void Elector::lose_watch(Now now, Effects& out) {
    out.emplace_back(StopWatch{watch_->id});
    watch_.reset();
    mark(out, MarkId::watch_lost);
    // A leader's next renewal is its poll. A watch that ends at once must make no busy loop.
    const bool looking = in_flight_ && in_flight_->verb == LeaseVerb::get;
    if (std::holds_alternative<Following>(role_) && !looking)
        look_at_ = std::min(look_at_, std::max(now.monotonic, last_look_ + config_.retry_period));
}

/// When the watch's silence counts as its loss; only a held Lease is renewed, so only then.
Instant Elector::silence_ends() const {
    if (!watch_ || !observed_ || observed_->lease->record.holder.empty()) return kNever;
    return std::max(watch_->last_heard, observed_->since) + 3 * config_.retry_period;
}

}  // namespace leasehold
