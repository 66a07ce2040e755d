// A scenario that is edited is the same run up to the edit's instant: adding, removing or changing
// a fault does not change what happened before it. Shrinking depends on it, and so does whoever
// looks for what a fault did.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/random.hpp"
#include "reports/history_codec.hpp"
#include "sim/scenario/fault_text.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/space.hpp"
#include "sim/world/drawn.hpp"
#include "sim/world/faults.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;
using search::Dice;

constexpr std::array kFiles{
    "scenarios/failover/crash-loop.yaml",           "scenarios/failover/race-at-expiry.yaml",
    "scenarios/pause/gc-pause-stale-leader.yaml",   "scenarios/partition/zone-cut.yaml",
    "scenarios/partition/leader-send-blocked.yaml", "scenarios/bucket/outage.yaml",
    "scenarios/clocks/drift-at-bound.yaml",         "scenarios/operator/lease-deleted.yaml",
    "scenarios/shutdown/rolling-restart.yaml",      "scenarios/outage/renewal-reply-lost.yaml",
};
constexpr std::uint64_t kDrawn = 30;  // scenarios of a campaign
constexpr int kEdits = 2;             // of each

std::int64_t number_behind(std::string_view line, std::string_view key) {
    const char* const digits = line.data() + line.find(key) + key.size();
    std::int64_t number = 0;
    EXPECT_EQ(std::from_chars(digits, line.data() + line.size(), number).ec, std::errc{});
    return number;
}

/// The whole history, as one number for each instant.
class Story {
  public:
    void add(std::string_view line) {
        if (line.find("\"at\":") == std::string_view::npos) return;  // the header
        constexpr std::string_view kFault = "\"of\":{\"fault\":";
        const std::int64_t at = number_behind(line, "\"at\":");
        std::string text(line);
        if (const std::size_t from = text.find(kFault); from != std::string::npos) {
            // Its position is another one where a fault was added or removed in front of it.
            const std::int64_t fault = number_behind(line, kFault);
            began_.try_emplace(static_cast<std::size_t>(fault), at);
            text.erase(from + kFault.size(), std::to_string(fault).size());
        }
        digest_ = mix64(digest_ ^ hash_text(text));
        records_.emplace_back(at, digest_);
    }
    /// Of what came before `instant`: how much it was, and its digest.
    [[nodiscard]] std::pair<std::size_t, std::uint64_t> before(Duration instant) const {
        const auto end = std::ranges::lower_bound(records_, instant.count(), {},
                                                  &std::pair<std::int64_t, std::uint64_t>::first);
        const auto count = static_cast<std::size_t>(end - records_.begin());
        return {count, count == 0 ? 0 : records_[count - 1].second};
    }
    /// When the fault first took effect; the end of time: never.
    [[nodiscard]] Duration began(std::size_t fault) const {
        const auto found = began_.find(fault);
        return found == began_.end() ? Duration::max() : Duration(found->second);
    }

  private:
    std::uint64_t digest_ = 0;
    std::vector<std::pair<std::int64_t, std::uint64_t>> records_;
    std::map<std::size_t, std::int64_t> began_;
};

Story play(const Scenario& scenario, std::uint64_t seed) {
    static Runner runner;  // the one of this process
    Story story;
    reports::HistoryWriter writer([&](std::string_view line) { story.add(line); });
    RunOptions options;
    options.recorder = &writer;
    options.checkers = false;
    static_cast<void>(runner.run(scenario, seed, options));
    return story;
}

/// Before it the fault at `place` can have done nothing.
Duration instant(const Scenario& scenario, std::uint64_t seed, const Story& story,
                 std::size_t place) {
    const Fault& fault = scenario.faults[place];
    const Trigger& trigger = fault.trigger;
    if (trigger.kind == TriggerKind::at || trigger.kind == TriggerKind::every) {
        // One that says the same as another has its draw if the other goes, and gives it one.
        const auto drawn = draw_faults(scenario, seed);
        Duration first = drawn[place].at;
        for (std::size_t i = 0; i < drawn.size(); ++i)
            if (fault_subject(scenario.faults[i]) == fault_subject(fault) &&
                trigger_text(scenario.faults[i].trigger) == trigger_text(trigger))
                first = std::min(first, drawn[i].at);
        return first;
    }
    // What waits for requests is on record by the requests that it meets, a target that did not
    // run by nothing, and a binding neither.
    const bool seen = !is_counted(fault.kind) && !fault.upgrade && fault.as.empty() &&
                      trigger.nth == trigger.nth_most && story.began(place) != Duration::max();
    return seen ? story.began(place) : trigger.after;
}

