// Exploration: the canonical form, the search, the set of states seen, and schedules as files.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/explore/memo.hpp"
#include "sim/explore/schedule.hpp"
#include "sim/explore/search.hpp"
#include "sim/explore/visited.hpp"

namespace leasehold::explore {
namespace {

Space space_of(std::string_view name, std::uint32_t faults) {
    Space space = *find_space(name);
    space.most_faults = faults;
    return space;
}

/// A clock at a tenth of its rate: no lease survives that.
Space broken_clocks() {
    Space space = space_of("paused", 1);
    space.faults = {Fault::clock_slow};
    space.clock_ppm = 900'000;
    return space;
}

std::vector<Fingerprint> following(Parts& parts, const World& world) {
    std::vector<Action> actions;
    std::vector<Fingerprint> forms;
    Scratch scratch;
    world.next(actions);
    for (const Action& action : actions) {
        World next = world;
        EXPECT_EQ(next.take(action, scratch), Broken::nothing);
        forms.push_back(parts.state_of(next).fingerprint);
    }
    std::sort(forms.begin(), forms.end());
    return forms;
}

/// Of states in one form, the first that is met is explored alone. So what follows from each of the
/// others must be the same.
void check_forms(const Space& space, std::size_t most) {
    std::map<Fingerprint, std::vector<Fingerprint>> seen;
    std::vector<World> open{World(space)};
    Parts parts(space);
    seen[parts.state_of(open.front()).fingerprint] = following(parts, open.front());
    Scratch scratch;
    std::vector<Action> actions;
    std::size_t met_again = 0;
    while (!open.empty() && seen.size() < most) {
        const World world = std::move(open.back());
        open.pop_back();
        world.next(actions);
        for (const Action& action : actions) {
            World next = world;
            ASSERT_EQ(next.take(action, scratch), Broken::nothing);
            const auto [known, added] = seen.try_emplace(parts.state_of(next).fingerprint);
            if (added) {
                known->second = following(parts, next);
                open.push_back(std::move(next));
            } else {
                ++met_again;
                ASSERT_EQ(known->second, following(parts, next));
            }
        }
    }
    EXPECT_GT(met_again, most / 2);
}

TEST(ExploreForm, StatesInOneFormHaveTheSameFutures) {
    for (const char* name : {"requests", "processes", "server", "operator", "replay", "fresh"})
        check_forms(space_of(name, 2), 1500);
}

TEST(ExploreForm, ReplicasAreAlike) {
    const Space space = space_of("quick", 1);
    World ab(space);
    World ba(space);
    Scratch scratch;
    for (std::uint8_t replica = 0; replica < 2; ++replica) {
        (void)ab.take({.what = Happens::start, .replica = replica}, scratch);
        (void)ba.take({.what = Happens::start, .replica = static_cast<std::uint8_t>(1 - replica)},
                      scratch);
    }
    (void)ab.take({.what = Happens::arrive, .replica = 0}, scratch);
    (void)ba.take({.what = Happens::arrive, .replica = 1}, scratch);
    Parts parts(space);
    EXPECT_EQ(parts.state_of(ab).fingerprint, parts.state_of(ba).fingerprint);
    (void)ba.take({.what = Happens::arrive, .replica = 0}, scratch);
    EXPECT_NE(parts.state_of(ab).fingerprint, parts.state_of(ba).fingerprint);
}

TEST(ExploreSearch, AllStatesAreSeenWhateverTheThreadsDo) {
    const Space space = space_of("quick", 0);
    Limits limits;
    limits.threads = 1;
    const Found one = explore_all(space, limits);
    limits.threads = 3;
    const Found three = explore_all(space, limits);
    EXPECT_EQ(one.ending, Ending::complete);
    EXPECT_EQ(three.ending, Ending::complete);
    EXPECT_FALSE(one.violation);
    EXPECT_GT(one.states, 10'000U);
    EXPECT_EQ(one.states, three.states);
    EXPECT_EQ(one.transitions, three.transitions);
    EXPECT_LE(one.bytes, one.states * 24);
}

/// What the memo says of each action is what production code does, and so is what can happen.
/// Counts the actions of which it says something.
void check_memo(const Space& space, std::size_t most, std::size_t& known) {
    Memo memo(space);
    Parts& parts = memo.parts();
    std::set<Fingerprint> seen;
    std::vector<World> open{World(space)};
    Scratch scratch;
    while (!open.empty() && seen.size() < most) {
        World world = std::move(open.back());
        open.pop_back();
        const Compact state = parts.state_of(world);
        std::vector<Action> actions;
        std::vector<Action> same;
        parts.next(state, actions);
        world.next(same);
        ASSERT_TRUE(std::is_permutation(actions.begin(), actions.end(), same.begin(), same.end()));
        for (const Action& action : actions) {
            Compact remembered;
            const std::optional<Broken> broken = memo.take(state, action, remembered);
            World next = world;
            ASSERT_EQ(next.take(action, scratch), Broken::nothing);
            const Fingerprint played = parts.state_of(next).fingerprint;
            if (broken) {
                ++known;
                ASSERT_EQ(*broken, Broken::nothing);
                ASSERT_EQ(remembered.fingerprint, played);
            } else {
                memo.learn(world, action, next, scratch.noted);
            }
            if (seen.insert(played).second) open.push_back(std::move(next));
        }
    }
}

TEST(ExploreMemo, SaysOfEachStateWhatProductionCodeMakesOfIt) {
    std::size_t known = 0;
    for (const Space& space : spaces())
        check_memo(space, 4000, known);
    check_memo(space_of("server", 1), 30'000, known);
    EXPECT_GT(known, 4000 * spaces().size());
}

TEST(ExploreMemo, SeesTheStatesThatAreSeenWithoutIt) {
    for (const char* name : {"quick", "fresh", "three"}) {
        Limits limits;
        limits.states = 60'000;
        limits.threads = 1;
        const Found with = explore_all(space_of(name, 0), limits);
        limits.memo = false;
        const Found without = explore_all(space_of(name, 0), limits);
        EXPECT_EQ(with.states, without.states);
        EXPECT_EQ(with.transitions, without.transitions);
        EXPECT_EQ(with.ending, without.ending);
        EXPECT_LT(with.played * 5, without.played);
    }
}

TEST(ExploreSearch, ALimitEndsItBounded) {
    Limits limits;
    limits.states = 1000;
    EXPECT_EQ(explore_all(space_of("quick", 1), limits).ending, Ending::bounded);
    limits.states = UINT64_MAX;
    limits.interrupted = [] { return true; };
    EXPECT_EQ(explore_all(space_of("quick", 1), limits).ending, Ending::interrupted);
}

TEST(ExploreSearch, AViolationIsFoundItsShortestScheduleToldAndPlayedAgain) {
    const Space space = broken_clocks();
    const Found found = explore_all(space, {});
    ASSERT_TRUE(found.violation);
    const auto least = shortest(space, {}, found.violation->schedule.size());
    ASSERT_TRUE(least);
    EXPECT_LE(least->schedule.size(), found.violation->schedule.size());

    const Story story = play(space, least->schedule);
    EXPECT_EQ(story.problem, "");
    EXPECT_EQ(story.broken, least->broken);
    EXPECT_NE(story.text.find("** clock-"), std::string::npos);
    // The checkers of histories, which share nothing with the search, find the same.
    const auto verdict = std::find_if(
        story.verdicts.begin(), story.verdicts.end(),
        [&](const check::Verdict& each) { return each.id == broken_id(story.broken); });
    ASSERT_NE(verdict, story.verdicts.end());
    EXPECT_EQ(verdict->status, check::Status::violated);
}

TEST(ExploreVisited, EachStateIsNewOnce) {
    Visited visited;
    Random random(7);
    std::vector<Fingerprint> all;
    for (int i = 0; i < 200'000; ++i)
        all.push_back({random.next(), random.next()});
    all.push_back({0, 0});
    for (const Fingerprint& each : all)
        EXPECT_TRUE(visited.insert(each));
    for (const Fingerprint& each : all)
        EXPECT_FALSE(visited.insert(each));
    EXPECT_EQ(visited.size(), all.size());
    EXPECT_LE(visited.bytes(), all.size() * 24);
}

TEST(ExploreSchedule, AFileSaysWhatWasPlayed) {
    const Space space = space_of("stops", 2);
    const Schedule schedule{{.what = Happens::start, .replica = 1},
                            {.what = Happens::tick},
                            {.what = Happens::fault, .replica = 1, .fault = Fault::applied_late},
                            {.what = Happens::land, .replica = 0}};
    const auto read = from_file(to_file(space, schedule));
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->schedule, schedule);
    EXPECT_EQ(read->space.name, "stops");
    EXPECT_EQ(read->space.most_faults, 2U);
}

TEST(ExploreSchedule, WhatIsWrongInAFileIsSaidWithItsLine) {
    const auto error = [](const std::string& text) {
        const auto read = from_file(text);
        return read ? std::string() : read.error();
    };
    const std::string head = "leasehold-explore 1\nspace quick\nfaults 1\n";
    EXPECT_EQ(error(""), "0: expected 'leasehold-explore 1', found the end of the file");
    EXPECT_NE(error("leasehold-explore 1\nspace quik\n").find("\"quick\""), std::string::npos);
    EXPECT_EQ(error(head + "strat a\n").substr(0, 3), "4: ");
    EXPECT_NE(error(head + "strat a\n").find("start"), std::string::npos);
    EXPECT_NE(error(head + "fault restrat a\n").find("restart"), std::string::npos);
    EXPECT_EQ(error(head + "start c\n"), "4: expected a replica from a to b, found 'start c'");
    EXPECT_EQ(error(head + "tick a\n"), "4: expected 'tick' alone, found 'tick a'");
    EXPECT_EQ(error(head + "# nothing\n"),
              "4: expected an action, such as 'start a', found the end of the file");
}

TEST(ExploreSchedule, AnActionThatCannotHappenIsNamed) {
    const Story story = play(space_of("quick", 1), {{.what = Happens::resume, .replica = 0}});
    EXPECT_EQ(story.problem, "action 1 cannot happen at 0.000s");
}

}  // namespace
}  // namespace leasehold::explore
