#include "model/check/requests.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace leasehold::check {

void Requests::stacked(const ReplicaStepped& step, std::string what, std::uint64_t first) {
    facts_.violate(Id::reads_never_stack, step.at,
                   facts_.name(step.replica) + " " + std::move(what) + " at " + words(step.at),
                   {first, step.number});
}

void Requests::sent(const ReplicaStepped& step, const Tenure& tenure, const SendBucket& request,
                    bool own_of_query) {
    Station& station = part_of(stations_, step.replica);
    facts_.checked(Id::reads_never_stack);
    if (facts_.fresh(Id::reads_never_stack)) {
        if (request.verb == BucketVerb::get)
            get(step, tenure, request, own_of_query, station);
        else if (request.verb == BucketVerb::list)
            list(step, tenure, request, station);
    }
    station.flights.push_back(Flight{request.request, request.verb, request.key, own_of_query,
                                     tenure.era, step.number, false});
}

void Requests::get(const ReplicaStepped& step, const Tenure& tenure, const SendBucket& request,
                   bool own_of_query, const Station& station) {
    const StorageConfig& storage = facts_.settings.storage;
    std::uint32_t queries = 0;
    std::uint32_t others = 0;
    for (const Flight& flight : station.flights) {
        if (flight.verb != BucketVerb::get) continue;
        if (flight.own_of_query) {
            ++queries;
            continue;
        }
        if (flight.era != tenure.era) continue;
        ++others;
        if (!own_of_query && tenure.role == Role::follower && flight.key == request.key) {
            stacked(step, "sent a second GET of " + words(request.key) + " while one was in flight",
                    flight.number);
            return;
        }
    }
    if (own_of_query && queries >= storage.read_through_max)
        stacked(step,
                "sent more than " + std::to_string(storage.read_through_max) +
                    " read-throughs of queries at once",
                0);
    else if (!own_of_query && tenure.role == Role::follower && others >= storage.pass_gets_max)
        stacked(step,
                "sent more than " + std::to_string(storage.pass_gets_max) +
                    " GETs of a polling pass at once",
                0);
}

void Requests::list(const ReplicaStepped& step, const Tenure& tenure, const SendBucket& request,
                    Station& station) {
    if (!request.key.empty()) return;  // a further page of the same pass
    for (const Flight& flight : station.flights) {
        if (flight.verb != BucketVerb::list || flight.era != tenure.era) continue;
        stacked(step, "began a pass while a page of the one before was outstanding", flight.number);
        return;
    }
    if (tenure.role != Role::follower) return;
    if (station.era != tenure.era || station.passes == 0) {
        station.era = tenure.era;
        station.passes = 0;
        station.first_pass = step.now.monotonic;
        station.list_failed = false;
    }
    if (!std::exchange(station.list_failed, false)) ++station.passes;
    // The first pass, the one a phase later, then one each period.
    const Duration elapsed = step.now.monotonic - station.first_pass;
    const auto allowed = 2 + static_cast<std::uint64_t>(std::max<std::int64_t>(
                                 0, elapsed / facts_.settings.fastest_poll()));
    if (station.passes > allowed)
        stacked(step,
                "began " + std::to_string(station.passes) + " polling passes within " +
                    words(elapsed) + ", more than its period allows,",
                0);
}

Requests::Answered Requests::answered(ReplicaIndex index, const ReplicaFacts& self,
                                      const BucketAnswered& answer) {
    if (index >= stations_.size()) return {};
    Station& station = stations_[index];
    const auto found =
        std::find_if(station.flights.begin(), station.flights.end(),
                     [&answer](const Flight& flight) { return flight.request == answer.request; });
    if (found == station.flights.end()) return {};
    // As the replica understands it: a page that it can't use is no page.
    const BucketOutcome outcome =
        answer.reply ? classify(found->verb, *answer.reply) : BucketOutcome::unknown;
    if (found->verb == BucketVerb::list) station.list_failed = outcome != BucketOutcome::page;
    Answered result;
    if (outcome == BucketOutcome::object) result.got = found->key;
    result.of_pass = !found->own_of_query && found->era == self.era &&
                     self.role == Role::follower &&
                     (found->verb == BucketVerb::list || found->verb == BucketVerb::get);
    if (&*found != &station.flights.back()) *found = std::move(station.flights.back());
    station.flights.pop_back();
    return result;
}

Requests::Gets Requests::gets(ReplicaIndex index, const ObjectKey& key) const {
    Gets found;
    if (index >= stations_.size()) return found;
    for (const Flight& flight : stations_[index].flights) {
        if (flight.verb != BucketVerb::get) continue;
        ++found.all;
        found.of_key = found.of_key || flight.key == key;
    }
    return found;
}

void Requests::aborted(ReplicaIndex index, RequestId request) {
    if (index >= stations_.size()) return;
    for (Flight& flight : stations_[index].flights)
        flight.aborted = flight.aborted || flight.request == request;
}

Requests::Open Requests::open(ReplicaIndex index, std::uint32_t era) const {
    Open open;
    if (index >= stations_.size()) return open;
    for (const Flight& flight : stations_[index].flights) {
        ++open.all;
        if (flight.aborted || flight.own_of_query || flight.era != era) continue;
        if (flight.key.view().starts_with(".ha/")) continue;
        open.puts += flight.verb == BucketVerb::put ? 1U : 0U;
        open.gets += flight.verb == BucketVerb::get ? 1U : 0U;
    }
    return open;
}

void Requests::process_ended(ReplicaIndex index) {
    if (index < stations_.size()) stations_[index] = Station{};
}

}  // namespace leasehold::check
