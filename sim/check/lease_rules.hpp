// Lease rules: lease.taken-only-when-free and lease.changed-only-by-holder.
#pragma once

#include <cstdint>

#include "sim/check/facts.hpp"

namespace leasehold::check {

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
    /// Whose write the present record is; kNobody before any or after an operator's deletion.
    [[nodiscard]] ReplicaIndex writer() const { return writer_; }
    /// The longest duration that a record had, seconds.
    [[nodiscard]] std::int32_t longest_duration() const { return longest_; }

  private:
    [[nodiscard]] bool owns(const LeaseCommitted& record) const;
    void taken(const LeaseCommitted& record);
    void changed(const LeaseCommitted& record);
    void outlived(const ReplicaStepped& step, const GateMoved& gate);

    Facts& facts_;
    LeasePtr written_;  ///< as a replica wrote it last
    ReplicaIndex writer_ = kNobody;
    std::uint64_t written_number_ = 0;
    bool restored_ = false;  ///< the present record came back from an older revision
    Term taken_version_;     ///< of the newest takeover
    ReplicaIndex taker_ = kNobody;
    TrueTime taken_at_{};
    std::uint64_t taken_number_ = 0;
    std::int32_t longest_ = 0;
};

}  // namespace leasehold::check