/// Lets the seed draw what was fixed: a time, or which request it is.
void widen(Fault& fault, const Scenario& scenario, Dice& dice) {
    Trigger& trigger = fault.trigger;
    if (trigger.kind == TriggerKind::at)
        trigger.at_most = std::min(trigger.at + dice.span(1s, 40s, 1s), scenario.duration - 1s);
    else if (trigger.kind != TriggerKind::every)
        trigger.nth_most = trigger.nth + static_cast<std::uint32_t>(dice.number(1, 5));
}

Fault another(const Scenario& scenario, Random& random) {
    Dice dice(random);
    for (;;) {
        const auto family = static_cast<search::Family>(random.below(search::kFamilies.size()));
        auto fault = search::draw_fault(scenario, family, random);
        if (!fault) continue;
        if (dice.chance(1, 2)) widen(*fault, scenario, dice);
        return *fault;
    }
}

struct Edit {
    Scenario scenario;
    std::size_t place = 0;
    bool was = true;  ///< a fault stood there before
    bool is = true;   ///< one stands there now
    std::string what;
};

/// One fault more, less, or another, anywhere in the list.
Edit edited(const Scenario& scenario, Random& random) {
    Dice dice(random);
    Edit edit{scenario, random.below(scenario.faults.size() + 1), true, true, ""};
    std::vector<Fault>& faults = edit.scenario.faults;
    const auto at = [&] { return faults.begin() + static_cast<std::ptrdiff_t>(edit.place); };
    const std::uint64_t how = edit.place == faults.size() ? 0 : random.below(4);
    if (how == 0) {
        faults.insert(at(), another(scenario, random));
        edit.was = false;
        edit.what = "with another at ";
    } else if (how == 1) {
        faults.erase(at());
        edit.is = false;
        edit.what = "without the one at ";
    } else if (how == 2) {
        *at() = another(scenario, random);
        edit.what = "with another in place of the one at ";
    } else {
        // It is still the same fault, and strikes when it did.
        Fault& fault = *at();
        if (fault.lasts) *fault.lasts += dice.span(1s, 20s, 1s);
        fault.times += static_cast<std::uint32_t>(dice.number(0, 3));
        edit.what = "with a longer one at ";
    }
    edit.what += std::to_string(edit.place);
    return edit;
}

/// How much of the past could be compared.
std::size_t compare(const Scenario& scenario, std::uint64_t seed, Random& random) {
    const Story plain = play(scenario, seed);
    std::size_t compared = 0;
    for (int i = 0; i < kEdits; ++i) {
        const Edit edit = edited(scenario, random);
        const Story other = play(edit.scenario, seed);
        Duration until = scenario.duration;
        if (edit.was) until = std::min(until, instant(scenario, seed, plain, edit.place));
        if (edit.is) until = std::min(until, instant(edit.scenario, seed, other, edit.place));
        EXPECT_EQ(other.before(until), plain.before(until))
            << edit.what << ", before " << until.count() << " ns, of\n"
            << resolved_yaml(scenario) << "now\n"
            << resolved_yaml(edit.scenario);
        compared += plain.before(until).first;
    }
    return compared;
}

