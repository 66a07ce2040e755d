#include "model/check/rates.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace leasehold::check {

namespace {

/// Requests for one object at once: a promotion and a stall's end ask for several.
constexpr std::int64_t kBurst = 30;
/// A leadership's probe, of which each question may be asked anew, and what the health of writing
/// asks meanwhile.
constexpr std::int64_t kProbeBurst = 60;
constexpr int kLeaseRequests = 3;  // in a retryPeriod: a renewal, a look, one that the bucket asks
constexpr std::int64_t kLeaseBurst = 10;  // fewer: nobody asks for the Lease but the elector

}  // namespace

void Rates::Allowance::pass(Instant now) {
    give_back(now - at);
    at = now;
}

bool Rates::Allowance::take(const ReplicaStepped& step, Duration cost, std::int64_t burst) {
    pass(step.now.monotonic);
    if (spent == Duration(0)) {
        since = step.now.monotonic;
        first = step.number;
        taken = 0;
    }
    ++taken;
    spent += cost;
    return spent <= burst * cost;
}

void Rates::too_many(const ReplicaStepped& step, const std::string& what, const Allowance& of) {
    if (!facts_.fresh(Id::requests_bounded)) return;
    facts_.violate(Id::requests_bounded, step.at,
                   facts_.name(step.replica) + " sent too many " + what + ": " +
                       std::to_string(of.taken) + " within " +
                       words(step.now.monotonic - of.since) + " until " + words(step.at) +
                       ", without a pause between them",
                   {of.first, step.number});
}

void Rates::too_early(const ReplicaStepped& step, const std::string& what, Instant allowed,
                      std::uint64_t told) {
    if (!facts_.fresh(Id::requests_bounded)) return;
    facts_.violate(Id::requests_bounded, step.at,
                   facts_.name(step.replica) + " sent " + what + " at " + words(step.at) + ", " +
                       words(allowed - step.now.monotonic) +
                       " before a Retry-After that it can wait for was over",
                   {told, step.number});
}

void Rates::lease_sent(const ReplicaStepped& step, const ReplicaFacts& self,
                       const SendLease& request) {
    facts_.checked(Id::requests_bounded);
    Station& own = station(step.replica);
    const ElectorConfig& election = facts_.settings.election;
    if (!own.lease.take(step, election.retry_period / kLeaseRequests, kLeaseBurst))
        too_many(step, "Lease requests", own.lease);
    // A leader waits only as long as three attempts still fit before its gate's end.
    const bool leads = self.gate.held && self.gate.valid_until != kNever;
    const Instant room =
        leads ? self.gate.valid_until - 3 * election.attempt_timeout() : Instant::max();
    const Instant allowed = std::min(own.lease_not_before, room);
    if (request.verb == LeaseVerb::get) return;
    // It binds what it refused, tried again: a renewal, a takeover, a creation, a release. The
    // first write of another role is none of these (what takes an emptied record back, say), nor is
    // the creation of a Lease that was deleted, or the release after a stop, also where a follower
    // may hold the Lease: each follows from one thing that was learned, once.
    const bool deleted = own.lease_verb == LeaseVerb::update && request.verb == LeaseVerb::create;
    const bool release = request.lease && request.lease->record.holder.empty();
    const bool again = own.lease_era == self.era && own.lease_release == release && !deleted;
    own.lease_sent = step.now.monotonic;
    own.lease_write = request.request;
    own.lease_verb = request.verb;
    own.lease_release = release;
    own.lease_era = self.era;
    if (again && step.now.monotonic < allowed)
        too_early(step, "a write of the Lease", allowed, own.lease_told);
}

void Rates::lease_answered(const ReplicaStepped& step, const LeaseAnswered& answer) {
    Station& own = station(step.replica);
    // That of a write that was throttled, and so certainly not applied. After any other error a
    // look has to tell first what became of it, and then the write that follows is another; and a
    // refused GET leaves the takeover, which needs none, as it was.
    if (answer.request != own.lease_write) return;
    const bool taken = answer.reply.status == 200 || answer.reply.status == 201;
    if (taken) own.lease_not_before = Instant::min();  // so nothing is throttled any more
    if (answer.reply.status != 429) return;
    if (answer.reply.retry_after <= Duration(0)) return;
    const Duration wait = std::min(answer.reply.retry_after, facts_.settings.election.retry_period);
    // A refused request has had its turn: the next one's is a retryPeriod after it was sent.
    own.lease_not_before = std::min(saturating_add(step.now.monotonic, wait),
                                    own.lease_sent + facts_.settings.election.retry_period);
    own.lease_told = step.number;
}

