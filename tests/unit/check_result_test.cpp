// The list of invariants, exit codes, and which of many outcomes is the worst.
#include <set>
#include <string>

#include "model/check/result.hpp"
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

TEST(CheckResult, ExitCodesAreThoseOfTheManual) {
    EXPECT_EQ(exit_code(Outcome::pass), 0);
    EXPECT_EQ(exit_code(Outcome::safety), 1);
    EXPECT_EQ(exit_code(Outcome::liveness), 2);
    EXPECT_EQ(exit_code(Outcome::inconclusive), 3);
    EXPECT_EQ(exit_code(Outcome::nondeterministic), 4);
    EXPECT_EQ(exit_code(Outcome::internal), 70);
}

TEST(CheckResult, TheWorstOfManyWinsInItsOrder) {
    const std::vector<Outcome> order{Outcome::internal, Outcome::nondeterministic, Outcome::safety,
                                     Outcome::liveness, Outcome::inconclusive,     Outcome::pass};
    for (std::size_t i = 0; i < order.size(); ++i)
        for (std::size_t j = i; j < order.size(); ++j) {
            EXPECT_EQ(worse(order[i], order[j]), order[i]);
            EXPECT_EQ(worse(order[j], order[i]), order[i]);
        }
}

TEST(CheckResult, EveryInvariantHasItsOwnNameAndAVerdictInTheSameOrder) {
    std::set<std::string_view> ids;
    for (const InvariantInfo& info : invariants()) {
        EXPECT_TRUE(ids.insert(info.id).second) << info.id;
        EXPECT_FALSE(info.meaning.empty());
    }
    EXPECT_EQ(ids.size(), 26U);
    History history;
    history.start_all();
    const std::vector<Verdict> verdicts = history.checkers().finish(at(1s));
    ASSERT_EQ(verdicts.size(), invariants().size());
    for (std::size_t i = 0; i < verdicts.size(); ++i)
        EXPECT_EQ(verdicts[i].id, invariants()[i].id);
}

TEST(CheckResult, AnEmptyHistoryPassesNothing) {
    History history;
    for (const Verdict& verdict : history.checkers().finish(at(1s))) {
        EXPECT_NE(verdict.status, Status::pass) << verdict.id;
        EXPECT_NE(verdict.status, Status::violated) << verdict.id;
        EXPECT_FALSE(verdict.what.empty()) << verdict.id;
    }
    EXPECT_EQ(history.verdict("run.deterministic", 1s).status, Status::not_checked);
}

TEST(CheckResult, TheElectionBoundGrowsWithTheLeaseAndTheDrift) {
    Settings settings = test_settings();
    const Duration usual = election_bound(settings);
    EXPECT_GT(usual, settings.election.lease_duration);
    EXPECT_LT(usual, 4 * settings.election.lease_duration);
    settings.election.drift_ppm *= 10;
    EXPECT_GT(election_bound(settings), usual);
    settings = test_settings();
    settings.election.lease_duration = 30s;
    EXPECT_GT(election_bound(settings), usual + 15s);
    settings = test_settings();
    settings.election.max_lease_duration = 30s;
    EXPECT_GT(election_bound(settings), usual + 15s);
}

}  // namespace
}  // namespace leasehold::check
