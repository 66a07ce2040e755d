// Replica: the elector and the controller as one machine.

#include "model/replica/replica.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

/// A Lease API of one object, a bucket and no files: everything is answered at once.
class Driver {
  public:
    explicit Driver(bool elects, bool stores = true) : replica(config(elects, stores)) {}

    static ReplicaConfig config(bool elects, bool stores = true) {
        ReplicaConfig config;
        if (elects) {
            config.election.emplace();
            config.election->identity = "replica-0_a";
            config.election->seed = 1;
        }
        if (stores) config.storage = Rig::default_config();
        return config;
    }

    bool answers_bucket = true;
    bool answers_lease = true;
    bool times_out = false;  ///< each bucket request: applied, perhaps, by nobody knows when
    FakeBucket bucket;
    LeasePtr lease;
    std::vector<Effect> trace;
    Instant now{1000s};

    void step(const Event& event) {
        Effects out;
        replica.step({now, WallTime{now.time_since_epoch()}}, event, out);
        for (Effect& effect : out) {
            if (const auto* send = std::get_if<SendLease>(&effect)) leases_.push_back(*send);
            if (const auto* send_bucket = std::get_if<SendBucket>(&effect))
                buckets_.push_back(*send_bucket);
            if (const auto* file = std::get_if<SendFile>(&effect)) files_.push_back(*file);
            trace.push_back(std::move(effect));
        }
        if (busy_) return;
        busy_ = true;
        while (answer_one())
            now += 1us;
        busy_ = false;
    }
    void advance(Duration span) {
        const Instant end = now + span;
        while (replica.next_deadline() <= end) {
            now = std::max(now, replica.next_deadline());
            step(Timer{});
        }
        now = std::max(now, end);
    }
    template <class E>
    [[nodiscard]] std::size_t index_of() const {
        for (std::size_t i = 0; i < trace.size(); ++i)
            if (std::holds_alternative<E>(trace[i])) return i;
        return trace.size();
    }
    [[nodiscard]] std::optional<WriteDone> write_done(CallId call) const {
        for (const Effect& effect : trace)
            if (const auto* done = std::get_if<WriteDone>(&effect);
                done != nullptr && done->call == call)
                return *done;
        return std::nullopt;
    }
    [[nodiscard]] bool marked(MarkId mark) const {
        for (const Effect& effect : trace)
            if (const auto* one = std::get_if<Mark>(&effect); one != nullptr && one->mark == mark)
                return true;
        return false;
    }

    Replica replica;

  private:
    bool answer_one() {
        if (!leases_.empty() && answers_lease) {
            const SendLease request = leases_.front();
            leases_.pop_front();
            step(LeaseAnswered{request.request, apply(request)});
        } else if (!files_.empty()) {
            const SendFile request = files_.front();
            files_.pop_front();
            FileReply reply;
            reply.entries = std::make_shared<FileList>();
            step(FileAnswered{request.request, reply});
        } else if (!buckets_.empty() && answers_bucket) {
            const SendBucket request = buckets_.front();
            buckets_.pop_front();
            BucketReply reply;
            if (times_out)
                reply = {};
            else if (replica.permit(now, request.request))
                reply = bucket.apply(request);
            else
                reply.not_sent = true;
            step(BucketAnswered{request.request, std::make_shared<const BucketReply>(reply)});
        } else {
            return false;
        }
        return true;
    }
    LeaseReply apply(const SendLease& request) {
        LeaseReply reply;
        reply.status = 200;
        if (request.verb == LeaseVerb::get) {
            if (!lease) return missing();
        } else if (request.verb == LeaseVerb::update) {
            if (!lease) return missing();
            if (request.lease->version != lease->version) {
                reply.status = 409;
                reply.reason = StatusReason::conflict;
                return reply;
            }
            store(*request.lease);
        } else {
            store(*request.lease);
            reply.status = 201;
        }
        reply.lease = lease;
        return reply;
    }
    void store(Lease next) {
        next.version = Version{++version_};
        next.uid = "u";
        lease = std::make_shared<const Lease>(next);
    }
    static LeaseReply missing() {
        LeaseReply reply;
        reply.status = 404;
        reply.reason = StatusReason::not_found;
        reply.about_lease = true;
        return reply;
    }

