// The host with HA off on a directory: a single install, end to end, without a network.
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "agent/base/clock.hpp"
#include "agent/host/host.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

class HostAlone : public ::testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directories(folder_ / "bucket");
        config_.pod_name = "pod-0";
        config_.stores = true;
        config_.bucket.emplace();
        config_.bucket->type = BucketType::filesystem;
        config_.bucket->directory = folder_ / "bucket";
        config_.store_directory = folder_ / "store";
        config_.storage.prefix = ObjectKey("etl/");
        config_.record_file = folder_ / "record.jsonl";
        host_ = std::make_unique<Host>(loop_, config_, metrics_);
    }
    /// Runs the loop until `done`, or for five seconds.
    template <class Done>
    void run_until(const Done& done) {
        const Instant end = boottime() + 5s;
        while (!done() && boottime() < end)
            loop_.run_for(5ms);
        loop_.restart();
    }
    WriteDone write(const std::string& key, const std::string& text) {
        std::optional<WriteDone> got;
        host_->write(ObjectKey(key), blob_of(text), [&](const WriteDone& done) { got = done; });
        run_until([&] { return got.has_value(); });
        return got.value_or(WriteDone{});
    }

    const test::OwnFolder own_;
    const std::filesystem::path folder_{own_.path()};
    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    AgentConfig config_;
    Metrics metrics_;
    std::unique_ptr<Host> host_;
};

TEST_F(HostAlone, WritesReadsQueriesAndStops) {
    host_->start();
    EXPECT_TRUE(host_->ready());
    EXPECT_EQ(host_->status().leadership.role, Role::leader);

    EXPECT_EQ(write("etl/a", "one").ack, WriteAck::committed);
    std::ifstream object(folder_ / "bucket" / "etl" / "a");
    std::string content;
    std::getline(object, content);
    EXPECT_EQ(content, "one") << "with HA off nothing is added to the payload";

    std::optional<ReadDone> read;
    host_->read(ObjectKey("etl/a"), ETag{}, kNever, [&](const ReadDone& done) { read = done; });
    run_until([&] { return read.has_value(); });
    ASSERT_TRUE(read);
    EXPECT_EQ(read->outcome, ReadOutcome::data);
    EXPECT_EQ(text_of(*bytes_of(read->payload)), "one");

    std::optional<QueryDone> query;
    host_->query(ObjectKey("etl/a"), boottime() + 2s, [&](const QueryDone& done) { query = done; });
    run_until([&] { return query.has_value(); });
    ASSERT_TRUE(query);
    EXPECT_EQ(query->outcome, QueryOutcome::data);

    const auto index = host_->index("etl/");
    ASSERT_EQ(index.size(), 1U);
    EXPECT_EQ(index[0].key.view(), "etl/a");
    EXPECT_TRUE(index[0].local);

    bool stopped = false;
    host_->stop(boottime() + 5s, [&] { stopped = true; });
    EXPECT_FALSE(host_->ready());
    run_until([&] { return stopped; });
    EXPECT_TRUE(stopped);

    // What comes afterwards is answered at once.
    std::optional<ReadDone> late;
    host_->read(ObjectKey("etl/a"), ETag{}, kNever, [&](const ReadDone& done) { late = done; });
    ASSERT_TRUE(late);
    EXPECT_EQ(late->outcome, ReadOutcome::shutdown);
    std::ifstream record(folder_ / "record.jsonl");
    Observer nobody;
    const auto count = reports::read_history(record, nobody);
    ASSERT_TRUE(count) << count.error().to_string();
    EXPECT_GT(*count, 10U);
}

// As in a process that was stopped and goes on: who asks may come before the timer does.
TEST_F(HostAlone, AStatusThatIsAskedBeforeTheTimerCameIsTheOneAfterIt) {
    host_->start();
    ASSERT_EQ(write("etl/a", "one").ack, WriteAck::committed);
    std::optional<ReadDone> read;
    host_->read(ObjectKey("etl/b"), ETag{}, boottime() + 5ms,
                [&](const ReadDone& done) { read = done; });
    EXPECT_EQ(host_->status().pending_reads, 1U);
    std::this_thread::sleep_for(10ms);  // the loop does not run meanwhile
    EXPECT_EQ(host_->status().pending_reads, 0U);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->outcome, ReadOutcome::deadline);
}

TEST_F(HostAlone, ACallThatIsMadeInACallbackIsAStepOfItsOwn) {
    host_->start();
    std::optional<WriteDone> second;
    host_->write(ObjectKey("etl/a"), blob_of("one"), [&](const WriteDone&) {
        host_->write(ObjectKey("etl/a"), blob_of("two"),
                     [&](const WriteDone& done) { second = done; });
    });
    run_until([&] { return second.has_value(); });
    ASSERT_TRUE(second);
    EXPECT_EQ(second->ack, WriteAck::committed);
}

TEST_F(HostAlone, ACallThatIsMadeWhileTheLastStepIsPerformedIsAnsweredToo) {
    host_->start();
    std::optional<ReadDone> first;
    std::optional<ReadDone> second;
    std::optional<QueryDone> third;
    host_->read(ObjectKey("etl/a"), ETag{}, kNever, [&](const ReadDone& done) {
        first = done;
        host_->read(ObjectKey("etl/b"), ETag{}, kNever,
                    [&](const ReadDone& late) { second = late; });
        host_->query(ObjectKey("etl/b"), kNever, [&](const QueryDone& late) { third = late; });
    });
    bool stopped = false;
    host_->stop(boottime(), [&] { stopped = true; });
    run_until([&] { return stopped; });
    ASSERT_TRUE(first && second && third);
    EXPECT_EQ(first->outcome, ReadOutcome::shutdown);
    EXPECT_EQ(second->outcome, ReadOutcome::shutdown);
    EXPECT_EQ(third->outcome, QueryOutcome::shutdown);
}

TEST_F(HostAlone, RemovesAndThenAnswersNotFound) {
    host_->start();
    EXPECT_EQ(write("etl/a", "one").ack, WriteAck::committed);
    std::optional<WriteDone> removed;
    host_->remove(ObjectKey("etl/a"), [&](const WriteDone& done) { removed = done; });
    run_until([&] { return removed.has_value(); });
    ASSERT_TRUE(removed);
    EXPECT_EQ(removed->ack, WriteAck::committed);
    std::optional<ReadDone> read;
    host_->read(ObjectKey("etl/a"), ETag{}, kNever, [&](const ReadDone& done) { read = done; });
    run_until([&] { return read.has_value(); });
    ASSERT_TRUE(read);
    EXPECT_EQ(read->outcome, ReadOutcome::not_found);
}

}  // namespace
}  // namespace leasehold::agent
