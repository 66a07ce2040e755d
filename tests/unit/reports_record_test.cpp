#include <gtest/gtest.h>

#include "reports/record/chain.hpp"
#include "reports/record/recorder.hpp"

namespace leasehold::reports {
namespace {

using namespace std::chrono_literals;

// Feeds records as a run would.
class Story {
  public:
    explicit Story(RecordLimits limits = {}) : recorder(limits) {}
    RunRecorder recorder;

    void start(Duration at, ReplicaIndex replica) {
        const std::string name = "replica-" + std::to_string(replica);
        recorder.on(ProcessStarted{
            base(at), replica, name, name + "_x", true, {TrueTime(at), Instant(at + 100s), 0}});
    }
    std::uint64_t step(Duration at, ReplicaIndex replica, const Event& event,
                       const std::vector<Effect>& effects = {}) {
        recorder.on(
            ReplicaStepped{base(at), replica, {Instant(at + 100s), WallTime(at)}, &event, effects});
        return number_;
    }
    std::uint64_t lease(Duration at, ReplicaIndex writer, std::uint64_t version,
                        std::int32_t transitions, std::uint64_t nonce) {
        auto after = std::make_shared<Lease>();
        after->version = Version(version);
        after->record.holder = "replica-" + std::to_string(writer) + "_x";
        after->record.transitions = transitions;
        after->record.nonce = nonce;
        recorder.on(LeaseCommitted{base(at), writer, last_, after, false});
        last_ = after;
        return number_;
    }
    void fault(Duration at, std::string_view what, ReplicaIndex target, bool began) {
        recorder.on(FaultTookEffect{base(at), 0, began, what, {target}});
    }
    static LeasePtr asked(std::uint64_t nonce) {
        auto lease = std::make_shared<Lease>();
        lease->record.nonce = nonce;
        return lease;
    }

