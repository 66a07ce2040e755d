// Lease rules: lease.taken-only-when-free and lease.changed-only-by-holder.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// Does a replica's write over `before` take the Lease? A takeover names a new acquisition;
/// everything else that a replica writes over a record renews or releases it, also when it puts its
/// own name back over another holder's. client-go echoes our annotations, nonce included: there the
/// holder alone tells.
[[nodiscard]] inline bool takes(const LeaseRecord& before, const LeaseRecord& after) {
    if (after.holder.empty()) return false;
    if (after.acquisition != before.acquisition) return true;
    return after.holder != before.holder && after.nonce == before.nonce;
}

/// Judges each change of the Lease by a replica. Operators may do what they like to it: their
/// changes are noted and not judged, and neither is a restore of the cluster.
class LeaseRules {
  public:
    explicit LeaseRules(Facts& facts) : facts_(facts) {}

    void committed(const LeaseCommitted& record);
    /// An open gate was opened or extended: validity that reaches beyond a later takeover shows
    /// that the Lease was taken too early, even where the owner learnt of it only now.
    void gate_open(const ReplicaStepped& step, const GateMoved& gate) {
        if (gate.term < taken_version_) [[unlikely]]
            outlived(step, gate);
    }
    /// The version at which an outsider (no replica of the history) took the Lease and still holds
    /// it; 0 = none does. By the Lease it leads, so whoever was shown that may not.
    [[nodiscard]] Version outsiders() const { return outsiders_; }
    /// A step in which `lease` was shown to a replica, with the gate as the step left it.
    void shown(const ReplicaStepped& step, const ReplicaFacts& self, const Lease& lease);
    /// Whose write the present record is; kNobody before any or after an operator's deletion.
    [[nodiscard]] ReplicaIndex writer() const { return writer_; }
    /// The longest duration that a record had, its annotation included as far as it is believed;
    /// seconds.
    [[nodiscard]] std::int32_t longest_duration() const { return longest_; }

  private:
    [[nodiscard]] bool owns(const LeaseCommitted& record) const;
    void waited_for(const LeaseRecord& record);
    void taken(const LeaseCommitted& record);
    void changed(const LeaseCommitted& record);
    void outsider_wrote(const LeaseCommitted& record, bool takes);
    [[nodiscard]] bool too_early_for_outsider(const LeaseCommitted& record) const;
    void kept(const LeaseCommitted& record);
    void counted(const LeaseCommitted& record);
    void outlived(const ReplicaStepped& step, const GateMoved& gate);

    Facts& facts_;
    LeasePtr written_;  ///< as a replica wrote it last
    ReplicaIndex writer_ = kNobody;
    std::map<ReplicaIndex, LeaseRecord> leads_;  ///< the newest record of each by its renewTime
    std::uint64_t written_number_ = 0;
    Version outsiders_;
    std::uint64_t outsiders_number_ = 0;
    bool outsider_leads_ = false;  ///< the record is an outsider's, not released since
    std::string outsider_;
    TrueTime outsider_until_ = TrueTime::min();  ///< end of what its newest record grants
    std::uint64_t outsider_number_ = 0;
    bool restored_ = false;  ///< the present record came back from an older revision
    Term taken_version_;     ///< of the newest takeover
    ReplicaIndex taker_ = kNobody;
    TrueTime taken_at_{};
    std::uint64_t taken_number_ = 0;
    std::int32_t longest_ = 0;
};

}  // namespace leasehold::check
