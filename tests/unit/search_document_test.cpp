// Shrinking, without a world: documents, rounder words, and the search with a made-up failure.
#include <gtest/gtest.h>

#include "sim/scenario/reader.hpp"
#include "sim/search/capsule.hpp"
#include "sim/search/document.hpp"
#include "sim/search/shrink.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kText = R"(scenario: many
why: everything at once
duration: 7m
seeds: 3
values:
  kubecostDeployment: {replicas: 5, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
election: {leaseDuration: 20s, retryPeriod: 3s}
storage: {format: plain, pollPeriod: 10s}
network: {latency: 9ms}
workload: {exportEvery: 17s, preloaded: 4}
faults:
  - {at: 31234ms, crash: leader, for: 9870ms}
  - {at: 40s..50s, cut: replica-4, from: [api], for: 13s, as: behind}
  - {at: 1m, heal: behind}
  - {when: {replica: leader, sends: updateLease, nth: 7}, pause: leader, for: 21s}
  - {at: 2m, deleteLease: lease}
)";

sim::Scenario scenario(std::string_view text = kText) {
    auto read = sim::parse_scenario(text, "many.yaml", {});
    EXPECT_TRUE(read) << (read ? "" : read.error().to_string());
    return *read;
}

TEST(Document, TheLeastOneReadsBackAsTheSameScenario) {
    const sim::Scenario whole = scenario();
    const config::Node least = least_document(whole);
    const auto back = scenario_of(least);
    ASSERT_TRUE(back);
    EXPECT_EQ(sim::resolved_yaml(*back), sim::resolved_yaml(whole));
    const std::string text = document_text(least);
    EXPECT_EQ(text.find("bandwidth"), std::string::npos) << text;  // a default
    EXPECT_NE(text.find("exportEvery: 17s"), std::string::npos) << text;
    // Nothing more can go without changing it.
    const std::string again = document_text(least_document(*back));
    EXPECT_EQ(again, text);
}

TEST(Document, APartThatOthersNeedLeavesNoScenario) {
    const config::Node least = least_document(scenario());
    for (const Path& path : values_of(least)) {
        if (at(least, path).text != "behind" || name_of_part(least, path) != "faults.as") continue;
        EXPECT_FALSE(scenario_of(without(least, path)));  // heal: behind
        return;
    }
    FAIL() << document_text(least);
}

TEST(Rounder, OffersTheRoundestFirst) {
    EXPECT_EQ(rounder("31234ms").front(), "1m");
    EXPECT_EQ(rounder("31234ms").at(1), "30s");
    EXPECT_TRUE(rounder("1m").empty());
    EXPECT_EQ(rounder("40s..50s").front(), "40s");
    EXPECT_EQ(rounder("3..5"), (std::vector<std::string>{"3", "4", "5"}));
    EXPECT_EQ(rounder("7").front(), "1");
    EXPECT_TRUE(rounder("leader").empty());
    EXPECT_TRUE(rounder("200ppm").empty());
}

/// Fails while the pause of a leader and the deletion are both there, and at least 3 replicas.
std::optional<TrueTime> made_up(const std::string& text) {
    auto read = sim::parse_scenario(text, "many.yaml", {});
    if (!read || read->values.replicas < 3 || read->duration < 2min + 5s) return std::nullopt;
    bool pause = false;
    bool deletion = false;
    for (const sim::Fault& fault : read->faults) {
        pause |= fault.kind == sim::FaultKind::pause && fault.lasts && *fault.lasts > 18s;
        deletion |= fault.kind == sim::FaultKind::delete_lease;
    }
    if (!pause || !deletion) return std::nullopt;
    return TrueTime(2min + 4s);
}

TEST(Shrink, KeepsWhatTheFailureNeedsAndNothingElse) {
    const Shrunk shrunk = shrink(scenario(), TrueTime(130s), made_up, {});
    EXPECT_TRUE(shrunk.complete);
    EXPECT_TRUE(made_up(document_text(shrunk.document)));
    const auto least = scenario_of(shrunk.document);
    ASSERT_TRUE(least);
    EXPECT_EQ(least->faults.size(), 2U);
    EXPECT_EQ(least->values.replicas, 3U);
    EXPECT_FALSE(least->workload.enabled);
    EXPECT_EQ(least->duration, 150s);
    EXPECT_EQ(least->election.lease_duration, 15s);
    EXPECT_EQ(least->seeds.first, 3U);
    EXPECT_EQ(*least->faults.at(0).lasts, 20s);  // the roundest that still does
}

// By itself neither may go: a block that nobody runs is refused, and so is a word for no block.
TEST(Shrink, AnUpgradeGoesTogetherWithItsBlock) {
    const std::string text = document_text(least_document(scenario()));
    const auto read = sim::parse_scenario(
        text + "upgrade: {storage: {pollPeriod: 10s}}\nreplicas: {upgraded: [replica-1]}\n",
        "many.yaml", {});
    ASSERT_TRUE(read) << text;
    const Shrunk shrunk = shrink(*read, TrueTime(130s), made_up, {});
    const auto least = scenario_of(shrunk.document);
    ASSERT_TRUE(least);
    EXPECT_FALSE(least->upgrade) << document_text(shrunk.document);
}

TEST(Shrink, EndsWithWhatItHasWhenItIsTold) {
    const Shrunk shrunk = shrink(scenario(), TrueTime(130s), made_up, {3, {}});
    EXPECT_FALSE(shrunk.complete);
    EXPECT_LE(shrunk.plays, 3U);
    EXPECT_TRUE(made_up(document_text(shrunk.document)));
}

// A least file fails by itself as it did under what a campaign excuses.
TEST(Shrink, WhatMayBeViolatedIsWrittenIntoTheFile) {
    config::Node least = least_document(scenario());
    const std::string before = document_text(least);
    allow_in(least, {});
    EXPECT_EQ(document_text(least), before);
    for (const std::vector<std::string>& ids :
         {std::vector<std::string>{"leader.at-most-one"},
          std::vector<std::string>{"follower.freshness", "leader.at-most-one"}}) {
        allow_in(least, ids);
        const auto read = scenario_of(least);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->expect.may_violate, ids);
    }
}

TEST(Capsule, ReadsBackAndRefusesWhatIsNone) {
    Capsule capsule;
    capsule.build = "00112233aabbccdd";
    capsule.name = "many";
    capsule.scenario = std::string(kText);
    capsule.seed = 18'446'744'073'709'551'615ULL;
    capsule.digest = "0123456789abcdef";
    capsule.outcome = check::Outcome::safety;
    capsule.signature = "leader.at-most-one: step timer";
    const std::string text = capsule_text(capsule);
    const auto back = parse_capsule(text);
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(capsule_text(*back), text);
    EXPECT_EQ(back->seed, capsule.seed);
    // Cut off anywhere, it is refused with words.
    for (std::size_t length = 0; length + 2 < text.size(); length += 7) {
        const auto cut = parse_capsule(std::string_view(text).substr(0, length));
        ASSERT_FALSE(cut) << length;
        EXPECT_FALSE(cut.error().empty());
    }
    std::string later = text;
    later.replace(later.find("\"capsule\": 1"), 12, "\"capsule\": 2");
    EXPECT_NE(parse_capsule(later).error().find("format 2"), std::string::npos);
    EXPECT_FALSE(parse_capsule("[]"));
    EXPECT_FALSE(parse_capsule("{}"));
}

TEST(Capsule, TheBuildHasAName) {
    EXPECT_EQ(build_id().size(), 16U);
}

}  // namespace
}  // namespace leasehold::search
