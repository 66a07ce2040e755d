// The probe of a store's preconditions: it asks what writes depend on, finds stores that race, is
// asked anew by each leadership, and concludes nothing from an answer that did not come. (Ids: C3
// of the review, findings 1 of the servers, 2 and 6 of the field reports.)

#include <algorithm>

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

const ObjectKey kProbe{".ha/probe/replica-0_a"};

struct Kind {
    const char* name;
    void (*make)(FakeBucket&);
    MarkId verdict;
};

const Kind kKinds[] = {
    {"atomic", [](FakeBucket& b) { b.honours_conditional_delete = true; },
     MarkId::preconditions_honoured},
    {"without If-Match on DELETE", [](FakeBucket&) {}, MarkId::preconditions_honoured},
    {"ignores all", [](FakeBucket& b) { b.ignores_conditions = true; },
     MarkId::preconditions_ignored},
    {"ignores If-Match", [](FakeBucket& b) { b.ignores_if_match = true; },
     MarkId::preconditions_ignored},
    {"answers 501", [](FakeBucket& b) { b.refuses_conditions = 501; },
     MarkId::preconditions_refused},
    {"answers 400", [](FakeBucket& b) { b.refuses_conditions = 400; },
     MarkId::preconditions_refused},
    {"races", [](FakeBucket& b) { b.not_atomic = true; }, MarkId::preconditions_not_atomic},
    {"checks before the body", [](FakeBucket& b) { b.checks_before_body = true; },
     MarkId::preconditions_not_atomic},
};
constexpr MarkId kVerdicts[] = {MarkId::preconditions_honoured, MarkId::preconditions_ignored,
                                MarkId::preconditions_refused, MarkId::preconditions_not_atomic};

class StorageProbe : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    void begin(std::uint64_t term = 7) {
        rig.start();
        rig.lead(term);
        rig.advance(5s);
    }
    [[nodiscard]] std::vector<SendBucket> asked() const {
        std::vector<SendBucket> found;
        for (const SendBucket& one : rig.sent)
            if (one.key == kProbe) found.push_back(one);
        return found;
    }
    /// Must a put of this leader fit wholly into the validity that is left?
    [[nodiscard]] static bool must_fit(Rig& leader) {
        leader.hold_data(BucketVerb::put);
        Blob large = blob(1);
        large.size = 25ULL << 20;
        leader.write(key("large"), large);
        const SendBucket put = leader.find_held(BucketVerb::put, key("large"));
        return !leader.machine.permit(leader.leadership().valid_until - 1ns, put.request);
    }
};

TEST_F(StorageProbe, ItAsksForEverythingThatWritesDependOn) {
    bucket.honours_conditional_delete = true;
    begin();
    int creations = 0;
    int replacements = 0;
    int deletes = 0;
    int stalled = 0;
    for (const SendBucket& one : asked()) {
        if (one.verb == BucketVerb::remove && !one.etag.empty()) ++deletes;
        if (one.verb != BucketVerb::put) continue;
        creations += one.condition == PutCondition::if_none_match ? 1 : 0;
        replacements += one.condition == PutCondition::if_match ? 1 : 0;
        stalled += one.stalled ? 1 : 0;
    }
    EXPECT_EQ(creations, 1) << "of a key that exists: it must be refused";
    EXPECT_GE(replacements, 5) << "a wrong ETag, and rounds of two at once";
    EXPECT_GE(deletes, 1);
    EXPECT_EQ(stalled, 1);
    EXPECT_LE(asked().size(), 40U);
    int resumed = 0;
    for (const Effect& effect : rig.trace)
        resumed += std::holds_alternative<ResumeBucket>(effect) ? 1 : 0;
    EXPECT_EQ(resumed, 1);
    EXPECT_FALSE(bucket.objects.contains(kProbe)) << "it tidies up";
}

TEST_F(StorageProbe, EachKindOfStoreGetsItsVerdict) {
    for (const Kind& kind : kKinds) {
        FakeBucket store;
        kind.make(store);
        Rig leader(store);
        leader.start();
        leader.lead(7);
        leader.advance(30s);
        for (const MarkId verdict : kVerdicts) {
            if (verdict == kind.verdict) {
                EXPECT_GE(leader.marked(verdict), 1) << kind.name << ": " << mark_name(verdict);
            } else {
                EXPECT_EQ(leader.marked(verdict), 0) << kind.name << ": " << mark_name(verdict);
            }
        }
        EXPECT_FALSE(store.objects.contains(kProbe)) << kind.name;
    }
}

TEST_F(StorageProbe, OnlyAnAtomicStoresPutsMayOutlastTheValidity) {
    for (const Kind& kind : kKinds) {
        FakeBucket store;
        kind.make(store);
        Rig leader(store);
        leader.start();
        leader.lead(7);
        leader.advance(30s);
        EXPECT_EQ(must_fit(leader), kind.verdict != MarkId::preconditions_honoured) << kind.name;
    }
}

