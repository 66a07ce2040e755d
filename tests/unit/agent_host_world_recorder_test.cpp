// record-world before servers that end each watch, break off objects, or are slow with them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include <boost/asio/steady_timer.hpp>

#include "agent/host/world_recorder.hpp"
#include "tests/unit/agent_lease_rig.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;
using testing::http_answer;
using testing::PeerPtr;
using testing::Seen;

class AgentWorldRecorder : public ::testing::Test {
  protected:
    AgentWorldRecorder() {
        config_.record_file = folder_.file("record");
        config_.http.spool_directory = folder_.file("");
        config_.record_poll = 10ms;
    }
    void has_a_lease() {
        config_.api.emplace();
        config_.api->server = server_.url("");
        config_.lease = LeaseName{"ns", "a"};
    }
    void has_a_bucket() {
        config_.bucket.emplace();
        config_.bucket->bucket = "b";
        config_.bucket->endpoint = "127.0.0.1:" + std::to_string(server_.port());
        config_.bucket->region = "us-east-1";
        config_.bucket->insecure = true;
        config_.bucket->access_key = "a";
        config_.bucket->secret_key = "s";
    }
    void record_for(Duration span) {
        WorldRecorder recorder(loop_, config_);
        recorder.start();
        loop_.run_for(span);
    }
    /// Answers a LIST with one object of this size, and hands any other request on.
    void lists(std::uint64_t size, testing::TestServer::Answer otherwise) {
        answer_ = [size, otherwise](const Seen& seen, const PeerPtr& peer) {
            if (seen.target.find("list-type=2") == std::string::npos) return otherwise(seen, peer);
            peer->write(http_answer(
                200,
                "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>"
                "<Contents><Key>large</Key><ETag>\"e1\"</ETag><Size>" +
                    std::to_string(size) + "</Size></Contents></ListBucketResult>"));
        };
    }
    auto asked_for(const std::string& part) const {
        return std::count_if(server_.seen().begin(), server_.seen().end(), [&](const Seen& seen) {
            return seen.target.find(part) != std::string::npos;
        });
    }
    std::string recorded() const {
        std::ostringstream text;
        text << std::ifstream(config_.record_file).rdbuf();
        return text.str();
    }

    testing::TemporaryFolder folder_;
    asio::io_context loop_;
    testing::TestServer::Answer answer_;
    testing::TestServer server_{
        loop_, [this](const Seen& seen, const PeerPtr& peer) { answer_(seen, peer); }};
    AgentConfig config_;
};

TEST_F(AgentWorldRecorder, AWatchThatEndsAsItBeginsIsNoBusyLoop) {
    answer_ = [](const Seen& seen, const PeerPtr& peer) {
        const bool watch = seen.target.find("watch=1") != std::string::npos;
        peer->write(http_answer(200, watch ? "" : testing::lease_json("8")));
    };
    has_a_lease();
    record_for(1100ms);
    EXPECT_GE(asked_for("watch=1"), 2);
    EXPECT_LE(asked_for("watch=1"), 6);
}

TEST_F(AgentWorldRecorder, AServerThatAsksForPeaceHasIt) {
    answer_ = [](const Seen& seen, const PeerPtr& peer) {
        const bool list = seen.target.find("list-type=2") != std::string::npos;
        peer->write(http_answer(list ? 503 : 429, "", "Retry-After: 1\r\n"));
    };
    has_a_lease();
    has_a_bucket();
    record_for(1500ms);
    EXPECT_EQ(asked_for("/leases/"), 2);
    EXPECT_EQ(asked_for("list-type=2"), 2);
}

TEST_F(AgentWorldRecorder, AnObjectThatCannotBeGotIsAskedForEverMoreRarely) {
    lists(1, [](const Seen&, const PeerPtr& peer) { peer->write(http_answer(500, "")); });
    has_a_bucket();
    record_for(1500ms);  // after 0, 0.2, 0.6 and 1.4 s
    EXPECT_GE(asked_for("/large"), 2);
    EXPECT_LE(asked_for("/large"), 4);
    EXPECT_GT(asked_for("list-type=2"), 10) << "and the bucket is listed all the while";
}

