// One of everything that a history or a result can hold, with no field at its default.
#pragma once

#include <memory>
#include <vector>

#include "model/check/result.hpp"
#include "model/protocol/history.hpp"

namespace leasehold::samples {

using namespace std::chrono_literals;

inline LeasePtr lease() {
    Lease lease;
    lease.version = Version(18'446'744'073'709'551'615ULL);
    lease.uid = "uid-1";
    lease.record.holder = "replica-0_\xc3\xa9";
    lease.record.duration_seconds = 15;
    lease.record.transitions = 3;
    lease.record.acquire_time = WallTime(1700000000s + 1us);
    lease.record.renew_time = WallTime(1700000002s);
    lease.record.nonce = 0x0123456789abcdefULL;
    lease.record.acquisition = 7;
    lease.record.released = 8;
    lease.record.max_lease_seconds = 60;
    lease.record.container = {"agent-0", "pod-uid", "containerd://1f"};
    lease.record.container_mark = 9;
    lease.extra = "labels: \"x\"\n";
    return std::make_shared<const Lease>(lease);
}

inline ContainerPtr container() {
    return std::make_shared<const Container>(Container{"agent-1", "uid-2", "containerd://2f"});
}
inline Blob blob() {
    return Blob{2'097'152, {0xdeadbeef, 0xfeed}, nullptr};
}
inline FileTag tag() {
    return FileTag{Epoch(4), ETag("\"e\""), true, false};
}

inline std::vector<Event> events() {
    LeaseReply answer{409, StatusReason::conflict, true, true, 3s, lease()};
    BucketReply object{200, BucketCode::other, true, 1s, ETag("e1"), {}, true};
    object.content = std::make_shared<const ObjectBody>(
        ObjectBody{std::string("LSHOLD\x1a\n\0\xff", 10), "meta", blob()});
    BucketReply page{503, BucketCode::slow_down, false, 2s, ETag(), {}, false};
    page.content = std::make_shared<const ListPage>(
        ListPage{{{ObjectKey("a/b"), ETag("e2"), 5}, {ObjectKey("a/c"), ETag("e3"), 6}}, true});
    FileReply file{FileStatus::no_space,
                   std::make_shared<const FileList>(FileList{{ObjectKey("f"), tag(), blob()}})};
    return {Start{},
            Timer{},
            Stop{Instant(30s)},
            LeaseAnswered{RequestId(1), answer},
            LeaseAnswered{RequestId(2), {}},
            LeaseWatched{WatchId(2), WatchKind::bookmark, Version(9), lease()},
            BucketAnswered{RequestId(3), std::make_shared<const BucketReply>(object)},
            BucketAnswered{RequestId(4), std::make_shared<const BucketReply>(page)},
            BucketAnswered{RequestId(5), std::make_shared<const BucketReply>()},
            FileAnswered{RequestId(6), file},
            BackupRead{CallId(1), ObjectKey("k"), ETag("known"), Instant(5s)},
            BackupWrite{CallId(2), ObjectKey("k"), std::make_shared<const Blob>(blob())},
            BackupRemove{CallId(3), ObjectKey("k")},
            Query{CallId(4), ObjectKey("k"), kNever},
            Cancel{CallId(5)},
            OwnContainer{container()},
            HolderEnded{container(), WallTime(1700000003s), Version(77)}};
}

inline std::vector<Effect> effects() {
    return {RoleChanged{Role::leader, Term(12)},
            GateMoved{Term(12), Instant(14890ms)},
            GateMoved{Term(), kNever},
            Stopped{},
            SendLease{RequestId(1), LeaseVerb::update, lease(), 4s},
            WatchLease{WatchId(1), Version(5)},
            StopWatch{WatchId(1)},
            SendBucket{RequestId(2), BucketVerb::put, PutCondition::if_match, ObjectKey("k"),
                       ETag("e"), std::make_shared<const ObjectBody>(ObjectBody{"h", "m", blob()}),
                       ObjectKey("p/"), 30s},
            AbortBucket{RequestId(2)},
            ResumeBucket{RequestId(2)},
            SendFile{RequestId(3), FileVerb::store, ObjectKey("k"), tag(), blob()},
            ReadDone{CallId(1), ReadOutcome::data, Epoch(3), ETag("e"), blob()},
            WriteDone{CallId(2), WriteAck::unknown, Epoch(3), ETag("e")},
            QueryDone{CallId(3), QueryOutcome::deadline, Epoch(3), ETag("e"), blob()},
            Mark{MarkId::stop_deadline},
            WatchHolder{container()},
            StopHolderWatch{}};
}

/// Hands one record of every kind, with every event and effect, to `observer`.
inline void play(Observer& observer) {
    std::uint64_t number = 0;
    const auto base = [&] { return RecordBase{++number, TrueTime(1s * static_cast<int>(number))}; };
    const ClockPiece clock{TrueTime(1s), Instant(1000s), -200'000};
    observer.on(ProcessStarted{base(), 0, "replica-0", "replica-0_1", false, clock});
    observer.on(ClockChanged{base(), 0, clock});
    const std::vector<Effect> out = effects();
    for (const Event& event : events())
        observer.on(ReplicaStepped{base(), 0, {Instant(5s), WallTime(-7ns)}, &event, out});
    const Event timer = Timer{};
    observer.on(ReplicaStepped{base(), 0, {Instant(5s), WallTime(9s)}, &timer, {}});
    observer.on(RequestLeft{base(), 0, RequestId(3), BucketVerb::remove, true});
    observer.on(LeaseCommitted{base(), kNobody, nullptr, lease(), true});
    observer.on(LeaseCommitted{base(), 0, lease(), nullptr, false});
    const Stamp stamp{Epoch(3), 4, 5, 6, {7, 8}, true};
    observer.on(ObjectCommitted{base(), 0, ObjectKey("k"), ETag("e"), stamp, 9});
    observer.on(FaultTookEffect{base(), 2, false, "cut replica-0", {0}});
    observer.on(PathChanged{base(), 0, false, true});
    observer.on(ProcessEnded{base(), 0, EndCause::crashed});
}

/// A run in which every field has a value of its own.
inline check::RunResult result() {
    check::RunResult run;
    run.scenario = "leader-crash";
    run.file = "scenarios/failover/leader-crash.yaml";
    run.seed = 7;
    run.simulated = 180s;
    run.replicas = {"replica-0", "replica-1", "replica-2"};
    run.digest = 0x9f2c61d04be7a318ULL;
    run.outcome = check::Outcome::pass;
    run.verdicts = {
        {"leader.at-most-one", check::Status::pass, "", TrueTime{}, {}, 76},
        {"leader.eventually-one", check::Status::pass, "within 17.1s", TrueTime{}, {}, 4},
        {"stop.bounded", check::Status::not_applicable, "no replica was told to stop", {}, {}, 0},
        {"run.deterministic", check::Status::not_checked, "the run was not repeated", {}, {}, 0}};
    run.expectations = {{"reached takeover-after-expiry", true, "once"}};
    run.faults = {{"crash leader at 60s", 12, 1}};
    run.marks[static_cast<std::size_t>(MarkId::takeover_after_expiry)] = 1;
    run.failovers = {14307ms};
    run.leaderless = {14307ms};
    run.leaderships = 2;
    run.work = {1860, 900, 102, 57, 12, 36, 8, 1, 1, 2, 24, 24, 498};
    run.timeline = {{TrueTime(60s), "a#c", "fault: crash replica-1", 812},
                    {TrueTime(74307ms), "A#c", "replica-0 leads, term 1060", 1010}};
    return run;
}

inline check::RunResult violated() {
    check::RunResult run = result();
    run.outcome = check::Outcome::safety;
    run.verdicts[0].status = check::Status::violated;
    run.verdicts[0].what = "replica-0 and replica-1 held an open gate at once";
    run.verdicts[0].at = TrueTime(61204ms);
    run.verdicts[0].evidence = {8812, 9955};
    run.chain = {{TrueTime(33410ms), "Abc", "replica-0 paused", 8812},
                 {TrueTime(61204ms), "AbC", "replica-2 leads, term 9", 9955}};
    run.state = "replica-0: leader\nreplica-2: leader\n";
    return run;
}

}  // namespace leasehold::samples
