#include "agent/metrics/metrics.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/base/clock.hpp"
#include "agent/metrics/catalogue.hpp"

namespace leasehold::agent {
namespace {

double seconds(Duration span) {
    return std::chrono::duration<double>(span).count();
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

double resident_bytes() {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    double resident = 0;
    file >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

constexpr std::size_t kNotAtomic = 3;  ///< in the order of kHonours

template <std::size_t N>
void set_state(const Gauges<N>& gauges, std::size_t holds) {
    for (std::size_t i = 0; i < N; ++i)
        gauges[i]->Set(i == holds ? 1 : 0);
}

}  // namespace

struct Metrics::State {
    /// A request that has left: its verb, and when.
    struct Flight {
        std::size_t verb = 0;
        Instant sent;
    };
    using Flights = std::unordered_map<std::uint64_t, Flight>;
    struct RouteLess {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            const int order = std::string_view(a.first).compare(b.first);
            return order != 0 ? order < 0 : a.second < b.second;
        }
    };

    Catalogue all;
    Flights lease;
    Flights bucket;
    Flights files;
    Role role = Role::follower;
    GateMoved gate{Term{}, Instant::min()};
    std::optional<Instant> pass_began;
    std::map<std::pair<std::string, int>, prometheus::Counter*, RouteLess> http;
    double cpu_told = 0;

    static std::optional<Flight> landed(Flights& flights, RequestId request) {
        const auto found = flights.find(request.value());
        if (found == flights.end()) return std::nullopt;
        const Flight flight = found->second;
        flights.erase(found);
        return flight;
    }

    // Events: what came of the requests.
    void on(Instant now, const LeaseAnswered& event) {
        const auto flight = landed(lease, event.request);
        if (!flight) return;
        const auto outcome = classify(static_cast<LeaseVerb>(flight->verb), event.reply);
        all.lease_seconds[flight->verb]->Observe(seconds(now - flight->sent));
        all.lease_requests.count(flight->verb, place(outcome));
    }
    void on(Instant now, const BucketAnswered& event) {
        const auto flight = landed(bucket, event.request);
        if (!flight) return;
        const auto outcome = classify(static_cast<BucketVerb>(flight->verb), *event.reply);
        all.bucket_requests.count(flight->verb, place(outcome));
        // One that never left took no time of the bucket's.
        if (outcome != BucketOutcome::not_sent)
            all.bucket_seconds[flight->verb]->Observe(seconds(now - flight->sent));
    }
    void on(Instant, const FileAnswered& event) {
        const auto flight = landed(files, event.request);
        if (flight) all.file_operations.count(flight->verb, place(event.reply.status));
    }
    void on(Instant, const OwnContainer&) { all.container_known.Set(1); }
    void on(Instant, const HolderEnded&) { all.holder_ends.Increment(); }
    template <class Other>
    void on(Instant, const Other&) {}

    // Effects: what the step decided.
    void on(Instant, const RoleChanged& effect) {
        if (effect.role == Role::leader) all.transitions[0]->Increment();
        if (role == Role::leader && effect.role != Role::leader) all.transitions[1]->Increment();
        role = effect.role;
        set_state(all.role, place(role));
    }
    void on(Instant, const GateMoved& effect) {
        const bool extended = effect.term == gate.term && effect.valid_until > gate.valid_until;
        if (extended && role == Role::leader) all.renewals.Increment();
        gate = effect;
    }
    void on(Instant now, const SendLease& effect) {
        lease[effect.request.value()] = Flight{place(effect.verb), now};
    }
    void on(Instant now, const SendBucket& effect) {
        bucket[effect.request.value()] = Flight{place(effect.verb), now};
        // A follower lists in passes only; the first page has no key to start after.
        if (effect.verb == BucketVerb::list && role == Role::follower && effect.key.empty())
            pass_began = now;
    }
    void on(Instant now, const SendFile& effect) {
        files[effect.request.value()] = Flight{place(effect.verb), now};
    }
    void on(Instant, const ReadDone& effect) { all.reads[place(effect.outcome)]->Increment(); }
    void on(Instant, const WriteDone& effect) {
        all.writes[place(effect.ack)]->Increment();
        if (effect.ack == WriteAck::fenced) all.gate_rejections[1]->Increment();
        if (effect.ack == WriteAck::committed)
            all.epoch.Set(std::max(all.epoch.Value(), static_cast<double>(effect.epoch.value())));
    }
    void on(Instant, const QueryDone& effect) { all.queries[place(effect.outcome)]->Increment(); }
    void on(Instant, const Mark& effect) {
        all.marks[place(effect.mark)]->Increment();
        switch (effect.mark) {
            case MarkId::pass_completed:
                all.passes[0]->Increment();
                all.last_pass.Set(seconds(read_now().wall.time_since_epoch()));
                break;
            case MarkId::pass_failed:
                all.passes[1]->Increment();
                break;
            case MarkId::poll_tick_skipped:
                all.ticks_skipped.Increment();
                break;
            case MarkId::preconditions_honoured:
                set_state(all.put_preconditions, 0);
                break;
            case MarkId::preconditions_ignored:
                set_state(all.put_preconditions, 1);
                break;
            case MarkId::preconditions_refused:
                set_state(all.put_preconditions, 2);
                break;
            case MarkId::preconditions_not_atomic:
                set_state(all.put_preconditions, kNotAtomic);
                break;
            case MarkId::conditional_delete_honoured:
                set_state(all.delete_preconditions, 0);
                break;
            case MarkId::conditional_delete_ignored:
                set_state(all.delete_preconditions, 1);
                break;
            default:
                break;
        }
    }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::stepped(Instant now, const Event& event, const Effects& effects) {
    std::visit([&](const auto& what) { state_->on(now, what); }, event);
    for (const Effect& effect : effects)
        std::visit([&](const auto& what) { state_->on(now, what); }, effect);
}

void Metrics::permit(bool granted) {
    if (!granted) state_->all.gate_rejections[0]->Increment();
}

void Metrics::sent_bytes(std::uint64_t count) {
    state_->all.sent_bytes.Increment(static_cast<double>(count));
}

void Metrics::received_bytes(std::uint64_t count) {
    state_->all.received_bytes.Increment(static_cast<double>(count));
}

void Metrics::watchdog_closed() {
    state_->all.watchdog_closed.Increment();
}

void Metrics::leader_event(EventOutcome outcome) {
    state_->all.leader_events[place(outcome)]->Increment();
}

void Metrics::http_request(std::string_view route, int status) {
    const auto found = state_->http.find(std::pair(route, status));
    if (found != state_->http.end()) return found->second->Increment();
    prometheus::Counter& counter = state_->all.http_requests.Add(
        {{"route", std::string(route)}, {"code", std::to_string(status)}});
    state_->http[{std::string(route), status}] = &counter;
    counter.Increment();
}

void Metrics::http_connections(std::size_t open) {
    state_->all.http_connections.Set(static_cast<double>(open));
}

void Metrics::duties(const DutyStates& states) {
    Catalogue& all = state_->all;
    for (std::size_t i = 0; i < kDuties; ++i) {
        const DutyState& duty = states.at(i);
        all.duty_failing[i]->Set(duty.failing ? 1 : 0);
        all.duty_failures[i]->Set(duty.failing ? static_cast<double>(duty.failures) : 0);
        all.duty_since[i]->Set(duty.failing ? seconds(duty.since.time_since_epoch()) : 0);
    }
}

void Metrics::storage(const StorageStatus& status) {
    Catalogue& all = state_->all;
    all.keys.Set(static_cast<double>(status.keys));
    all.tombstones.Set(static_cast<double>(status.tombstones));
    all.tombstone_bytes.Set(static_cast<double>(status.tombstone_bytes));
    all.list_pages.Set(static_cast<double>(status.list_pages));
}

void Metrics::store_not_atomic() {
    set_state(state_->all.put_preconditions, kNotAtomic);
}

std::optional<Instant> Metrics::last_pass_began() const {
    return state_->pass_began;
}

std::string Metrics::text(Instant now, const Leadership& leadership, std::uint64_t pending_reads,
                          std::uint64_t pending_writes, std::uint64_t pending_queries) {
    Catalogue& all = state_->all;
    const bool open = leadership.role == Role::leader && leadership.valid_until > now;
    all.is_leader.Set(open ? 1 : 0);
    all.term.Set(static_cast<double>(leadership.term.value()));
    if (!open)
        all.gate_valid.Set(0);
    else if (leadership.valid_until == kNever)
        all.gate_valid.Set(std::numeric_limits<double>::infinity());
    else
        all.gate_valid.Set(seconds(leadership.valid_until - now));
    all.pending_reads.Set(static_cast<double>(pending_reads));
    all.pending_writes.Set(static_cast<double>(pending_writes));
    all.pending_queries.Set(static_cast<double>(pending_queries));
    const double cpu = cpu_seconds();
    all.cpu_seconds.Increment(cpu - std::exchange(state_->cpu_told, cpu));
    all.resident_bytes.Set(resident_bytes());
    return prometheus::TextSerializer().Serialize(all.registry.Collect());
}

}  // namespace leasehold::agent
