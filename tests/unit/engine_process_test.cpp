// What concerns the process: digests of runs in processes of their own, arguments, signals.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/engine_fuzz.hpp"

namespace leasehold::test {
namespace {

struct Probe {
    int status = -1;  ///< exit code; -1: did not end by itself
    std::vector<std::string> lines;
};

/// Runs the probe program with these words and collects what it prints.
Probe probe(const std::string& words) {
    Probe result;
    FILE* const pipe = popen(("'" ENGINE_PROBE "' " + words + " 2>/dev/null").c_str(), "r");
    if (pipe == nullptr) return result;
    std::string text;
    std::array<char, 4096> buffer{};
    while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
        text.append(buffer.data(), got);
    const int status = pclose(pipe);
    if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        result.lines.push_back(line);
    return result;
}

constexpr std::size_t kSeeds = 150;

TEST(EngineDigest, IsTheSameWhetherTheQueueRunsAheadOrEveryDateIsStepped) {
    const Probe ahead = probe("row 1 150 1");
    const Probe stepping = probe("stepping 1 150 1");
    ASSERT_EQ(0, ahead.status);
    ASSERT_EQ(kSeeds, ahead.lines.size());
    EXPECT_EQ(ahead.lines, stepping.lines);
    EXPECT_NE(ahead.lines[0], ahead.lines[1]);
}

TEST(EngineDigest, OfTheNthRunInAProcessIsThatOfAFreshProcess) {
    const Probe fresh = probe("fresh 1 150");
    const Probe row = probe("row 1 150 3");
    ASSERT_EQ(0, fresh.status);
    ASSERT_EQ(kSeeds, fresh.lines.size());
    ASSERT_EQ(3 * kSeeds, row.lines.size());
    for (std::size_t i = 0; i < row.lines.size(); ++i)
        ASSERT_EQ(fresh.lines[i % kSeeds], row.lines[i]) << "run " << i;
}

TEST(EngineDigest, IsThatOfAProgramStartedAnew) {
    const Probe row = probe("row 1 150 1");
    for (const std::size_t seed : {1U, 77U, 150U}) {
        const Probe one = probe("row " + std::to_string(seed) + " 1 1");
        ASSERT_EQ(1U, one.lines.size());
        EXPECT_EQ(row.lines[seed - 1], one.lines[0]);
    }
}

// The comparisons above are worth what happens in their runs.
TEST(EngineDigest, CoversFlowsCancelsFaultsAndBothWaysOfGoingOn) {
    Engine engine(fuzz_platform());
    FuzzCounts all;
    const std::uint64_t before = engine.simgrid_steps();
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
        all += FuzzRun(engine, seed).counts();
    const std::uint64_t steps_ahead = engine.simgrid_steps() - before;
    EXPECT_GT(all.finished, 2000U);
    EXPECT_GT(all.failed, 1000U);
    EXPECT_GT(all.cancels, 1000U);
    EXPECT_GT(all.faults, 1000U);
    EXPECT_GT(all.bandwidths, 1000U);
    EXPECT_LE(all.finished + all.failed, all.started);
    EXPECT_LT(all.started - all.finished - all.failed, 10 * kSeeds);  // alive at the end
    engine.set_mode(Engine::Mode::stepping);
    const std::uint64_t middle = engine.simgrid_steps();
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
        (void)FuzzRun(engine, seed).digest();
    const std::uint64_t steps_stepping = engine.simgrid_steps() - middle;
    EXPECT_GT(steps_ahead, steps_stepping / 10);
    EXPECT_LT(steps_ahead, steps_stepping * 9 / 10);
}

// SimGrid ends with exit code 0 when it finds a deadlock.
TEST(EngineProcess, ReportsADeadlockAsAFailedCheck) {
    const Probe result = probe("deadlock");
    EXPECT_EQ(70, result.status);
    EXPECT_EQ(std::vector<std::string>{"SimGrid reports a deadlock"}, result.lines);
}

// SimGrid takes --help, --version, --cfg and --log out of the arguments it sees, and exits.
TEST(EngineProcess, DoesNotLookAtTheArgumentsOfTheProgram) {
    const Probe plain = probe("row 1 1 1");
    const Probe result =
        probe("row 1 1 1 --help --version --cfg=network/model:LV08 --log=no.such:x");
    EXPECT_EQ(0, result.status);
    ASSERT_EQ(1U, result.lines.size());
    EXPECT_EQ(plain.lines, result.lines);
}

TEST(EngineProcess, KeepsTheInterruptHandlerOfTheProgram) {
    EXPECT_EQ(55, probe("interrupt").status);
}

TEST(EngineProcess, RefusesASecondEngine) {
    EXPECT_EQ(70, probe("second").status);
}

TEST(EngineProcess, SaysWhenTheBinadeIsUsedUp) {
    const Probe result = probe("fill");
    ASSERT_EQ(0, result.status);
    // Eight runs of 2^17 s, each with a flow to its very end, and then not even a second is left.
    EXPECT_EQ((std::vector<std::string>{"8 runs", "refused"}), result.lines);
}

}  // namespace
}  // namespace leasehold::test
