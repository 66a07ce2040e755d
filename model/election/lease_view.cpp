#include "model/election/lease_view.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/election/record.hpp"

namespace leasehold::election {

using namespace std::chrono_literals;

LeaseView::LeaseView(const ElectorConfig& config)
    : bounds_{.members = config.longest_of_members(),
              .longest = config.longest_lease,
              .drift_ppm = config.drift_ppm},
      trust_(config.client_go_peers) {}

LeaseView::Sight LeaseView::see(Instant now, const LeasePtr& lease, Source source, Claim mine) {
    // Whoever calls this has told older knowledge from a restored cluster: here versions only grow.
    CHECK(lease->version >= known_);
    // A version names one content. A server that shows another under it has shown nothing.
    if (lease_ && lease->version == lease_->version) return Sight::unchanged;
    known_ = lease->version;
    absent_since_.reset();
    const LeasePtr before = std::exchange(lease_, lease);
    const bool names = holder_container(*lease) != nullptr;
    // An edit of other metadata neither restarts the wait nor ends a leadership.
    // A label set each 10 s would otherwise keep a Lease of 15 s from ever expiring; and a leader
    // whose Lease is labelled would step down although nobody took it.
    if (before && same_record(*before, *lease)) {
        names_holder_ = names_holder_ && names;
        return Sight::edited;
    }
    const ReleaseTrust::Judgement judged =
        trust_.judge(before.get(), *lease, source == Source::watch);
    // The own clock, at first sight. The record's times are by its writer's wall clock, which may
    // be off by an hour (clause 2).
    since_ = now;
    names_holder_ = names && !judged.replayed;
    // What was bound so far was bound by somebody else, and this holder's release won't free it.
    if (judged.next_holder) busy_.next_holder();
    weigh(now, judged.proof, mine, before);
    return Sight::changed;
}

/// How the present record may be taken, and what it adds to the time to wait.
void LeaseView::weigh(Instant now, ReleaseTrust::Proof proof, Claim mine, const LeasePtr& before) {
    if (mine == Claim::proven) {
        // Taken by a conditional PUT when it was free, so nobody else's gate is open.
        way_ = WriteKind::take_own;
        busy_.clear();
        return;
    }
    if (proof != ReleaseTrust::Proof::none) {
        way_ = WriteKind::take_free;
        if (proof == ReleaseTrust::Proof::marked)
            busy_.clear();
        else
            busy_.holder_gone();
        return;
    }
    // Held, or emptied by nobody knows whom. An own creation waits like any other: it says how long
    // a leader that nobody sees may last (clause 4).
    way_ = mine == Claim::unproven ? WriteKind::take_created : WriteKind::take_expired;
    // Whoever emptied it wrote a duration of its own; the gate that may still be open goes by
    // that of the record before, renewed unseen.
    Duration binds = span(lease_->record);
    if (before && lease_->record.holder.empty()) binds = std::max(binds, span(before->record));
    busy_.bind(saturating_add(now, stretched(binds, bounds_.drift_ppm)));
}

/// How long a record binds from its last sight, at most (clause 2). The holder may go by the spec;
/// an edit of that must not shorten what the annotation says of a gate already open; and a record
/// that says nothing may be that of a peer with a lease like the own.
Duration LeaseView::span(const LeaseRecord& record) const {
    const Duration said =
        seconds_on_wire(std::max(record.duration_seconds, record.max_lease_seconds));
    // Not below that of any member: who emptied the Lease, made it anew, took it by force or with a
    // shorter lease says less than the gate before may last. With the own, shorter one a process
    // that starts in the middle of a rollout would lead beside whoever is cut off with the longer.
    return std::max(std::min(said, bounds_.longest), bounds_.members);
}

bool LeaseView::too_long(const LeaseRecord& record) const {
    // No member may be configured so: somebody spoilt it, and 68 years would be believed.
    return seconds_on_wire(std::max(record.duration_seconds, record.max_lease_seconds)) >
           bounds_.longest;
}

void LeaseView::miss(Instant now) {
    // Missing is no release: with the gate still open its holder may make it anew.
    lease_ = nullptr;
    names_holder_ = false;
    // What was seen goes on to bind: its holder may not have noticed.
    if (!absent_since_) absent_since_ = now;
}

// All that was known of versions is void, and so is every proof that an old record brings: a full
// lease is waited even on an empty holder (clause 10).
void LeaseView::restore(Instant now, const LeasePtr& lease) {
    known_ = lease->version;
    absent_since_.reset();
    const LeasePtr before = lease_;
    lease_ = lease;
    // Others may have led after the one whom it names, in a history that is gone.
    names_holder_ = false;
    since_ = now;
    trust_ = trust_.forgotten();
    (void)trust_.judge(nullptr, *lease, false);
    weigh(now, ReleaseTrust::Proof::none, Claim::none, before);
}

// A dead process has no gate. What others bound before it took the Lease stays as it is, as behind
// the release of a foreign elector: it may have taken the Lease from one of these by the clock.
Instant LeaseView::holder_ended() {
    CHECK(way_ == WriteKind::take_expired && container() != nullptr);
    const Instant waited = free_at();
    way_ = WriteKind::take_ended;
    busy_.holder_gone();
    return waited;
}

void LeaseView::prove() {
    // A leader with an open gate made it, so nobody else's was open.
    way_ = WriteKind::take_own;
    busy_.clear();
}

// Rounded up to what the wire can say, and never more than any member may wait.
std::int32_t LeaseView::bound_seconds(Instant now) const {
    const Duration left = std::min(busy_.left(now), bounds_.longest);
    const Duration longest = std::max(bounds_.members, left);
    return static_cast<std::int32_t>((longest + (1s - 1ns)) / 1s);
}

bool operator==(const LeaseView& a, const LeaseView& b) {
    const bool same_lease =
        a.lease_ == b.lease_ || (a.lease_ && b.lease_ && *a.lease_ == *b.lease_);
    return same_lease && a.bounds_ == b.bounds_ && a.known_ == b.known_ && a.since_ == b.since_ &&
           a.absent_since_ == b.absent_since_ && a.way_ == b.way_ && a.busy_ == b.busy_ &&
           a.trust_ == b.trust_ && a.names_holder_ == b.names_holder_;
}

}  // namespace leasehold::election
