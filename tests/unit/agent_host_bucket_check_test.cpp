// check_bucket: a directory, which does all that is asked, a store that is not there, and stores
// that are elsewhere than the secret says. Whole servers are tried by tests/live.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "agent/host/bucket_check.hpp"
#include "agent/host/bucket_place.hpp"
#include "tests/unit/agent_host_bucket_rig.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent {
namespace {

using testing::http_answer;
using testing::PeerPtr;
using testing::Seen;

class AgentBucketCheck : public BucketCommand {
  protected:
    /// What is found on a server of the test's own, row by row as table_of() shows it.
    std::vector<std::string> rows(const testing::TestServer::Answer& answer) {
        asio::io_context loop;
        testing::TestServer server(loop, answer);
        config_.bucket->endpoint = "localhost:" + std::to_string(server.port());
        std::thread thread([&] { loop.run(); });
        std::vector<std::string> rows;
        for (const BucketFinding& finding : check_bucket(config_))
            if (finding.what != "clock")
                rows.push_back((finding.usable ? "" : "! ") + finding.what + ": " + finding.found +
                               (finding.advice.empty() ? "" : " -> " + finding.advice));
        loop.stop();
        thread.join();
        return rows;
    }
    std::string url(const std::string& rest) const {
        return "http://" + config_.bucket->endpoint + rest;
    }
};

std::string s3_error(int status, const std::string& inner) {
    return http_answer(status, "<Error>" + inner + "</Error>");
}
const std::string kEmptyPage =
    http_answer(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
const std::string kDenied = s3_error(403, "<Code>AccessDenied</Code>");

TEST_F(AgentBucketCheck, ADirectoryDoesAllThatIsAsked) {
    const auto findings = check_bucket(config_);
    for (const BucketFinding& finding : findings)
        EXPECT_TRUE(finding.usable) << finding.what;
    EXPECT_EQ(table_of(findings),
              "  LIST                             works, no objects -> is the bucket's name "
              "right? Some stores make what is missing\n"
              "  GET of a key that is not there   404\n"
              "  PUT                              stored\n"
              "  GET                              what was stored\n"
              "  If-None-Match on PUT             honoured\n"
              "  If-Match on PUT                  honoured\n"
              "  two PUTs at once, If-Match       one won, in 20 rounds\n"
              "  two PUTs at once, If-None-Match  one won, in 10 rounds\n"
              "  If-Match on DELETE               honoured\n"
              "  DELETE                           works\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "b" / ".ha")) << "it leaves nothing behind";
}

TEST_F(AgentBucketCheck, AStoreThatIsNotThereIsToldAndEndsIt) {
    lies_nowhere();
    const auto findings = check_bucket(config_);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].found, "http://127.0.0.1:1/b/ (the bucket in the path)");
    EXPECT_FALSE(findings[1].usable);
    EXPECT_TRUE(findings[1].found.starts_with("Failed to connect to 127.0.0.1 port 1"))
        << findings[1].found;
    EXPECT_TRUE(findings[1].advice.starts_with("is the port right"));
}

TEST_F(AgentBucketCheck, TheRegionIsFound) {
    lies_nowhere();
    const auto signed_for = [](const Seen& seen) {
        const std::string& text = seen.headers.at("authorization");
        return text.find("/eu-central-1/s3/") != text.npos;
    };
    const auto answer = [&](const Seen& seen, const PeerPtr& peer) {
        if (!signed_for(seen))
            return peer->write(s3_error(400,
                                        "<Code>AuthorizationHeaderMalformed</Code>"
                                        "<Region>eu-central-1</Region>"));
        peer->write(seen.target.find("list-type") != seen.target.npos ? kEmptyPage : kDenied);
    };
    config_.bucket->region_guessed = true;
    auto found = rows(answer);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0], "address: " + url("/b/ (the bucket in the path)"));
    EXPECT_EQ(found[1],
              "region: eu-central-1, as the bucket says -> config.region: eu-central-1 saves a "
              "refused request at each start");
    EXPECT_TRUE(found[2].starts_with("LIST: works"));

    config_.bucket->region_guessed = false;
    found = rows(answer);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[1],
              "! region: the bucket's is eu-central-1, and not us-east-1 -> set config.region: "
              "eu-central-1");
    EXPECT_EQ(found[2],
              "! LIST: answered 400 AuthorizationHeaderMalformed -> set config.region: "
              "eu-central-1");

    config_.bucket->region = "eu-central-1";
    EXPECT_EQ(rows(answer).at(1), "region: eu-central-1");
    config_.bucket->region_guessed = true;
    EXPECT_EQ(rows(answer).at(1), "region: eu-central-1, a guess that is taken");
}

