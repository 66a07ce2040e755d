// One scenario and one seed are one run, whichever way it is played: whole scenarios, with flows
// and faults, compared by their digests.
//
// The engine is one per process, so every way of playing has a forked process of its own; this
// one never makes an engine, and what it forks is fresh.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "sim/scenario/reader.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

constexpr std::array kFiles{
    "scenarios/failover/crash-loop.yaml",
    "scenarios/failover/race-at-expiry.yaml",
    "scenarios/pause/gc-pause-stale-leader.yaml",
    "scenarios/pause/leader-paused-beyond-lease.yaml",
    "scenarios/partition/zone-cut.yaml",
    "scenarios/partition/leader-cut-from-bucket.yaml",
    "scenarios/partition/leader-send-blocked.yaml",
    "scenarios/bucket/put-applied-late.yaml",
    "scenarios/bucket/outage.yaml",
    "scenarios/clocks/suspend-clock-frozen.yaml",
    "scenarios/clocks/drift-at-bound.yaml",
    "scenarios/operator/lease-deleted.yaml",
    "scenarios/shutdown/rolling-restart.yaml",
    "scenarios/outage/renewal-reply-lost.yaml",
};
constexpr std::uint64_t kSeeds = 3;

/// What a run has to show for itself. Plain bytes: it travels through a pipe.
struct Played {
    std::uint64_t digest = 0;
    std::uint64_t steps = 0;
    std::uint64_t flows = 0;
    std::uint64_t fault_effects = 0;
    std::uint64_t failed = 0;  ///< 1: a CHECK failed
    friend bool operator==(const Played&, const Played&) = default;
};
struct Job {
    std::size_t file = 0;
    std::uint64_t seed = 1;
};

/// Every record of the history, in a few words of its own.
class Counting final : public Observer {
  public:
    void on(const ReplicaStepped& record) override { seen += record.effects.size() + 1; }
    void on(const FaultTookEffect& record) override { seen += record.targets.size(); }
    std::uint64_t seen = 0;
};

std::vector<Scenario> scenarios() {
    std::vector<Scenario> all;
    for (const char* file : kFiles) {
        const auto read = read_scenario(file, {});
        EXPECT_TRUE(read) << read.error().to_string();
        if (read) all.push_back(*read);
    }
    return all;
}

std::vector<Job> all_jobs() {
    std::vector<Job> jobs;
    for (std::size_t file = 0; file < kFiles.size(); ++file)
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
            jobs.push_back({file, seed});
    return jobs;
}

/// Plays the jobs one after the other in one fresh process.
std::vector<Played> play(const std::vector<Job>& jobs, const RunOptions& options) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        const std::vector<Scenario> all = scenarios();
        Runner runner;
        for (const Job& job : jobs) {
            const check::RunResult result = runner.run(all.at(job.file), job.seed, options);
            Played played{result.digest, result.work.steps, result.work.flows, 0,
                          result.internal_error.empty() ? 0U : 1U};
            for (const check::FaultResult& fault : result.faults)
                played.fault_effects += fault.took_effect;
            if (::write(ends[1], &played, sizeof played) != sizeof played) ::_exit(2);
        }
        ::_exit(0);
    }
    ::close(ends[1]);
    std::vector<Played> all;
    Played one;
    while (::read(ends[0], &one, sizeof one) == sizeof one)
        all.push_back(one);
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << "the process ended with " << status;
    EXPECT_EQ(all.size(), jobs.size());
    return all;
}

/// The runs to which all other ways are compared; played once for each test program.
const std::vector<Played>& reference() {
    static const std::vector<Played> played = play(all_jobs(), {});
    return played;
}

void expect_same(const std::vector<Played>& other) {
    const std::vector<Job> jobs = all_jobs();
    ASSERT_EQ(other.size(), jobs.size());
    ASSERT_EQ(reference().size(), jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i)
        EXPECT_EQ(other[i], reference()[i])
            << kFiles.at(jobs[i].file) << " seed " << jobs[i].seed << ": digest " << other[i].digest
            << " for " << reference()[i].digest;
}

TEST(Equality, TheRunsThatAreComparedHaveStepsFlowsAndFaults) {
    const std::vector<Job> jobs = all_jobs();
    ASSERT_EQ(reference().size(), jobs.size());
    std::set<std::uint64_t> digests;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const Played& one = reference()[i];
        EXPECT_EQ(one.failed, 0U) << kFiles.at(jobs[i].file);
        EXPECT_GT(one.steps, 100U) << kFiles.at(jobs[i].file);
        EXPECT_GT(one.flows, 0U) << kFiles.at(jobs[i].file);
        EXPECT_GT(one.fault_effects, 0U) << kFiles.at(jobs[i].file);
        EXPECT_TRUE(digests.insert(one.digest).second) << "another file or seed has this digest";
    }
}

TEST(Equality, SteppingEveryDateThroughTheEngineIsRunningAhead) {
    RunOptions options;
    options.stepping = true;
    expect_same(play(all_jobs(), options));
}

TEST(Equality, ALaterRunOfAProcessIsThatOfAFreshOne) {
    std::vector<Played> fresh;
    for (const Job& job : all_jobs())
        for (const Played& one : play({job}, {}))
            fresh.push_back(one);
    expect_same(fresh);
}

TEST(Equality, TheOrderOfRunsInAProcessDoesNotMatter) {
    std::vector<Job> jobs = all_jobs();
    std::ranges::reverse(jobs);
    std::vector<Played> backwards = play(jobs, {});
    std::ranges::reverse(backwards);
    expect_same(backwards);
}

TEST(Equality, RecorderTimelineAndCheckersChangeNothing) {
    Counting counting;
    RunOptions everything;
    everything.timeline = true;
    everything.recorder = &counting;
    expect_same(play(all_jobs(), everything));
    RunOptions nothing;
    nothing.checkers = false;
    expect_same(play(all_jobs(), nothing));
}

}  // namespace
}  // namespace leasehold::sim
