// remove_tombstones: a directory with data, tombstones and what is ours.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/host/bucket_session.hpp"
#include "agent/host/tombstones.hpp"
#include "model/protocol/stamp.hpp"
#include "tests/unit/agent_host_bucket_rig.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

class AgentTombstones : public BucketCommand {
  protected:
    AgentTombstones() {
        config_.storage.prefix = ObjectKey("etl/");
        config_.storage.largest_request_age = 200ms;
        bucket_ = std::make_unique<BucketSession>(config_);
    }

    void put(const std::string& key, const std::string& text, bool tombstone) {
        Stamp stamp;
        stamp.epoch = Epoch(7);
        stamp.write_id = 1;
        stamp.tombstone = tombstone;
        auto body = std::make_shared<ObjectBody>();
        body->payload = blob_of(text);
        stamp.length = body->payload.size;
        stamp.digest = body->payload.digest;
        body->head = encode_header(stamp);
        SendBucket request = bucket_->request(BucketVerb::put, ObjectKey(key));
        request.body = std::move(body);
        ASSERT_EQ(classify(BucketVerb::put, bucket_->ask(request)), BucketOutcome::written) << key;
    }
    bool there(const std::string& key) {
        const BucketReply reply = bucket_->ask(bucket_->request(BucketVerb::get, ObjectKey(key)));
        return classify(BucketVerb::get, reply) == BucketOutcome::object;
    }

    std::unique_ptr<BucketSession> bucket_;
};

TEST_F(AgentTombstones, AreDeletedAndNothingElseIs) {
    put("etl/data", "some bytes", false);
    put("etl/empty", "", false);  // a header alone too, and yet an object
    put("etl/gone-1", "", true);
    put("etl/gone-2", "", true);
    put("other/gone", "", true);  // not below the prefix
    put(".ha/epoch", "", true);
    std::vector<std::string> told;
    const TombstonesRemoved done =
        remove_tombstones(config_, [&](const std::string& line) { told.push_back(line); });
    EXPECT_EQ(done.error, "");
    EXPECT_EQ(done.objects, 4U);
    EXPECT_EQ(done.tombstones, 2U);
    EXPECT_EQ(done.removed, 2U);
    EXPECT_EQ(done.written, 0U);
    EXPECT_EQ(told, std::vector<std::string>{"2 tombstones of 4 objects; waits 1s for PUTs that "
                                             "were under way when the replicas ended"});
    for (const char* kept : {"etl/data", "etl/empty", "other/gone", ".ha/epoch"})
        EXPECT_TRUE(there(kept)) << kept;
    for (const char* gone : {"etl/gone-1", "etl/gone-2"})
        EXPECT_FALSE(there(gone)) << gone;
}

TEST_F(AgentTombstones, AKeyThatIsWrittenDuringTheWaitIsLeftAlone) {
    put("etl/gone", "", true);
    const TombstonesRemoved done =
        remove_tombstones(config_, [&](const std::string&) { put("etl/gone", "late", false); });
    EXPECT_EQ(done.error, "");
    EXPECT_EQ(done.removed, 0U);
    EXPECT_EQ(done.written, 1U);
    EXPECT_TRUE(there("etl/gone"));
}

TEST_F(AgentTombstones, ABucketThatIsNotThereIsToldAndNothingIsCounted) {
    lies_nowhere();
    const TombstonesRemoved done = remove_tombstones(config_, [](const std::string&) {});
    EXPECT_TRUE(done.error.starts_with("LIST: Failed to connect to 127.0.0.1 port 1"))
        << done.error;
    EXPECT_EQ(done.tombstones, 0U);
}

}  // namespace
}  // namespace leasehold::agent