TEST_F(AgentBucketCheck, TheAddressingIsFound) {
    lies_nowhere();
    // Alibaba's, in its words; and a server that knows no bucket in the host's name.
    for (const bool wants_host : {true, false}) {
        const auto answer = [&](const Seen& seen, const PeerPtr& peer) {
            const bool host = seen.headers.at("host").starts_with("b.");
            if (host == wants_host) return peer->write(kEmptyPage);
            peer->write(wants_host ? s3_error(403, "<Code>SecondLevelDomainForbidden</Code>")
                                   : s3_error(404, "<Code>NoSuchBucket</Code>"));
        };
        config_.bucket->virtual_host = !wants_host;
        const auto found = rows(answer);
        ASSERT_GE(found.size(), 3U);
        const std::string path = url("/b/") + " (the bucket in the path)";
        const std::string host =
            "http://b." + config_.bucket->endpoint + "/ (the bucket in the host's name)";
        EXPECT_EQ(found[0], "! address: " + (wants_host ? path : host) + " -> it is at " +
                                (wants_host ? host : path) + ": set config.bucket_lookup_type: " +
                                (wants_host ? "virtual-hosted" : "path"));
        EXPECT_EQ(found[2], wants_host
                                ? "! LIST: answered 403 SecondLevelDomainForbidden -> set "
                                  "config.bucket_lookup_type: virtual-hosted"
                                : "! LIST: answered 404 NoSuchBucket -> is config.bucket right? "
                                  "The agent makes none");
    }
}

TEST_F(AgentBucketCheck, ARightIsAdvisedWhereOneIsMissing) {
    lies_nowhere();
    const auto found = rows([](const Seen&, const PeerPtr& peer) { peer->write(kDenied); });
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[2],
              "! LIST: answered 403 AccessDenied -> followers learn of backups by LIST: allow "
              "s3:ListBucket");
}

TEST_F(AgentBucketCheck, WhatItMayNotReadBackDoesNotStay) {
    lies_nowhere();
    bool stored = false;
    const std::vector<std::string> found = rows([&](const Seen& seen, const PeerPtr& peer) {
        if (seen.target.find("list-type=2") != std::string::npos) return peer->write(kEmptyPage);
        if (seen.method == "GET")
            return peer->write(stored ? kDenied : s3_error(404, "<Code>NoSuchKey</Code>"));
        stored = seen.method == "PUT";
        peer->write(http_answer(stored ? 200 : 204, "", "ETag: \"1\"\r\n"));
    });
    EXPECT_FALSE(stored);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found.back(), "DELETE: works");
}

TEST_F(AgentBucketCheck, EachCauseHasAdviceOfItsOwn) {
    BucketConfig s3;
    s3.type = BucketType::s3;
    s3.region = "us-east-1";
    const auto unreached = [&](const std::string& words) {
        return place_advice(s3, {0, "", words, ""});
    };
    EXPECT_TRUE(unreached("Could not resolve host: a.b").starts_with("is the name right"));
    EXPECT_TRUE(unreached("SSL certificate problem: unable to get local issuer certificate")
                    .starts_with("the CA"));
    EXPECT_TRUE(unreached("SSL: no alternative certificate subject name matches target host name")
                    .starts_with("the certificate is for other names"));
    EXPECT_TRUE(unreached("error:0A00010B:SSL routines::wrong version number")
                    .starts_with("does the server speak plain HTTP"));
    EXPECT_TRUE(unreached("no answer in time").starts_with("is the port right"));
    const auto answered = [&](int status, const std::string& word) {
        return place_advice(s3, {status, word, "answered", ""});
    };
    EXPECT_TRUE(answered(403, "InvalidAccessKeyId").starts_with("the access key is not known"));
    EXPECT_TRUE(answered(403, "SignatureDoesNotMatch").starts_with("the secret key is not that"));
    EXPECT_EQ(answered(403, "AccessDenied"), "");
    EXPECT_EQ(answered(400, ""), "");
    s3.insecure = true;
    EXPECT_TRUE(answered(400, "").starts_with("does the server want TLS"));
    EXPECT_NE(answered(503, ""), "");
}

/// Of two writes, none is taken: nothing is said of what was not seen.
TEST_F(AgentBucketCheck, ARaceThatNobodyWinsShowsNothing) {
    lies_nowhere();
    int puts = 0;
    const auto found = rows([&](const Seen& seen, const PeerPtr& peer) {
        if (seen.target.find("list-type") != seen.target.npos) return peer->write(kEmptyPage);
        if (seen.method == "DELETE") return peer->write(http_answer(204, ""));
        if (seen.method == "GET")
            return peer->write(puts == 0 ? s3_error(404, "<Code>NoSuchKey</Code>")
                                         : http_answer(200, "one", "ETag: \"e\"\r\n"));
        ++puts;
        const bool refused =
            seen.headers.contains("if-none-match") ||
            (seen.headers.contains("if-match") && seen.headers.at("if-match") != "\"e\"");
        if (refused) return peer->write(s3_error(412, "<Code>PreconditionFailed</Code>"));
        peer->write(puts < 5 ? http_answer(200, "", "ETag: \"e\"\r\n")  // then it is busy
                             : s3_error(429, "<Code>SlowDown</Code>"));
    });
    const auto row = [&](const std::string& what) {
        const auto at = std::find_if(found.begin(), found.end(),
                                     [&](const std::string& one) { return one.starts_with(what); });
        return at == found.end() ? "none" : *at;
    };
    EXPECT_EQ(row("two PUTs at once, If-Match"),
              "two PUTs at once, If-Match: not seen -> in 20 the store refused both, which shows "
              "nothing");
    EXPECT_EQ(row("a PUT that stalls"),
              "a PUT that stalls while another wins: not seen: the other one was answered 429");
}

}  // namespace
}  // namespace leasehold::agent
