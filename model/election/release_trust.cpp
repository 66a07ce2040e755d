#include "model/election/release_trust.hpp"

#include <algorithm>

#include "model/election/record.hpp"

namespace leasehold::election {

ReleaseTrust::Judgement ReleaseTrust::judge(const Lease* before, const Lease& lease,
                                            bool unbroken) {
    if (lease.uid != uid_) {
        // Somebody deleted it and created it anew: nothing seen of the old one is about this one,
        // and a leader that was cut off may still act on the old one.
        *this = forgotten();
        uid_ = lease.uid;
        before = nullptr;
    }
    // First judged by what was known before it, then remembered.
    Judgement judged;
    judged.proof = proof(before, lease, unbroken);
    judged.replayed = replayed(before, lease.record);
    judged.next_holder = note(before, lease.record);
    return judged;
}

ReleaseTrust::Proof ReleaseTrust::proof(const Lease* before, const Lease& lease,
                                        bool unbroken) const {
    const LeaseRecord& record = lease.record;
    if (!record.holder.empty()) return Proof::none;
    // The mark names this very release. In a record that came after one that is known already it
    // is a replay: somebody applied a backup of the object.
    if (record.released == release_mark(lease.uid, record))
        return record.released != spent_ && record.transitions >= most_transitions_ ? Proof::marked
                                                                                    : Proof::none;
    // Ours never leave without a mark, and foreign electors make none. So without one it is a
    // release only if a foreign holder was seen to go: not as the first thing that a process sees,
    // and not if another may have held it in between, unseen.
    if (!client_go_peers_ || !unbroken || !before || before->record.holder.empty() || !foreign_)
        return Proof::none;
    // All foreign electors leave the transitions in a release, and the annotations that they found.
    // Other ones than those of the record before show that somebody held it in between.
    const bool same_tenure =
        record.transitions == before->record.transitions && record.nonce == before->record.nonce;
    return same_tenure ? Proof::foreign : Proof::none;
}

/// Ours count each change of holder, so a tenure with fewer changes than were seen, or with as many
/// as the end of a tenure had, comes from a backup: whoever led since may lead still.
bool ReleaseTrust::replayed(const Lease* before, const LeaseRecord& record) const {
    if (record.holder.empty()) return false;
    const bool after_end = before && before->record.holder.empty();
    return record.transitions < most_transitions_ ||
           (after_end && record.transitions <= before->record.transitions);
}

/// Remembers what later judgements need. Is it the record of another holder than the last?
bool ReleaseTrust::note(const Lease* before, const LeaseRecord& record) {
    if (before && before->record.released != 0 && before->record.released != record.released)
        spent_ = before->record.released;
    // Each of ours counts one transition up when it takes a Lease that was released, and so do most
    // foreign ones; a release with fewer than were seen lies before them. Python never counts, but
    // the mark that it carries on is seen on its held record.
    most_transitions_ = std::max(most_transitions_, record.transitions);
    // Each write of ours has a nonce of its own. One that was seen before is a leftover in the
    // record of whoever took the Lease; under the old name it is an operator's edit.
    const bool fresh = record.nonce != 0 && record.nonce != last_nonce_;
    last_nonce_ = record.nonce;
    if (record.holder.empty()) return false;
    if (record.released != 0) spent_ = record.released;
    const bool next = record.holder != holder_;
    if (fresh || next) foreign_ = !fresh;
    if (next) holder_ = record.holder;
    return next;
}

}  // namespace leasehold::election
