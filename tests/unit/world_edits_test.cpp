// A scenario that is edited is the same run up to the edit's instant: adding, removing or changing
// a fault does not change what happened before it. Shrinking depends on it, and so does whoever
// looks for what a fault did.
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/base/random.hpp"
#include "reports/history_codec.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array kFiles{
    "scenarios/failover/crash-loop.yaml",           "scenarios/failover/race-at-expiry.yaml",
    "scenarios/pause/gc-pause-stale-leader.yaml",   "scenarios/partition/zone-cut.yaml",
    "scenarios/partition/leader-send-blocked.yaml", "scenarios/bucket/outage.yaml",
    "scenarios/clocks/drift-at-bound.yaml",         "scenarios/operator/lease-deleted.yaml",
    "scenarios/shutdown/rolling-restart.yaml",      "scenarios/outage/renewal-reply-lost.yaml",
};
constexpr std::uint64_t kSeeds = 2;

/// The whole history before an instant, as one number, and how much of it there is.
struct Past {
    std::uint64_t digest = 0;
    std::uint64_t records = 0;
    friend bool operator==(const Past&, const Past&) = default;
};

Past past(Runner& runner, const Scenario& scenario, std::uint64_t seed, Duration before) {
    Past found;
    reports::HistoryWriter writer([&](std::string_view line) {
        constexpr std::string_view kAt = "\"at\":";
        const std::size_t begin = line.find(kAt);
        if (begin == std::string_view::npos) return;  // the header
        std::int64_t at = 0;
        const char* const digits = line.data() + begin + kAt.size();
        EXPECT_EQ(std::from_chars(digits, line.data() + line.size(), at).ec, std::errc{});
        if (Duration(at) >= before) return;
        found.digest = mix64(found.digest ^ hash_text(line));
        ++found.records;
    });
    RunOptions options;
    options.recorder = &writer;
    options.checkers = false;
    static_cast<void>(runner.run(scenario, seed, options));
    return found;
}

/// A fault of a kind drawn from `random`, at `when`.
Fault drawn(Random& random, Duration when) {
    constexpr std::array kKinds{FaultKind::crash,  FaultKind::pause,      FaultKind::cut,
                                FaultKind::outage, FaultKind::edit_lease, FaultKind::drop_request};
    Fault fault;
    fault.trigger.at = when;
    fault.kind = kKinds.at(random.below(kKinds.size()));
    if (fault.kind == FaultKind::drop_request) fault.requests = {RequestKind::update_lease};
    const bool of_a_server = fault.kind == FaultKind::edit_lease || fault.kind == FaultKind::outage;
    fault.target.kind = of_a_server ? TargetKind::all : TargetKind::leader;
    if (fault.kind != FaultKind::edit_lease) fault.lasts = 20s;
    return fault;
}

TEST(Edits, AFaultMoreOrLessLeavesWhatWasBeforeItAsItWas) {
    Runner runner;
    Random random(7);
    std::uint64_t compared = 0;
    for (const char* file : kFiles) {
        const auto read = read_scenario(file, {});
        ASSERT_TRUE(read) << read.error().to_string();
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            SCOPED_TRACE(std::string(file) + " seed " + std::to_string(seed));
            // One fault more.
            const Duration when{static_cast<Duration::rep>(
                random.below(static_cast<std::uint64_t>(read->duration.count())))};
            Scenario more = *read;
            more.faults.push_back(drawn(random, when));
            const Past plain = past(runner, *read, seed, when);
            EXPECT_EQ(past(runner, more, seed, when), plain) << "with a fault at " << when.count();
            compared += plain.records;
            // The last one less.
            Scenario less = *read;
            if (less.faults.empty() || less.faults.back().trigger.kind != TriggerKind::at) continue;
            const Duration last = less.faults.back().trigger.at;
            less.faults.pop_back();
            EXPECT_EQ(past(runner, less, seed, last), past(runner, *read, seed, last))
                << "without the last one";
            // The last one later and longer.
            Scenario changed = *read;
            changed.faults.back().trigger.at += 500ms;
            EXPECT_EQ(past(runner, changed, seed, last), past(runner, *read, seed, last))
                << "with the last one later";
        }
    }
    EXPECT_GT(compared, 4'000U) << "there was a past to compare";
}

}  // namespace
}  // namespace leasehold::sim
