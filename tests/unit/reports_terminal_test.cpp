#include <sstream>

#include <gtest/gtest.h>

#include "reports/terminal.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

using check::Outcome;

constexpr const char* kPassed =
    R"(leader-crash   seed 7   180.000s simulated   3 replicas
a replica-0, b replica-1, c replica-2; capital leads, # crashed, z asleep, - cut off, . not running

    60.000s  a # c  fault: crash replica-1
    74.307s  A # c  replica-0 leads, term 1060

pass         leader.at-most-one             76 checked
pass         leader.eventually-one          within 17.1s (4 checked)
n/a          stop.bounded                   no replica was told to stop
not checked  run.deterministic              the run was not repeated
met          expected                       reached takeover-after-expiry: once
took effect  fault of line 12               crash leader at 60s
work         1,860 events, 102 Lease requests, 57 bucket requests, 36 writes (8 committed, 1 failed,
             1 unknown, 2 fenced, 24 skipped by followers, 0 without an answer), 24 backup reads,
             498 queries
leaders      2 leaderships, longest failover 14.307s, longest time without a leader 14.307s
digest       9f2c61d04be7a318

PASS  2 invariants held
next: leasehold check scenarios/failover/leader-crash.yaml --set 'a=b c'
)";

constexpr const char* kViolated = R"(
FAIL  safety: leader.at-most-one                                                              exit 1
  What    leader.at-most-one: replica-0 and replica-1 held an open gate at once [61.204s] [events
          8812 9955]
  Chain       33.410s  replica-0 paused   event 8812
              61.204s  replica-2 leads, term 9   event 9955  <- first wrong step
  State   replica-0: leader
          replica-2: leader
  Again   leasehold run scenarios/failover/leader-crash.yaml --seed 7
)";

constexpr const char* kInconclusive = R"(
INCONCLUSIVE  this run proves nothing                                                         exit 3
  What    expected: reached takeover-after-expiry; found: never
  What    the fault of line 12 took no effect: crash leader at 60s
  Again   leasehold run scenarios/failover/leader-crash.yaml --seed 7
)";

void expect_narrow(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), kColumns) << line;
}

TEST(Terminal, APassedRunReadsAsItShould) {
    EXPECT_EQ(render_run(samples::result(), " --set 'a=b c'", {}), kPassed);
}

TEST(Terminal, AViolationTellsWhatBrokeTheChainTheStateAndTheReplay) {
    EXPECT_EQ(render_failure(samples::violated(), "", {}), kViolated + 1);
    EXPECT_TRUE(render_run(samples::violated(), "", {}).ends_with(kViolated + 1));
}

TEST(Terminal, AnInconclusiveRunSaysWhatWasMissing) {
    check::RunResult run = samples::result();
    run.outcome = Outcome::inconclusive;
    run.expectations[0] = {"reached takeover-after-expiry", false, "never"};
    run.faults[0].took_effect = 0;
    EXPECT_EQ(render_failure(run, "", {}), kInconclusive + 1);
}

TEST(Terminal, NeitherNotApplicableNorNotCheckedIsPrintedAsAPass) {
    check::RunResult run = samples::result();
    for (check::Verdict& verdict : run.verdicts)
        verdict.status = check::Status::not_checked;
    EXPECT_EQ(render_run(run, "", {}).find("pass "), std::string::npos);
    EXPECT_NE(render_run(run, "", {}).find("PASS  0 invariants held"), std::string::npos);
}

TEST(Terminal, AnExpectedViolationIsNeitherAPassNorAFailure) {
    check::RunResult run = samples::violated();
    run.outcome = Outcome::pass;
    run.expectations = {{"violates leader.at-most-one", true, "it did"}};
    const std::string text = render_run(run, "", {});
    EXPECT_NE(text.find("expected     leader.at-most-one"), std::string::npos) << text;
    EXPECT_EQ(text.find("VIOLATED"), std::string::npos);
    EXPECT_NE(text.find("PASS  1 invariant held"), std::string::npos) << text;
}

TEST(Terminal, AViolationThatTheScenarioAllowsSaysSo) {
    check::RunResult run = samples::violated();
    run.outcome = Outcome::pass;
    run.expectations = {{"may violate leader.at-most-one", true, "it did"}};
    const std::string text = render_run(run, "", {});
    EXPECT_NE(text.find("allowed      leader.at-most-one"), std::string::npos) << text;
    EXPECT_EQ(text.find("VIOLATED"), std::string::npos);
    run.expectations = {{"may violate leader.at-most-one-else", true, "it did"}};
    EXPECT_NE(render_run(run, "", {}).find("VIOLATED     leader.at-most-one"), std::string::npos)
        << "another's word";
}