TEST_F(AgentWorldRecorder, ALargeObjectHasTheTimeThatItTakes) {
    asio::steady_timer late(loop_);
    lists(64U << 20, [&](const Seen& seen, const PeerPtr& peer) {
        if (seen.headers.contains("if-none-match")) return peer->write(http_answer(304, ""));
        late.expires_after(5500ms);
        late.async_wait([peer](const boost::system::error_code&) {
            peer->write(http_answer(200, "x", "ETag: \"e1\"\r\n"));
        });
    });
    has_a_bucket();
    record_for(6500ms);
    EXPECT_EQ(asked_for("/large"), 2) << "once, and whether it is that version still";
    EXPECT_NE(recorded().find("large"), std::string::npos) << recorded();
}

TEST_F(AgentWorldRecorder, AStoreThatKnowsNoConditionOfAReadIsAskedTwice) {
    lists(1, [](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, "x", "ETag: \"e1\"\r\n"));
    });
    has_a_bucket();
    record_for(500ms);
    EXPECT_EQ(asked_for("/large"), 2);
    EXPECT_NE(recorded().find("large"), std::string::npos) << recorded();
}

TEST_F(AgentWorldRecorder, WhatAListCallsOtherwiseIsNotDownloadedInEachRound) {
    int bodies = 0;
    lists(1, [&](const Seen& seen, const PeerPtr& peer) {
        if (seen.headers.contains("if-none-match")) return peer->write(http_answer(304, ""));
        ++bodies;
        peer->write(http_answer(200, "x", "ETag: \"other\"\r\n"));
    });
    has_a_bucket();
    record_for(500ms);
    EXPECT_EQ(bodies, 1);
    EXPECT_GT(asked_for("list-type=2"), 5);
    EXPECT_GT(asked_for("/large"), 5) << "but asked for: a LIST may be late";
}

// By the time its objects are got, what a LIST lacked may have been written anew.
TEST_F(AgentWorldRecorder, WhatAListLacksIsToldBeforeItsObjectsAreGot) {
    int rounds = 0;
    asio::steady_timer late(loop_);
    const auto entry = [](const std::string& key, const std::string& etag) {
        return "<Contents><Key>" + key + "</Key><ETag>\"" + etag +
               "\"</ETag><Size>1</Size></Contents>";
    };
    answer_ = [&](const Seen& seen, const PeerPtr& peer) {
        if (seen.target.find("list-type=2") != std::string::npos) {
            const std::string entries =
                ++rounds == 1 ? entry("gone", "g1") + entry("stays", "s1") : entry("stays", "s2");
            return peer->write(http_answer(
                200, "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>" +
                         entries + "</ListBucketResult>"));
        }
        if (seen.headers.contains("if-none-match") && rounds == 1)
            return peer->write(http_answer(304, ""));
        const bool gone = seen.target.find("gone") != std::string::npos;
        const std::string etag = gone ? "g1" : rounds == 1 ? "s1" : "s2";
        late.expires_after(rounds == 1 ? 0ms : 100ms);
        late.async_wait([peer, etag](const boost::system::error_code&) {
            peer->write(http_answer(200, "x", "ETag: \"" + etag + "\"\r\n"));
        });
    };
    has_a_bucket();
    record_for(1s);
    const std::string text = recorded();
    const std::size_t first = text.find("gone");
    ASSERT_NE(first, std::string::npos) << text;
    const std::size_t vanished = text.find("gone", first + 1);
    ASSERT_NE(vanished, std::string::npos) << text;
    EXPECT_LT(vanished, text.find("s2")) << text;
}

TEST_F(AgentWorldRecorder, AnObjectThatIsNewAtEachLookKeepsNobodyWaiting) {
    int version = 0;
    lists(1, [&](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, "x", "ETag: \"n" + std::to_string(++version) + "\"\r\n"));
    });
    has_a_bucket();
    record_for(1s);
    EXPECT_GT(asked_for("list-type=2"), 10) << "the round after it is never reached";
}

}  // namespace
}  // namespace leasehold::agent
