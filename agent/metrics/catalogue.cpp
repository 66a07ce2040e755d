#include "agent/metrics/catalogue.hpp"

#include <string>
#include <vector>

#include "agent/base/clock.hpp"

namespace leasehold::agent {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

template <std::size_t N>
using Names = std::array<std::string_view, N>;

// In the order of the enumerators.
constexpr Names<kRoleNames> kRole{"follower", "leader", "stopped"};
constexpr Names<kLeaseVerbs> kLeaseVerb{"get", "create", "update"};
constexpr Names<kLeaseOutcomes> kLeaseOutcome{"found",  "written",  "missing", "conflict",
                                              "exists", "rejected", "unknown"};
constexpr Names<kBucketVerbs> kBucketVerb{"get", "put", "remove", "list"};
constexpr Names<kBucketOutcomes> kBucketOutcome{
    "object",    "unchanged", "missing", "written",  "removed", "page", "precondition_failed",
    "throttled", "denied",    "refused", "not_sent", "unknown"};
constexpr Names<kFileVerbs> kFileVerb{"list", "load", "store", "retag", "remove"};
constexpr Names<kFileStatuses> kFileStatus{"ok", "missing", "corrupt", "no_space", "io_error"};
constexpr Names<kReadOutcomes> kReadOutcome{"data",     "not_found", "corrupt", "failed",
                                            "deadline", "cancelled", "shutdown"};
constexpr Names<kWriteAcks> kWriteAck{"committed", "skipped_follower", "fenced", "failed",
                                      "unknown"};
constexpr Names<kQueryOutcomes> kQueryOutcome{"data", "not_available_yet", "deadline", "cancelled",
                                              "shutdown"};
constexpr Names<kKnowledge> kHonours{"honoured", "ignored", "refused", "not_atomic", "unknown"};
constexpr Names<kDuties> kDuty{"lease",         "lease_watch", "bucket_reads",
                               "bucket_writes", "local_files", "pods"};

// The last enumerator of each has the last place of its names.
static_assert(place(Role::stopped) + 1 == kRoleNames);
static_assert(place(LeaseVerb::update) + 1 == kLeaseVerbs);
static_assert(place(LeaseOutcome::unknown) + 1 == kLeaseOutcomes);
static_assert(place(BucketVerb::list) + 1 == kBucketVerbs);
static_assert(place(BucketOutcome::unknown) + 1 == kBucketOutcomes);
static_assert(place(FileVerb::remove) + 1 == kFileVerbs);
static_assert(place(FileStatus::io_error) + 1 == kFileStatuses);
static_assert(place(ReadOutcome::shutdown) + 1 == kReadOutcomes);
static_assert(place(WriteAck::unknown) + 1 == kWriteAcks);
static_assert(place(QueryOutcome::shutdown) + 1 == kQueryOutcomes);

// A renewal is expected within milliseconds and given up within a third of a lease.
const std::vector<double> kLeaseBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                       0.1,   0.25,   0.5,   1,    2.5,   5};
// A large object over a slow line takes minutes.
const std::vector<double> kBucketBounds{0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                        0.5,    1,     2.5,  5,     10,   30,  120};

Family<Counter>& counter_family(Registry& registry, const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
}

Counter& counter(Registry& registry, const char* name, const char* help) {
    return counter_family(registry, name, help).Add({});
}

