// The digest of a run: nothing of a record can be another without its being another.
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/world/record_digest.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

template <class Record>
std::uint64_t digest_of(const Record& record) {
    RecordDigest digest;
    digest.add(record);
    return digest.value();
}
std::uint64_t digest_of(const Event& event) {
    ReplicaStepped step;
    step.event = &event;
    return digest_of(step);
}
std::uint64_t digest_of(const Effect& effect) {
    static const Event timer = Timer{};
    ReplicaStepped step;
    step.event = &timer;
    step.effects = {&effect, 1};
    return digest_of(step);
}

template <class T>
using Changes = std::initializer_list<void (*)(T&)>;

/// `base` and what each change makes of it are as many different digests. `As`: what it is part of.
template <class As, class T>
void all_differ(const T& base, std::type_identity_t<Changes<T>> changes, const char* what) {
    std::set<std::uint64_t> digests{digest_of(As(base))};
    int field = 0;
    for (const auto& change : changes) {
        T other = base;
        change(other);
        EXPECT_TRUE(digests.insert(digest_of(As(other))).second) << what << ", change " << field;
        ++field;
    }
}
template <class T>
void events_differ(const T& base, std::type_identity_t<Changes<T>> changes, const char* what) {
    all_differ<Event>(base, changes, what);
}
template <class T>
void effects_differ(const T& base, std::type_identity_t<Changes<T>> changes, const char* what) {
    all_differ<Effect>(base, changes, what);
}

/// Another Lease with one thing changed, behind a handle of its own.
template <class Change>
LeasePtr lease(Change change) {
    auto made = std::make_shared<Lease>();
    made->record.holder = "replica-0_1234";
    change(*made);
    return made;
}
LeasePtr lease() {
    return lease([](Lease&) {});
}
using Reply = BucketReply;
template <class Change>
std::shared_ptr<const Reply> reply(Change change) {
    auto made = std::make_shared<Reply>();
    change(*made);
    return made;
}
template <class Change>
ObjectBodyPtr body(Change change) {
    auto made = std::make_shared<ObjectBody>();
    change(*made);
    return made;
}
ListPagePtr page(std::vector<ListEntry> entries, bool truncated) {
    auto made = std::make_shared<ListPage>();
    made->entries = std::move(entries);
    made->truncated = truncated;
    return made;
}
template <class Change>
std::shared_ptr<const FileList> files(Change change) {
    auto made = std::make_shared<FileList>(1);
    change(made->front());
    return made;
}

const std::vector<LeasePtr>& leases() {
    static const std::vector<LeasePtr> all{
        nullptr,
        lease(),
        lease([](Lease& l) { l.version = Version(1); }),
        lease([](Lease& l) { l.uid = "u"; }),
        lease([](Lease& l) { l.extra = "labels"; }),
        lease([](Lease& l) { l.record.holder = ""; }),
        lease([](Lease& l) { l.record.holder = "replica-0_1235"; }),
        lease([](Lease& l) { l.record.duration_seconds = 1; }),
        lease([](Lease& l) { l.record.transitions = 1; }),
        lease([](Lease& l) { l.record.acquire_time = WallTime{}; }),
        lease([](Lease& l) { l.record.acquire_time = WallTime(1us); }),
        lease([](Lease& l) { l.record.renew_time = WallTime{}; }),
        lease([](Lease& l) { l.record.renew_time = WallTime(1us); }),
        lease([](Lease& l) { l.record.nonce = 1; }),
        lease([](Lease& l) { l.record.acquisition = 1; }),
        lease([](Lease& l) { l.record.released = 1; }),
        lease([](Lease& l) { l.record.max_lease_seconds = 1; }),
        lease([](Lease& l) { l.record.container.pod = "p"; }),
        lease([](Lease& l) { l.record.container.pod_uid = "p"; }),
        lease([](Lease& l) { l.record.container.id = "p"; }),
        lease([](Lease& l) { l.record.container_mark = 1; }),
    };
    return all;
}