  private:
    RecordBase base(Duration at) { return {++number_, TrueTime(at)}; }
    std::uint64_t number_ = 0;
    LeasePtr last_;
};

std::vector<Span> of(const RunRecord& record, SpanKind kind) {
    std::vector<Span> found;
    for (const Span& span : record.spans)
        if (span.kind == kind) found.push_back(span);
    return found;
}

TEST(RunRecorder, AGateThatIsMovedIsOneSpanAndEndsByItself) {
    Story story;
    story.start(0s, 0);
    story.step(1s, 0, Timer{},
               {GateMoved{Term(5), Instant(116s)}, RoleChanged{Role::leader, Term(5)}});
    story.step(10s, 0, Timer{}, {GateMoved{Term(5), Instant(125s)}});
    story.step(40s, 0, Timer{}, {GateMoved{Term(6), Instant(150s)}});
    const RunRecord record = story.recorder.take(TrueTime(45s));
    const auto gates = of(record, SpanKind::gate);
    ASSERT_EQ(gates.size(), 2U);
    EXPECT_EQ(gates[0].from, TrueTime(1s));
    EXPECT_EQ(gates[0].to, TrueTime(25s));
    EXPECT_EQ(gates[1].from, TrueTime(40s));
    EXPECT_EQ(gates[1].to, TrueTime(45s)) << "no later than the run's end";
    ASSERT_EQ(of(record, SpanKind::leads).size(), 1U);
}

TEST(RunRecorder, APausedReplicaIsAsleepUntilItsFaultEnds) {
    Story story;
    story.start(0s, 0);
    story.fault(5s, "pause replica-0", 0, true);
    story.fault(9s, "pause replica-0", 0, false);
    const RunRecord record = story.recorder.take(TrueTime(20s));
    const auto asleep = of(record, SpanKind::asleep);
    ASSERT_EQ(asleep.size(), 1U);
    EXPECT_EQ(asleep[0].from, TrueTime(5s));
    EXPECT_EQ(asleep[0].to, TrueTime(9s));
    ASSERT_EQ(record.faults.size(), 1U);
    EXPECT_EQ(record.faults[0].to, TrueTime(9s));
}

TEST(RunRecorder, ARequestItsCommitAndItsAnswerAreOneExchange) {
    Story story;
    story.start(0s, 0);
    const auto sent = story.step(
        1s, 0, Timer{}, {SendLease{RequestId(7), LeaseVerb::update, Story::asked(42), 5s}});
    const auto commit = story.lease(2s, 0, 9, 1, 42);
    LeaseReply reply;
    reply.status = 200;
    const auto answer = story.step(3s, 0, LeaseAnswered{RequestId(7), reply});
    const auto watched = story.step(4s, 0, LeaseWatched{WatchId(1), WatchKind::seen, Version{}, [] {
                                                            auto lease = std::make_shared<Lease>();
                                                            lease->version = Version(9);
                                                            return lease;
                                                        }()});
    const RunRecord record = story.recorder.take(TrueTime(5s));
    ASSERT_EQ(record.exchanges.size(), 1U);
    EXPECT_EQ(record.exchanges[0].sent, sent);
    EXPECT_EQ(record.exchanges[0].reached, commit);
    EXPECT_EQ(record.exchanges[0].answered, answer);
    EXPECT_FALSE(record.exchanges[0].lost);
    EXPECT_EQ(event_of(record, commit)->cause, sent);
    EXPECT_EQ(event_of(record, answer)->cause, commit);
    EXPECT_EQ(event_of(record, watched)->cause, commit);
}

TEST(RunRecorder, RenewalsOfOneHolderAreOneSpanOfTheLease) {
    Story story;
    story.start(0s, 0);
    story.start(0s, 1);
    story.lease(1s, 0, 5, 1, 1);
    story.lease(3s, 0, 6, 1, 2);
    story.lease(20s, 1, 7, 2, 3);
    const auto holders = of(story.recorder.take(TrueTime(30s)), SpanKind::holder);
    ASSERT_EQ(holders.size(), 2U);
    EXPECT_EQ(holders[0].owner, 0U);
    EXPECT_EQ(holders[0].to, TrueTime(20s));
    EXPECT_EQ(holders[1].owner, 1U);
    EXPECT_EQ(holders[1].text, "replica-1_x");
}

TEST(RunRecorder, PendingReadsAreCountedAndEndWithTheirProcess) {
    Story story;
    story.start(0s, 0);
    story.step(1s, 0, BackupRead{CallId(1), ObjectKey("k"), {}, kNever});
    story.step(2s, 0, BackupRead{CallId(2), ObjectKey("k"), {}, kNever});
    story.step(3s, 0, Timer{}, {ReadDone{CallId(1), ReadOutcome::failed, {}, {}, {}}});
    story.recorder.on(ProcessEnded{{99, TrueTime(4s)}, 0, EndCause::crashed});
    const RunRecord record = story.recorder.take(TrueTime(5s));
    std::vector<std::uint32_t> values;
    for (const CountPoint& point : record.lanes[0].pending_reads)
        values.push_back(point.value);
    EXPECT_EQ(values, (std::vector<std::uint32_t>{1, 2, 1, 0}));
    EXPECT_EQ(of(record, SpanKind::crashed).size(), 1U);
}

// A day's page holds what happened around changes; how much was left out, is told.
TEST(RunRecorder, OfALongRunTheQuietStretchesLoseTheirDetails) {
    Story story({1000, 1000});
    story.start(0s, 0);
    std::uint64_t change = 0;
    for (int i = 1; i <= 20'000; ++i) {
        const bool leads = i == 9'000;
        const auto number =
            story.step(std::chrono::seconds(i), 0, Timer{},
                       leads ? Effects{RoleChanged{Role::leader, Term(1)}} : Effects{});
        if (leads) change = number;
    }
    const RunRecord record = story.recorder.take(TrueTime(20'000s));
    EXPECT_LE(record.events.size(), 1000U);
    EXPECT_EQ(record.events.size() + record.left_out, 20'001U);
    ASSERT_NE(event_of(record, change), nullptr);
    EXPECT_NE(event_of(record, change - 50), nullptr) << "what led to the change";
    EXPECT_NE(event_of(record, change + 100), nullptr) << "what came of it";
    EXPECT_NE(event_of(record, 20'001), nullptr) << "how it ended";
    EXPECT_EQ(event_of(record, 3'000), nullptr);
}

TEST(Recorder, EachMoveOfAGateIsKept) {
    RecordLimits limits;
    limits.points = 4;
    Story story(limits);
    story.start(0s, 0);
    const auto until = [](Duration at) { return Effects{GateMoved{Term(1), Instant(at + 100s)}}; };
    story.step(1s, 0, Timer{}, until(16s));
    story.step(3s, 0, Timer{}, until(18s));
    story.step(3s, 0, Timer{}, until(19s));
    const auto points = [&](RunRecord record) {
        std::vector<std::pair<TrueTime, TrueTime>> found;
        for (const GatePoint& point : record.lanes.at(0).gates)
            found.emplace_back(point.at, point.until);
        return found;
    };
    story.step(5s, 0, Timer{}, until(20s));
    story.step(7s, 0, Timer{}, until(22s));
    story.step(9s, 0, Timer{}, until(24s));  // too many: of two neighbours the later stays
    EXPECT_EQ(points(story.recorder.take(TrueTime(10s))),
              (std::vector<std::pair<TrueTime, TrueTime>>{{TrueTime(3s), TrueTime(19s)},
                                                          {TrueTime(7s), TrueTime(22s)},
                                                          {TrueTime(9s), TrueTime(24s)}}));
}

TEST(Explain, TheEarliestViolationWithItsEvidenceAndWhatCausedIt) {
    Story story;
    story.start(0s, 0);
    const auto other = story.step(1s, 0, Timer{});
    const auto sent = story.step(
        2s, 0, Timer{}, {SendLease{RequestId(7), LeaseVerb::update, Story::asked(42), 5s}});
    story.step(3s, 0, Timer{});
    const auto commit = story.lease(4s, 0, 9, 1, 42);
    const RunRecord record = story.recorder.take(TrueTime(9s));
    check::RunResult result;
    check::Verdict later;
    later.status = check::Status::violated;
    later.at = TrueTime(5s);
    later.evidence = {sent};
    check::Verdict first = later;
    first.at = TrueTime(4s);
    first.evidence = {other, commit};
    result.verdicts = {later, first};
    const Explanation found = explain(record, result);
    EXPECT_EQ(found.wrong, commit);
    EXPECT_EQ(found.events, (std::vector<std::uint64_t>{1, other, sent, commit}));
    result.verdicts.clear();
    EXPECT_EQ(explain(record, result).wrong, 0U);
}

}  // namespace
}  // namespace leasehold::reports
