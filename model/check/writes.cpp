#include "model/check/writes.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace leasehold::check {

namespace {

using namespace std::chrono_literals;

std::string_view words(WriteAck ack) {
    switch (ack) {
        case WriteAck::committed:
            return "Committed";
        case WriteAck::skipped_follower:
            return "SkippedFollower";
        case WriteAck::fenced:
            return "Fenced";
        case WriteAck::failed:
            return "Failed";
        case WriteAck::unknown:
            return "Unknown";
    }
    return "";
}

}  // namespace

bool Writes::able(const ReplicaFacts& replica) const {
    const std::int64_t limit = facts_.settings.election.drift_ppm * 1000;
    const bool drifts = replica.clock.rate_ppb > limit || replica.clock.rate_ppb < -limit;
    return replica.running && !replica.paused && !replica.stopping && replica.bucket_healthy &&
           (!replica.elects || (replica.api_healthy && !drifts));
}

Duration Writes::bound(std::uint64_t size, std::size_t ahead, std::size_t same_key) const {
    // What a leader with a healthy path may need, each part at its longest, one after the other:
    // - what was under way when the path healed times out, and backs off at most retryMax;
    // - the claim: a GET, a renewal sent after it (the one in flight first), a PUT; and once more,
    //   because the first met what the outage left;
    // - its own turn: writes of its key one by one, the others as many at once as there are
    //   places, each with a look at the object that it replaces.
    const StorageConfig& storage = facts_.settings.storage;
    const ElectorConfig& election = facts_.settings.election;
    const auto mib = static_cast<std::int64_t>(std::max(size, facts_.settings.object_size) >> 20U);
    const Duration attempt = std::max(storage.put_timeout, storage.get_timeout) +
                             mib * storage.timeout_per_mib + storage.retry_max;
    // Where the store is slow, each attempt is a toss of a coin.
    const auto attempts = facts_.slow_store() ? 16 : 1;
    Duration claim{0};
    if (facts_.settings.elects)
        claim = 2 * (2 * facts_.settings.bucket_request + storage.retry_max +
                     2 * (election.attempt_timeout() + election.retry_period));
    const Duration turn = 2 * facts_.settings.bucket_request + facts_.settings.transfer;
    // Where no condition refuses a late PUT, a key whose last one has an unknown outcome rests
    // until that can land no more.
    const bool refused = facts_.settings.elects && facts_.settings.fences;
    const Duration rest = refused ? Duration(0) : storage.largest_request_age;
    const auto places = std::max(1U, storage.puts_max);
    const auto rounds = static_cast<std::int64_t>(2 + same_key + ahead / places);
    // Nobody calls a minute late.
    return std::max<Duration>(60s, attempts * attempt + claim + rest + rounds * turn);
}

void Writes::began(const ReplicaStepped& step, ReplicaFacts& self, CallId call,
                   const ObjectKey& key, std::uint64_t size) {
    if (self.stopped) return;
    Station& own = station(step.replica);
    const StorageConfig& storage = facts_.settings.storage;
    const auto same_key = std::count_if(own.writes.begin(), own.writes.end(),
                                        [&key](const Write& write) { return write.key == key; });
    Write write;
    write.call = call;
    write.key = key;
    write.accepted = step.at;
    write.bound = bound(size, own.writes.size(), static_cast<std::size_t>(same_key));
    write.number = step.number;
    const auto mib = static_cast<std::int64_t>((size >> 20U) + 1);
    write.deadline =
        saturating_add(step.now.monotonic, storage.write_deadline + mib * storage.timeout_per_mib);
    self.next_check = std::min(self.next_check, write.deadline);
    self.write_check = std::min(self.write_check, step.at + write.bound);
    own.writes.push_back(std::move(write));
    ++accepted_;
}

bool Writes::accepted(ReplicaIndex index, CallId call) const {
    if (index >= stations_.size()) return false;
    const std::vector<Write>& writes = stations_[index].writes;
    return std::any_of(writes.begin(), writes.end(),
                       [call](const Write& write) { return write.call == call; });
}

std::size_t Writes::open_keys(ReplicaIndex index) const {
    if (index >= stations_.size()) return 0;
    std::vector<std::string_view> keys;
    for (const Write& write : stations_[index].writes)
        keys.push_back(write.key.view());
    std::ranges::sort(keys);
    return static_cast<std::size_t>(std::ranges::unique(keys).begin() - keys.begin());
}

