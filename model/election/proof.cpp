// The container that holds the Lease: named in our writes, watched in those of others, and what its
// end proves (clause 13).
#include <algorithm>
#include <chrono>

#include "model/election/elector.hpp"
#include "model/election/record.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

using namespace election;

bool HolderProof::ended(const LeaseRecord& record) const {
    return is(ended_, record.container) && record.renew_time &&
           finished_ >= std::chrono::floor<std::chrono::seconds>(*record.renew_time);
}

/// A process runs in one container from its start to its end, so the first word counts.
void Elector::on(const OwnContainer& event) {
    if (!container_ && event.container && event.container->known()) container_ = event.container;
}

/// An end of another container than the one that is watched is told too late, or by mistake: the
/// record names another holder by now, and what is true of the old one is nothing of the new. One
/// that lies before the record was written is not its writer's.
void Elector::on(const HolderEnded& event, Effects& out) {
    if (!proof_.learn(event, out) || !proof_.ended(view_.lease()->record))
        mark(out, MarkId::proof_refused);
}

/// What a follower wants to know of the present holder, and what it knows already.
///
/// Clause 13: a record whose holder's container has ended is free, for a conditional PUT on its
/// version. A crashed leader's gate is closed, and its record binds nobody but those who don't know
/// it. What makes that a proof and no guess:
/// - The end is the container's, by an id that is never used again, and the kubelet's word
///   (ended_at). So it stays true however late it comes, and for each record that names the same
///   container: A renews at 0 s, and dies with its next PUT on the way; the end is told at 1 s, the
///   PUT lands at 1.1 s, ours meets a conflict, and the record that it met is A's still.
/// - It is void for every other record. The end of A's container is told to B at 1 s, while C has
///   led since 0.9 s; by name, by Pod or by a proof that is kept, B would take the Lease from C.
/// - Who the holder is, the record says, and its writer alone can (container_mark): a foreign
///   elector that takes the Lease keeps the annotations of whom it took it from.
/// - A creation names nobody: its holder waits itself for a leader unseen (clause 4). Nor does a
///   record that came back from a backup or with a restored cluster (clauses 6, 10).
/// - What earlier holders may still have open is waited out: that one has ended says nothing of
///   them. The holder itself took the Lease when it was free, so mostly nothing is left.
/// What it does not stop is what the dead process has sent: a PUT of the Lease names a version that
/// is gone with ours; one of the bucket is fenced by epoch and precondition, and where those hold
/// nothing, by time (landing_until).
void Elector::weigh_proof(Effects& out) {
    const bool waits = config_.believe_ended_holder && std::holds_alternative<Following>(role_) &&
                       view_.way() != WriteKind::take_own;
    const Container* holder = waits ? view_.container() : nullptr;
    proof_.follow(holder, out);
    if (!holder || !proof_.ended(view_.lease()->record) || view_.way() != WriteKind::take_expired)
        return;
    landing_until_ = std::max(landing_until_, view_.holder_ended());
    mark(out, MarkId::holder_ended_believed);
}

/// Names the container in a PUT, which makes it the holder's for as long as this record stands. Not
/// in a POST: it is no proof, and its mark names a uid that is not known yet.
void Elector::name_container(Lease& lease, Effects& out) const {
    if (!container_ || lease.record.holder.empty()) return;
    if (view_.lease()->record.container != *container_) mark(out, MarkId::holder_named);
    lease.record.container = *container_;
    lease.record.container_mark = container_mark(lease.uid, lease.record);
}

}  // namespace leasehold
