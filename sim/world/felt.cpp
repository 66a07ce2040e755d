#include "sim/world/felt.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/world/request_kind.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMeasure = 5s;         // shorter, and a nanosecond's rounding would show
constexpr std::int64_t kRateGrace = 100;  // ppb
constexpr Duration kAftermath = 2min;     // time-outs of what a cut swallowed come later
constexpr Duration kNearly = 100ms;
constexpr std::uint64_t kCrowd = 100;           // answers beside another open request
constexpr std::uint64_t kTransfer = 256 << 10;  // bytes: time in transit shows above latencies

bool halts(FaultKind kind) {
    return kind == FaultKind::pause || kind == FaultKind::suspend;
}
bool of_paths(FaultKind kind) {
    return kind == FaultKind::cut || kind == FaultKind::delay || kind == FaultKind::outage;
}
bool of_requests(FaultKind kind) {
    return kind == FaultKind::drop_request || kind == FaultKind::lose_answer ||
           kind == FaultKind::apply_late || kind == FaultKind::answer_error;
}
bool among(const std::vector<ReplicaIndex>& list, ReplicaIndex replica) {
    return std::ranges::find(list, replica) != list.end();
}
bool varies(const LatencySpec& spec) {
    return spec.p50 != spec.p99;
}
std::uint64_t size_of(const ObjectBodyPtr& body) {
    return body ? body->payload.size : 0;
}

}  // namespace

Felt::Felt(const Scenario& scenario) : scenario_(scenario), tallies_(scenario.faults.size()) {}

Felt::Server Felt::server_of(RequestKind kind) {
    return kind >= RequestKind::get_object ? Server::bucket : Server::api;
}

Felt::Machine& Felt::machine(ReplicaIndex replica) {
    if (machines_.size() <= replica) machines_.resize(replica + 1);
    return machines_[replica];
}

// ---- faults ---------------------------------------------------------------------------------

void Felt::on(const FaultTookEffect& record) {
    const Fault& fault = scenario_.faults[record.fault];
    if (record.began) {
        begins(record, fault);
        return;
    }
    for (Watch& watch : watches_)
        if (watch.fault == record.fault && watch.until > record.at) watch.ended = record.at;
}

void Felt::begins(const FaultTookEffect& record, const Fault& fault) {
    if (of_requests(fault.kind)) {
        met_request(record, fault);
        return;
    }
    Watch watch;
    watch.fault = record.fault;
    watch.at = record.at;
    watch.targets = record.targets;
    if (fault.lasts) watch.until = record.at + *fault.lasts;
    switch (fault.kind) {
        case FaultKind::heal:
            // What ended at this instant ended by this: its own time is no longer to be kept.
            for (Watch& other : watches_)
                if (other.ended == record.at) other.until = record.at;
            say(record.fault, true);
            return;
        case FaultKind::resume:
            for (Watch& other : watches_)
                if (halts(fault_of(other).kind))
                    for (const ReplicaIndex target : record.targets)
                        if (among(other.targets, target)) other.until = record.at;
            say(record.fault, true);
            return;
        case FaultKind::crash:
            crashed(record, fault);
            return;
        case FaultKind::restart:
            for (const ReplicaIndex target : record.targets)
                say(record.fault, machine(target).started == record.at);
            return;
        case FaultKind::delete_lease:
        case FaultKind::edit_lease:
            say(record.fault, operator_wrote_ == record.at);
            return;
        case FaultKind::cut:
        case FaultKind::delay:
            // Replicas send each other nothing.
            if (!fault.api && !fault.bucket) say(record.fault, true);
            break;
        case FaultKind::set_drift:
            for (const ReplicaIndex target : record.targets)
                machine(target).measured.reset();
            break;
        default:
            break;
    }
    watches_.push_back(std::move(watch));
}

void Felt::crashed(const FaultTookEffect& record, const Fault& fault) {
    for (const ReplicaIndex target : record.targets) {
        Machine& own = machine(target);
        const bool gone = own.ended == record.at && own.cause == EndCause::crashed;
        say(record.fault, gone);
        if (!fault.keep_disk) own.lost_by = record.fault;
    }
}

// It met a request that was about to leave: which one, the record does not say.
void Felt::met_request(const FaultTookEffect& record, const Fault& fault) {
    for (const ReplicaIndex target : record.targets) {
        std::vector<Request*> candidates;
        for (Request& request : machine(target).open)
            if (request.kind == fault.request) candidates.push_back(&request);
        for (Request* request : candidates)
            request->met.push_back({record.fault, candidates.size() == 1 && request->met.empty()});
    }
}

void Felt::of_request(const Request& request, TrueTime at, std::int32_t status) {
    for (const Met& met : request.met) {
        const Fault& fault = scenario_.faults[met.fault];
        bool as_told = status == 0;
        if (fault.kind == FaultKind::answer_error) as_told = status == fault.status;
        if (fault.kind == FaultKind::apply_late) as_told |= at - request.sent >= fault.by;
        if (as_told || (met.sure && request.met.size() == 1 && status != 0))
            say(met.fault, as_told);
    }
}