/// From when on the write's leader could work without a break.
TrueTime Writes::begin(const Station& own, const Write& write) const {
    return std::max({write.accepted, own.since, own.settles});
}

void Writes::done(const ReplicaStepped& step, const ReplicaFacts& self, const WriteDone& done) {
    if (step.replica >= stations_.size()) return;
    Station& own = stations_[step.replica];
    const auto found = std::find_if(own.writes.begin(), own.writes.end(),
                                    [&](const Write& write) { return write.call == done.call; });
    if (found == own.writes.end()) return;
    if (found->number == step.number && done.ack != WriteAck::committed) {
        --accepted_;  // refused as it came: a follower, or a leader that ends
    } else if (done.ack != WriteAck::committed) {
        denied(step, self, own, *found, done.ack);
    } else if (own.works) {
        facts_.checked(Id::eventually_committed);
    }
    if (found->number != step.number)
        too_late(self, *found, step.now.monotonic, step.at, step.number);
    *found = std::move(own.writes.back());
    own.writes.pop_back();
}

/// An answer other than Committed is right where something was in the way. A leader that stops
/// drains what it accepted, as long as a last request and the release fit before its deadline.
void Writes::denied(const ReplicaStepped& step, const ReplicaFacts& self, const Station& own,
                    const Write& write, WriteAck ack) {
    // As a leader ends it answers what it has not finished, in the same step.
    const TrueTime drains = own.ended_in == step.number ? own.drained : own.drains;
    // A leadership that ends by what is seen of the Lease has no time to finish anything.
    // Nor has one that somebody else's hand on the Lease keeps from renewing.
    const Duration lease = facts_.settings.election.lease_duration;
    const bool lost = std::holds_alternative<LeaseWatched>(*step.event) ||
                      std::holds_alternative<LeaseAnswered>(*step.event) ||
                      (lease_touched_ && step.at - *lease_touched_ < lease);
    if (!own.works && lost) return;
    TrueTime since = own.works ? own.since : drains;
    // Who stood still may have next to nothing left of its validity, and renews too late.
    const bool ran_out = self.elects && step.now.monotonic >= self.gate.valid_until;
    if (!own.works && ran_out && since != TrueTime::max())
        since += facts_.settings.election.attempt_timeout();
    if (since > write.accepted || own.settles > write.accepted) return;
    const StorageConfig& storage = facts_.settings.storage;
    const Duration reserve = storage.put_timeout + facts_.settings.transfer +
                             2 * facts_.settings.election.attempt_timeout();
    if (!own.works && saturating_add(step.now.monotonic, reserve) >= own.stop_deadline) return;
    const bool overdue = step.at - write.accepted > write.bound;
    // There was too much to do. The deadline is known to a MiB, for headers belong to the size.
    if (step.now.monotonic >= write.deadline - storage.timeout_per_mib && !overdue) return;
    if (!facts_.fresh(Id::eventually_committed)) return;
    facts_.violate(Id::eventually_committed, step.at,
                   self.name + " answered its write of " + check::words(write.key) + " of " +
                       check::words(write.accepted) + " with " + std::string(words(ack)) + " at " +
                       check::words(step.at) +
                       ", although it led and reached both servers throughout",
                   {write.number, step.number});
}

void Writes::too_late(const ReplicaFacts& self, Write& write, Instant now, TrueTime at,
                      std::uint64_t number) {
    if (write.late || !facts_.late(self, write.deadline, now)) return;
    write.late = true;
    if (!facts_.fresh(Id::eventually_committed)) return;
    const Duration by = now - write.deadline;
    facts_.violate(Id::eventually_committed, at - by,
                   self.name + "'s write of " + check::words(write.key) + " of " +
                       check::words(write.accepted) + " had no answer " + check::words(by) +
                       " after its deadline, at " + check::words(at),
                   {write.number, number});
}

void Writes::judge(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    Station& own = station(index);
    ReplicaFacts& self = facts_.replicas[index];
    self.write_check = TrueTime::max();
    if (!own.works) return;
    for (const Write& write : own.writes) {
        const TrueTime from = begin(own, write);
        const TrueTime due = from + write.bound;
        if (at <= due) {
            self.write_check = std::min(self.write_check, due);
            continue;
        }
        if (write.number == number || !facts_.fresh(Id::eventually_committed)) continue;
        facts_.violate(Id::eventually_committed, due,
                       self.name + "'s write of " + check::words(write.key) + " of " +
                           check::words(write.accepted) + " was not committed at " +
                           check::words(at) + ", although it led and reached both servers since " +
                           check::words(from) + "; the bound is " + check::words(write.bound),
                       {write.number, number});
    }
}

