// What the recorder writes reads back as a history; what it can't write it gives up.
#include <fstream>

#include <gtest/gtest.h>

#include "agent/base/clock.hpp"
#include "agent/host/recorder.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent {
namespace {

reports::HistoryHeader header() {
    reports::HistoryHeader header;
    header.boot = boot_id();
    header.replicas = {"pod-0"};
    return header;
}

class Keeper : public Observer {
  public:
    void on(const ProcessStarted& record) override { identity = record.identity; }
    void on(const ReplicaStepped& record) override { effects += record.effects.size(); }
    void on(const RequestLeft& record) override { permitted = record.permitted; }
    void on(const ProcessEnded& record) override { cause = record.cause; }
    void on(const ObjectCommitted& record) override { version = record.version; }
    std::string identity;
    std::size_t effects = 0;
    bool permitted = false;
    EndCause cause = EndCause::crashed;
    std::uint64_t version = 0;
};

TEST(AgentRecorder, WritesAHistoryThatReadsBack) {
    const test::OwnFolder folder;
    const std::string file = folder.path("record");
    const Instant begin = boottime();
    {
        Recorder recorder(file, header());
        recorder.started(begin, "pod-0", "pod-0_1", true);
        recorder.stepped(read_now(), Start{},
                         Effects{Mark{MarkId::drained}, WatchLease{WatchId{1}, Version{7}}});
        recorder.left(boottime(), RequestId{4}, BucketVerb::put, true);
        recorder.lease_committed(boottime(), nullptr, std::make_shared<const Lease>());
        recorder.object_committed(boottime(), ObjectKey("a"), ETag("e"), Stamp{});
        recorder.stepped(Now{begin, {}}, Timer{}, {});  // an older instant does not go back
        recorder.ended(boottime());
    }
    std::ifstream input(file);
    Keeper keeper;
    const auto count = reports::read_history(input, keeper);
    ASSERT_TRUE(count) << count.error().to_string();
    EXPECT_EQ(*count, 7U);
    EXPECT_EQ(keeper.identity, "pod-0_1");
    EXPECT_EQ(keeper.effects, 2U);
    EXPECT_TRUE(keeper.permitted);
    EXPECT_EQ(keeper.cause, EndCause::stopped);
    EXPECT_EQ(keeper.version, 1U);
}

TEST(AgentRecorder, AFileThatCannotBeMadeIsAnErrorAtOnce) {
    EXPECT_THROW(Recorder("/nonexistent/folder/file", header()), std::system_error);
}

TEST(AgentRecorder, ARecordingThatIsUnderWayIsNobodyElses) {
    const test::OwnFolder folder;
    const std::string file = folder.path("record");
    {
        Recorder recorder(file, header());
        recorder.started(boottime(), "pod-0", "pod-0_1", true);
        EXPECT_THROW(Recorder(file, header()), std::runtime_error);
        recorder.ended(boottime());
    }
    std::ifstream input(file);
    Keeper keeper;
    const auto count = reports::read_history(input, keeper);
    ASSERT_TRUE(count) << count.error().to_string();
    EXPECT_EQ(*count, 2U);
    EXPECT_NO_THROW(Recorder(file, header())) << "and is over with its process";
}

TEST(AgentRecorder, AFullDiskEndsTheRecordingAndNotTheProcess) {
    Recorder recorder("/dev/full", header());
    recorder.started(boottime(), "pod-0", "pod-0_1", true);
    recorder.ended(boottime());
}

}  // namespace
}  // namespace leasehold::agent