TEST_F(StorageProbe, BeforeAVerdictPutsMustFit) {
    rig.fate = [](const SendBucket& r) { return r.key == kProbe ? Fate::hold : Fate::answer; };
    begin();
    EXPECT_TRUE(must_fit(rig));
}

TEST_F(StorageProbe, ALaterContradictionTakesTheVerdictBack) {
    begin();
    ASSERT_EQ(rig.marked(MarkId::preconditions_honoured), 1);
    rig.errors[{BucketVerb::put, key("a")}] =
        FakeBucket::failure(412, BucketCode::precondition_failed);
    rig.write(key("a"), blob(1));
    rig.advance(60s);
    ASSERT_GE(rig.marked(MarkId::precondition_contradicted), 1);
    EXPECT_TRUE(must_fit(rig));
}

TEST_F(StorageProbe, EachLeadershipAsksAnew) {
    begin(7);
    ASSERT_EQ(rig.marked(MarkId::preconditions_honoured), 1);
    rig.follow();
    bucket.ignores_if_match = true;
    rig.lead(8);
    rig.advance(5s);
    EXPECT_EQ(rig.marked(MarkId::preconditions_ignored), 1);
    EXPECT_TRUE(must_fit(rig));
    rig.release_all();
    rig.follow();
    bucket.ignores_if_match = false;
    rig.lead(9);
    rig.advance(5s);
    EXPECT_EQ(rig.marked(MarkId::preconditions_honoured), 2);
}

TEST_F(StorageProbe, WhatAnEarlierProbeLeftBehindDoesNotMatter) {
    for (const bool ignores : {false, true}) {
        FakeBucket store;
        store.ignores_if_match = ignores;
        store.put_fenced(kProbe, Blob{}, 3);
        Rig leader(store);
        leader.start();
        leader.lead(7);
        leader.advance(60s);
        EXPECT_EQ(leader.marked(MarkId::preconditions_honoured), ignores ? 0 : 1);
        EXPECT_EQ(leader.marked(MarkId::preconditions_ignored), ignores ? 1 : 0);
        EXPECT_EQ(leader.marked(MarkId::precondition_contradicted), 0);
    }
}

// Whichever of its requests stays without an answer, stored or not: an atomic store is never taken
// for another kind, and another kind never for an atomic one.
TEST_F(StorageProbe, ALostAnswerProvesNothing) {
    for (const Kind& kind : kKinds) {
        if (kind.verdict == MarkId::preconditions_refused) continue;  // nothing of it is stored
        for (int nth = 1; nth <= 24; ++nth) {
            for (const Fate lost : {Fate::lose_reply, Fate::lose_request}) {
                FakeBucket store;
                kind.make(store);
                Rig leader(store);
                int seen = 0;
                leader.fate = [&seen, nth, lost](const SendBucket& r) {
                    return r.key == kProbe && ++seen == nth ? lost : Fate::answer;
                };
                leader.start();
                leader.lead(7);
                leader.advance(3min);
                for (const MarkId verdict : kVerdicts) {
                    if (verdict == kind.verdict) continue;
                    EXPECT_EQ(leader.marked(verdict), 0)
                        << kind.name << ", request " << nth << ": " << mark_name(verdict);
                }
                if (kind.verdict == MarkId::preconditions_honoured) {
                    EXPECT_EQ(leader.marked(kind.verdict), 1) << kind.name << ", request " << nth;
                }
            }
        }
    }
}

TEST_F(StorageProbe, ADemotionEndsAStalledPut) {
    bool stalls = false;
    rig.fate = [&stalls](const SendBucket& r) {
        if (r.key != kProbe) return Fate::answer;
        const bool before = std::exchange(stalls, stalls || r.stalled);
        return before ? Fate::hold : Fate::answer;
    };
    rig.start();
    rig.lead(7);
    ASSERT_EQ(rig.stalled.size(), 1U);
    const RequestId put = rig.stalled.begin()->first;
    rig.follow();
    EXPECT_TRUE(std::count(rig.aborted.begin(), rig.aborted.end(), put) == 1);
    EXPECT_TRUE(rig.stalled.empty());
}

TEST_F(StorageProbe, AStopEndsAStalledPut) {
    bool stalls = false;
    rig.fate = [&stalls](const SendBucket& r) {
        if (r.key != kProbe) return Fate::answer;
        const bool before = std::exchange(stalls, stalls || r.stalled);
        return before ? Fate::hold : Fate::answer;
    };
    rig.start();
    rig.lead(7);
    ASSERT_EQ(rig.stalled.size(), 1U);
    rig.step(Stop{rig.now() + 30s});
    rig.advance(2s);
    EXPECT_TRUE(rig.stalled.empty());
    rig.release_all();
    rig.advance(1s);
    EXPECT_TRUE(rig.machine.drained());
}

}  // namespace
}  // namespace leasehold::rig