TEST(RunDigest, ALeaseIsAllOfItsRecordWhereverItIsMet) {
    std::set<std::uint64_t> digests;
    for (const LeasePtr& one : leases()) {
        LeaseCommitted after;
        after.after = one;
        LeaseCommitted before;
        before.before = one;
        LeaseAnswered answer;
        answer.reply.lease = one;
        LeaseWatched watched;
        watched.lease = one;
        SendLease sent;
        sent.lease = one;
        digests.insert({digest_of(after), digest_of(Event(answer)), digest_of(Event(watched)),
                        digest_of(Effect(sent))});
        if (one) digests.insert(digest_of(before));
    }
    EXPECT_EQ(digests.size(), leases().size() * 5 - 1);
}

TEST(RunDigest, AnEqualRecordBehindAnotherHandleIsTheSame) {
    LeaseCommitted one;
    one.after = lease();
    LeaseCommitted other;
    other.after = lease();
    EXPECT_EQ(digest_of(one), digest_of(other));
    // Also once more handles went round than are kept.
    RecordDigest a;
    RecordDigest b;
    for (int round = 0; round < 3; ++round)
        for (const LeasePtr& each : leases()) {
            LeaseCommitted record;
            record.before = one.after;
            record.after = each;
            a.add(record);
            record.before = lease();
            record.after = each ? std::make_shared<const Lease>(*each) : nullptr;
            b.add(record);
        }
    EXPECT_EQ(a.value(), b.value());
}

TEST(RunDigest, EveryFieldOfWhatABucketAnswersCounts) {
    using Answer = BucketAnswered;
    const auto entry = [](std::string_view key, std::string_view etag, std::uint64_t size) {
        return ListEntry{ObjectKey(key), ETag(etag), size};
    };
    std::vector<std::shared_ptr<const Reply>> replies{
        reply([](Reply&) {}),
        reply([](Reply& r) { r.status = 200; }),
        reply([](Reply& r) { r.code = BucketCode::slow_down; }),
        reply([](Reply& r) { r.not_sent = true; }),
        reply([](Reply& r) { r.retry_after = 1s; }),
        reply([](Reply& r) { r.etag = ETag("e"); }),
        reply([](Reply& r) { r.names_condition = true; }),
        reply([](Reply& r) { r.content = body([](ObjectBody&) {}); }),
        reply([](Reply& r) { r.content = body([](ObjectBody& b) { b.head = "h"; }); }),
        reply([](Reply& r) { r.content = body([](ObjectBody& b) { b.metadata = "h"; }); }),
        reply([](Reply& r) { r.content = body([](ObjectBody& b) { b.payload.size = 1; }); }),
        reply([](Reply& r) { r.content = body([](ObjectBody& b) { b.payload.digest.low = 1; }); }),
        reply([](Reply& r) { r.content = body([](ObjectBody& b) { b.payload.digest.high = 1; }); }),
    };
    for (const ListPagePtr& each :
         {page({}, false), page({}, true), page({entry("k", "e", 1)}, false),
          page({entry("l", "e", 1)}, false), page({entry("k", "f", 1)}, false),
          page({entry("k", "e", 2)}, false), page({entry("k", "e", 1), entry("l", "e", 1)}, false)})
        replies.push_back(reply([&](Reply& r) { r.content = each; }));
    std::set<std::uint64_t> digests;
    for (const auto& one : replies)
        digests.insert(digest_of(Event(Answer{RequestId(7), one})));
    EXPECT_EQ(digests.size(), replies.size());
}