// ---- requests and answers -------------------------------------------------------------------

void Felt::sent(Machine& machine, TrueTime at, const Effect& effect) {
    Request request;
    request.sent = at;
    if (const auto* lease = std::get_if<SendLease>(&effect)) {
        request.id = lease->request;
        request.kind = kind_of(lease->verb);
    } else if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
        request.id = bucket->request;
        request.kind = kind_of(bucket->verb);
        request.bytes = size_of(bucket->body);
    } else {
        if (const auto* file = std::get_if<SendFile>(&effect); file && file->verb == FileVerb::list)
            machine.list = file->request;
        return;
    }
    machine.open.push_back(std::move(request));
}

void Felt::answered(ReplicaIndex replica, TrueTime at, const Answer& answer) {
    Machine& own = machine(replica);
    const auto found = std::ranges::find_if(own.open, [&](const Request& one) {
        return one.id == answer.request && server_of(one.kind) == answer.server;
    });
    if (found == own.open.end()) return;
    Request request = std::move(*found);
    own.open.erase(found);
    of_request(request, at, answer.status);
    for (Watch& watch : watches_)
        if (of_paths(fault_of(watch).kind) && among(watch.targets, replica))
            through(watch, request, at, answer.status);
    if (answer.status == 0) return;
    if (answer.status < 300) crowd(own, request);
    request.bytes = std::max(request.bytes, answer.bytes);
    const double seconds = static_cast<double>((at - request.sent).count()) / 1e9;
    const auto fastest = static_cast<double>(
        std::max(scenario_.network.bandwidth, scenario_.network.bucket_bandwidth));
    if (answer.status == 200 && request.bytes >= kTransfer &&
        seconds < static_cast<double>(request.bytes) / fastest)
        ++too_fast_;
}

// A request that was under way beside a cut, a delay, an outage.
void Felt::through(const Watch& watch, const Request& request, TrueTime at, std::int32_t status) {
    const Fault& fault = fault_of(watch);
    const bool concerns = server_of(request.kind) == Server::api ? fault.api : fault.bucket;
    if (!concerns || at <= watch.at || request.sent >= watch.until) return;
    const bool inside = request.sent > watch.at && at < watch.until;
    if (status == 0) {
        say(watch.fault, true);
    } else if (fault.kind != FaultKind::delay) {
        if (inside) say(watch.fault, false);
    } else if (request.sent >= watch.at && at - request.sent >= fault.by) {
        say(watch.fault, true);
    } else if (inside) {
        say(watch.fault, false);
    }
}

// Where latencies vary, a later request is sometimes answered first.
void Felt::crowd(const Machine& machine, const Request& request) {
    bool others = false;
    bool older = false;
    for (const Request& one : machine.open) {
        // Of one kind and sent at nearly one time: only then either may be the first.
        if (one.kind != request.kind || server_of(one.kind) != Server::bucket) continue;
        const Duration apart =
            one.sent < request.sent ? request.sent - one.sent : one.sent - request.sent;
        if (apart == Duration(0) || apart > kNearly) continue;
        others = true;
        older |= one.sent < request.sent;
    }
    crowded_ += others ? 1 : 0;
    overtakings_ += older ? 1 : 0;
}

// ---- steps ----------------------------------------------------------------------------------

void Felt::on(const ProcessStarted& record) {
    Machine& own = machine(record.replica);
    own.started = record.at;
    own.open.clear();
    own.last.reset();
}

void Felt::on(const ProcessEnded& record) {
    Machine& own = machine(record.replica);
    own.ended = record.at;
    own.cause = record.cause;
    own.open.clear();
    own.last.reset();
    own.measured.reset();
    // What was to stand still, or to stop, is gone.
    for (Watch& watch : watches_)
        if (!of_paths(fault_of(watch).kind) && std::erase(watch.targets, record.replica) > 0)
            say(watch.fault, true);
}

void Felt::on(const ClockChanged& record) {
    machine(record.replica).measured.reset();
    machine(record.replica).rate_is_first = false;
}

void Felt::on(const LeaseCommitted& record) {
    if (record.writer == kNobody) operator_wrote_ = record.at;
}

