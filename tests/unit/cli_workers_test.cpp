#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <gtest/gtest.h>
#include <unistd.h>

#include "reports/atomic_file.hpp"
#include "sim/cli/workers.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::cli {
namespace {

// Behaves as its seed says; leaderships count the runs of its process.
class Scripted : public JobRunner {
  public:
    static constexpr std::uint64_t kDies = 1000;      // always
    static constexpr std::uint64_t kDiesUsed = 1001;  // unless it is the process's first run
    static constexpr std::uint64_t kThrows = 1002;
    static constexpr std::uint64_t kNoRoom = 1003;  // unless it is the process's first run
    static constexpr std::uint64_t kNeverFits = 1004;
    static constexpr std::uint64_t kCannotWrite = 1005;
    static constexpr std::uint64_t kExits = 1006;

    bool fits(const Job& job) const override {
        return job.seed != kNeverFits && (job.seed != kNoRoom || runs_ == 0);
    }
    check::RunResult run(const Job& job) override {
        ++runs_;
        if (job.seed == kDies || (job.seed == kDiesUsed && runs_ > 1)) raise(SIGKILL);
        if (job.seed == kThrows) throw std::runtime_error("broken on purpose");
        if (job.seed == kCannotWrite) throw reports::OutputError("h: cannot write: disk full");
        if (job.seed == kExits) _exit(9);
        if (job.seed % 3 == 1) usleep(3000);  // some finish later than they began
        check::RunResult result = samples::result();
        result.seed = job.seed;
        result.leaderships = runs_;
        result.digest = static_cast<std::uint64_t>(getpid());
        return result;
    }

  private:
    std::uint64_t runs_ = 0;
};

WorkerPool::Settings settings(unsigned workers) {
    WorkerPool::Settings result;
    result.workers = workers;
    result.make_runner = [] { return std::make_unique<Scripted>(); };
    result.blank = [](const Job& job) {
        check::RunResult run;
        run.scenario = "blank";
        run.seed = job.seed;
        return run;
    };
    return result;
}

std::vector<check::RunResult> play(const std::vector<Job>& jobs, unsigned workers) {
    WorkerPool pool(settings(workers));
    auto results = pool.run(jobs);
    EXPECT_TRUE(results);
    return results ? std::move(*results) : std::vector<check::RunResult>();
}

TEST(Workers, ResultsComeInTheOrderOfTheJobs) {
    std::vector<Job> jobs;
    for (std::uint64_t seed = 0; seed < 60; ++seed)
        jobs.push_back({0, seed, false, false, false});
    const auto results = play(jobs, 3);
    ASSERT_EQ(results.size(), jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i)
        EXPECT_EQ(results[i].seed, jobs[i].seed);
}

TEST(Workers, AWorkerIsKeptFromJobToJobUnlessAFreshOneIsWanted) {
    const auto results = play({{0, 0, false, false, false},
                               {0, 3, false, false, false},
                               {0, 6, false, true, false},
                               {0, 9, false, false, false}},
                              1);
    EXPECT_EQ(results[1].digest, results[0].digest);
    EXPECT_EQ(results[1].leaderships, 2U);
    EXPECT_NE(results[2].digest, results[0].digest);
    EXPECT_EQ(results[2].leaderships, 1U);
    EXPECT_EQ(results[3].digest, results[2].digest);
}

TEST(Workers, ADeadWorkerCostsItsJobASecondTryInAFreshOne) {
    const auto results = play({{0, 0, false, false, false},
                               {0, Scripted::kDiesUsed, false, false, false},
                               {0, 3, false, false, false}},
                              1);
    EXPECT_EQ(results[1].outcome, check::Outcome::pass);
    EXPECT_EQ(results[1].leaderships, 1U);
    EXPECT_EQ(results[2].outcome, check::Outcome::pass);
}

TEST(Workers, ASecondDeathIsAnInternalErrorThatNamesTheSignal) {
    const auto results = play({{0, Scripted::kDies, false, false, false},
                               {0, Scripted::kExits, false, false, false},
                               {0, 3, false, false, false}},
                              2);
    EXPECT_EQ(results[0].outcome, check::Outcome::internal);
    EXPECT_EQ(results[0].scenario, "blank");
    EXPECT_EQ(results[0].internal_error,
              "the process that played this run ended with signal 9 (Killed), twice");
    EXPECT_NE(results[1].internal_error.find("exit code 9"), std::string::npos);
    EXPECT_EQ(results[2].outcome, check::Outcome::pass);
}

TEST(Workers, AnExceptionIsAnInternalErrorWithItsWords) {
    const auto results =
        play({{0, Scripted::kThrows, false, false, false}, {0, 3, false, false, false}}, 1);
    EXPECT_EQ(results[0].outcome, check::Outcome::internal);
    EXPECT_EQ(results[0].internal_error, "broken on purpose");
    EXPECT_EQ(results[1].leaderships, 1U);
}

TEST(Workers, AFullWorkerIsReplacedAndARunThatFitsNoneIsAnInternalError) {
    const auto results = play({{0, 0, false, false, false},
                               {0, Scripted::kNoRoom, false, false, false},
                               {0, Scripted::kNeverFits, false, false, false}},
                              1);
    EXPECT_EQ(results[1].outcome, check::Outcome::pass);
    EXPECT_NE(results[1].digest, results[0].digest);
    EXPECT_EQ(results[2].outcome, check::Outcome::internal);
}

TEST(Workers, WhatIsDoneIsGivenBackWhenItIsEnough) {
    std::vector<Job> jobs;
    for (std::uint64_t seed = 0; seed < 600; ++seed)
        jobs.push_back({0, seed, false, false, false});
    WorkerPool pool(settings(2));
    const auto results = pool.run_until(jobs, [](std::size_t done) { return done >= 5; });
    ASSERT_EQ(results.size(), jobs.size());
    std::size_t done = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (!results[i]) continue;
        ++done;
        EXPECT_EQ(results[i]->seed, i);
    }
    EXPECT_GE(done, 5U);
    EXPECT_LT(done, 10U);
    // No answer to a job of the first batch is taken for one of the second.
    const auto again = pool.run({{0, 900, false, false, false}, {0, 901, false, false, false}});
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)[0].seed, 900U);
    EXPECT_EQ((*again)[1].seed, 901U);
}

TEST(Workers, AHistoryThatCannotBeWrittenIsAnOutputError) {
    WorkerPool pool(settings(2));
    EXPECT_THROW(static_cast<void>(pool.run({{0, Scripted::kCannotWrite, false, false, false}})),
                 reports::OutputError);
}

}  // namespace
}  // namespace leasehold::cli