Gauge& gauge(Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

template <std::size_t N>
Counters<N> counters(Registry& registry, const char* name, const char* help, const char* label,
                     const Names<N>& values) {
    Family<Counter>& family = counter_family(registry, name, help);
    Counters<N> handles{};
    for (std::size_t i = 0; i < N; ++i)
        handles[i] = &family.Add({{label, std::string(values[i])}});
    return handles;
}

template <std::size_t N>
Gauges<N> state_set(Family<Gauge>& family, prometheus::Labels labels, const char* label,
                    const Names<N>& values) {
    Gauges<N> handles{};
    for (std::size_t i = 0; i < N; ++i) {
        labels[label] = std::string(values[i]);
        handles[i] = &family.Add(labels);
    }
    return handles;
}

template <std::size_t N>
Gauges<N> gauges(Registry& registry, const char* name, const char* help, const char* label,
                 const Names<N>& values) {
    return state_set(BuildGauge().Name(name).Help(help).Register(registry), {}, label, values);
}

template <std::size_t N>
Histograms<N> histograms(Registry& registry, const char* name, const char* help,
                         const Names<N>& verbs, const std::vector<double>& bounds) {
    Family<Histogram>& family = BuildHistogram().Name(name).Help(help).Register(registry);
    Histograms<N> handles{};
    for (std::size_t i = 0; i < N; ++i)
        handles[i] = &family.Add({{"verb", std::string(verbs[i])}}, bounds);
    return handles;
}

Names<kMarkCount> mark_names() {
    Names<kMarkCount> names{};
    for (std::size_t i = 0; i < kMarkCount; ++i)
        names[i] = kMarks[i].name;
    return names;
}

Family<Gauge>& preconditions(Registry& registry) {
    return BuildGauge()
        .Name("leasehold_bucket_preconditions")
        .Help(
            "What the probe found of the store's conditional requests: 1 for the state that holds")
        .Register(registry);
}

}  // namespace

