// The built-in spaces. Each has few kinds of faults, for their number is what a space grows by: all
// kinds at once stand in `everything`, with fewer of them.
#include "sim/explore/space.hpp"

#include <chrono>
#include <vector>

namespace leasehold::explore {

namespace {

using namespace std::chrono_literals;

/// Whole numbers of ticks of half a second: a lease of 6, renewDeadline 5, retryPeriod 1, and so an
/// attempt of 1. The smallest relations that a configuration may have, so nothing is to spare.
ElectorConfig small() {
    ElectorConfig config;
    config.lease_duration = 3s;
    config.renew_deadline = 2500ms;
    config.retry_period = 500ms;
    config.drift_ppm = 0;
    config.margin = 0s;
    config.longest_lease = 30s;
    return config;
}

/// The largest bound on drift that may be configured, and no margin: the renewDeadline is `auto`,
/// 10 s * (1 - 2/10) = 8 s, an attempt a second and a half, and whoever waits out 10 s by a clock
/// that is a tenth fast has none to spare.
ElectorConfig drifting() {
    ElectorConfig config;
    config.lease_duration = 10s;
    config.retry_period = 2s;
    config.drift_ppm = 100'000;
    config.margin = 0s;
    return config;
}

Space two(std::string_view name, std::string_view why, FaultSet faults, std::uint32_t most) {
    Space space;
    space.name = name;
    space.why = why;
    space.election = small();
    space.tick = 500ms;
    space.faults = faults;
    space.most_faults = most;
    space.held = true;
    space.start_together = true;
    return space;
}

std::vector<Space> make() {
    using enum Fault;
    std::vector<Space> made;
    made.push_back(two("quick", "one fault of those that cost most: what CI plays in a minute",
                       {request_lost, applied_late, restart, holder_cleared}, 1));
    made.push_back(two("requests", "requests and answers that are lost, and writes applied late",
                       {request_lost, answer_lost, applied_late}, 3));
    made.push_back(two("processes", "processes that end, begin anew, stand still or are stopped",
                       {crash, restart, pause, stop}, 2));
    made.push_back(two("paused", "a leader that stands still while its requests are lost",
                       {request_lost, pause}, 3));
    made.push_back(two("stops", "a stop, over requests that are lost or a Lease that is stolen",
                       {stop, applied_late, holder_stolen, restart}, 2));
    made.push_back(two("server", "an API server that restarts, and watches that fall silent",
                       {api_restart, watch_silent, restart}, 2));
    made.push_back(two("operator", "an operator who edits the Lease, beside a pause or a restart",
                       {lease_deleted, lease_recreated, holder_cleared, holder_stolen,
                        duration_shortened, lease_labelled, restart, pause},
                       2));
    made.push_back(two("replay", "a backup of the Lease that is applied: a release comes back",
                       {stop, restart, release_replayed, pause}, 3));
    made.push_back(two("everything",
                       "every kind of fault that is nobody's deed, one or two of them",
                       {request_lost, answer_lost, applied_late, crash, restart, pause,
                        watch_silent, api_restart, lease_deleted},
                       2));

    Space progress = two("progress", "somebody leads again in time, whatever is edited",
                         {crash, lease_labelled, duration_damaged}, 2);
    // As leader.eventually-one has it (election_bound): 7 + 9 + 4 of the space's ticks, and a
    // round trip of one tick for each of six exchanges.
    progress.most_leaderless = 26;
    progress.election.longest_lease = progress.election.lease_duration;
    made.push_back(progress);

    Space proof = two("proof", "kubelets that tell of ends, late or never, beside what dies",
                      {restart, applied_late}, 2);
    proof.pods = true;
    proof.election.believe_ended_holder = true;
    made.push_back(proof);

    Space fresh = two("fresh", "no Lease yet, and replicas that start at any time",
                      {request_lost, restart, lease_deleted}, 1);
    fresh.held = fresh.start_together = false;
    made.push_back(fresh);

    Space wall = two("wall", "a wall clock that is an hour ahead", {restart}, 1);
    wall.wall_offset = 1h;
    made.push_back(wall);

    Space half = two("half", "the same on a grid of half the tick: more orders of strict bounds",
                     {request_lost, restart}, 1);
    half.tick = 250ms;
    made.push_back(half);

    Space tight = two("tight", "a gate that ends less than a renewal before the lease does",
                      {request_lost, answer_lost, pause}, 2);
    // Quarters of a second: a lease of 12, renewDeadline 11, retryPeriod 3, and so an attempt of 2.
    // As by default, what one renewal adds is more than what lies between the ends of both.
    tight.election.renew_deadline = 2750ms;
    tight.election.retry_period = 750ms;
    tight.tick = 250ms;
    made.push_back(tight);

    Space drift = two("drift", "clocks that run at the bound on drift, from any time on",
                      {clock_slow, clock_fast, restart}, 2);
    drift.election = drifting();
    drift.tick = 500ms;
    drift.bounded = true;
    made.push_back(drift);

    Space three = two("three", "three electors", {request_lost, restart}, 1);
    three.replicas = 3;
    three.bounded = true;
    made.push_back(three);
    return made;
}

const std::vector<Space>& table() {
    static const std::vector<Space> spaces = make();
    return spaces;
}

}  // namespace

std::span<const Space> spaces() {
    return table();
}

const Space* find_space(std::string_view name) {
    for (const Space& space : table())
        if (space.name == name) return &space;
    return nullptr;
}

}  // namespace leasehold::explore