TEST(RunDigest, EveryFieldOfAnEventCounts) {
    events_differ(Stop{}, {[](Stop& e) { e.deadline += 1ns; }}, "Stop");
    using L = LeaseAnswered;
    events_differ(L{},
                  {[](L& e) { e.request = RequestId(1); }, [](L& e) { e.reply.status = 409; },
                   [](L& e) { e.reply.reason = StatusReason::conflict; },
                   [](L& e) { e.reply.not_sent = true; }, [](L& e) { e.reply.about_lease = true; },
                   [](L& e) { e.reply.retry_after = 1s; }, [](L& e) { e.reply.lease = lease(); }},
                  "LeaseAnswered");
    using W = LeaseWatched;
    events_differ(W{},
                  {[](W& e) { e.watch = WatchId(1); }, [](W& e) { e.kind = WatchKind::seen; },
                   [](W& e) { e.version = Version(1); }, [](W& e) { e.lease = lease(); }},
                  "LeaseWatched");
    events_differ(BucketAnswered{RequestId(1), reply([](Reply&) {})},
                  {[](BucketAnswered& e) { e.request = RequestId(2); }}, "BucketAnswered");
    using F = FileAnswered;
    events_differ(
        F{},
        {[](F& e) { e.request = RequestId(1); }, [](F& e) { e.reply.status = FileStatus::missing; },
         [](F& e) { e.reply.entries = std::make_shared<FileList>(); },
         [](F& e) { e.reply.entries = files([](FileEntry&) {}); },
         [](F& e) { e.reply.entries = files([](FileEntry& f) { f.key = ObjectKey("k"); }); },
         [](F& e) { e.reply.entries = files([](FileEntry& f) { f.tag.epoch = Epoch(1); }); },
         [](F& e) { e.reply.entries = files([](FileEntry& f) { f.tag.etag = ETag("e"); }); },
         [](F& e) { e.reply.entries = files([](FileEntry& f) { f.tag.dirty = true; }); },
         [](F& e) { e.reply.entries = files([](FileEntry& f) { f.tag.tagged = false; }); },
         [](F& e) { e.reply.entries = files([](FileEntry& f) { f.tag.write_id = 1; }); },
         [](F& e) { e.reply.entries = files([](FileEntry& f) { f.payload.size = 1; }); }},
        "FileAnswered");
    using R = BackupRead;
    events_differ(R{},
                  {[](R& e) { e.call = CallId(1); }, [](R& e) { e.key = ObjectKey("k"); },
                   [](R& e) { e.known = ETag("e"); }, [](R& e) { e.deadline = Instant(1s); }},
                  "BackupRead");
    using B = BackupWrite;
    events_differ(B{CallId(1), ObjectKey("k"), std::make_shared<Blob>()},
                  {[](B& e) { e.call = CallId(2); }, [](B& e) { e.key = ObjectKey("l"); },
                   [](B& e) {
                       e.payload = std::make_shared<Blob>(Blob{1, {}, nullptr});
                   },
                   [](B& e) {
                       e.payload = std::make_shared<Blob>(Blob{0, {1, 0}, nullptr});
                   },
                   [](B& e) {
                       e.payload = std::make_shared<Blob>(Blob{0, {0, 1}, nullptr});
                   }},
                  "BackupWrite");
    using D = BackupRemove;
    events_differ(D{}, {[](D& e) { e.call = CallId(1); }, [](D& e) { e.key = ObjectKey("k"); }},
                  "BackupRemove");
    using Q = Query;
    events_differ(Q{},
                  {[](Q& e) { e.call = CallId(1); }, [](Q& e) { e.key = ObjectKey("k"); },
                   [](Q& e) { e.deadline = Instant(1s); }},
                  "Query");
    events_differ(Cancel{}, {[](Cancel& e) { e.call = CallId(1); }}, "Cancel");
    using C = Container;
    events_differ(OwnContainer{std::make_shared<C>()},
                  {[](OwnContainer& e) {
                       e.container = std::make_shared<C>(C{"p", "", ""});
                   },
                   [](OwnContainer& e) {
                       e.container = std::make_shared<C>(C{"", "p", ""});
                   },
                   [](OwnContainer& e) {
                       e.container = std::make_shared<C>(C{"", "", "p"});
                   }},
                  "OwnContainer");
    using H = HolderEnded;
    events_differ(H{std::make_shared<C>(), {}, {}},
                  {[](H& e) {
                       e.container = std::make_shared<C>(C{"p", "", ""});
                   },
                   [](H& e) { e.finished += 1s; }, [](H& e) { e.observed = Version(1); }},
                  "HolderEnded");
}

