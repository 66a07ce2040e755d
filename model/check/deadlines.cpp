// The deadlines of calls and stops: at a step that reached one, and at the end of the history.
#include <algorithm>
#include <string>

#include "model/check/calls.hpp"

namespace leasehold::check {

void Calls::deadlines(const ReplicaStepped& step, ReplicaFacts& self) {
    const Instant now = step.now.monotonic;
    Station& own = station(step.replica);
    Instant next = kNever;
    for (Call& call : own.calls) {
        // A step settles time before it looks at its event: what is still open now stays open.
        if (call.deadline <= now && call.number != step.number) {
            late(call.is_query ? Id::query_within_deadline : Id::one_outcome, step, call);
        } else {
            next = std::min(next, call.deadline);
        }
        if (call.due <= now) overdue(step, self, call);
        next = std::min(next, call.due);
    }
    if (own.stop_deadline <= now) {
        if (own.stop_number != step.number) {
            stop_late(step, self, own);
            own.stop_deadline = kNever;
        }
    }
    next = std::min(next, own.stop_deadline);
    self.next_check = next;
}

void Calls::overdue(const ReplicaStepped& step, const ReplicaFacts& self, Call& call) {
    const Instant now = step.now.monotonic;
    // A pause in between stops no clock but all work: the bound counts from its end.
    if (self.stall_ended != Instant::min()) {
        const Instant later =
            saturating_add(self.stall_ended, release_bound(stations_[step.replica].calls.size()));
        if (later > now) {
            call.due = later;
            return;
        }
    }
    call.due = kNever;
    if (call.promoted && call.gets > 0 && call.deadline != kNever)
        return;  // under way, and its deadline bounds it
    if (!call.promoted && call.deadline != kNever) return;
    const Id id = call.promoted ? Id::releases_all : Id::one_outcome;
    if (!facts_.fresh(id)) return;
    facts_.violate(id, step.at,
                   facts_.name(step.replica) + " leads, and its backup read of " + words(call.key) +
                       (call.promoted ? ", pending at its promotion," : "") + " had not ended at " +
                       words(step.at),
                   {call.number, step.number});
}

void Calls::stop_late(const ReplicaStepped& step, const ReplicaFacts& self, const Station& own) {
    if (!facts_.fresh(Id::stop_bounded)) return;
    const Duration by = step.now.monotonic - own.stop_deadline;
    facts_.violate(
        Id::stop_bounded, step.at - by,
        self.name + " had not stopped " + words(by) + " after its deadline, at " + words(step.at),
        {own.stop_number, step.number});
}

void Calls::process_ended(const ProcessEnded& record, const ReplicaFacts& self) {
    if (record.replica >= stations_.size()) return;
    Station& own = stations_[record.replica];
    if (record.cause != EndCause::run_ended) {
        // Calls end with their process, but one that should have stopped ended too late.
        if (own.stop_number != 0 && own.stop_deadline != kNever) {
            facts_.checked(Id::stop_bounded);
            const Instant now = self.clock.reading(record.at);
            if (facts_.late(self, own.stop_deadline, now))
                facts_.violate(Id::stop_bounded, record.at,
                               self.name + "'s process ended at " + words(record.at) + ", " +
                                   words(now - own.stop_deadline) + " after its stop's deadline",
                               {own.stop_number, record.number});
        }
        own = Station{};
        return;
    }
    at_end(record.at, record.replica);
    own = Station{};
}

void Calls::at_end(TrueTime end, ReplicaIndex index) {
    const ReplicaFacts& self = facts_.replicas[index];
    if (self.paused || !self.running) return;
    const Instant now = self.clock.reading(end);
    const auto passed = [&](Instant deadline) { return facts_.late(self, deadline, now); };
    const Station& own = stations_[index];
    for (const Call& call : own.calls) {
        const Id id = call.is_query ? Id::query_within_deadline : Id::one_outcome;
        if (!passed(call.deadline) || !facts_.fresh(id)) continue;
        facts_.violate(id, end,
                       self.name + "'s " + (call.is_query ? "query for " : "backup read of ") +
                           words(call.key) + " was still open at " + words(end) + ", " +
                           words(now - call.deadline) + " after its deadline",
                       {call.number});
    }
    if (own.stop_number != 0 && passed(own.stop_deadline) && facts_.fresh(Id::stop_bounded))
        facts_.violate(Id::stop_bounded, end,
                       self.name + " was still running at " + words(end) + ", " +
                           words(now - own.stop_deadline) + " after its stop's deadline",
                       {own.stop_number});
}

void Calls::finish(TrueTime end) {
    for (std::size_t i = 0; i < stations_.size(); ++i)
        at_end(end, static_cast<ReplicaIndex>(i));
}

}  // namespace leasehold::check
