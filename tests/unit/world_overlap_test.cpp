// Faults that overlap: the end of one ends nothing of another. And clocks: what sleeps, steps and
// drifts away, as the world plays it and as a run must show it.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "sim/scenario/reader.hpp"
#include "sim/world/bucket.hpp"
#include "sim/world/clock.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;
using check::Outcome;
using check::RunResult;

/// What replicas were answered by the bucket, and what their wall clocks said.
class Answers final : public Observer {
  public:
    void on(const ReplicaStepped& step) override {
        const auto* answer = std::get_if<BucketAnswered>(step.event);
        if (answer == nullptr) return;
        if (answer->reply->status == 501) last_501 = step.at;
        if (answer->reply->status == 403) last_403 = step.at;
        if (const auto* page = std::get_if<ListPagePtr>(&answer->reply->content))
            fewest = step.at > TrueTime(100s) ? std::min(fewest, (*page)->entries.size()) : fewest;
        wall_off = step.now.wall.time_since_epoch() -
                   (kWallEpoch + step.at.time_since_epoch()).time_since_epoch();
        if (std::chrono::abs(wall_off) > std::chrono::abs(furthest)) furthest = wall_off;
    }
    TrueTime last_501{};
    TrueTime last_403{};
    std::size_t fewest = 1000;
    Duration wall_off{0};
    Duration furthest{0};
};

RunResult play(const std::string& rest, Answers& answers) {
    const auto read = parse_scenario(
        "scenario: overlap\nwhy: a test\n"
        "values:\n  kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}}\n"
        "  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}\n" +
            rest,
        "overlap.yaml", {});
    EXPECT_TRUE(read) << read.error().to_string();
    RunOptions options;
    options.recorder = &answers;
    Runner runner;
    return runner.run(*read, 1, options);
}

TEST(Overlap, AStoreHasItsRulesBackWhenTheLastChangeEnds) {
    Answers answers;
    play(
        "duration: 6m\nworkload: {exportEvery: 20s}\nfaults:\n"
        "  - {at: 30s, setPreconditions: refused, on: [ifMatch], for: 1m}\n"
        "  - {at: 60s, setPreconditions: ignored, on: [ifMatchOnDelete], for: 2m}\n"
        "  - {at: 200s, crash: leader, for: 40s}\n",
        answers);
    EXPECT_GT(answers.last_501, TrueTime(30s));
    EXPECT_LT(answers.last_501, TrueTime(95s));
}

TEST(Overlap, KeysAreLeftOutAsLongAsAnyFaultLasts) {
    Answers answers;
    play(
        "duration: 4m\nworkload: {preloaded: 60}\nfaults:\n"
        "  - {at: 30s, omitKeys: bucket, for: 200s}\n"
        "  - {at: 60s, omitKeys: bucket, for: 30s}\n",
        answers);
    EXPECT_LT(answers.fewest, 60U);
}

TEST(Overlap, AnObjectIsThawedAsOftenAsItWasArchivedAndNoOtherOne) {
    Bucket bucket{BucketSpec{}};
    const ObjectKey key("a");
    SendBucket get;
    get.verb = BucketVerb::get;
    get.key = key;
    std::optional<BucketChange> none;
    const auto status = [&] { return bucket.handle(get, none).status; };
    bucket.plant(key, std::make_shared<const ObjectBody>());
    const Bucket::Laid once = bucket.archive(key);
    const Bucket::Laid twice = bucket.archive(key);
    bucket.thaw(once);
    EXPECT_EQ(status(), 403);
    bucket.thaw(twice);
    EXPECT_EQ(status(), 200);
    const Bucket::Laid before = bucket.archive(key);
    bucket.plant(key, std::make_shared<const ObjectBody>());
    bucket.archive(key);
    bucket.thaw(before);
    EXPECT_EQ(status(), 403) << "that was another object";
}

TEST(Overlap, AnObjectIsArchivedAsLongAsAnyFaultLasts) {
    Answers answers;
    play(
        "duration: 5m\nworkload: {exportEvery: 20s, objectSize: 2KiB, restores: false}\nfaults:\n"
        "  - {at: 60s, answerError: putObject, of: all, status: 503, for: 4m}\n"
        "  - {at: 70s, damageObject: all, how: archived, for: 2m}\n"
        "  - {at: 80s, damageObject: all, how: archived, for: 5s}\n"
        "  - {at: 90s, crash: follower, disk: lose, for: 5s}\n",
        answers);
    EXPECT_GT(answers.last_403, TrueTime(150s));
}

TEST(Overlap, TheWallClockGoesOnWhileTheMonotonicOneSleeps) {
    Answers answers;
    const RunResult result = play(
        "duration: 4m\nfaults:\n"
        "  - {at: 60s, suspend: follower, clock: frozen, for: 20s}\n"
        "  - {at: 120s, stepWallClock: followers, by: 5s}\n"
        "  - {at: 120s, stepWallClock: followers, by: 3s}\n",
        answers);
    EXPECT_EQ(answers.furthest, 8s);
    EXPECT_EQ(result.outcome, Outcome::pass) << "two steps at once are felt, too";
}

TEST(Overlap, WhatNobodyReadsOfAPodNobodyFeels) {
    Answers answers;
    const RunResult result = play(
        "duration: 4m\nelection: {believeEndedHolder: true}\nfaults:\n"
        "  - {at: 60s, editPod: notReady, of: follower}\n"
        "  - {at: 60s, editPod: notReady, of: leader}\n"
        "  - {at: 70s, kubeletStops: leader, for: 20s}\n"
        "  - {at: 100s, kubeletStops: follower, for: 20s, as: still}\n"
        "  - {at: 110s, crash: still, for: 5s}\n",
        answers);
    std::vector<bool> felt;
    for (const check::FaultResult& one : result.faults)
        felt.push_back(one.felt > 0);
    EXPECT_EQ(felt, (std::vector{false, true, false, true, true}));
}

TEST(Overlap, AStoreThatRefusesADriftingClockIsNobodysFault) {
    Answers answers;
    const RunResult result = play(
        "duration: 30m\nbucket: {skewLimit: 1m}\nclocks: {driftOf: [5%, 5%, 5%]}\n"
        "election: {drift: 5%}\nworkload: {exportEvery: 10s}\n",
        answers);
    EXPECT_GT(answers.last_403, TrueTime(20min));
    for (const check::Verdict& one : result.verdicts)
        EXPECT_NE(one.status, check::Status::violated) << one.id << ": " << one.what;
}

TEST(Overlap, ADriftIsFeltThoughTheClockWobbles) {
    Answers answers;
    const RunResult result = play(
        "duration: 6m\nclocks: {wobble: 100ppm}\nfaults:\n"
        "  - {at: 60s, setDrift: leader, drift: 500ppm}\n",
        answers);
    ASSERT_EQ(result.faults.size(), 1U);
    EXPECT_TRUE(result.faults.front().shown());
}

}  // namespace
}  // namespace leasehold::sim
