// What GET /metrics tells after given steps.
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "agent/metrics/metrics.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since) {
    return Instant(since);
}

class AgentMetrics : public ::testing::Test {
  protected:
    /// Each sample by name and labels as they stand in the text.
    std::map<std::string, double> samples(Instant now = at(0s), Leadership leadership = {}) {
        std::map<std::string, double> found;
        std::istringstream text(metrics.text(now, leadership, 1, 2, 3));
        for (std::string line; std::getline(text, line);) {
            if (line.empty() || line.starts_with('#')) continue;
            const auto space = line.rfind(' ');
            const std::string value = line.substr(space + 1);
            found[line.substr(0, space)] = value == "+Inf" ? HUGE_VAL : std::stod(value);
        }
        return found;
    }
    double value(const std::string& name) {
        const auto all = samples();
        const auto found = all.find(name);
        return found == all.end() ? -1 : found->second;
    }
    void step(Instant now, const Event& event, Effects effects = {}) {
        metrics.stepped(now, event, effects);
    }

    Metrics metrics;
};

TEST_F(AgentMetrics, DutiesThatFailAndSinceWhen) {
    DutyStates states;
    states.at(static_cast<std::size_t>(Duty::bucket_writes)) = {true, 3, WallTime(1000s), "x"};
    states.at(static_cast<std::size_t>(Duty::lease)) = {false, 9, WallTime(900s), "past"};
    metrics.duties(states);
    EXPECT_EQ(value("leasehold_duty_failing{duty=\"bucket_writes\"}"), 1);
    EXPECT_EQ(value("leasehold_duty_failures{duty=\"bucket_writes\"}"), 3);
    EXPECT_EQ(value("leasehold_duty_failing_since_timestamp_seconds{duty=\"bucket_writes\"}"),
              1000);
    EXPECT_EQ(value("leasehold_duty_failing{duty=\"lease\"}"), 0);
    EXPECT_EQ(value("leasehold_duty_failing_since_timestamp_seconds{duty=\"lease\"}"), 0);
    metrics.duties({});
    EXPECT_EQ(value("leasehold_duty_failing{duty=\"bucket_writes\"}"), 0);
}

TEST_F(AgentMetrics, TheOwnContainerAndTheEndsOfOthers) {
    EXPECT_EQ(value("leasehold_container_known"), 0);
    EXPECT_EQ(value("leasehold_holder_ends_total"), 0);
    const auto container = std::make_shared<const Container>(Container{"p", "u", "c://1"});
    step(at(1s), OwnContainer{container});
    step(at(2s), HolderEnded{container, WallTime{}, Version(1)});
    EXPECT_EQ(value("leasehold_container_known"), 1);
    EXPECT_EQ(value("leasehold_holder_ends_total"), 1);
}