Catalogue::Catalogue()
    : is_leader(gauge(registry, "leasehold_is_leader", "1 while this replica leads")),
      role(state_set(BuildGauge()
                         .Name("leasehold_role")
                         .Help("1 for the role that this replica has")
                         .Register(registry),
                     {}, "role", kRole)),
      term(gauge(registry, "leasehold_term",
                 "Term of the present leadership (resourceVersion of its acquisition), else 0")),
      epoch(gauge(registry, "leasehold_epoch",
                  "Largest epoch under which this process committed a write, 0 before the first")),
      gate_valid(gauge(registry, "leasehold_gate_valid_seconds",
                       "How long the write gate stays open without another renewal; 0 = closed")),
      transitions(counters<2>(registry, "leasehold_leader_transitions_total",
                              "Leaderships that began or ended here", "change",
                              {"became", "lost"})),
      renewals(counter(registry, "leasehold_lease_renewals_total",
                       "Renewals that extended the validity of a leadership")),
      leader_events(counters<kEventOutcomes>(
          registry, "leasehold_leader_events_total",
          "Kubernetes Events on the Lease, one at each change of leader here", "outcome",
          {"written", "refused", "failed"})),
      container_known(gauge(registry, "leasehold_container_known",
                            "1 once this process knows the container that it runs in, which its "
                            "leaderships name")),
      holder_ends(counter(registry, "leasehold_holder_ends_total",
                          "Times that the status of a holder's Pod proved its container's end")),
      watchdog_closed(counter(registry, "leasehold_watchdog_closed_total",
                              "Times that the watchdog closed the gate before the loop did")),
      gate_rejections(counters<2>(registry, "leasehold_gate_rejections_total",
                                  "Requests that the permit refused as they were about to leave, "
                                  "and writes answered Fenced",
                                  "reason", {"permit", "fenced"})),
      lease_seconds(histograms(registry, "leasehold_lease_request_duration_seconds",
                               "Exchanges with the Lease API, from the send to the answer",
                               kLeaseVerb, kLeaseBounds)),
      lease_requests(
          counter_family(registry, "leasehold_lease_requests_total",
                         "Exchanges with the Lease API by what the answer lets one know"),
          "verb", kLeaseVerb, "outcome", kLeaseOutcome),
      bucket_seconds(histograms(registry, "leasehold_bucket_request_duration_seconds",
                                "Exchanges with the bucket, from the send to the answer",
                                kBucketVerb, kBucketBounds)),
      bucket_requests(counter_family(registry, "leasehold_bucket_requests_total",
                                     "Exchanges with the bucket by what the answer lets one know"),
                      "verb", kBucketVerb, "outcome", kBucketOutcome),
      sent_bytes(counter(registry, "leasehold_bucket_sent_bytes_total",
                         "Bytes of payload sent to the bucket")),
      received_bytes(counter(registry, "leasehold_bucket_received_bytes_total",
                             "Bytes of payload received from the bucket")),
      put_preconditions(
          state_set(preconditions(registry), {{"operation", "put"}}, "state", kHonours)),
      delete_preconditions(
          state_set(preconditions(registry), {{"operation", "delete"}}, "state", kHonours)),
      file_operations(counter_family(registry, "leasehold_file_operations_total",
                                     "Operations of the local store by how they ended"),
                      "verb", kFileVerb, "status", kFileStatus),
      duty_failing(gauges(registry, "leasehold_duty_failing",
                          "1 while work of that kind fails: the Lease, its watch, the bucket",
                          "duty", kDuty)),
      duty_failures(gauges(registry, "leasehold_duty_failures",
                           "Failures in a row of work that fails now", "duty", kDuty)),
      duty_since(gauges(registry, "leasehold_duty_failing_since_timestamp_seconds",
                        "When that row began, since the epoch; 0 = nothing fails", "duty", kDuty)),
      reads(counters(registry, "leasehold_reads_total", "Backup reads by how they ended", "outcome",
                     kReadOutcome)),
      writes(counters(registry, "leasehold_writes_total",
                      "Backup writes and removals by how they were answered", "ack", kWriteAck)),
      queries(counters(registry, "leasehold_queries_total", "Queries by how they were answered",
                       "outcome", kQueryOutcome)),
      pending_reads(gauge(registry, "leasehold_pending_reads", "Backup reads that wait")),
      pending_writes(gauge(registry, "leasehold_pending_writes",
                           "Backup writes and removals not yet answered")),
      pending_queries(gauge(registry, "leasehold_pending_queries", "Queries not yet answered")),
      passes(counters<2>(registry, "leasehold_poll_passes_total", "Polling passes that ended",
                         "result", {"completed", "failed"})),
      ticks_skipped(counter(registry, "leasehold_poll_ticks_skipped_total",
                            "Polling ticks that found the last pass still running")),
      last_pass(gauge(registry, "leasehold_poll_last_pass_timestamp_seconds",
                      "When the last polling pass completed, since the epoch; 0 = none yet")),
      keys(gauge(registry, "leasehold_keys", "Keys known, removed ones included")),
      tombstones(gauge(registry, "leasehold_tombstones",
                       "Removed keys whose tombstone the bucket still holds")),
      tombstone_bytes(gauge(registry, "leasehold_tombstone_bytes",
                            "Bytes that these take in the bucket, headers alone")),
      list_pages(gauge(registry, "leasehold_list_pages",
                       "Requests that a LIST of the known objects takes")),
      marks(counters(registry, "leasehold_marks_total",
                     "Interesting points that this replica reached", "mark", mark_names())),
      http_requests(counter_family(registry, "leasehold_http_requests_total",
                                   "Answers of the agent's own endpoints")),
      http_connections(gauge(registry, "leasehold_http_connections",
                             "Open connections to the agent's own endpoints")),
      cpu_seconds(counter(registry, "process_cpu_seconds_total",
                          "User and system time of this process, in seconds")),
      resident_bytes(gauge(registry, "process_resident_memory_bytes",
                           "Resident memory of this process, in bytes")) {
    put_preconditions.back()->Set(1);
    delete_preconditions.back()->Set(1);
    role[place(Role::follower)]->Set(1);
    BuildGauge()
        .Name("leasehold_build_info")
        .Help("1, with the version of this program")
        .Register(registry)
        .Add({{"version", LEASEHOLD_VERSION}})
        .Set(1);
    gauge(registry, "process_start_time_seconds", "When this process began, since the epoch")
        .Set(std::chrono::duration<double>(read_now().wall.time_since_epoch()).count());
}

}  // namespace leasehold::agent