TEST(RunDigest, EveryFieldOfAnEffectCounts) {
    using R = RoleChanged;
    effects_differ(R{}, {[](R& e) { e.role = Role::leader; }, [](R& e) { e.term = Term(1); }},
                   "RoleChanged");
    using G = GateMoved;
    effects_differ(G{}, {[](G& e) { e.term = Term(1); }, [](G& e) { e.valid_until = Instant(1s); }},
                   "GateMoved");
    using L = SendLease;
    effects_differ(
        L{},
        {[](L& e) { e.request = RequestId(1); }, [](L& e) { e.verb = LeaseVerb::update; },
         [](L& e) { e.lease = lease(); }, [](L& e) { e.timeout = 1s; }},
        "SendLease");
    using W = WatchLease;
    effects_differ(W{}, {[](W& e) { e.watch = WatchId(1); }, [](W& e) { e.from = Version(1); }},
                   "WatchLease");
    effects_differ(StopWatch{}, {[](StopWatch& e) { e.watch = WatchId(1); }}, "StopWatch");
    using B = SendBucket;
    effects_differ(
        B{},
        {[](B& e) { e.request = RequestId(1); }, [](B& e) { e.verb = BucketVerb::put; },
         [](B& e) { e.condition = PutCondition::if_match; }, [](B& e) { e.key = ObjectKey("k"); },
         [](B& e) { e.etag = ETag("k"); }, [](B& e) { e.body = body([](ObjectBody&) {}); },
         [](B& e) { e.body = body([](ObjectBody& b) { b.head = "k"; }); },
         [](B& e) { e.prefix = ObjectKey("k"); }, [](B& e) { e.timeout = 1s; },
         [](B& e) { e.stalled = true; }},
        "SendBucket");
    effects_differ(AbortBucket{}, {[](AbortBucket& e) { e.request = RequestId(1); }}, "Abort");
    effects_differ(ResumeBucket{}, {[](ResumeBucket& e) { e.request = RequestId(1); }}, "Resume");
    using F = SendFile;
    effects_differ(F{},
                   {[](F& e) { e.request = RequestId(1); }, [](F& e) { e.verb = FileVerb::store; },
                    [](F& e) { e.key = ObjectKey("k"); }, [](F& e) { e.tag.epoch = Epoch(1); },
                    [](F& e) { e.tag.etag = ETag("k"); }, [](F& e) { e.payload.size = 1; }},
                   "SendFile");
    using D = ReadDone;
    effects_differ(D{},
                   {[](D& e) { e.call = CallId(1); }, [](D& e) { e.outcome = ReadOutcome::data; },
                    [](D& e) { e.epoch = Epoch(1); }, [](D& e) { e.etag = ETag("e"); },
                    [](D& e) { e.payload.size = 1; }, [](D& e) { e.payload.digest.low = 1; }},
                   "ReadDone");
    using A = WriteDone;
    effects_differ(A{},
                   {[](A& e) { e.call = CallId(1); }, [](A& e) { e.ack = WriteAck::committed; },
                    [](A& e) { e.epoch = Epoch(1); }, [](A& e) { e.etag = ETag("e"); }},
                   "WriteDone");
    using Q = QueryDone;
    effects_differ(Q{},
                   {[](Q& e) { e.call = CallId(1); }, [](Q& e) { e.outcome = QueryOutcome::data; },
                    [](Q& e) { e.epoch = Epoch(1); }, [](Q& e) { e.etag = ETag("e"); },
                    [](Q& e) { e.payload.size = 1; }, [](Q& e) { e.payload.digest.low = 1; }},
                   "QueryDone");
    effects_differ(Mark{MarkId{}}, {[](Mark& e) { e.mark = MarkId::drained; }}, "Mark");
    using C = Container;
    effects_differ(WatchHolder{std::make_shared<C>()}, {[](WatchHolder& e) {
                       e.container = std::make_shared<C>(C{"p", "", ""});
                   }},
                   "WatchHolder");
}

