// StateLog: one line for each change of state, none for a poll or a renewal; and what
// GET /v1/status tells beside the replica's own words.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

class StateLog {
  public:
    /// `store_not_atomic`: as the configuration says of the store.
    explicit StateLog(bool store_not_atomic = false)
        : preconditions_(store_not_atomic ? "notAtomic" : "unknown") {}

    /// Looks at a step: event and effects.
    void stepped(Now now, const Event& event, const Effects& effects);

    /// holderIdentity seen last; empty = none, or not known yet.
    [[nodiscard]] const std::string& holder() const { return holder_; }
    /// Of the newest committed write of this process.
    [[nodiscard]] Epoch epoch() const { return epoch_; }
    /// "honoured", "ignored", "refused", "notAtomic", "unknown".
    [[nodiscard]] const std::string& preconditions() const { return preconditions_; }

  private:
    void lease_seen(const LeasePtr& lease);
    void watch_seen(const LeaseWatched& watched);
    void reached(Instant now, const Event& event, MarkId mark);
    void alarm(Instant now, const Event& event, MarkId mark);
    void watch_lost(const Event& event);
    void first_page(const BucketReply& reply);
    void note_trouble(const BucketAnswered& answer);

    std::string holder_;
    Epoch epoch_;
    std::string preconditions_;
    std::map<RequestId, ObjectKey> asked_;  ///< keys of requests that are not answered
    std::map<std::pair<MarkId, ObjectKey>, Instant> alarmed_;
    ObjectKey troubled_;             ///< of the backups, whose request failed last
    bool watch_speaks_ = false;      ///< something came from the watch since it was told as lost
    std::optional<Version> silent_;  ///< the watch was silent since this version: or nothing new
    bool listed_ = false;            ///< a LIST of the bucket was answered
    Version seen_;                   ///< of the Lease, the newest
};

}  // namespace leasehold::agent