TEST(Terminal, TheTableNamesEachScenarioAndTheWorstVerdictWins) {
    ScenarioSummary good;
    good.name = "leader-crash";
    good.runs = {samples::result(), samples::result()};
    summarise(good, {});
    ScenarioSummary bad = good;
    bad.name = "promotion-with-pending-reads";
    bad.runs[1] = samples::violated();
    summarise(bad, {std::nullopt, std::chrono::seconds(14), std::nullopt});
    const std::string text = render_check({good, bad}, "", {});
    const std::string head =
        "                                                                  failover  leaderless\n"
        "scenario                      seeds  verdict       P50       P99       max         max\n"
        "leader-crash                      2  pass      14.307s   14.307s   14.307s     14.307s\n"
        "promotion-with-pending-reads      2  safety    14.307s   14.307s   14.307s     14.307s\n"
        "\n"
        "promotion-with-pending-reads   1 of 2 seeds did not pass\n"
        "NOT MET      over all seeds: failover P99 at most 14.000s: 14.307s of 2\n";
    EXPECT_EQ(text.substr(0, head.size()), head);
    EXPECT_TRUE(
        text.ends_with("\nFAIL  1 of 2 scenarios passed, 4 runs, 720 s simulated, 4 failovers\n"))
        << text;
    expect_narrow(text);
}

TEST(Terminal, ALongNameLeavesTheColumnsOfTheTableInLine) {
    ScenarioSummary summary;
    summary.name = "removals-of-a-leader-that-loses-its-bucket";  // 42, the longest of scenarios/
    summary.runs = {samples::result()};
    summarise(summary, {});
    const std::string text = render_check({summary}, "", {});
    const std::size_t first = text.find('\n');
    const std::size_t second = text.find('\n', first + 1);
    const std::size_t third = text.find('\n', second + 1);
    EXPECT_EQ(second - first, third - second) << text;
    expect_narrow(text);
}

TEST(Terminal, ManySeedsEndWithAVerdictOfTheirOwn) {
    ScenarioSummary summary;
    summary.name = "leader-crash";
    summary.runs = {samples::result(), samples::result()};
    summarise(summary, {});
    const std::string good = render_seeds(summary, "", {});
    EXPECT_TRUE(good.starts_with("leader-crash   2 seeds\n")) << good;
    EXPECT_TRUE(
        good.ends_with("\nPASS  2 of 2 seeds passed, failover P50 14.307s, P99 14.307s, "
                       "max 14.307s\n"))
        << good;
    summarise(summary, {std::nullopt, std::chrono::seconds(14), std::nullopt});
    EXPECT_NE(render_seeds(summary, "", {}).find("\nFAIL  2 of 2 seeds passed"), std::string::npos)
        << "a missed bound fails although every run passed";
    expect_narrow(good);
}

TEST(Terminal, NoLineIsWiderThanAHundredColumns) {
    check::RunResult run = samples::violated();
    for (check::Verdict& verdict : run.verdicts)
        for (int i = 0; i < 40; ++i)
            verdict.what += " many words";
    run.timeline[0].text = run.verdicts[0].what;
    run.chain[0].text = run.verdicts[0].what;
    run.state = run.verdicts[0].what;
    expect_narrow(render_run(run, "", {}));
    expect_narrow(render_seed_line(run, {}));
}

TEST(Terminal, ColoursAreOnlyThereWhenAskedFor) {
    EXPECT_EQ(render_run(samples::violated(), "", {}).find('\x1b'), std::string::npos);
    EXPECT_NE(render_run(samples::violated(), "", {.colour = true}).find("\x1b[1;31mVIOLATED"),
              std::string::npos);
}

TEST(Terminal, WordsForAShellAreQuotedWhenTheyMustBe) {
    EXPECT_EQ(shell_quoted("a/b-c.yaml"), "a/b-c.yaml");
    EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_quoted(""), "''");
    EXPECT_EQ(grouped(1'234'567), "1,234,567");
    EXPECT_EQ(grouped(999), "999");
}

}  // namespace
}  // namespace leasehold::reports