    std::deque<SendLease> leases_;
    std::deque<SendBucket> buckets_;
    std::deque<SendFile> files_;
    std::uint64_t version_ = 500;
    bool busy_ = false;
};

std::shared_ptr<const Blob> payload() {
    return std::make_shared<const Blob>(blob(1));
}

TEST(ReplicaTest, AnElectedReplicaLeadsClaimsItsEpochAndWrites) {
    Driver driver(true);
    driver.step(Start{});
    driver.advance(60s);
    ASSERT_EQ(driver.replica.leadership().role, Role::leader);
    EXPECT_TRUE(driver.replica.gate_open(driver.now));
    driver.step(BackupWrite{CallId{1}, key("a"), payload()});
    ASSERT_TRUE(driver.write_done(CallId{1}));
    EXPECT_EQ(driver.write_done(CallId{1})->ack, WriteAck::committed);
    EXPECT_GE(driver.write_done(CallId{1})->epoch.value(),
              driver.replica.leadership().term.value());
}

TEST(ReplicaTest, ItsStorageStatusCountsKeysObjectsAndTombstones) {
    Driver driver(true);
    driver.step(Start{});
    driver.advance(60s);
    driver.step(BackupWrite{CallId{1}, key("a"), payload()});
    driver.step(BackupWrite{CallId{2}, key("b"), payload()});
    driver.step(BackupRemove{CallId{3}, key("b")});
    ASSERT_EQ(driver.write_done(CallId{3})->ack, WriteAck::committed);
    const StorageStatus status = driver.replica.storage_status();
    EXPECT_EQ(status.keys, 2U);
    EXPECT_EQ(status.tombstones, 1U);
    EXPECT_EQ(status.list_pages, 1U);
    EXPECT_EQ(status.epoch, Epoch(driver.replica.leadership().term.value()));
    EXPECT_EQ(Driver(true, false).replica.storage_status().keys, 0U);
}

TEST(ReplicaTest, TheGateThenTheRoleThenTheReads) {
    Driver driver(true);
    driver.step(Start{});
    driver.step(BackupRead{CallId{1}, key("a"), {}, kNever});
    driver.advance(60s);
    const std::size_t gate = driver.index_of<GateMoved>();
    const std::size_t role = driver.index_of<RoleChanged>();
    const std::size_t read = driver.index_of<ReadDone>();
    ASSERT_LT(read, driver.trace.size());
    EXPECT_LT(gate, role);
    EXPECT_LT(role, read);
    EXPECT_EQ(std::get<ReadDone>(driver.trace[read]).outcome, ReadOutcome::not_found);
}

TEST(ReplicaTest, AWriteAfterTheGatesEndIsSkippedWhicheverEventComesFirst) {
    Driver driver(true);
    driver.step(Start{});
    driver.advance(60s);
    ASSERT_EQ(driver.replica.leadership().role, Role::leader);
    driver.now = driver.replica.leadership().valid_until;  // a pause; the write is the first event
    Effects out;
    driver.replica.step({driver.now, WallTime{}}, BackupWrite{CallId{1}, key("a"), payload()}, out);
    ASSERT_TRUE(std::holds_alternative<GateMoved>(out.at(0)) ||
                std::holds_alternative<Mark>(out.at(0)));
    bool skipped = false;
    for (const Effect& effect : out)
        if (const auto* done = std::get_if<WriteDone>(&effect))
            skipped = done->ack == WriteAck::skipped_follower;
    EXPECT_TRUE(skipped);
    EXPECT_FALSE(driver.replica.gate_open(driver.now));
}

// A PUT that it gave up may land over the next one's where no condition stops it.
TEST(ReplicaTest, WhoGivesUpOnAStoreWithoutConditionsLeavesTheLeaseToGrowOld) {
    for (const bool conditions : {true, false}) {
        Driver driver(true);
        if (!conditions) driver.bucket.refuses_conditions = 501;
        driver.step(Start{});
        driver.advance(60s);
        ASSERT_EQ(driver.replica.leadership().role, Role::leader);
        const std::string holder = driver.lease->record.holder;
        driver.times_out = true;
        driver.step(BackupWrite{CallId{1}, key("a"), payload()});
        for (int i = 0; i < 60 && !driver.marked(MarkId::stepped_down_abdicated); ++i)
            driver.advance(1s);
        ASSERT_TRUE(driver.marked(MarkId::stepped_down_abdicated));
        EXPECT_EQ(driver.lease->record.holder, conditions ? "" : holder);
        if (conditions) continue;
        // Nor does a stop in the meantime hand it over.
        driver.step(Stop{driver.now + 10s});
        driver.advance(10s);
        EXPECT_LT(driver.index_of<Stopped>(), driver.trace.size());
        EXPECT_EQ(driver.lease->record.holder, holder);
    }
}

