// When a leader gives a bucket up: no usable answer for a whole lease while something waits.

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageUsability : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    void begin() {
        rig.start();
        rig.lead(7);
    }
    [[nodiscard]] WriteAck ack(CallId call) const { return rig.writes.at(call).ack; }
};

TEST_F(StorageUsability, OneLongUploadWhoseAnswerWasLostProvesNoUnusableBucket) {
    begin();
    rig.hold_data(BucketVerb::put);
    Blob large = blob(1);
    large.size = 25ULL << 20;
    const CallId call = rig.write(key("a"), large);
    for (int i = 0; i < 14; ++i) {
        rig.jump(2s);
        rig.renew();
    }
    rig.answer(rig.find_held(BucketVerb::put, key("a")).request, BucketReply{});
    EXPECT_EQ(rig.marked(MarkId::bucket_unusable), 0) << "the attempt lasted longer than a lease";
    rig.answer_all();
    rig.advance(10s);
    EXPECT_EQ(ack(call), WriteAck::committed);
}

TEST_F(StorageUsability, ALeaderWithoutAUsableBucketGivesUpAfterOneLeaseIfItHasSomethingToWrite) {
    begin();
    rig.fate = [](const SendBucket&) { return Fate::lose_request; };
    rig.read(key("b"));
    rig.advance(60s);
    EXPECT_EQ(rig.give_ups, 0) << "nothing waits to be written";
    rig.write(key("a"), blob(1));
    rig.advance(14900ms);
    EXPECT_EQ(rig.give_ups, 0);
    rig.advance(600ms);
    EXPECT_EQ(rig.give_ups, 1);
    EXPECT_EQ(rig.marked(MarkId::bucket_unusable), 1);
}

TEST_F(StorageUsability, AnUploadThatTakesLongerThanALeaseIsNoUnusableBucket) {
    begin();
    rig.hold_data(BucketVerb::put);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(29s);
    EXPECT_EQ(rig.give_ups, 0);
    rig.release(BucketVerb::put, key("a"));
    EXPECT_EQ(ack(call), WriteAck::committed);
}

}  // namespace
}  // namespace leasehold::rig
