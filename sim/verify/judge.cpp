#include "sim/verify/judge.hpp"

#include <utility>

#include "reports/timeline.hpp"
#include "sim/verify/absent.hpp"
#include "sim/verify/merge.hpp"
#include "sim/verify/sightings.hpp"

namespace leasehold::verify {
namespace {

using check::Outcome;
using check::RunResult;
using check::Status;

/// Counts what happened: a history in which too little did proves nothing.
class Tally final : public Observer {
  public:
    explicit Tally(RunResult& result) : result_(result) {}
    void on(const ReplicaStepped& step) override {
        check::Work& work = result_.work;
        ++work.events;
        ++work.steps;
        work.asked(*step.event);
        for (const Effect& effect : step.effects) {
            work.lease_requests += std::holds_alternative<SendLease>(effect) ? 1U : 0U;
            work.bucket_requests += std::holds_alternative<SendBucket>(effect) ? 1U : 0U;
            work.reads += std::holds_alternative<ReadDone>(effect) ? 1U : 0U;
            work.queries += std::holds_alternative<QueryDone>(effect) ? 1U : 0U;
            if (const auto* done = std::get_if<WriteDone>(&effect)) {
                work.answered(done->ack);
            } else if (const auto* role = std::get_if<RoleChanged>(&effect)) {
                result_.leaderships += role->role == Role::leader ? 1U : 0U;
            } else if (const auto* mark = std::get_if<Mark>(&effect)) {
                ++result_.marks[static_cast<std::size_t>(mark->mark)];
            }
        }
    }

  private:
    RunResult& result_;
};

check::Settings settings_of(const Recordings& recordings, const Sightings& sightings,
                            const Bounds& bounds) {
    check::Settings settings;
    settings.elects = recordings.settings.election.has_value();
    settings.stores = recordings.settings.storage.has_value();
    if (settings.elects) settings.election = *recordings.settings.election;
    if (settings.stores) settings.storage = *recordings.settings.storage;
    settings.replicas = static_cast<std::uint32_t>(recordings.names.size());
    settings.api_round_trip = bounds.api_round_trip;
    settings.bucket_request = bounds.bucket_request;
    settings.transfer = bounds.transfer;
    settings.object_size = sightings.largest_object;
    settings.timer_grace = bounds.timer_grace;
    return settings;
}

Outcome outcome_of(const RunResult& result) {
    Outcome outcome = Outcome::pass;
    const auto kinds = check::invariants();
    for (std::size_t i = 0; i < result.verdicts.size(); ++i) {
        const Status status = result.verdicts[i].status;
        if (status == Status::inconclusive) outcome = check::worse(outcome, Outcome::inconclusive);
        if (status != Status::violated) continue;
        const bool safety = kinds[i].kind == check::InvariantClass::safety;
        outcome = check::worse(outcome, safety ? Outcome::safety : Outcome::liveness);
    }
    for (const check::Expectation& one : result.expectations)
        if (!one.met) outcome = check::worse(outcome, Outcome::inconclusive);
    return outcome;
}

/// Where the first violation's evidence stands in the files.
std::vector<check::TimelineLine> evidence(const Recordings& recordings, const Merged& merged,
                                          const RunResult& result) {
    std::vector<check::TimelineLine> lines;
    for (const check::Verdict& verdict : result.verdicts) {
        if (verdict.status != Status::violated) continue;
        for (const std::uint64_t number : verdict.evidence) {
            if (number == 0 || number > merged.places.size()) continue;
            const Place& place = merged.places[number - 1];
            const std::string where =
                place.file == kPutTogether
                    ? "put together from what was seen"
                    : recordings.files[place.file].file + ":" + std::to_string(place.line);
            lines.push_back({verdict.at, "", where, number});
        }
        break;
    }
    return lines;
}

}  // namespace

Result<RunResult, std::string> judge(const std::vector<std::string>& files, const Bounds& bounds,
                                     bool timeline, Observer* recorder) {
    auto opened = open_recordings(files);
    if (!opened) return Unexpected{opened.error()};
    Recordings& recordings = *opened;
    Sightings sightings;
    if (auto error = play(recordings, sightings)) return Unexpected{*error};

    RunResult result;
    result.scenario = "recordings";
    result.file = files.front();
    result.replicas = recordings.names;
    check::Checkers checkers(settings_of(recordings, sightings, bounds));
    Tally tally(result);
    reports::Timeline lines;
    std::vector<Observer*> observers{&checkers, &tally};
    if (timeline) observers.push_back(&lines);
    if (recorder != nullptr) observers.push_back(recorder);
    const auto merged = merge(recordings, sightings, bounds.still_running, observers);
    if (!merged) return Unexpected{merged.error()};

    result.simulated = merged->end - TrueTime{};
    result.verdicts = checkers.finish(merged->end);
    result.failovers = checkers.failovers();
    result.leaderless = checkers.leaderless();
    result.commit_gap = checkers.longest_without_commit();
    if (timeline) result.timeline = lines.lines();
    leave_open(result, absent_holders(sightings, recordings.end), recordings.begin);
    check::expect_commits(result);
    result.outcome = outcome_of(result);
    result.chain = evidence(recordings, *merged, result);
    return result;
}

}  // namespace leasehold::verify
