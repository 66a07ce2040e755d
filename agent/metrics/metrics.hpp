// Metrics: what GET /metrics tells, in Prometheus' terms (prometheus-cpp).
//
// Names and meanings stand in catalogue.cpp. Nothing is formatted in a step: it increments counters
// whose handles are at hand.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/duties.hpp"
#include "agent/base/event_outcome.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/replica/replica.hpp"

namespace leasehold::agent {

class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// What a step showed: roles, gates, marks, outcomes, requests and their latencies.
    void stepped(Instant now, const Event& event, const Effects& effects);
    /// A put or remove asked for its permit.
    void permit(bool granted);
    /// Bytes of payload that went to, or came from, the bucket.
    void sent_bytes(std::uint64_t count);
    void received_bytes(std::uint64_t count);
    /// The watchdog closed the gate before the loop did. From any thread.
    void watchdog_closed();
    /// What became of an Event on the Lease.
    void leader_event(EventOutcome outcome);
    /// An answer went out. `route` is a pattern ("GET /v1/query/{key}"), never a client's text.
    void http_request(std::string_view route, int status);
    void http_connections(std::size_t open);

    /// How each duty fares.
    void duties(const DutyStates& states);
    /// What is known of the bucket: keys, what removed ones left there, what a LIST of it costs.
    void storage(const StorageStatus& status);
    /// The configuration says that the store checks conditions first and stores later.
    void store_not_atomic();

    /// When the newest polling pass of this process began; none before the first.
    [[nodiscard]] std::optional<Instant> last_pass_began() const;

    /// The text format, with the gauges as they are `now`.
    [[nodiscard]] std::string text(Instant now, const Leadership& leadership,
                                   std::uint64_t pending_reads, std::uint64_t pending_writes,
                                   std::uint64_t pending_queries);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leasehold::agent
