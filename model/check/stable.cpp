#include "model/check/stable.hpp"

#include <algorithm>
#include <string>

namespace leasehold::check {

void Stable::changed(TrueTime at, ReplicaIndex index) {
    Station& own = station(index);
    const bool now_able = writes_.able(facts_.replicas[index]);
    if (own.able == now_able) return;
    own.able = now_able;
    own.since = at;
}

void Stable::disturbed(TrueTime at, ReplicaIndex index) {
    station(index).since = at;
}

void Stable::abdicated(const ReplicaStepped& step) {
    Station& own = station(step.replica);
    own.abdicated = step.number;
    // Its own lease, which in a rollout may be the shorter one.
    const Settings& settings = facts_.settings;
    const Duration lease = settings.shortest_lease > Duration(0) ? settings.shortest_lease
                                                                 : settings.election.lease_duration;
    own.sits_until = saturating_add(step.now.monotonic, lease);
}

void Stable::began(const ReplicaStepped& step, const ReplicaFacts& self) {
    Station& own = station(step.replica);
    facts_.checked(Id::stable);
    own.began = step.number;
    if (step.now.monotonic < own.sits_until && facts_.fresh(Id::stable))
        facts_.violate(Id::stable, step.at,
                       self.name + " leads again at " + words(step.at) + ", " +
                           words(own.sits_until - step.now.monotonic) +
                           " before the lease was over that it sits out after giving up",
                       {own.abdicated, step.number});
}

void Stable::ended(const ReplicaStepped& step, const ReplicaFacts& self) {
    Station& own = station(step.replica);
    const std::uint64_t began = own.began;
    own.began = 0;
    // At the start of a run there is nothing from which a trouble could have come.
    const TrueTime since = std::max(own.since, touched_);
    const bool from_the_start = own.since == TrueTime{} && touched_ == TrueTime::min();
    // A slow store is unusable now and then.
    if (facts_.slow_store() || !own.able || (step.at - since <= span_ && !from_the_start) ||
        !facts_.fresh(Id::stable))
        return;
    facts_.violate(Id::stable, step.at,
                   self.name + " stopped leading at " + words(step.at) +
                       " without a cause: it ran, reached both servers, and nobody touched the "
                       "Lease or the bucket, since " +
                       words(since),
                   {began, step.number});
}

void Stable::process_ended(ReplicaIndex index) {
    if (index < stations_.size()) stations_[index].began = 0;
    if (index < stations_.size()) stations_[index].sits_until = Instant::min();
}

}  // namespace leasehold::check
