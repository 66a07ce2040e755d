// Every endpoint and every outcome, over loopback.
#include <algorithm>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "agent/http/answer.hpp"
#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

using Json = nlohmann::json;

class AgentHttpEndpoints : public HttpRig {};

TEST_F(AgentHttpEndpoints, ProbesAreNotTiedToLeadership) {
    start();
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
    EXPECT_EQ(ask("GET", "/healthz").body, "ok\n");
    EXPECT_EQ(ask("GET", "/readyz").status, 200);
    on_loop([this] { service.is_ready = false; });
    EXPECT_EQ(ask("GET", "/readyz").status, 503);
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(AgentHttpEndpoints, StatusSaysWhatIsKnown) {
    service.told.name = "pod-0";
    service.told.identity = "pod-0_1f";
    service.told.elects = true;
    service.told.now = Instant(10s);
    service.told.leadership = {Role::leader, Term(7), Instant(12500ms), Instant(9s), true};
    service.told.holder = "pod-0_1f";
    service.told.epoch = Epoch(9);
    service.told.pending_reads = 1;
    service.told.preconditions = "honoured";
    service.told.storage.keys = 30;
    service.told.storage.tombstones = 12;
    service.told.storage.tombstone_bytes = 864;
    service.told.storage.list_pages = 1;
    service.told.duties.at(static_cast<std::size_t>(Duty::bucket_writes)) = {
        true, 3, WallTime(1795813200s + 250ms), "bucket: PUT k: answered 507"};
    service.told.container = "containerd://a";
    service.told.summary = "leads \xff";  // no text: replaced, not a failure
    start();
    const Reply reply = ask("GET", "/v1/status");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.fields.at("content-type"), "application/json");
    const Json told = Json::parse(reply.body);
    EXPECT_EQ(told["name"], "pod-0");
    EXPECT_EQ(told["role"], "leader");
    EXPECT_EQ(told["term"], 7);
    EXPECT_EQ(told["validitySeconds"], 2.5);
    EXPECT_EQ(told["draining"], true);
    EXPECT_EQ(told["epoch"], 9);
    EXPECT_EQ(told["pendingReads"], 1);
    EXPECT_EQ(told["preconditions"], "honoured");
    EXPECT_EQ(told["keys"], 30);
    EXPECT_EQ(told["tombstones"], 12);
    EXPECT_EQ(told["tombstoneBytes"], 864);
    EXPECT_EQ(told["listPages"], 1);
    EXPECT_EQ(told["duties"]["lease"],
              Json::parse(R"({"failing":false,"failures":0,"since":null,"lastError":""})"));
    EXPECT_EQ(told["duties"]["bucketWrites"],
              Json::parse(R"({"failing":true,"failures":3,"since":"2026-11-27T21:00:00Z",)"
                          R"("lastError":"bucket: PUT k: answered 507"})"));
    EXPECT_TRUE(told["duties"].contains("bucketReads"));
    EXPECT_TRUE(told["duties"].contains("leaseWatch"));
    EXPECT_TRUE(told["duties"].contains("pods"));
    EXPECT_EQ(told["container"], "containerd://a");
    EXPECT_TRUE(told["holderContainer"].is_null());
    on_loop([this] {
        service.told.container.clear();
        service.told.holder_container = "containerd://b";
        service.told.holder_seen = true;
    });
    const Json follows = Json::parse(ask("GET", "/v1/status").body);
    EXPECT_TRUE(follows["container"].is_null());
    EXPECT_EQ(follows["holderContainer"], Json::parse(R"({"id":"containerd://b","seen":true})"));
    on_loop([this] { service.told.leadership.valid_until = Instant(10s); });
    EXPECT_EQ(Json::parse(ask("GET", "/v1/status").body)["validitySeconds"], 0);
    on_loop([this] { service.told.leadership.valid_until = kNever; });
    EXPECT_TRUE(Json::parse(ask("GET", "/v1/status").body)["validitySeconds"].is_null());
}

TEST_F(AgentHttpEndpoints, MetricsInTheTextFormat) {
    service.told.pending_reads = 5;
    start();
    ask("GET", "/healthz");
    const Reply reply = ask("GET", "/metrics");
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.fields.at("content-type").starts_with("text/plain; version=0.0.4"));
    EXPECT_NE(reply.body.find("\nleasehold_pending_reads 5\n"), std::string::npos);
    EXPECT_NE(reply.body.find("leasehold_http_requests_total{code=\"200\",route=\"/healthz\"} 1\n"),
              std::string::npos);
}

TEST_F(AgentHttpEndpoints, WriteOutcomes) {
    start();
    const auto put = [this](WriteAck ack) {
        on_loop([&] { service.write_answer = WriteDone{{}, ack, Epoch(4), ETag("e1")}; });
        const Reply reply = ask("PUT", "/v1/backup/a/b", "", "body");
        const Reply removal = ask("DELETE", "/v1/backup/a/b");
        EXPECT_EQ(reply.status, removal.status);
        EXPECT_EQ(reply.body, removal.body);
        return std::pair(reply.status, Json::parse(reply.body));
    };
    const auto [status, committed] = put(WriteAck::committed);
    EXPECT_EQ(status, 200);
    EXPECT_EQ(committed, Json({{"outcome", "Committed"}, {"etag", "e1"}, {"epoch", 4}}));
    EXPECT_EQ(put(WriteAck::skipped_follower),
              std::pair(200, Json({{"outcome", "SkippedFollower"}})));
    EXPECT_EQ(put(WriteAck::fenced), std::pair(409, Json({{"outcome", "Fenced"}})));
    EXPECT_EQ(put(WriteAck::failed), std::pair(502, Json({{"outcome", "Failed"}})));
    EXPECT_EQ(put(WriteAck::unknown), std::pair(504, Json({{"outcome", "Unknown"}})));
    EXPECT_EQ(on_loop([this] { return service.removed; }), std::vector<std::string>(5, "a/b"));
}

TEST_F(AgentHttpEndpoints, ReadOutcomes) {
    service.read_answers["data"] = read_data("content", "e\r\n\"%1", 6);
    service.read_answers["empty"] = read_data("", "e", 0);
    for (const auto& [key, outcome] :
         std::map<std::string, ReadOutcome>{{"missing", ReadOutcome::not_found},
                                            {"corrupt", ReadOutcome::corrupt},
                                            {"failed", ReadOutcome::failed},
                                            {"late", ReadOutcome::deadline},
                                            {"stop", ReadOutcome::shutdown}})
        service.read_answers[key].outcome = outcome;
    start();
    const Reply data = ask("GET", "/v1/backup/data");
    EXPECT_EQ(data.status, 200);
    EXPECT_EQ(data.body, "content");
    EXPECT_EQ(data.fields.at("content-type"), "application/octet-stream");
    EXPECT_EQ(data.fields.at("leasehold-epoch"), "6");
    EXPECT_EQ(data.fields.at("etag"), "\"e%0D%0A%22%251\"") << "an ETag can't end the field";
    EXPECT_EQ(ask("GET", "/v1/backup/empty").status, 200);
    EXPECT_EQ(ask("GET", "/v1/backup/empty").fields.at("content-length"), "0");
    const auto outcome = [this](const std::string& key) {
        const Reply reply = ask("GET", "/v1/backup/" + key);
        return std::pair(reply.status, Json::parse(reply.body).value("outcome", ""));
    };
    EXPECT_EQ(outcome("missing"), std::pair(404, std::string("NotFound")));
    EXPECT_EQ(outcome("corrupt"), std::pair(502, std::string("Corrupt")));
    EXPECT_EQ(outcome("failed"), std::pair(502, std::string("Failed")));
    EXPECT_EQ(outcome("late"), std::pair(504, std::string("Deadline")));
    EXPECT_EQ(outcome("stop"), std::pair(503, std::string("Shutdown")));
    EXPECT_EQ(ask("GET", "/v1/backup/stop").fields.count("retry-after"), 1U);
    EXPECT_EQ(metric("leasehold_http_requests_total{code=\"404\",route=\"GET "
                     "/v1/backup/{key}\"}"),
              1);
}

TEST_F(AgentHttpEndpoints, QueryOutcomes) {
    service.query_answers["data"] = query_data("rows", "e2", 3);
    service.query_answers["later"].outcome = QueryOutcome::not_available_yet;
    service.query_answers["slow"].outcome = QueryOutcome::deadline;
    service.query_answers["stop"].outcome = QueryOutcome::shutdown;
    start();
    EXPECT_EQ(ask("GET", "/v1/query/data").body, "rows");
    const Reply head = ask("HEAD", "/v1/query/data");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.fields.at("content-length"), "4");
    EXPECT_EQ(head.fields.at("etag"), "\"e2\"");
    const Reply later = ask("GET", "/v1/query/later");
    EXPECT_EQ(later.status, 503);
    EXPECT_EQ(later.fields.at("retry-after"), "30");
    EXPECT_EQ(Json::parse(later.body), Json({{"outcome", "NotAvailableYet"}}));
    EXPECT_EQ(ask("GET", "/v1/query/slow").status, 504);
    EXPECT_EQ(ask("GET", "/v1/query/stop").status, 503);
    // A pass that began 20 s ago: the next one is 10 s away.
    on_loop([this] {
        SendBucket list;
        list.verb = BucketVerb::list;
        metrics.stepped(boottime() - 20s, Timer{}, {list});
    });
    EXPECT_EQ(ask("GET", "/v1/query/later").fields.at("retry-after"), "10");
}

