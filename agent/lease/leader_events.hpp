// LeaderEvents: each change of leader as a Kubernetes Event on the Lease, in client-go's words.
//
// For people alone: `kubectl describe lease` shows them. Nothing waits for one, none is sent twice,
// and what becomes of it changes nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/asio.hpp"
#include "agent/base/event_outcome.hpp"
#include "agent/base/timer.hpp"
#include "agent/lease/lease_client.hpp"
#include "agent/lease/lease_name.hpp"
#include "model/base/time.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold::agent {

class LeaderEvents {
  public:
    using Tell = std::function<void(const std::string& line)>;
    using Count = std::function<void(EventOutcome)>;
    /// After this it is given up: the server keeps an Event for an hour, and the next one follows.
    static constexpr Duration kTimeout = std::chrono::seconds(10);

    /// `client` and `loop` outlive it. `tell` hears of trouble once, until an Event was written.
    LeaderEvents(asio::io_context& loop, LeaseClient& client, LeaseName name, std::string identity,
                 Tell tell, Count count);

    /// This replica has another role. `proven`: it leads as the holder before was proven to have
    /// ended, without its lease being waited out.
    void changed(WallTime now, Role role, bool proven = false);
    /// Calls `then` on the loop, never inside this call: once no Event is under way, at `by` at the
    /// latest. A process that ended at once would take its last one along.
    void when_told(Instant by, std::function<void()> then);

  private:
    void answered(const Response& response);

    asio::io_context& loop_;
    LeaseClient& client_;
    LeaseName name_;
    std::string identity_;
    Tell tell_;
    Count count_;
    bool leads_ = false;
    std::size_t under_way_ = 0;
    std::string told_;  ///< the trouble that was told last; empty: the last one was written
    std::function<void()> then_;
    BoottimeTimer late_;
};

/// The body of the POST: a v1 Event, as client-go's recorder makes it. `what` is "became leader" or
/// "stopped leading", and what there is to add.
[[nodiscard]] std::string encode_leader_event(const LeaseName& name, const LeaseSighting& lease,
                                              std::string_view identity, std::string_view what,
                                              WallTime now);

}  // namespace leasehold::agent
