// StateLog: one line for each change of state, none for a poll or a renewal; and what
// GET /v1/status tells beside the replica's own words.
#pragma once

#include <cstdint>
#include <string>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

class StateLog {
  public:
    /// Looks at a step: event and effects.
    void stepped(Now now, const Event& event, const Effects& effects);

    /// holderIdentity seen last; empty = none, or not known yet.
    [[nodiscard]] const std::string& holder() const { return holder_; }
    /// Of the newest committed write of this process.
    [[nodiscard]] Epoch epoch() const { return epoch_; }
    /// "honoured", "ignored", "unknown".
    [[nodiscard]] const std::string& preconditions() const { return preconditions_; }

  private:
    enum class Health : std::uint8_t { unknown, good, bad };

    void lease_seen(const LeasePtr& lease);
    void answered(const LeaseReply& reply);
    void answered(const BucketReply& reply);
    void reached(MarkId mark);

    std::string holder_;
    Epoch epoch_;
    std::string preconditions_ = "unknown";
    Health api_ = Health::unknown;
    Health bucket_ = Health::unknown;
};

}  // namespace leasehold::agent