TEST(RunDigest, EveryFieldOfARecordCountsButItsNumber) {
    using S = ProcessStarted;
    all_differ<S>(S{},
                  {[](S& r) { r.at += 1ns; }, [](S& r) { r.replica = 1; },
                   [](S& r) { r.name = "n"; }, [](S& r) { r.identity = "n"; },
                   [](S& r) { r.elects = false; }, [](S& r) { r.clock.since += 1ns; },
                   [](S& r) { r.clock.monotonic += 1ns; }, [](S& r) { r.clock.rate_ppb = 1; }},
                  "ProcessStarted");
    using E = ProcessEnded;
    all_differ<E>(E{},
                  {[](E& r) { r.at += 1ns; }, [](E& r) { r.replica = 1; },
                   [](E& r) { r.cause = EndCause::crashed; }},
                  "ProcessEnded");
    using C = ClockChanged;
    all_differ<C>(C{},
                  {[](C& r) { r.at += 1ns; }, [](C& r) { r.replica = 1; },
                   [](C& r) { r.clock.rate_ppb = 1; }},
                  "ClockChanged");
    using R = ReplicaStepped;
    static const Event timer = Timer{};
    static const std::vector<Effect> effects{Stopped{}, StopHolderWatch{}};
    R step;
    step.event = &timer;
    all_differ<R>(step,
                  {[](R& r) { r.at += 1ns; }, [](R& r) { r.replica = 1; },
                   [](R& r) { r.now.monotonic += 1ns; }, [](R& r) { r.now.wall += 1ns; },
                   [](R& r) {
                       r.effects = {effects.data(), 1};
                   },
                   [](R& r) {
                       r.effects = {effects.data() + 1, 1};
                   },
                   [](R& r) { r.effects = effects; }},
                  "ReplicaStepped");
    using Q = RequestLeft;
    all_differ<Q>(Q{},
                  {[](Q& r) { r.at += 1ns; }, [](Q& r) { r.replica = 1; },
                   [](Q& r) { r.request = RequestId(1); },
                   [](Q& r) { r.verb = BucketVerb::remove; }, [](Q& r) { r.permitted = true; }},
                  "RequestLeft");
    using L = LeaseCommitted;
    all_differ<L>(
        L{},
        {[](L& r) { r.at += 1ns; }, [](L& r) { r.writer = 1; }, [](L& r) { r.restored = true; }},
        "LeaseCommitted");
    using O = ObjectCommitted;
    all_differ<O>(O{},
                  {[](O& r) { r.at += 1ns; }, [](O& r) { r.writer = 1; },
                   [](O& r) { r.key = ObjectKey("k"); }, [](O& r) { r.etag = ETag("k"); },
                   [](O& r) { r.stamp.epoch = Epoch(1); }, [](O& r) { r.stamp.writer = 1; },
                   [](O& r) { r.stamp.write_id = 1; }, [](O& r) { r.stamp.length = 1; },
                   [](O& r) { r.stamp.digest.low = 1; }, [](O& r) { r.stamp.digest.high = 1; },
                   [](O& r) { r.stamp.tombstone = true; }, [](O& r) { r.version = 1; }},
                  "ObjectCommitted");
    using F = FaultTookEffect;
    all_differ<F>(F{},
                  {[](F& r) { r.at += 1ns; }, [](F& r) { r.fault = 1; },
                   [](F& r) { r.began = false; }, [](F& r) { r.what = "crash"; },
                   [](F& r) { r.targets = {0}; }, [](F& r) { r.targets = {1}; }},
                  "FaultTookEffect");
    using P = PathChanged;
    all_differ<P>(P{},
                  {[](P& r) { r.at += 1ns; }, [](P& r) { r.replica = 1; },
                   [](P& r) { r.api_healthy = false; }, [](P& r) { r.bucket_healthy = false; }},
                  "PathChanged");
    P later;
    later.number = 5;
    EXPECT_EQ(digest_of(later), digest_of(P{}));
}

TEST(RunDigest, ATextOfAnyLengthCountsToItsLastByte) {
    std::set<std::uint64_t> digests;
    std::size_t count = 0;
    const auto note = [&](std::string_view text) {
        WordDigest words;
        words.add_text(text);
        digests.insert(words.value());
        ++count;
    };
    for (std::size_t length = 0; length < 40; ++length) {
        std::string text(length, 'a');
        note(text);
        for (std::size_t i = 0; i < length; ++i) {
            text[i] = 'b';
            note(text);
            text[i] = 'a';
        }
    }
    EXPECT_EQ(digests.size(), count);
}

}  // namespace
}  // namespace leasehold::sim