TEST_F(AgentHttpEndpoints, RetryAfterIsWhatIsLeftOfThePeriod) {
    const Instant now(1000s);
    EXPECT_EQ(until_next_pass(now, std::nullopt, 30s), 30s);
    EXPECT_EQ(until_next_pass(now, now - 29500ms, 30s), 1s);
    EXPECT_EQ(until_next_pass(now, now - 100s, 30s), 1s) << "a pass that is late";
    EXPECT_EQ(until_next_pass(now, now, 300s), 30s) << "at most 30";
}

TEST_F(AgentHttpEndpoints, DeadlinesAreHandedOn) {
    start();
    Client read = connect();
    Client query = connect();
    Client plain = connect();
    read.send(request("GET", "/v1/backup/a?deadline=30s&known=old"));
    query.send(request("GET", "/v1/query/a?deadline=500ms"));
    plain.send(request("GET", "/v1/backup/b"));
    ASSERT_TRUE(
        eventually([this] { return service.reads.size() == 2 && service.queries.size() == 1; }));
    on_loop([this] {
        for (const auto& [call, pending] : service.reads) {
            if (pending.key == "b") {
                EXPECT_EQ(pending.deadline, kNever);
                EXPECT_EQ(pending.known, "");
                continue;
            }
            EXPECT_EQ(pending.known, "old");
            EXPECT_NEAR(static_cast<double>((pending.deadline - boottime()).count()), 30e9, 5e9);
        }
        const Duration left = service.queries.begin()->second.deadline - boottime();
        EXPECT_LE(left, 500ms);
        return true;
    });
}