void Writes::changed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    const ReplicaFacts& self = facts_.replicas[index];
    const bool now_works = able(self) && self.role == Role::leader;
    Station& own = station(index);
    if (self.role != Role::leader && own.ended_in != number) {
        own.drained = std::exchange(own.drains, TrueTime::max());
        own.ended_in = number;
    }
    if (!self.stopping || !self.running || self.paused || !self.bucket_healthy ||
        (self.elects && !self.api_healthy) || self.role != Role::leader)
        own.drains = TrueTime::max();
    if (own.works == now_works) return;
    if (own.works) judge(at, number, index);
    own.works = now_works;
    own.since = at;
    if (now_works) judge(at, number, index);
}

void Writes::stop(const ReplicaStepped& step, Instant deadline) {
    Station& own = station(step.replica);
    if (own.works) own.drains = own.since;
    own.stop_deadline = deadline;
}

void Writes::disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    if (index < stations_.size()) stations_[index].drains = TrueTime::max();
    if (index >= stations_.size() || !stations_[index].works) return;
    judge(at, number, index);
    stations_[index].since = at;
}

void Writes::check(const ReplicaStepped& step, ReplicaFacts& self) {
    if (step.at > self.write_check) judge(step.at, step.number, step.replica);
    if (step.replica >= stations_.size()) return;
    for (Write& write : stations_[step.replica].writes) {
        if (write.late) continue;
        if (write.number != step.number && write.deadline < step.now.monotonic)
            too_late(self, write, step.now.monotonic, step.at, step.number);
        self.next_check = std::min(self.next_check, std::max(write.deadline, step.now.monotonic));
    }
}

void Writes::put_sent(const ReplicaStepped& step, RequestId request) {
    station(step.replica).puts.push_back(Put{request, step.at});
}

void Writes::put_answered(TrueTime at, ReplicaIndex index, const BucketAnswered& answer) {
    Station& own = station(index);
    const auto found = std::find_if(own.puts.begin(), own.puts.end(), [&answer](const Put& put) {
        return put.request == answer.request;
    });
    if (found == own.puts.end()) return;
    const BucketOutcome outcome =
        answer.reply ? classify(BucketVerb::put, *answer.reply) : BucketOutcome::unknown;
    // One that is refused without a condition is as good as unknown.
    const bool unknown = outcome == BucketOutcome::unknown || outcome == BucketOutcome::refused;
    // Sent on the disturbed path and lost: on a store without working conditions nothing of its
    // key may be sent before it can't land any more.
    if (unknown && found->sent <= own.since)
        own.settles = std::max(own.settles, at + facts_.settings.storage.largest_request_age);
    *found = own.puts.back();
    own.puts.pop_back();
}

void Writes::stopped(const ReplicaStepped& step) {
    if (step.replica >= stations_.size()) return;
    std::vector<Write>& writes = stations_[step.replica].writes;
    if (!writes.empty() && facts_.fresh(Id::eventually_committed))
        facts_.violate(Id::eventually_committed, step.at,
                       facts_.name(step.replica) + " stopped at " + check::words(step.at) +
                           " without an answer to the write of " + check::words(writes.front().key),
                       {writes.front().number, step.number});
    writes.clear();
}

void Writes::judge_end(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    judge(at, number, index);
    const ReplicaFacts& self = facts_.replicas[index];
    if (!self.running || self.paused) return;
    for (Write& write : stations_[index].writes)
        too_late(self, write, self.clock.reading(at), at, number);
}

void Writes::process_ended(const ProcessEnded& record) {
    if (record.replica >= stations_.size()) return;
    if (record.cause == EndCause::run_ended)
        judge_end(record.at, record.number, record.replica);
    else
        judge(record.at, record.number, record.replica);
    Station next;
    next.works = stations_[record.replica].works;  // that it ended is told in its turn
    stations_[record.replica] = std::move(next);
}

void Writes::finish(TrueTime end) {
    for (std::size_t i = 0; i < stations_.size(); ++i)
        judge_end(end, 0, static_cast<ReplicaIndex>(i));
}

}  // namespace leasehold::check
