// StateLog: which steps are told, as an operator reads them.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "agent/host/state_log.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

class AgentStateLog : public ::testing::Test {
  protected:
    AgentStateLog() : before_(spdlog::default_logger()) {
        auto logger = std::make_shared<spdlog::logger>(
            "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
        logger->set_pattern("%l %v");
        spdlog::set_default_logger(logger);
    }
    ~AgentStateLog() override { spdlog::set_default_logger(before_); }

    void step(const Event& event, const Effects& effects = {}) {
        log.stepped(Now{Instant(at), WallTime(at)}, event, effects);
    }
    /// A GET of `key` is sent, and its answer reaches `mark`.
    void answer_reaches(MarkId mark, const std::string& key, const BucketReply& reply = {}) {
        SendBucket get;
        get.request = RequestId(++requests_);
        get.key = ObjectKey(key);
        step(Timer{}, {get});
        step(BucketAnswered{get.request, std::make_shared<const BucketReply>(reply)}, {Mark{mark}});
    }
    void watched(WatchKind kind, std::uint64_t version = 0) {
        step(LeaseWatched{WatchId(1), kind, Version(version),
                          version == 0 ? nullptr : lease(version)},
             kind == WatchKind::ended ? Effects{Mark{MarkId::watch_lost}} : Effects{});
    }
    void got(std::uint64_t version) {
        LeaseReply reply;
        reply.status = 200;
        reply.lease = lease(version);
        step(LeaseAnswered{RequestId(++requests_), reply});
    }
    static LeasePtr lease(std::uint64_t version) {
        auto lease = std::make_shared<Lease>();
        lease->version = Version(version);
        lease->record.holder = "other";
        return lease;
    }
    /// What was told since the last call.
    std::string told() {
        std::string text = text_.str();
        text_.str("");
        return text;
    }

    Duration at{0};
    StateLog log;

  private:
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> before_;
    std::uint64_t requests_ = 0;
};

TEST_F(AgentStateLog, AnEndedHolderIsToldFromTheWordToTheTakeover) {
    const auto own = std::make_shared<const Container>(Container{"pod-0", "u", "containerd://a"});
    const auto other = std::make_shared<const Container>(Container{"pod-1", "v", "containerd://b"});
    step(OwnContainer{own});
    EXPECT_EQ(told(), "info runs in containerd://a of Pod pod-0\n");
    step(HolderEnded{other, WallTime{}, Version(7)}, {Mark{MarkId::holder_ended_believed}});
    EXPECT_EQ(told(),
              "info containerd://b of Pod pod-1 has ended, says its kubelet\n"
              "info the Lease is free: the container of its holder has ended, for certain\n");
    step(Timer{}, {RoleChanged{Role::leader, Term(9)}, Mark{MarkId::takeover_after_end}});
    EXPECT_EQ(told(), "info leads, term 9\ninfo took a Lease whose holder was proven to be dead\n");
}

TEST_F(AgentStateLog, AlarmsNameTheirKeyOnceAnHour) {
    answer_reaches(MarkId::object_corrupt, "etl/a");
    EXPECT_EQ(told(), "warning etl/a: an object's length or digest was not that of its stamp\n");
    at += 10min;
    answer_reaches(MarkId::object_corrupt, "etl/a");
    EXPECT_EQ(told(), "");
    answer_reaches(MarkId::object_corrupt, "etl/b");
    EXPECT_EQ(told(), "warning etl/b: an object's length or digest was not that of its stamp\n");
    at += 1h;
    answer_reaches(MarkId::object_corrupt, "etl/a");
    EXPECT_NE(told(), "");
}

TEST_F(AgentStateLog, EachMarkThatWantsAttentionIsAWarning) {
    for (const MarkId mark :
         {MarkId::bucket_unusable, MarkId::object_corrupt, MarkId::preconditions_ignored,
          MarkId::preconditions_refused, MarkId::preconditions_not_atomic,
          MarkId::precondition_contradicted, MarkId::version_went_back, MarkId::version_not_kept,
          MarkId::two_groups, MarkId::key_refused}) {
        step(Timer{}, {Mark{mark}});
        EXPECT_TRUE(told().starts_with("warning ")) << mark_name(mark);
    }
    step(Timer{}, {Mark{MarkId::pass_completed}});
    EXPECT_EQ(told(), "");
}

/// It is found out by a small PUT of another key, which is stored.
TEST_F(AgentStateLog, AKeyThatIsRefusedIsTheOneThatFailed) {
    BucketReply refused;
    refused.status = 500;
    answer_reaches(MarkId::pass_completed, "etl/long", refused);
    BucketReply missing;
    missing.status = 404;
    answer_reaches(MarkId::pass_completed, "etl/new", missing);
    BucketReply stored;
    stored.status = 200;
    answer_reaches(MarkId::key_refused, ".ha/probe/a", stored);
    EXPECT_EQ(told(), "warning etl/long: one key's writes fail while the bucket takes others\n");
    answer_reaches(MarkId::object_corrupt, "etl/torn");
    answer_reaches(MarkId::key_refused, ".ha/probe/a", stored);
    EXPECT_NE(told().find("warning etl/torn: one key's writes fail"), std::string::npos);
}

TEST_F(AgentStateLog, AnotherGroupIsToldWithWhatItsObjectSays) {
    Stamp stamp;
    stamp.epoch = Epoch(1006);
    stamp.writer = 0xabc;
    auto body = std::make_shared<ObjectBody>();
    body->head = encode_header(stamp);
    BucketReply reply;
    reply.content = ObjectBodyPtr(body);
    answer_reaches(MarkId::two_groups, "etl/x", reply);
    EXPECT_EQ(told(),
              "warning etl/x: a writer that the Lease never named raises the epoch: two groups on "
              "one prefix (epoch 1006, writer 0000000000000abc)\n");
}

TEST_F(AgentStateLog, PreconditionsAreThoseOfTheProbeOrTheConfiguration) {
    EXPECT_EQ(log.preconditions(), "unknown");
    EXPECT_EQ(StateLog(true).preconditions(), "notAtomic");
    step(Timer{}, {Mark{MarkId::preconditions_refused}});
    EXPECT_EQ(log.preconditions(), "refused");
    step(Timer{}, {Mark{MarkId::preconditions_not_atomic}});
    EXPECT_EQ(log.preconditions(), "notAtomic");
}

TEST_F(AgentStateLog, AWatchIsToldAsLostOnlyWhenItWas) {
    watched(WatchKind::seen, 7);
    told();
    // Nothing came for a while; and there was nothing.
    step(Timer{}, {Mark{MarkId::watch_lost}});
    got(7);
    got(7);
    EXPECT_EQ(told(), "");
    got(8);
    EXPECT_EQ(told(), "info the watch of the Lease fell silent; polling instead\n");
    got(9);
    step(Timer{}, {Mark{MarkId::watch_lost}});
    got(10);
    EXPECT_EQ(told(), "") << "it never spoke again";
    watched(WatchKind::seen, 11);
    watched(WatchKind::ended);
    EXPECT_EQ(told(), "info the watch of the Lease ended; polling instead\n");
    watched(WatchKind::ended);  // refused again and again
    EXPECT_EQ(told(), "");
}

TEST_F(AgentStateLog, AnEmptyBucketIsToldOnceAtTheStart) {
    const auto page = [&](std::size_t entries) {
        auto list = std::make_shared<ListPage>();
        list->entries.resize(entries);
        auto reply = std::make_shared<BucketReply>();
        reply->status = 200;
        reply->content = ListPagePtr(std::move(list));
        step(BucketAnswered{RequestId(1), std::move(reply)});
    };
    page(0);
    EXPECT_EQ(
        told(),
        "info the bucket has no objects below this prefix: a new one, if its name is right\n");
    page(0);
    EXPECT_EQ(told(), "");
    log = StateLog();
    page(1);
    page(0);
    EXPECT_EQ(told(), "") << "backups may be removed";
}

/// What failed is told by whoever knows the server's words (Duties).
TEST_F(AgentStateLog, AnAbortedRequestIsNoComplaint) {
    step(BucketAnswered{RequestId(1), std::make_shared<const BucketReply>()});
    step(LeaseAnswered{RequestId(2), LeaseReply{}});
    EXPECT_EQ(told(), "");
}

}  // namespace
}  // namespace leasehold::agent