TEST_F(AgentHttpEndpoints, IndexByPrefix) {
    service.entries = {{ObjectKey("etl/a"), ETag("1"), Epoch(2), 10, true, false},
                       {ObjectKey("etl/b\xff"), ETag(), Epoch(), 0, false, true},
                       {ObjectKey("other"), ETag("3"), Epoch(1), 7, false, false}};
    start();
    const Json found = Json::parse(ask("GET", "/v1/backup?prefix=etl%2F").body);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0], Json({{"key", "etl/a"},
                              {"etag", "1"},
                              {"epoch", 2},
                              {"size", 10},
                              {"local", true},
                              {"dirty", false}}));
    EXPECT_EQ(found[1]["dirty"], true);
    EXPECT_EQ(Json::parse(ask("GET", "/v1/backup").body).size(), 3U);
    EXPECT_EQ(Json::parse(ask("GET", "/v1/backup?prefix=x").body), Json::array());
}

/// The Lease is renewed on that loop.
TEST_F(AgentHttpEndpoints, ALargeIndexIsNotMadeOnTheLoop) {
    for (int i = 0; i < 100'000; ++i)
        service.entries.push_back({ObjectKey("etl/" + std::to_string(i)), ETag(std::to_string(i)),
                                   Epoch(2), 10, true, false});
    start();
    Client first = connect();
    Client second = connect();
    const Instant begin = boottime();
    first.send(request("GET", "/v1/backup"));
    second.send(request("GET", "/v1/backup"));
    Duration stood{};
    while (!first.has_bytes(0)) {
        const Instant before = boottime();
        on_loop([] {});
        stood = std::max(stood, boottime() - before);
    }
    EXPECT_LT(stood, (boottime() - begin) / 2);
    EXPECT_EQ(Json::parse(first.receive().body).size(), service.entries.size());
    EXPECT_EQ(Json::parse(second.receive().body).size(), service.entries.size());
    second.send(request("GET", "/v1/backup"));
    first.send(request("GET", "/v1/backup"));
    std::this_thread::sleep_for(20ms);
    on_loop([this] { server.reset(); });
    EXPECT_TRUE(first.ends()) << "one that is being made, or waits for its turn";
}

TEST_F(AgentHttpEndpoints, RefusalsAreJsonAndKeepTheConnection) {
    start();
    Client client = connect();
    const Reply none = client.ask("GET", "/nothing");
    EXPECT_EQ(none.status, 404);
    EXPECT_EQ(Json::parse(none.body).count("error"), 1U);
    const Reply method = client.ask("POST", "/v1/backup/a");
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(method.fields.at("allow"), "GET, PUT, DELETE");
    EXPECT_EQ(client.ask("GET", "/v1/query/..").status, 400);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
    EXPECT_EQ(ask("DELETE", "/v1/backup/a", "", "body").status, 400) << "DELETE takes no body";
}

}  // namespace
}  // namespace leasehold::agent::test
