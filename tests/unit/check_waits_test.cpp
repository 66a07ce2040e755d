// follower.freshness, of reads that wait: what a pass shows ends them.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kFresh = "follower.freshness";
constexpr std::string_view kKey = "assets/1h";

/// Replica 1 has a copy of the one object, and a reader who names `known` waits for another.
class CheckWaits : public ::testing::Test {
  protected:
    CheckWaits() {
        history_.start_all();
        history_.lead(0, 1s, 1, 1h);
        history_.object(0, 2s, kKey, "a", 1);
        history_.step(1, 3s, Timer{}, {send_file(1, FileVerb::store, kKey, "a")});
        history_.step(1, 4s, FileAnswered{RequestId{1}, FileReply{}});
    }
    void waits(std::string_view known) {
        BackupRead read = backup_read(7, kKey);
        read.known = etag_of(known);
        history_.step(1, 5s, read);
    }
    std::uint64_t pass(Duration when, std::vector<Effect> more = {}) {
        more.emplace_back(Mark{MarkId::pass_completed});
        return history_.step(1, when, bucket_page(9), more);
    }
    History history_;
};

TEST_F(CheckWaits, AReadThatTwoPassesLeaveWaitingIsFound) {
    waits("x");
    pass(10s);
    const auto second = pass(20s);
    EXPECT_TRUE(violated(history_.verdict(kFresh, 21s), second));
}

TEST_F(CheckWaits, OnePassMayMissIt) {
    waits("x");
    pass(10s);
    pass(20s, {read_data(7, "a", 1, 0)});
    EXPECT_NE(history_.verdict(kFresh, 21s).status, Status::violated);
}

TEST_F(CheckWaits, WhoHasThatVersionWaitsForTheNext) {
    waits("a");
    pass(10s);
    pass(20s);
    EXPECT_NE(history_.verdict(kFresh, 21s).status, Status::violated);
}

TEST_F(CheckWaits, ACopyThatIsNotWhatTheBucketHoldsEndsNoRead) {
    waits("x");
    history_.object(0, 6s, kKey, "b", 1);
    pass(10s);
    pass(12s);
    EXPECT_NE(history_.verdict(kFresh, 13s).status, Status::violated);
}

TEST_F(CheckWaits, ACopyThatIsBeingReadHasStillToEndIt) {
    waits("x");
    history_.step(1, 6s, Timer{}, {send_file(3, FileVerb::load, kKey)});
    pass(10s);
    pass(20s);
    EXPECT_NE(history_.verdict(kFresh, 21s).status, Status::violated);
}

TEST_F(CheckWaits, AListThatLeavesKeysOutShowsNothingOfThem) {
    waits("x");
    history_.fault(6s, "omitKeys replica-1", {1});
    pass(10s);
    pass(20s);
    EXPECT_NE(history_.verdict(kFresh, 21s).status, Status::violated);
}

}  // namespace
}  // namespace leasehold::check