TEST_F(AgentMetrics, WhatRemovedKeysLeaveInTheBucket) {
    StorageStatus status;
    status.keys = 3000;
    status.tombstones = 1200;
    status.tombstone_bytes = 86'400;
    status.list_pages = 3;
    metrics.storage(status);
    EXPECT_EQ(value("leasehold_keys"), 3000);
    EXPECT_EQ(value("leasehold_tombstones"), 1200);
    EXPECT_EQ(value("leasehold_tombstone_bytes"), 86'400);
    EXPECT_EQ(value("leasehold_list_pages"), 3);
}

TEST_F(AgentMetrics, WhatTheStoreMakesOfConditions) {
    const auto state = [&](const std::string& name) {
        return value("leasehold_bucket_preconditions{operation=\"put\",state=\"" + name + "\"}");
    };
    EXPECT_EQ(state("unknown"), 1);
    step(at(0s), Timer{}, {Mark{MarkId::preconditions_refused}});
    EXPECT_EQ(state("refused"), 1);
    EXPECT_EQ(state("unknown"), 0);
    step(at(0s), Timer{}, {Mark{MarkId::preconditions_not_atomic}});
    EXPECT_EQ(state("not_atomic"), 1);
    EXPECT_EQ(state("refused"), 0);
    Metrics other;
    other.store_not_atomic();
    EXPECT_NE(other.text(at(0s), {}, 0, 0, 0)
                  .find("leasehold_bucket_preconditions{operation=\"put\",state=\"not_atomic\"} 1"),
              std::string::npos);
}

TEST_F(AgentMetrics, NamesFollowTheConventions) {
    std::istringstream text(metrics.text(at(0s), {}, 0, 0, 0));
    std::map<std::string, std::string> type;
    std::set<std::string> helped;
    for (std::string line; std::getline(text, line);) {
        std::istringstream words(line);
        std::string hash, what, name, rest;
        words >> hash >> what >> name;
        if (hash != "#") continue;
        std::getline(words, rest);
        if (what == "HELP" && rest.size() > 10) helped.insert(name);
        if (what == "TYPE") type[name] = rest.substr(1);
    }
    EXPECT_GT(type.size(), 25U);  // families without a series yet are left out
    for (const auto& [name, kind] : type) {
        EXPECT_TRUE(helped.contains(name)) << name;
        EXPECT_TRUE(name.starts_with("leasehold_") || name.starts_with("process_")) << name;
        EXPECT_EQ(name.ends_with("_total"), kind == "counter") << name << " is a " << kind;
        for (const char* unit : {"_ms", "_milliseconds", "_kb", "_minutes"})
            EXPECT_FALSE(name.ends_with(unit)) << name;
        if (kind == "histogram") {
            EXPECT_TRUE(name.ends_with("_seconds")) << name;
        }
    }
}

TEST_F(AgentMetrics, LeaseLatencyRunsFromTheSendToItsOwnAnswer) {
    step(at(1s), Timer{}, {SendLease{RequestId(1), LeaseVerb::update, nullptr, 5s}});
    step(at(1010ms), Timer{}, {SendLease{RequestId(3), LeaseVerb::get, nullptr, 5s}});
    LeaseReply reply;
    reply.status = 409;
    reply.reason = StatusReason::conflict;
    step(at(1030ms), LeaseAnswered{RequestId(1), reply});
    step(at(1500ms), LeaseAnswered{RequestId(1), reply});  // nothing of that id is under way now
    const std::string update = "leasehold_lease_request_duration_seconds_";
    EXPECT_EQ(value(update + "bucket{verb=\"update\",le=\"0.025\"}"), 0);
    EXPECT_EQ(value(update + "bucket{verb=\"update\",le=\"0.05\"}"), 1);
    EXPECT_EQ(value(update + "count{verb=\"update\"}"), 1);
    EXPECT_NEAR(value(update + "sum{verb=\"update\"}"), 0.03, 1e-9);
    EXPECT_EQ(value(update + "count{verb=\"get\"}"), 0);
    const auto all = samples();
    EXPECT_EQ(all.at("leasehold_lease_requests_total{outcome=\"conflict\",verb=\"update\"}"), 1);
}

TEST_F(AgentMetrics, BucketAndFileRequestsByOutcome) {
    SendBucket put;
    put.request = RequestId(2);
    put.verb = BucketVerb::put;
    SendBucket refused = put;
    refused.request = RequestId(4);
    step(at(0s), Timer{}, {put, refused, SendFile{RequestId(6), FileVerb::store, {}, {}, {}}});
    auto reply = std::make_shared<BucketReply>();
    reply->status = 412;
    step(at(3s), BucketAnswered{RequestId(2), reply});
    auto not_sent = std::make_shared<BucketReply>();
    not_sent->not_sent = true;
    step(at(3s), BucketAnswered{RequestId(4), not_sent});
    step(at(3s), FileAnswered{RequestId(6), FileReply{FileStatus::no_space, nullptr}});
    metrics.permit(true);
    metrics.permit(false);
    metrics.sent_bytes(10);
    metrics.received_bytes(7);
    const auto all = samples();
    const std::string requests = "leasehold_bucket_requests_total{outcome=";
    EXPECT_EQ(all.at(requests + "\"precondition_failed\",verb=\"put\"}"), 1);
    EXPECT_EQ(all.at(requests + "\"not_sent\",verb=\"put\"}"), 1);
    EXPECT_EQ(all.at("leasehold_bucket_request_duration_seconds_count{verb=\"put\"}"), 1);
    EXPECT_EQ(all.at("leasehold_file_operations_total{status=\"no_space\",verb=\"store\"}"), 1);
    EXPECT_EQ(all.at("leasehold_gate_rejections_total{reason=\"permit\"}"), 1);
    EXPECT_EQ(all.at("leasehold_bucket_sent_bytes_total"), 10);
    EXPECT_EQ(all.at("leasehold_bucket_received_bytes_total"), 7);
}

TEST_F(AgentMetrics, LeadershipAndItsValidity) {
    step(at(0s), Timer{}, {GateMoved{Term(7), at(10s)}, RoleChanged{Role::leader, Term(7)}});
    step(at(2s), Timer{}, {GateMoved{Term(7), at(12s)}});
    const auto leading = samples(at(4s), Leadership{Role::leader, Term(7), at(12s), at(2s), false});
    EXPECT_EQ(leading.at("leasehold_is_leader"), 1);
    EXPECT_EQ(leading.at("leasehold_term"), 7);
    EXPECT_EQ(leading.at("leasehold_gate_valid_seconds"), 8);
    EXPECT_EQ(leading.at("leasehold_role{role=\"leader\"}"), 1);
    EXPECT_EQ(leading.at("leasehold_role{role=\"follower\"}"), 0);
    EXPECT_EQ(leading.at("leasehold_lease_renewals_total"), 1) << "acquiring is no renewal";
    EXPECT_EQ(leading.at("leasehold_leader_transitions_total{change=\"became\"}"), 1);
    // The gate closes by time alone, before any step says so.
    const auto over = samples(at(12s), Leadership{Role::leader, Term(7), at(12s), at(2s), false});
    EXPECT_EQ(over.at("leasehold_is_leader"), 0);
    EXPECT_EQ(over.at("leasehold_gate_valid_seconds"), 0);
    step(at(13s), Timer{}, {GateMoved{Term(7), at(12s)}, RoleChanged{Role::follower, Term{}}});
    EXPECT_EQ(value("leasehold_leader_transitions_total{change=\"lost\"}"), 1);
    EXPECT_EQ(value("leasehold_lease_renewals_total"), 1);
    const auto alone = samples(at(9s), Leadership{Role::leader, Term{}, kNever, {}, false});
    EXPECT_EQ(alone.at("leasehold_gate_valid_seconds"), HUGE_VAL);
}

TEST_F(AgentMetrics, CallsByTheirOutcome) {
    step(at(0s), Timer{},
         {ReadDone{CallId(1), ReadOutcome::cancelled, {}, {}, {}},
          WriteDone{CallId(2), WriteAck::committed, Epoch(9), {}},
          WriteDone{CallId(3), WriteAck::committed, Epoch(8), {}},
          WriteDone{CallId(4), WriteAck::fenced, {}, {}},
          QueryDone{CallId(5), QueryOutcome::not_available_yet, {}, {}, {}}});
    const auto all = samples();
    EXPECT_EQ(all.at("leasehold_reads_total{outcome=\"cancelled\"}"), 1);
    EXPECT_EQ(all.at("leasehold_writes_total{ack=\"committed\"}"), 2);
    EXPECT_EQ(all.at("leasehold_writes_total{ack=\"unknown\"}"), 0) << "known series begin at 0";
    EXPECT_EQ(all.at("leasehold_gate_rejections_total{reason=\"fenced\"}"), 1);
    EXPECT_EQ(all.at("leasehold_epoch"), 9);
    EXPECT_EQ(all.at("leasehold_queries_total{outcome=\"not_available_yet\"}"), 1);
    EXPECT_EQ(all.at("leasehold_pending_reads"), 1);
    EXPECT_EQ(all.at("leasehold_pending_writes"), 2);
    EXPECT_EQ(all.at("leasehold_pending_queries"), 3);
}

TEST_F(AgentMetrics, PollingAndWhatTheStoreHonours) {
    EXPECT_EQ(metrics.last_pass_began(), std::nullopt);
    EXPECT_EQ(value("leasehold_poll_last_pass_timestamp_seconds"), 0);
    SendBucket list;
    list.request = RequestId(2);
    list.verb = BucketVerb::list;
    step(at(40s), Timer{}, {list});
    list.request = RequestId(4);
    list.key = ObjectKey("a");  // the second page
    step(at(41s), Timer{},
         {list, Mark{MarkId::pass_completed}, Mark{MarkId::pass_failed},
          Mark{MarkId::poll_tick_skipped}, Mark{MarkId::preconditions_ignored}});
    EXPECT_EQ(metrics.last_pass_began(), at(40s));
    const auto all = samples();
    EXPECT_EQ(all.at("leasehold_poll_passes_total{result=\"completed\"}"), 1);
    EXPECT_EQ(all.at("leasehold_poll_passes_total{result=\"failed\"}"), 1);
    EXPECT_EQ(all.at("leasehold_poll_ticks_skipped_total"), 1);
    EXPECT_NEAR(all.at("leasehold_poll_last_pass_timestamp_seconds"),
                static_cast<double>(std::time(nullptr)), 60);
    EXPECT_EQ(all.at("leasehold_marks_total{mark=\"poll-tick-skipped\"}"), 1);
    const std::string honours = "leasehold_bucket_preconditions{operation=";
    EXPECT_EQ(all.at(honours + "\"put\",state=\"ignored\"}"), 1);
    EXPECT_EQ(all.at(honours + "\"put\",state=\"unknown\"}"), 0);
    EXPECT_EQ(all.at(honours + "\"delete\",state=\"unknown\"}"), 1);
}

TEST_F(AgentMetrics, TheProcessAndItsEndpoints) {
    metrics.http_request("GET /v1/query/{key}", 200);
    metrics.http_request("GET /v1/query/{key}", 200);
    metrics.http_request("GET /v1/query/{key}", 503);
    metrics.http_connections(4);
    std::thread([this] { metrics.watchdog_closed(); }).join();
    auto all = samples();
    const std::string requests = "leasehold_http_requests_total{code=";
    EXPECT_EQ(all.at(requests + "\"200\",route=\"GET /v1/query/{key}\"}"), 2);
    EXPECT_EQ(all.at(requests + "\"503\",route=\"GET /v1/query/{key}\"}"), 1);
    EXPECT_EQ(all.at("leasehold_http_connections"), 4);
    EXPECT_EQ(all.at("leasehold_watchdog_closed_total"), 1);
    EXPECT_GT(all.at("process_resident_memory_bytes"), 1e6);
    EXPECT_GT(all.at("process_start_time_seconds"), 1.6e9);
    const double before = all.at("process_cpu_seconds_total");
    EXPECT_LT(before, 3600);
    EXPECT_GE(samples().at("process_cpu_seconds_total"), before);
    EXPECT_NE(metrics.text(at(0s), {}, 0, 0, 0).find("leasehold_build_info{version=\""),
              std::string::npos);
}

// An idle agent takes a few steps a second; a busy one, thousands.
TEST_F(AgentMetrics, AStepCostsLittle) {
    constexpr int kSteps = 200'000;
    const Effects effects{Mark{MarkId::read_parked}};
    const std::clock_t begin = std::clock();
    for (int i = 0; i < kSteps; ++i)
        metrics.stepped(at(0s), Timer{}, effects);
    const double each = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / kSteps;
    RecordProperty("nanoseconds_per_step", static_cast<int>(each * 1e9));
    EXPECT_LT(each, 5e-6) << "seconds of CPU for each step with one mark";
    EXPECT_EQ(value("leasehold_marks_total{mark=\"read-parked\"}"), kSteps);
}

}  // namespace
}  // namespace leasehold::agent