// Nobody renews it any more, but for one lease it is still this process's to hand over.
TEST(ReplicaTest, AStopAfterTheGatesEndHandsNothingOverWhileAPutMayLand) {
    for (const bool conditions : {true, false}) {
        for (const bool stops_first : {true, false}) {
            Driver driver(true);
            if (!conditions) driver.bucket.refuses_conditions = 501;
            driver.step(Start{});
            driver.advance(90s);
            ASSERT_EQ(driver.replica.leadership().role, Role::leader);
            const std::string holder = driver.lease->record.holder;
            driver.answers_bucket = false;
            driver.step(BackupWrite{CallId{1}, key("a"), payload()});
            if (stops_first) driver.step(Stop{driver.now + 60s});
            driver.answers_lease = false;
            driver.advance(driver.replica.leadership().valid_until - driver.now);
            ASSERT_TRUE(driver.marked(MarkId::gate_expired));
            driver.answers_lease = true;
            driver.step(stops_first ? Event{Timer{}} : Event{Stop{driver.now + 60s}});
            driver.advance(5s);
            EXPECT_EQ(driver.lease->record.holder, conditions ? "" : holder) << stops_first;
        }
    }
}

TEST(ReplicaTest, AStopDrainsReleasesAndEndsWithStopped) {
    Driver driver(true);
    driver.step(Start{});
    driver.advance(60s);
    driver.answers_bucket = false;
    driver.step(BackupWrite{CallId{1}, key("a"), payload()});
    driver.step(Stop{driver.now + 20s});
    EXPECT_EQ(driver.index_of<Stopped>(), driver.trace.size()) << "the write is not answered yet";
    EXPECT_NE(driver.replica.summary().find(", draining;"), std::string::npos);
    driver.answers_bucket = true;
    driver.step(Timer{});
    ASSERT_TRUE(driver.write_done(CallId{1}));
    EXPECT_EQ(driver.write_done(CallId{1})->ack, WriteAck::committed);
    EXPECT_TRUE(driver.marked(MarkId::drained));
    EXPECT_EQ(driver.index_of<Stopped>(), driver.trace.size() - 1);
    EXPECT_TRUE(driver.lease->record.holder.empty());
    EXPECT_EQ(driver.replica.next_deadline(), kNever);
}

TEST(ReplicaTest, AStopWithoutStorageHasNothingToDrainAndReleasesAtOnce) {
    Driver driver(true, false);
    driver.step(Start{});
    driver.advance(20s);
    ASSERT_EQ(driver.replica.leadership().role, Role::leader);
    driver.trace.clear();
    driver.step(Stop{driver.now + 30s});
    EXPECT_LT(driver.index_of<Stopped>(), driver.trace.size());
    EXPECT_EQ(driver.lease->record.holder, "");
    EXPECT_NE(driver.lease->record.released, 0U);
    EXPECT_FALSE(driver.replica.permit(driver.now, RequestId{1})) << "it has ended";
}

TEST(ReplicaTest, AtTheStopsDeadlineEveryCallIsAnsweredBeforeStopped) {
    Driver driver(true);
    driver.step(Start{});
    driver.advance(60s);
    driver.answers_bucket = false;
    driver.step(BackupWrite{CallId{1}, key("a"), payload()});
    driver.step(BackupWrite{CallId{2}, key("a"), payload()});
    const Instant deadline = driver.now + 5s;
    driver.step(Stop{deadline});
    driver.advance(6s);
    ASSERT_TRUE(driver.write_done(CallId{1}));
    EXPECT_EQ(driver.write_done(CallId{1})->ack, WriteAck::unknown);
    EXPECT_EQ(driver.write_done(CallId{2})->ack, WriteAck::fenced);
    EXPECT_EQ(driver.index_of<Stopped>(), driver.trace.size() - 1);
    EXPECT_EQ(driver.replica.leadership().role, Role::stopped);
}