TEST(Edits, AFaultMoreOrLessOrAnotherLeavesWhatWasBeforeItAsItWas) {
    Random random(7);
    std::size_t compared = 0;
    for (const char* file : kFiles) {
        const auto read = read_scenario(file, {});
        ASSERT_TRUE(read) << read.error().to_string();
        SCOPED_TRACE(file);
        compared += compare(*read, 1, random);
        ASSERT_FALSE(HasFailure());
    }
    const search::Space space({}, {});
    for (std::uint64_t seed = 1; seed <= kDrawn; ++seed) {
        SCOPED_TRACE("drawn by " + std::to_string(seed));
        Scenario scenario = space.scenario({0, seed, {}});
        Dice dice(random);
        for (Fault& fault : scenario.faults)
            if (dice.chance(1, 2)) widen(fault, scenario, dice);
        compared += compare(scenario, seed, random);
        ASSERT_FALSE(HasFailure());
    }
    EXPECT_GT(compared, 50'000U) << "there was a past to compare";
}

TEST(Edits, ALaterFaultInFrontOfTwoOfOneInstantLeavesTheirOrder) {
    auto scenario = read_scenario("scenarios/failover/leader-crash.yaml", {});
    ASSERT_TRUE(scenario);
    Fault pause;
    pause.kind = FaultKind::pause;
    pause.target.kind = TargetKind::leader;
    pause.trigger.at = pause.trigger.at_most = 1min;
    pause.lasts = 5s;
    Fault crash = pause;
    crash.kind = FaultKind::crash;
    Fault later = crash;
    later.trigger.at = later.trigger.at_most = 90s;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        scenario->faults = {pause, crash};
        const auto plain = play(*scenario, seed).before(90s);
        scenario->faults = {later, pause, later, crash};
        EXPECT_EQ(play(*scenario, seed).before(90s), plain) << "seed " << seed;
    }
}

TEST(Edits, WhatASeedDrawsStaysWhenItIsWrittenDown) {
    const search::Space space({}, {});
    Random random(11);
    std::size_t ranges = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Scenario scenario = space.scenario({0, seed, {}});
        Dice dice(random);
        for (Fault& fault : scenario.faults)
            widen(fault, scenario, dice);
        Scenario fixed = scenario;
        fix_faults(fixed, seed);
        const std::string text = resolved_yaml(fixed);
        ranges += text == resolved_yaml(scenario) ? 0U : 1U;
        EXPECT_EQ(play(fixed, seed).before(Duration::max()),
                  play(scenario, seed).before(Duration::max()))
            << text;
    }
    EXPECT_GE(ranges, 8U) << "seeds in which a fault had a range";
}

TEST(Edits, ATimeThatTheSeedDrawsLiesAnywhereWithin) {
    Scenario scenario;
    scenario.faults.resize(1);
    scenario.faults[0].trigger.at = 60s;
    scenario.faults[0].trigger.at_most = 70s;
    std::vector<Duration> times;
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        times.push_back(draw_faults(scenario, seed)[0].at);
    std::sort(times.begin(), times.end());
    EXPECT_TRUE(times.front() >= 60s && times.front() < 62s);
    EXPECT_TRUE(times.back() > 68s && times.back() <= 70s);
    EXPECT_EQ(std::unique(times.begin(), times.end()), times.end());
}

TEST(Edits, EqualFaultsAreDrawnApart) {
    Scenario scenario;
    Fault fault;
    fault.trigger.at = 1min;
    fault.trigger.at_most = 2min;
    scenario.faults = {fault, fault, fault};
    const auto three = draw_faults(scenario, 1);
    EXPECT_NE(three[0].at, three[1].at);
    EXPECT_NE(three[1].at, three[2].at);
    for (const DrawnFault& one : three)
        EXPECT_TRUE(one.at >= 1min && one.at <= 2min);
    // Another one between them is none of theirs, and one that lasts longer is the same.
    Fault other = fault;
    other.kind = FaultKind::pause;
    scenario.faults = {other, fault, other, fault};
    scenario.faults[1].lasts = 5s;
    const auto four = draw_faults(scenario, 1);
    EXPECT_EQ(four[1].at, three[0].at);
    EXPECT_EQ(four[3].at, three[1].at);
    EXPECT_NE(draw_faults(scenario, 2)[1].at, four[1].at);
}

}  // namespace
}  // namespace leasehold::sim
