// Metrics: what GET /metrics tells, in Prometheus' terms (prometheus-cpp).
#pragma once

#include <memory>
#include <string>

#include "model/replica/events.hpp"
#include "model/replica/replica.hpp"

namespace leasehold::agent {

class Metrics {
  public:
    Metrics();
    ~Metrics();

    /// What a step showed: roles, gates, marks, outcomes, requests and their latencies.
    void stepped(Instant now, const Event& event, const Effects& effects);
    /// A put or remove asked for its permit.
    void permit(bool granted);
    /// Bytes of payload that went to, or came from, the bucket.
    void sent_bytes(std::uint64_t count);
    void received_bytes(std::uint64_t count);
    /// The watchdog closed the gate before the loop did.
    void watchdog_closed();
    void http_request(const std::string& route, int status);

    /// The text format, with the gauges as they are `now`.
    [[nodiscard]] std::string text(Instant now, const Leadership& leadership,
                                   std::uint64_t pending_reads, std::uint64_t pending_writes,
                                   std::uint64_t pending_queries);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leasehold::agent
