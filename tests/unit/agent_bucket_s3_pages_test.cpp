// LISTs of S3 that go on by themselves, and what counts as a removal.
#include <string>
#include <vector>

#include "tests/unit/agent_bucket_fake_s3.hpp"

namespace leasehold::agent::testing {
namespace {

std::string entry(const std::string& key) {
    return "<Contents><Key>" + key + "</Key><ETag>e</ETag><Size>1</Size></Contents>";
}

std::string page(bool truncated, const std::string& inner) {
    return http_answer(200, std::string("<ListBucketResult><IsTruncated>") +
                                (truncated ? "true" : "false") + "</IsTruncated>" + inner +
                                "</ListBucketResult>");
}

/// Folders' markers, a Spark job's or a console's, are no keys of ours.
TEST_F(AgentS3Client, AListGoesOnBehindAPageOfOthersKeys) {
    const std::string answers[] = {page(true, entry("etl/a/") + entry("etl/b/")),
                                   page(true, entry("etl/b//x") + entry("etl/c/")),
                                   page(false, entry("etl/d"))};
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        peer->write(answers[server_.seen().size() - 1]);
    };
    EXPECT_EQ(keys_of(call(list_request("etl/", "etl/A"))), "etl/d");
    ASSERT_EQ(server_.seen().size(), 3U);
    const std::string query = "/backup/?encoding-type=url&list-type=2&max-keys=1000&prefix=etl%2F";
    EXPECT_EQ(server_.seen()[1].target, query + "&start-after=etl%2Fb%2F");
    EXPECT_EQ(server_.seen()[2].target, query + "&start-after=etl%2Fc%2F");
    EXPECT_TRUE(rig().lines.empty());
}

/// s3proxy tells of a folder's marker its key alone; others an empty ETag.
TEST_F(AgentS3Client, AnothersKeyNeedsNoETag) {
    const std::string bare = "<Contents><Key>etl/b/</Key></Contents>";
    const std::string empty =
        "<Contents><Key>etl/c/</Key><ETag>\"\"</ETag><Size>0</Size></Contents>";
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        peer->write(page(false, entry("etl/a") + bare + empty + entry("etl/d")));
    };
    EXPECT_EQ(keys_of(call(list_request("etl/"))), "etl/a etl/d");
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        peer->write(page(false, "<Contents><Key>etl/b</Key><Size>0</Size></Contents>"));
    };
    EXPECT_EQ(keys_of(call(list_request("etl/"))), "(no page)") << "of ours it counts as gone";
}

TEST_F(AgentS3Client, APageBehindThatBeginsBeforeItIsNotBelieved) {
    handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(page(true, entry("etl/b/"))); };
    EXPECT_EQ(classify(BucketVerb::list, call(list_request("etl/"))), BucketOutcome::unknown);
    EXPECT_EQ(server_.seen().size(), 2U) << "it would go on for ever";
}

TEST_F(AgentS3Client, AListGoesOnByItsTokenWhereAPageShowedNoKey) {
    config_.prefix = "etl";
    const std::string token = "<NextContinuationToken>t/=</NextContinuationToken>";
    for (const std::string& first : {std::string(), entry("etl/")}) {
        rig_.reset();
        const std::size_t before = server_.seen().size();
        handler_ = [&](const Seen&, const PeerPtr& peer) {
            peer->write(server_.seen().size() == before + 1 ? page(true, first + token)
                                                            : page(false, entry("etl/d")));
        };
        EXPECT_EQ(keys_of(call(list_request())), "d") << first;
        EXPECT_EQ(server_.seen().back().target,
                  "/backup/?continuation-token=t%2F%3D&encoding-type=url&list-type=2&max-keys=1000"
                  "&prefix=etl%2F");
    }
}

TEST_F(AgentS3Client, APageThatIsNotTheLastAndLeadsNowhereIsNoPage) {
    handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(page(true, "")); };
    EXPECT_EQ(classify(BucketVerb::list, call(list_request("etl/"))), BucketOutcome::unknown);
    EXPECT_EQ(rig().lines, std::vector<std::string>{
                               "warning: bucket: LIST: a LIST's answer IsTruncated, without a key "
                               "or a NextContinuationToken"});
}

/// A store, or what stands before it, that does not look at the token.
TEST_F(AgentS3Client, ATokenThatComesAgainLeadsNowhere) {
    const std::string token = "<NextContinuationToken>t</NextContinuationToken>";
    handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(page(true, token)); };
    EXPECT_EQ(classify(BucketVerb::list, call(list_request("etl/"), 500ms)),
              BucketOutcome::unknown);
    EXPECT_EQ(server_.seen().size(), 2U) << "asked again and again until the deadline";
    EXPECT_EQ(rig().lines, std::vector<std::string>{"warning: bucket: LIST: a LIST's page is said "
                                                    "to go on where it began"});
}

TEST_F(AgentS3Client, OnlyAnAnswerOfTheStoresOwnIsARemoval) {
    struct Case {
        std::string answer;
        BucketOutcome outcome;
    };
    const Case cases[] = {
        {"HTTP/1.1 204 No Content\r\n\r\n", BucketOutcome::removed},
        {http_answer(200, ""), BucketOutcome::removed},
        {error_answer(200, "InternalError"), BucketOutcome::unknown},
        {http_answer(200, "<html>log in</html>"), BucketOutcome::unknown},
        {http_answer(202, ""), BucketOutcome::unknown},
    };
    for (const Case& one : cases) {
        rig_.reset();
        handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(one.answer); };
        EXPECT_EQ(classify(BucketVerb::remove, call(remove_request("k"))), one.outcome)
            << one.answer;
        EXPECT_EQ(rig().lines.empty(), one.outcome == BucketOutcome::removed) << one.answer;
    }
}

/// Versity keeps objects as files: what lies in the way stays there until somebody takes it away.
TEST_F(AgentS3Client, AConflictIsDailyLifeOnlyAmongRequestsAtOnce) {
    struct Case {
        const char* code;
        BucketOutcome outcome;
        bool told;
    };
    const Case cases[] = {{"ConditionalRequestConflict", BucketOutcome::unknown, false},
                          {"OperationAborted", BucketOutcome::unknown, false},
                          {"ObjectParentIsFile", BucketOutcome::denied, true},
                          {"ExistingObjectIsDirectory", BucketOutcome::denied, true},
                          {"InvalidBucketState", BucketOutcome::unknown, true}};
    for (const Case& one : cases) {
        rig_.reset();
        handler_ = [&](const Seen&, const PeerPtr& peer) {
            peer->write(error_answer(409, one.code));
        };
        EXPECT_EQ(classify(BucketVerb::put, call(put_request("f/g", "x"))), one.outcome)
            << one.code;
        const std::vector<std::string> told{"warning: bucket: PUT f/g: answered 409 " +
                                            std::string(one.code) + ": m"};
        EXPECT_EQ(rig().lines, one.told ? told : std::vector<std::string>{}) << one.code;
    }
}

}  // namespace
}  // namespace leasehold::agent::testing
