// The door to all checkers: each record goes to those whom it concerns.
#include "model/check/check.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "model/check/parts.hpp"

namespace leasehold::check {

Checkers::Checkers(const Settings& settings) : parts_(std::make_unique<Parts>(settings)) {}
Checkers::~Checkers() = default;

void Checkers::on(const ProcessStarted& record) {
    parts_->process_started(record);
}
void Checkers::on(const ProcessEnded& record) {
    parts_->process_ended(record);
}
void Checkers::on(const ReplicaStepped& record) {
    parts_->step(record);
}
void Checkers::on(const RequestLeft& record) {
    parts_->request_left(record);
}
void Checkers::on(const FaultTookEffect& record) {
    parts_->fault(record);
}

void Checkers::on(const ClockChanged& record) {
    parts_->gates.clock_changed(record, parts_->facts.replica(record.replica));
    parts_->changed(record.at, record.number, record.replica);
}

void Checkers::on(const LeaseCommitted& record) {
    if (record.restored) parts_->gates.restored();
    if (record.writer == kNobody) {
        parts_->stable.touched(record.at);
        parts_->rates.lease_touched();
        parts_->writes.lease_touched(record.at);
    }
    parts_->lease.committed(record);
    parts_->progress.lease_committed(record);
}

void Checkers::on(const ObjectCommitted& record) {
    parts_->bucket.committed(record);
    if (record.writer == kNobody) parts_->stable.touched(record.at);
    parts_->lineage.committed(record, parts_->contents.committed(record));
    parts_->freshness.committed(record);
    parts_->twin.committed(record);
}

void Checkers::on(const PathChanged& record) {
    ReplicaFacts& self = parts_->facts.replica(record.replica);
    self.api_healthy = record.api_healthy;
    self.bucket_healthy = record.bucket_healthy;
    if (!record.api_healthy || !record.bucket_healthy) parts_->twin.disturbed(record.replica);
    parts_->changed(record.at, record.number, record.replica);
}

void Checkers::on(const ReplicaTold& record) {
    parts_->status_rules.told(record);
    parts_->index_rules.told(record);
}

void Checkers::Parts::changed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    progress.changed(at, number, index);
    freshness.changed(at, number, index);
    writes.changed(at, number, index);
    goes_on.changed(at, number, index);
    stable.changed(at, index);
    converge.changed(at, index);
}

void Checkers::Parts::disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    freshness.disturbed(at, number, index);
    writes.disturbed(at, number, index);
    goes_on.disturbed(at, number, index);
    stable.disturbed(at, index);
    converge.disturbed(at, index);
}

void Checkers::Parts::process_started(const ProcessStarted& record) {
    if (facts.replica(record.replica).running) {
        ProcessEnded ended;
        ended.number = record.number;
        ended.at = record.at;
        ended.replica = record.replica;
        ended.cause = EndCause::crashed;
        process_ended(ended);
    }
    ReplicaFacts& self = facts.replica(record.replica);
    ReplicaFacts next;
    next.running = true;
    next.elects = record.elects;
    next.api_healthy = self.api_healthy;
    next.bucket_healthy = self.bucket_healthy;
    next.era = self.era + 1;
    next.clock = record.clock;
    next.name = record.name;
    self = std::move(next);
    progress.process_started(record.replica);
    freshness.process_started(record.replica);
    changed(record.at, record.number, record.replica);
}

void Checkers::Parts::process_ended(const ProcessEnded& record) {
    ReplicaFacts& self = facts.replica(record.replica);
    if (!self.running) return;
    calls.process_ended(record, self);
    writes.process_ended(record);
    contents.process_ended(record.replica);
    floors.process_ended(record.replica);
    copies.process_ended(record.replica);
    waits.process_ended(record.replica);
    stable.process_ended(record.replica);
    claims.process_ended(record.replica);
    rates.process_ended(record.replica);
    requests.process_ended(record.replica);
    bucket.process_ended(record.replica);
    twin.process_ended(record.replica);
    gates.process_ended(record.at, self);
    self.running = false;
    self.ended = record.at;
    self.ended_as_leader = self.role == Role::leader;
    if (self.ended_as_leader) goes_on.leadership_ended();
    self.role = Role::stopped;
    self.paused = false;
    self.next_check = kNever;
    ++self.era;
    changed(record.at, record.number, record.replica);
}

void Checkers::Parts::paused(const FaultTookEffect& record, ReplicaIndex index) {
    ReplicaFacts& self = facts.replica(index);
    if (!self.running || self.paused) return;
    self.paused = true;
    self.paused_at = record.at;
    self.paused_by = record.fault;
    // What stood still again before a timer could have come has not gone on in between.
    const Instant now = self.clock.reading(record.at);
    const bool again =
        self.stall_ended != Instant::min() && now - self.stall_ended <= facts.settings.timer_grace;
    if (!again) self.stall_began = now;
    changed(record.at, record.number, index);
}

void Checkers::Parts::resumed(TrueTime at, std::uint64_t number, ReplicaIndex index, Instant now) {
    ReplicaFacts& self = facts.replica(index);
    if (!self.paused) return;
    self.paused = false;
    self.stall_ended = now;
    changed(at, number, index);
}

void Checkers::Parts::fault(const FaultTookEffect& record) {
    progress.fault(record);
    index_rules.fault(record);
    waits.fault(record);
    twin.disturbed(kNobody);
    for (const ReplicaIndex target : record.targets) {
        if (target == kNobody) continue;
        ReplicaFacts& self = facts.replica(target);
        disturbed(record.at, record.number, target);
        if (is_slowness(record.what))
            self.slow = record.began ? self.slow + 1 : self.slow - std::min(self.slow, 1U);
        const bool stalls = is_stall(record.what);
        // Of a stall that repeats, the end of an earlier time ends no later one: the process of
        // that time may be gone, and another stand still.
        std::uint32_t times = 0;
        if (stalls) {
            std::uint32_t& open = halts[{target, record.fault}];
            times = open = record.began ? open + 1 : open - std::min(open, 1U);
        }
        if (record.began && stalls)
            paused(record, target);
        else if ((stalls && self.paused_by == record.fault && times == 0) ||
                 record.what.starts_with("resume"))
            resumed(record.at, record.number, target, self.clock.reading(record.at));
    }
    if (record.targets.empty())
        for (std::size_t i = 0; i < facts.replicas.size(); ++i)
            disturbed(record.at, record.number, static_cast<ReplicaIndex>(i));
}

void Checkers::Parts::request_left(const RequestLeft& record) {
    if (record.verb != BucketVerb::put && record.verb != BucketVerb::remove) return;
    const ReplicaFacts& self = facts.replica(record.replica);
    if (!self.elects) return;
    facts.checked(Id::writes_are_no_ops);
    if (!record.permitted || self.gate_open(record.at) || !facts.fresh(Id::writes_are_no_ops))
        return;
    facts.violate(
        Id::writes_are_no_ops, record.at,
        facts.name(record.replica) + "'s " + (record.verb == BucketVerb::put ? "PUT" : "DELETE") +
            " was permitted at " + words(record.at) +
            (self.gate.held ? ", after its write gate had closed at " + words(self.gate_end())
                            : std::string(" while its write gate was closed")),
        {self.gate.number, record.number});
}

}  // namespace leasehold::check