void Rates::lease_touched() {
    for (ReplicaIndex index = 0; index < stations_.size(); ++index)
        holder_ended(index);
}

void Rates::holder_ended(ReplicaIndex index) {
    // A look, the record taken or taken back, a renewal that the claim wants, a try.
    constexpr int kEach = 4;
    const Duration cost = facts_.settings.election.retry_period / kLeaseRequests;
    station(index).lease.give_back(kEach * cost);
}

void Rates::bucket_sent(const ReplicaStepped& step, const SendBucket& request, bool free) {
    const bool mutates = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
    if (free || request.verb == BucketVerb::list) return;
    facts_.checked(Id::requests_bounded);
    Station& own = station(step.replica);
    Object& object = own.objects[request.key];
    const std::uint32_t era = facts_.replicas[step.replica].era;
    const bool probe = request.key.view().starts_with(".ha/probe");
    if (probe && std::exchange(object.probed, era) != era) object.puts.spent = Duration(0);
    // Each write of a new key may look at the epoch, and so many are under way at once.
    const StorageConfig& storage = facts_.settings.storage;
    const bool looks = !mutates && request.key.view() == ".ha/epoch";
    const Duration cost = storage.retry_min / (looks ? std::max(1U, storage.puts_max) : 1U);
    Allowance& allowance = mutates ? object.puts : object.gets;
    // Each leadership, and each time of following, looks for itself: somebody may end them as fast
    // as he edits the Lease.
    if (!mutates && std::exchange(object.got_in, era) != era) {
        allowance.pass(step.now.monotonic);
        allowance.give_back(cost);
    }
    if (!allowance.take(step, cost, probe ? kProbeBurst : kBurst))
        too_many(step, (mutates ? "PUTs of " : "GETs of ") + words(request.key), allowance);
    // What the health of writing asks is other work than the probe's, of the same object.
    if (!mutates || probe) return;
    // The work of a leadership that ended ended with it, and with it what it was told.
    const bool told = object.era == era;
    if (told && request.verb == object.told_of && step.now.monotonic < object.not_before)
        too_early(
            step,
            (request.verb == BucketVerb::put ? "a PUT of " : "a DELETE of ") + words(request.key),
            object.not_before, object.told);
    own.changes.push_back({request.request, request.verb, request.key, era});
}

void Rates::bucket_answered(const ReplicaStepped& step, const BucketAnswered& answer) {
    Station& own = station(step.replica);
    const auto found = std::ranges::find(own.changes, answer.request, &Change::request);
    if (found == own.changes.end()) return;
    // The answer to an ended leadership's says nothing to this one, and takes nothing back.
    const bool present = found->era == facts_.replicas[step.replica].era;
    if (present && answer.reply && answer.reply->retry_after > Duration(0)) {
        Object& object = own.objects[found->key];
        const StorageConfig& storage = facts_.settings.storage;
        // A claim that waited longer would leave no room for another try before it gives up, by the
        // lease of its process: which one that is, in a group with two, the history does not say.
        const bool claim = found->key.view() == ".ha/epoch";
        const Duration shortest = facts_.settings.shortest_lease;
        const Duration lease = shortest > Duration(0) ? shortest : storage.lease_duration;
        const Duration most = claim ? std::min(storage.retry_max, lease / 3) : storage.retry_max;
        const Duration wait = std::min(answer.reply->retry_after, most);
        object.not_before = saturating_add(step.now.monotonic, wait);
        object.told_of = found->verb;
        object.told = step.number;
        object.era = found->era;
    }
    *found = std::move(own.changes.back());
    own.changes.pop_back();
}

void Rates::asked(const ReplicaStepped& step, const ObjectKey& key) {
    Object& object = station(step.replica).objects[key];
    const Duration cost = facts_.settings.storage.retry_min;
    // It may replace what is there: a look, and a PUT.
    for (Allowance* allowance : {&object.puts, &object.gets}) {
        allowance->pass(step.now.monotonic);
        allowance->give_back(cost);
    }
}

void Rates::process_ended(ReplicaIndex index) {
    if (index < stations_.size()) stations_[index] = Station{};
}

}  // namespace leasehold::check
