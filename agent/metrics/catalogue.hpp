// Catalogue: every metric by name, registered once, with its handle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "agent/base/duties.hpp"
#include "agent/base/event_outcome.hpp"
#include "model/base/marks.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

inline constexpr std::size_t kLeaseVerbs = 3;
inline constexpr std::size_t kLeaseOutcomes = 7;
inline constexpr std::size_t kBucketVerbs = 4;
inline constexpr std::size_t kBucketOutcomes = 12;
inline constexpr std::size_t kFileVerbs = 5;
inline constexpr std::size_t kFileStatuses = 5;
inline constexpr std::size_t kReadOutcomes = 7;
inline constexpr std::size_t kWriteAcks = 5;
inline constexpr std::size_t kQueryOutcomes = 5;
inline constexpr std::size_t kRoleNames = 3;
inline constexpr std::size_t kKnowledge = 5;  ///< honoured, ignored, refused, not_atomic, unknown

/// The place of an enumerator in the arrays below.
template <class Enum>
[[nodiscard]] constexpr std::size_t place(Enum value) {
    return static_cast<std::size_t>(value);
}

/// Counters by two labels; a series begins at its first increment, as most pairs never happen.
template <std::size_t A, std::size_t B>
class Table {
  public:
    Table(prometheus::Family<prometheus::Counter>& family, const char* first,
          const std::array<std::string_view, A>& firsts, const char* second,
          const std::array<std::string_view, B>& seconds)
        : family_(family), first_(first), firsts_(firsts), second_(second), seconds_(seconds) {}

    void count(std::size_t a, std::size_t b) {
        prometheus::Counter*& counter = counters_[a][b];
        if (counter == nullptr)
            counter = &family_.Add(
                {{first_, std::string(firsts_[a])}, {second_, std::string(seconds_[b])}});
        counter->Increment();
    }

  private:
    prometheus::Family<prometheus::Counter>& family_;
    const char* first_;
    const std::array<std::string_view, A>& firsts_;
    const char* second_;
    const std::array<std::string_view, B>& seconds_;
    std::array<std::array<prometheus::Counter*, B>, A> counters_{};
};

template <std::size_t N>
using Counters = std::array<prometheus::Counter*, N>;
template <std::size_t N>
using Gauges = std::array<prometheus::Gauge*, N>;
template <std::size_t N>
using Histograms = std::array<prometheus::Histogram*, N>;

struct Catalogue {
    Catalogue();

    prometheus::Registry registry;

    // Leadership
    prometheus::Gauge& is_leader;
    Gauges<kRoleNames> role;
    prometheus::Gauge& term;
    prometheus::Gauge& epoch;
    prometheus::Gauge& gate_valid;
    Counters<2> transitions;  ///< became, lost
    prometheus::Counter& renewals;
    Counters<kEventOutcomes> leader_events;
    prometheus::Gauge& container_known;
    prometheus::Counter& holder_ends;
    prometheus::Counter& watchdog_closed;
    Counters<2> gate_rejections;  ///< permit, fenced

    // Exchanges
    Histograms<kLeaseVerbs> lease_seconds;
    Table<kLeaseVerbs, kLeaseOutcomes> lease_requests;
    Histograms<kBucketVerbs> bucket_seconds;
    Table<kBucketVerbs, kBucketOutcomes> bucket_requests;
    prometheus::Counter& sent_bytes;
    prometheus::Counter& received_bytes;
    Gauges<kKnowledge> put_preconditions;
    Gauges<kKnowledge> delete_preconditions;
    Table<kFileVerbs, kFileStatuses> file_operations;

    Gauges<kDuties> duty_failing;
    Gauges<kDuties> duty_failures;
    Gauges<kDuties> duty_since;

    // Calls
    Counters<kReadOutcomes> reads;
    Counters<kWriteAcks> writes;
    Counters<kQueryOutcomes> queries;
    prometheus::Gauge& pending_reads;
    prometheus::Gauge& pending_writes;
    prometheus::Gauge& pending_queries;

    // Polling
    Counters<2> passes;  ///< completed, failed
    prometheus::Counter& ticks_skipped;
    prometheus::Gauge& last_pass;

    // The bucket as it is known
    prometheus::Gauge& keys;
    prometheus::Gauge& tombstones;
    prometheus::Gauge& tombstone_bytes;
    prometheus::Gauge& list_pages;

    // The process
    Counters<kMarkCount> marks;
    prometheus::Family<prometheus::Counter>& http_requests;
    prometheus::Gauge& http_connections;
    prometheus::Counter& cpu_seconds;
    prometheus::Gauge& resident_bytes;
};

}  // namespace leasehold::agent
