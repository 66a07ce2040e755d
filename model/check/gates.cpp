#include "model/check/gates.hpp"

#include <algorithm>
#include <string>

namespace leasehold::check {

Gates::Move Gates::moved(const ReplicaStepped& step, ReplicaFacts& self, const GateMoved& gate) {
    if (gate.valid_until <= step.now.monotonic) {
        if (self.gate.held) close(step.at, self);
        return Move::closed;
    }
    const bool was_open =
        self.gate.held && !self.gate.closed_known && step.now.monotonic < self.gate.valid_until;
    if (!was_open) {
        if (self.gate.held) close(step.at, self);
        self.gate = Gate{};
        self.gate.held = true;
        self.gate.opened = step.at;
        self.gate.number = step.number;
        ++held_;
    }
    self.gate.term = gate.term;
    self.gate.valid_until = gate.valid_until;
    facts_.checked(Id::at_most_one);
    // Two gates are open together from the instant at which the later one opens (or opens
    // again): looking at the others at each such instant finds every overlap and its start.
    if (held_ > 1) check_alone(step.at, step.number, self);
    return was_open ? Move::extended : Move::opened;
}

void Gates::check_alone(TrueTime at, std::uint64_t number, const ReplicaFacts& self) {
    if (!facts_.fresh(Id::at_most_one) || !self.elects) return;
    for (const ReplicaFacts& other : facts_.replicas) {
        if (&other == &self || !other.elects || !other.gate_open(at)) continue;
        const TrueTime own_end = self.gate_end();
        const TrueTime other_end = other.gate_end();
        const ReplicaFacts& first = &other < &self ? other : self;
        const ReplicaFacts& second = &other < &self ? self : other;
        std::string what = first.name + " and " + second.name +
                           " both held an open write gate from " + words(at) + " to " +
                           words(std::min(own_end, other_end)) + " (" + other.name + " until " +
                           words(other_end) + ", " + self.name + " until " + words(own_end) + ")";
        facts_.violate(Id::at_most_one, at, std::move(what), {other.gate.number, number});
        return;
    }
}

void Gates::close(TrueTime at, ReplicaFacts& self) {
    last_end_ = std::max(last_end_, std::min(at, self.gate_end()));
    self.gate.held = false;
    --held_;
}

void Gates::clock_changed(const ClockChanged& record, ReplicaFacts& self) {
    if (self.gate.held && !self.gate.closed_known && !self.gate_open(record.at)) {
        self.gate.closed = self.gate_end();
        self.gate.closed_known = true;
    }
    self.clock = record.clock;
    // A clock that went back (none should) would open a closed gate again.
    if (self.gate.closed_known && record.clock.reading(record.at) < self.gate.valid_until)
        self.gate.closed_known = false;
    if (held_ > 1 && self.gate_open(record.at)) check_alone(record.at, record.number, self);
}

void Gates::process_ended(TrueTime at, ReplicaFacts& self) {
    if (self.gate.held) close(at, self);
}

void Gates::became_leader(const ReplicaStepped& step, const RoleChanged& role) {
    facts_.checked(Id::term_increases);
    if (role.term <= last_term_ && facts_.fresh(Id::term_increases)) {
        facts_.violate(Id::term_increases, step.at,
                       facts_.name(step.replica) + " began to lead at " + words(step.at) +
                           " with term " + std::to_string(role.term.value()) +
                           ", which is not above term " + std::to_string(last_term_.value()) +
                           " of " + facts_.name(last_leader_) + " before it",
                       {last_term_number_, step.number});
    }
    last_term_ = role.term;
    last_term_number_ = step.number;
    last_leader_ = step.replica;
}

bool Gates::any_open(TrueTime at) const {
    if (held_ == 0) return false;
    return std::any_of(facts_.replicas.begin(), facts_.replicas.end(),
                       [at](const ReplicaFacts& replica) { return replica.gate_open(at); });
}

bool Gates::other_open(TrueTime at, const ReplicaFacts& self) const {
    if (held_ == 0 || (held_ == 1 && self.gate.held)) return false;
    return std::any_of(facts_.replicas.begin(), facts_.replicas.end(),
                       [at, &self](const ReplicaFacts& replica) {
                           return &replica != &self && replica.gate_open(at);
                       });
}

TrueTime Gates::last_end(TrueTime at) const {
    TrueTime end = last_end_;
    for (const ReplicaFacts& replica : facts_.replicas)
        if (replica.gate.held) end = std::max(end, std::min(at, replica.gate_end()));
    return end;
}

}  // namespace leasehold::check
