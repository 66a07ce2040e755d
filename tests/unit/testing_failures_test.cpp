// What the harness makes of machines and checks that fail: words, files, the least schedule.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "reports/atomic_file.hpp"
#include "reports/html/page.hpp"
#include "sim/testing/harness.hpp"
#include "tests/unit/own_folder.hpp"
#include "tests/unit/testing_machines.hpp"

namespace leasehold::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Failures : public ::testing::Test {
  protected:
    Failures() { harness.seeds(1, 4).folder(folder); }

    [[nodiscard]] std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(fs::path(folder) / name).rdbuf();
        return text.str();
    }

    const test::OwnFolder own;
    const std::string folder = own.path("failures");  // the harness makes it
    Harness harness{"failing"};
};

bool has(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
}

TEST_F(Failures, ABrokenInvariantIsShrunkAndWrittenBesideTheLog) {
    harness.host([](const PeerStart&) { return Usurper{}; });
    harness.fault(at(100s).pause("replica-2").lasting(5s));  // has nothing to do with it
    const Played played = harness.play();
    EXPECT_EQ(played.summary.outcome, Outcome::safety);
    EXPECT_TRUE(has(played.failure, "leader.at-most-one")) << played.failure;
    EXPECT_TRUE(has(played.failure, "the same test: seeds(1, 1)")) << played.failure;
    EXPECT_FALSE(has(played.failure, "leasehold run")) << played.failure;
    ASSERT_EQ(played.files.size(), reports::pages_available() ? 5U : 3U);
    for (const char* page : {"failing-seed-1.html", "failing-least.html"})
        EXPECT_EQ(has(read(page), "</html>"), reports::pages_available()) << page;
    const std::string run = read("failing-seed-1.txt");
    EXPECT_TRUE(has(run, "digest       ")) << run;
    EXPECT_TRUE(has(run, "VIOLATED     leader.at-most-one")) << run;
    EXPECT_FALSE(has(run, "leasehold run")) << run;
    const std::string least = read("failing-least.yaml");
    EXPECT_FALSE(has(least, "pause")) << least;
    EXPECT_TRUE(has(least, "replicas: 2")) << least;
    EXPECT_TRUE(has(played.failure, least));
    EXPECT_TRUE(has(read("failing-least.txt"), "VIOLATED     leader.at-most-one"));
    // What was written is a scenario that fails alike.
    Harness again("again");
    again.scenario_file((fs::path(folder) / "failing-least.yaml").string()).folder("");
    again.host([](const PeerStart&) { return Usurper{}; });
    const Played repeated = again.play();
    EXPECT_EQ(repeated.summary.outcome, Outcome::safety);
    EXPECT_TRUE(repeated.files.empty());
}

TEST_F(Failures, AnOwnCheckIsJudgedAndShrunkLikeAnInvariant) {
    harness.fault(at(60s).crash("leader").lasting(30s))
        .fault(at(120s).pause("follower").lasting(2s));
    harness.check<LeadsAtMost>(1);
    const Played played = harness.play();
    EXPECT_EQ(played.summary.outcome, Outcome::safety);
    EXPECT_TRUE(has(played.failure, "own.leads-at-most: somebody leads once too often"))
        << played.failure;
    const std::string least = read("failing-least.yaml");
    EXPECT_TRUE(has(least, "crash: leader")) << least;
    EXPECT_FALSE(has(least, "pause")) << least;
    EXPECT_TRUE(has(read("failing-least.txt"), "VIOLATED     own.leads-at-most"));
}

TEST_F(Failures, AnOwnCheckThatHoldsIsToldAndOneThatSawNothingIsNoPass) {
    harness.check<LeadsAtMost>(5).seeds(1, 1);
    const Played held = harness.play();
    EXPECT_TRUE(held.passed()) << held.failure;
    EXPECT_EQ(held.summary.runs.front().verdicts.back().id, "own.leads-at-most");
    EXPECT_EQ(held.summary.runs.front().verdicts.back().checked, 1U);
    struct Blind : OwnCheck {
        Blind() : OwnCheck("own.blind") {}
    };
    harness.check<Blind>();
    const Played blind = harness.play();
    EXPECT_EQ(blind.summary.outcome, Outcome::inconclusive);
    EXPECT_TRUE(has(blind.failure, "own.blind: it looked at nothing")) << blind.failure;
}

TEST_F(Failures, AMachineThatThrowsOrCrashesCostsItsRunAndNotTheTest) {
    using Way = Failing::Way;
    const auto play = [&](Way way) {
        harness.seeds(1, 1).host(
            [way](const PeerStart& start) { return Failing(start.config, way); });
        return harness.play();
    };
    const Played threw = play(Way::throws);
    EXPECT_EQ(threw.summary.outcome, Outcome::internal);
    EXPECT_TRUE(has(threw.failure, "a hosted machine threw: no such order")) << threw.failure;
    EXPECT_TRUE(has(threw.failure, "The least scenario that breaks alike")) << threw.failure;
    const Played aborted = play(Way::aborts);
    EXPECT_EQ(aborted.summary.outcome, Outcome::internal);
    EXPECT_TRUE(has(aborted.failure, "signal 6")) << aborted.failure;
    EXPECT_TRUE(has(aborted.failure, "The least scenario that breaks alike")) << aborted.failure;
    EXPECT_TRUE(has(read("failing-least.yaml"), "duration: 5s")) << aborted.failure;
}

TEST_F(Failures, AMachineThatAsksForMoreThanItIsGivenIsNondeterministic) {
    // Whose process it is differs, as the time of day would.
    struct Unsteady {
        Replica replica;
        void step(Now now, const Event& event, Effects& out) {
            replica.step(now, event, out);
            if (std::holds_alternative<Start>(event))
                for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(getpid()) % 1000; ++i)
                    out.emplace_back(Mark{MarkId{}});
        }
        [[nodiscard]] Instant next_deadline() const { return replica.next_deadline(); }
    };
    harness.seeds(1, 1).host([](const PeerStart& s) { return Unsteady{Replica(s.config)}; });
    const Played played = harness.play();
    EXPECT_EQ(played.summary.outcome, Outcome::nondeterministic) << played.failure;
}

TEST_F(Failures, AFolderThatCannotBeMadeIsAnError) {
    std::ofstream(folder) << "a file";
    harness.seeds(1, 1).shrinks(false).host([](const PeerStart&) { return Usurper{}; });
    EXPECT_THROW(static_cast<void>(harness.play()), reports::OutputError);
    fs::remove(folder);
}

TEST_F(Failures, NothingIsWrittenWhenAllPass) {
    EXPECT_TRUE(harness.play().passed());
    EXPECT_FALSE(fs::exists(folder));
}

}  // namespace
}  // namespace leasehold::testing
