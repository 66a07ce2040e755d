// What a Pod's status proves of a process: its own container, and that a holder's has ended.
#include <gtest/gtest.h>

#include "model/election/record.hpp"
#include "model/protocol/pod.hpp"

namespace leasehold {
namespace {

using namespace std::chrono_literals;

const std::string kName = "leasehold";
const std::string kUid = "5b16c828";
const std::string kId = "containerd://1f";
const Container kHolder{"agent-0", kUid, kId};

/// When a process was forked: 300 ms into a second.
constexpr WallTime kForked{1'700'000'000s + 300ms};
constexpr WallTime kSecond{1'700'000'000s};

/// A Pod whose one container runs, ready, since `started`.
PodReport running(WallTime started = kSecond) {
    PodReport report{Version(7), "agent-0", kUid, false, "Running", {}};
    ContainerState entry;
    entry.name = kName;
    entry.id = kId;
    entry.phase = ContainerPhase::running;
    entry.started_at = started;
    entry.ready = entry.probed = true;
    report.containers.push_back(entry);
    return report;
}

/// The same after it has ended, as the kubelet writes it before the next one is made.
PodReport terminated(const std::string& reason = "Error") {
    PodReport report = running();
    ContainerState& entry = report.containers.front();
    entry.phase = ContainerPhase::terminated;
    entry.started_at.reset();
    entry.ready = false;
    entry.ended = ContainerEnd{kId, reason, 137, kSecond + 4s};
    return report;
}

/// And with the next one running.
PodReport restarted(const std::string& reason = "OOMKilled") {
    PodReport report = running(kSecond + 5s);
    ContainerState& entry = report.containers.front();
    entry.id = "containerd://2f";
    entry.ended_last = ContainerEnd{kId, reason, 137, kSecond + 4s};
    return report;
}

std::optional<Container> own(const PodReport& report) {
    return own_container(report, kName, kUid, kForked);
}

bool proof(const PodReport& report) {
    return ended_at(report, kName, kHolder).has_value();
}

// ---- the own container ------------------------------------------------------------------------

TEST(PodOwnContainer, IsTheOneThatStartedWithThisProcess) {
    EXPECT_EQ(own(running()), kHolder);
    EXPECT_EQ(own(running(kSecond + 1s)), kHolder);
}

TEST(PodOwnContainer, IsNotTheOneBefore) {
    // The Pod is the same, and its status one restart old.
    EXPECT_FALSE(own(running(kSecond - 1s)));
    EXPECT_FALSE(own(running(kSecond - 1h)));
}

TEST(PodOwnContainer, InTheSecondOfTheForkOnlyOneThatGotReady) {
    // Another may have started and ended within that second, and have been replaced by this one.
    PodReport report = running();
    report.containers.front().ready = false;
    EXPECT_FALSE(own(report));
    report = running();
    report.containers.front().probed = false;  // then "ready" is no more than "running"
    EXPECT_FALSE(own(report));
    // In the next second it can't be another, ready or not.
    report = running(kSecond + 1s);
    report.containers.front().ready = false;
    EXPECT_EQ(own(report), kHolder);
}

TEST(PodOwnContainer, IsNotKnownByAClockThatWasSetInBetween) {
    EXPECT_EQ(own(running(kSecond + 10s)), kHolder);
    EXPECT_FALSE(own(running(kSecond + 11s)));
    EXPECT_FALSE(own(running(kSecond + 24h)));
}

TEST(PodOwnContainer, IsNotKnownWithoutAllThatNamesIt) {
    PodReport report = running();
    report.uid = "another";
    EXPECT_FALSE(own(report));
    report = running();
    report.deleted = true;
    EXPECT_FALSE(own(report));
    report = running();
    report.name.clear();
    EXPECT_FALSE(own(report));
    report = running();
    report.containers.front().id.clear();
    EXPECT_FALSE(own(report));
    report = running();
    report.containers.front().started_at.reset();
    EXPECT_FALSE(own(report));
    report = running();
    report.containers.front().name = "sidecar";
    EXPECT_FALSE(own(report));
    report = running();
    report.containers.push_back(report.containers.front());  // two of one name
    EXPECT_FALSE(own(report));
    EXPECT_FALSE(own(terminated()));
    report = running();
    report.containers.front().ended_last = ContainerEnd{kId, "Error", 1, kSecond};
    EXPECT_FALSE(own(report));
}

// ---- a proof ----------------------------------------------------------------------------------

TEST(PodProof, IsTheIdInATerminatedState) {
    EXPECT_EQ(ended_at(terminated(), kName, kHolder), kSecond + 4s);
    EXPECT_EQ(ended_at(restarted(), kName, kHolder), kSecond + 4s);
    EXPECT_TRUE(proof(terminated("Completed")));
    // Between two tries the entry still names the last one.
    PodReport report = restarted();
    report.containers.front().id = kId;
    report.containers.front().phase = ContainerPhase::waiting;
    EXPECT_TRUE(proof(report));
    // The phase is derived from the same and says nothing of its own.
    report = terminated();
    report.phase = "Failed";
    EXPECT_TRUE(proof(report));
}

TEST(PodProof, IsNotAContainerThatRuns) {
    EXPECT_FALSE(proof(running()));
    PodReport report = running();
    report.containers.front().ready = false;
    EXPECT_FALSE(proof(report));
    report.phase = "Failed";
    EXPECT_FALSE(proof(report));
    report = running();
    report.containers.front().phase = ContainerPhase::waiting;
    EXPECT_FALSE(proof(report));
    // Running and ended is a contradiction.
    report = running();
    report.containers.front().ended_last = ContainerEnd{kId, "Error", 1, kSecond};
    EXPECT_FALSE(proof(report));
}

TEST(PodProof, IsNotADeletedOrReplacedPod) {
    PodReport report = running();
    report.deleted = true;
    EXPECT_FALSE(proof(report));
    report = terminated();
    report.deleted = true;
    EXPECT_FALSE(proof(report));
    report = terminated();
    report.uid = "another";
    EXPECT_FALSE(proof(report));
    report = terminated();
    report.name = "agent-1";
    EXPECT_FALSE(proof(report));
    report = running();
    report.containers.clear();
    EXPECT_FALSE(proof(report));
}

TEST(PodProof, IsNotAnEndThatNobodySaw) {
    EXPECT_FALSE(proof(terminated("ContainerStatusUnknown")));
    EXPECT_FALSE(proof(restarted("ContainerStatusUnknown")));
    EXPECT_FALSE(proof(terminated("Unknown")));
    EXPECT_FALSE(proof(terminated("AWordOfTomorrow")));
    EXPECT_FALSE(proof(terminated("")));
    PodReport report = terminated();
    report.containers.front().ended->id.clear();
    EXPECT_FALSE(proof(report));
    report = terminated();
    report.containers.front().ended->finished_at.reset();
    EXPECT_FALSE(proof(report));
    report = terminated();
    report.containers.front().ended.reset();
    EXPECT_FALSE(proof(report));
    // What a runtime gives where it could not learn the code, whatever the reason says.
    for (PodReport odd : {terminated(), restarted("Error")}) {
        ContainerState& entry = odd.containers.front();
        (entry.ended ? entry.ended : entry.ended_last)->exit_code = 255;
        EXPECT_FALSE(proof(odd));
    }
}

TEST(PodProof, IsNotAnotherContainer) {
    PodReport report = terminated();
    report.containers.front().name = "sidecar";
    EXPECT_FALSE(proof(report));
    // An id of an earlier restart, while the holder runs.
    report = running();
    report.containers.front().ended_last = ContainerEnd{"containerd://0f", "Error", 1, kSecond};
    EXPECT_FALSE(proof(report));
    report = terminated();
    report.containers.front().ended->id = "containerd://0f";
    EXPECT_FALSE(proof(report));
    report = terminated();
    report.containers.push_back(report.containers.front());
    EXPECT_FALSE(proof(report));
}

TEST(PodProof, IsNothingOfAHolderWithoutAName) {
    PodReport report = terminated();
    report.containers.front().ended->id.clear();
    report.containers.front().id.clear();
    EXPECT_FALSE(ended_at(report, kName, {"agent-0", kUid, ""}));
    EXPECT_FALSE(ended_at(terminated(), kName, {"agent-0", "", kId}));
}

// ---- the record that names it -----------------------------------------------------------------

Lease lease_of_holder() {
    Lease lease;
    lease.version = Version(5);
    lease.uid = "lease-1";
    lease.record = {"agent-0_1", 15, 3, WallTime(100s), WallTime(200s), 11, 12, 0, 15};
    lease.record.container = kHolder;
    lease.record.container_mark = container_mark(lease.uid, lease.record);
    return lease;
}

TEST(PodOfRecord, IsNamedByWhoWroteIt) {
    const Lease lease = lease_of_holder();
    ASSERT_NE(holder_container(lease), nullptr);
    EXPECT_EQ(*holder_container(lease), kHolder);
    // Compared over the wire: the same in every version of this program.
    EXPECT_EQ(lease.record.container_mark, 0xa6821086508c411dULL);
}

TEST(PodOfRecord, IsVoidInARecordOfAnybodyElse) {
    using Change = void (*)(Lease&);
    const Change changes[] = {
        [](Lease& l) { l.record.holder = "node-b"; },  // foreign electors keep annotations
        [](Lease& l) { l.record.holder.clear(); },
        [](Lease& l) { l.record.renew_time = WallTime(202s); },
        [](Lease& l) { l.record.renew_time.reset(); },
        [](Lease& l) { l.record.transitions = 4; },
        [](Lease& l) { l.record.nonce = 13; },  // an older program of ours
        [](Lease& l) { l.record.acquisition = 13; },
        [](Lease& l) { l.record.container.id = "containerd://2f"; },
        [](Lease& l) { l.record.container.pod_uid = "x"; },
        [](Lease& l) { l.record.container.pod = "x"; },
        [](Lease& l) { l.record.container_mark ^= 1; },
        [](Lease& l) { l.record.container_mark = 0; },
        [](Lease& l) { l.uid = "lease-2"; },
    };
    for (const Change change : changes) {
        Lease lease = lease_of_holder();
        change(lease);
        EXPECT_EQ(holder_container(lease), nullptr) << (&change - changes);
    }
}

TEST(PodOfRecord, IsNotNamedWithoutAllOfIt) {
    Lease lease = lease_of_holder();
    lease.record.container.id.clear();
    lease.record.container_mark = container_mark(lease.uid, lease.record);
    EXPECT_EQ(holder_container(lease), nullptr);
}

}  // namespace
}  // namespace leasehold