TEST(ReplicaTest, WithoutAnElectionItLeadsFromTheStartForEver) {
    Driver driver(false);
    driver.step(Start{});
    ASSERT_GE(driver.trace.size(), 2U);
    EXPECT_EQ(std::get<GateMoved>(driver.trace[0]).valid_until, kNever);
    EXPECT_EQ(std::get<RoleChanged>(driver.trace[1]).role, Role::leader);
    driver.step(BackupWrite{CallId{1}, key("a"), payload()});
    EXPECT_EQ(driver.write_done(CallId{1})->ack, WriteAck::committed);
    EXPECT_EQ(driver.bucket.objects.size(), 1U);
    driver.advance(24h);
    EXPECT_TRUE(driver.replica.gate_open(driver.now));
    driver.step(Stop{driver.now + 5s});
    EXPECT_EQ(driver.index_of<Stopped>(), driver.trace.size() - 1);
    EXPECT_FALSE(driver.replica.gate_open(driver.now));
}

TEST(ReplicaTest, WithoutAnElectionAStopThatCannotDrainEndsAtItsDeadline) {
    Driver driver(false);
    driver.step(Start{});
    driver.answers_bucket = false;
    driver.step(BackupWrite{CallId{1}, key("a"), payload()});
    driver.step(Stop{driver.now + 5s});
    EXPECT_FALSE(driver.write_done(CallId{1}));
    driver.advance(5s);
    ASSERT_TRUE(driver.write_done(CallId{1}));
    EXPECT_EQ(driver.write_done(CallId{1})->ack, WriteAck::unknown);
    EXPECT_TRUE(driver.marked(MarkId::stop_deadline));
    EXPECT_EQ(driver.index_of<Stopped>(), driver.trace.size() - 1);
}

TEST(ReplicaTest, ACopyIsASnapshotThatRunsOnAlike) {
    Driver driver(true);
    driver.step(Start{});
    driver.advance(60s);
    driver.answers_bucket = false;
    driver.step(BackupWrite{CallId{1}, key("a"), payload()});
    Replica copy = driver.replica;
    EXPECT_TRUE(copy == driver.replica);
    Effects first;
    Effects second;
    const Now later{driver.now + 3s, WallTime{}};
    copy.step(later, Timer{}, first);
    EXPECT_FALSE(copy == driver.replica);
    driver.replica.step(later, Timer{}, second);
    EXPECT_TRUE(copy == driver.replica);
    EXPECT_EQ(first.size(), second.size());
}

// A spurious timer is legal, and a deadline that has passed and is never moved makes one after the
// other at one instant: simulated time would stand still.
TEST(ReplicaTest, TimersWithoutEndAtOneInstantAreABrokenBelief) {
    Driver driver(true);
    driver.step(Start{});
    constexpr int kMost = 1 << 20;
    const auto timers = [&driver](int count) {
        Effects out;
        for (int i = 0; i < count; ++i)
            driver.replica.step({driver.now, WallTime{}}, Timer{}, out);
        EXPECT_TRUE(out.empty());
    };
    timers(kMost - 1);
    driver.now += 1ns;
    timers(kMost - 1);
    EXPECT_THROW(timers(1), CheckFailure);
}

TEST(ReplicaTest, ControllersAndElectorsRequestsNeverShareAnId) {
    Driver driver(true);
    driver.step(Start{});
    driver.advance(2min);
    std::set<RequestId> seen;
    for (const Effect& effect : driver.trace) {
        if (const auto* one = std::get_if<SendLease>(&effect)) {
            EXPECT_TRUE(seen.insert(one->request).second);
        }
        if (const auto* one = std::get_if<SendBucket>(&effect)) {
            EXPECT_TRUE(seen.insert(one->request).second);
        }
        if (const auto* one = std::get_if<SendFile>(&effect)) {
            EXPECT_TRUE(seen.insert(one->request).second);
        }
    }
    EXPECT_GT(seen.size(), 10U);
}

}  // namespace
}  // namespace leasehold::rig
