// The client of Azure Blob Storage before a server of the test's own: LISTs that go on.
#include <vector>

#include "agent/bucket/azure_client.hpp"
#include "tests/unit/agent_bucket_fake_s3.hpp"

namespace leasehold::agent::testing {
namespace {

class AgentAzureClient : public AgentS3Client {
  protected:
    AgentAzureClient() {
        config_ = BucketConfig{};
        config_.type = BucketType::azure;
        config_.bucket = "c";
        config_.azure.url = server_.url("/acc");
        config_.azure.account = "acc";
        config_.azure.key = "c2VjcmV0";
    }
};

const std::string kPage =
    "<EnumerationResults><Blobs><Blob><Name>etl/a</Name><Properties><Etag>0x1</Etag>"
    "<Content-Length>1</Content-Length></Properties></Blob></Blobs><NextMarker>m</NextMarker>"
    "</EnumerationResults>";

TEST_F(AgentAzureClient, AMarkerThatIsNotKnownAnyMoreCostsOneRequest) {
    handler_ = [&](const Seen& seen, const PeerPtr& peer) {
        const bool marked = seen.target.find("marker=") != std::string::npos;
        peer->write(http_answer(marked ? 400 : 200, marked ? "" : kPage));
    };
    EXPECT_EQ(keys_of(call(list_request("etl/"))), "etl/a ...");
    call(list_request("etl/", "etl/a"), 500ms);
    ASSERT_GE(server_.seen().size(), 3U);
    EXPECT_NE(server_.seen()[1].target.find("marker=m"), std::string::npos);
    EXPECT_EQ(server_.seen()[2].target.find("marker="), std::string::npos);
}

/// Empty or not, with a marker that was remembered or not.
TEST_F(AgentAzureClient, AMarkerThatComesAgainLeadsNowhere) {
    const std::string empty =
        "<EnumerationResults><Blobs/><NextMarker>m</NextMarker></EnumerationResults>";
    for (const std::string& answer : {empty, kPage}) {
        rig_.reset();
        handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(http_answer(200, answer)); };
        if (answer == kPage) {
            EXPECT_EQ(keys_of(call(list_request("etl/"))), "etl/a ...");
        }
        const std::size_t before = server_.seen().size();
        const BucketReply reply = call(list_request("etl/", answer == kPage ? "etl/a" : ""), 500ms);
        EXPECT_EQ(classify(BucketVerb::list, reply), BucketOutcome::unknown);
        EXPECT_LE(server_.seen().size() - before, 2U) << "again and again until the deadline";
        EXPECT_EQ(rig().lines.size(), 1U);
    }
}

TEST_F(AgentAzureClient, AKeyThatItWouldChangeDoesNotLeave) {
    for (const char* key : {"etl/a\\b", "etl/a.", "etl./a"}) {
        for (const SendBucket& request :
             {put_request(key, "x", PutCondition::if_none_match), get_request(key)})
            EXPECT_EQ(classify(request.verb, call(request)), BucketOutcome::denied) << key;
    }
    EXPECT_TRUE(server_.seen().empty());
    ASSERT_EQ(rig().lines.size(), 1U) << "told once";
    EXPECT_NE(rig().lines.front().find("no blob can have this key"), std::string::npos);
}

TEST_F(AgentAzureClient, AnAbortedListIsNotSentAgain) {
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        // The second answer's head says 400, and the rest of it never comes.
        peer->write(server_.seen().size() == 1
                        ? http_answer(200, kPage)
                        : "HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n<E");
    };
    EXPECT_EQ(keys_of(call(list_request("etl/"))), "etl/a ...");
    const RequestId id = rig().send(list_request("etl/", "etl/a"));
    idle(200ms);
    ASSERT_EQ(server_.seen().size(), 2U);
    rig().abort(id);
    idle(200ms);
    EXPECT_TRUE(rig().answered(id));
    EXPECT_EQ(server_.seen().size(), 2U);
}

}  // namespace
}  // namespace leasehold::agent::testing