void Felt::on(const ReplicaStepped& record) {
    Machine& own = machine(record.replica);
    measure(own, record);
    for (Watch& watch : watches_)
        if (!of_paths(fault_of(watch).kind) && among(watch.targets, record.replica))
            stepped(watch, record, own);
    std::erase_if(watches_, [&](const Watch& watch) {
        return watch.targets.empty() ||
               (of_paths(fault_of(watch).kind) && watch.until != TrueTime::max() &&
                record.at > watch.until + kAftermath);
    });
    if (const auto* lease = std::get_if<LeaseAnswered>(record.event)) {
        if (!lease->reply.not_sent)
            answered(record.replica, record.at,
                     {lease->request, Server::api, lease->reply.status, 0});
    } else if (const auto* bucket = std::get_if<BucketAnswered>(record.event)) {
        const auto* body = std::get_if<ObjectBodyPtr>(&bucket->reply->content);
        if (!bucket->reply->not_sent)
            answered(record.replica, record.at,
                     {bucket->request, Server::bucket, bucket->reply->status,
                      body == nullptr ? 0 : size_of(*body)});
        else
            std::erase_if(own.open, [&](const Request& one) { return one.id == bucket->request; });
    } else if (const auto* file = std::get_if<FileAnswered>(record.event)) {
        if (file->request == own.list && own.lost_by && file->reply.entries) {
            if (!file->reply.entries->empty()) say(*own.lost_by, false);
            own.lost_by.reset();
        }
    }
    for (const Effect& effect : record.effects)
        sent(own, record.at, effect);
    own.last = record.now;
    own.last_at = record.at;
}

/// One step of a target of a fault of processes or clocks.
void Felt::stepped(Watch& watch, const ReplicaStepped& record, const Machine& machine) {
    const Fault& fault = fault_of(watch);
    std::optional<bool> as_told;
    if (halts(fault.kind)) {
        const TrueTime until = fault.lasts ? watch.until : std::min(watch.until, watch.ended);
        if (record.at <= watch.at) return;
        as_told = record.at >= until && slept(watch, record, machine);
    } else if (fault.kind == FaultKind::stop) {
        if (std::holds_alternative<Stop>(*record.event)) as_told = true;
    } else if (fault.kind == FaultKind::step_wall_clock) {
        const auto offset = [](const Now& now) {
            return now.wall.time_since_epoch() - now.monotonic.time_since_epoch();
        };
        as_told = !machine.last || offset(record.now) - offset(*machine.last) == fault.by;
    } else if (fault.kind == FaultKind::set_drift) {
        if (machine.measured && machine.measured_at >= watch.at && machine.rate)
            as_told = std::abs(*machine.rate - fault.drift_ppm * 1000) <= kRateGrace;
    }
    if (!as_told) return;
    say(watch.fault, *as_told);
    std::erase(watch.targets, record.replica);
}

/// While a machine sleeps its monotonic clock stands still or goes on, as the fault has it.
bool Felt::slept(const Watch& watch, const ReplicaStepped& record, const Machine& machine) const {
    const Fault& fault = fault_of(watch);
    if (fault.kind != FaultKind::suspend || !machine.last) return true;
    const Duration passed = record.at - machine.last_at;
    const Duration shown = record.now.monotonic - machine.last->monotonic;
    const Duration asleep = std::min(watch.until, record.at) - watch.at;
    return (passed - shown > asleep / 2) == fault.frozen;
}

void Felt::measure(Machine& machine, const ReplicaStepped& record) {
    if (!machine.measured) {
        machine.measured = record.now;
        machine.measured_at = record.at;
        machine.rate.reset();
        return;
    }
    const Duration passed = record.at - machine.measured_at;
    if (passed < kMeasure || machine.rate) return;
    const Duration shown = record.now.monotonic - machine.measured->monotonic;
    machine.rate = std::llround(static_cast<double>((shown - passed).count()) * 1e9 /
                                static_cast<double>(passed.count()));
    if (machine.rate_is_first && !machine.first_rate) machine.first_rate = machine.rate;
}

// ---- the end --------------------------------------------------------------------------------

void Felt::tell(std::vector<check::FaultResult>& faults) {
    // Whoever was to stand still and was not seen to step, stood still.
    for (const Watch& watch : watches_)
        if (halts(fault_of(watch).kind)) tallies_[watch.fault].felt += watch.targets.size();
    for (std::size_t i = 0; i < faults.size(); ++i) {
        faults[i].felt = tallies_[i].felt;
        faults[i].contradicted = tallies_[i].contradicted;
    }
}

std::vector<check::Expectation> Felt::of_the_world() const {
    std::vector<check::Expectation> unmet;
    const auto& told = scenario_.clocks.drift_ppm;
    bool wrong = false;
    bool measured = false;
    bool drifts = false;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
        if (!machines_[i].first_rate) continue;
        measured = true;
        const std::int64_t rate = *machines_[i].first_rate;
        drifts |= std::abs(rate) > kRateGrace;
        if (i < told.size()) wrong |= std::abs(rate - told[i] * 1000) > kRateGrace;
    }
    wrong |= measured && !drifts && scenario_.clocks.drift_ppm_max > 0;
    if (wrong)
        unmet.push_back({"clocks run as they were told", false, "another rate was measured"});
    if (too_fast_ > 0)
        unmet.push_back({"transfers take their time", false,
                         std::to_string(too_fast_) + " were faster than their bandwidth"});
    const bool mixed = varies(scenario_.bucket.get) && varies(scenario_.bucket.put);
    if (mixed && crowded_ >= kCrowd && overtakings_ == 0)
        unmet.push_back({"answers overtake each other where latencies vary", false,
                         "never among " + std::to_string(crowded_)});
    return unmet;
}

}  // namespace leasehold::sim
