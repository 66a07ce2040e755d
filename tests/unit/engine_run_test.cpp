#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "model/base/random.hpp"
#include "tests/unit/engine_support.hpp"

namespace leasehold::test {
namespace {

using namespace std::chrono_literals;

TEST(EngineRun, StartsAtZeroEachTimeAndEndsAtItsLength) {
    for (int i = 0; i < 3; ++i) {
        Script script(10s);
        EXPECT_EQ(0, script.now());
        script.engine.run();
        EXPECT_EQ(10'000'000'000, script.now());
    }
}

TEST(EngineRun, DeliversWhatIsDueAtItsVeryEndAndNothingLater) {
    Script script(10s);
    int events = 0;
    script.at(10s, [&] { ++events; });
    script.at(10s + 1ns, [&] { events += 100; });
    script.engine.run();
    EXPECT_EQ(1, events);
}

TEST(EngineRun, TakesADateInThePastForNow) {
    Script script;
    std::int64_t seen = 0;
    script.at(5s, [&] { script.at(1s, [&] { seen = script.now(); }); });
    script.engine.run();
    EXPECT_EQ(5'000'000'000, seen);
}

TEST(EngineRun, StopsAfterThePresentEvent) {
    for (const Engine::Mode mode : {Engine::Mode::run_ahead, Engine::Mode::stepping}) {
        Script script(100s, 1, {}, mode);
        int events = 0;
        script.at(1s, [&] { ++events, script.engine.start_flow(0, 1, 1'000'000'000); });
        script.at(2s, [&] { ++events, script.engine.stop(); });
        script.at(3s, [&] { ++events; });
        script.engine.run();
        EXPECT_EQ(2, events);
        EXPECT_EQ(2'000'000'000, script.now());
        EXPECT_TRUE(script.ended.empty());
    }
}

TEST(EngineRun, LetsAnExceptionOfAnEventOutAndCanBeUsedAgain) {
    for (const bool with_flow : {false, true}) {
        {
            Script script;
            if (with_flow) script.at(1s, [&] { script.engine.start_flow(0, 1, 1'000'000'000); });
            script.at(2s, [] { throw std::runtime_error("from an event"); });
            script.at(3s, [] { FAIL() << "an event after the exception"; });
            EXPECT_THROW(script.engine.run(), std::runtime_error);
            EXPECT_EQ(2'000'000'000, script.now());
        }
        Script script;
        script.engine.start_flow(0, 1, 100'000'000);
        script.engine.run();
        ASSERT_EQ(1U, script.ended.size());
        EXPECT_TRUE(script.ended[0].finished);
    }
}

// SimGrid's run_until(T) returns as soon as it is within 10 us of T.
TEST(EngineRun, ReachesEventsWithinTenMicrosecondsOfItsEndWhileAFlowLives) {
    Script script(10s);
    int events = 0;
    script.engine.start_flow(0, 1, 5'000'000'000);
    script.at(10s - 4us, [&] { events += 1; });
    script.at(10s - 1ns, [&] { events += 10; });
    script.at(10s, [&] { events += 100; });
    script.engine.run();
    EXPECT_EQ(111, events);
}

TEST(EngineRun, GivesEventsOfOneDateInASeededOrderInsideSimgridToo) {
    const auto order = [](std::uint64_t seed, bool with_flow) {
        Script script(10s, seed);
        std::string seen;
        if (with_flow) script.engine.start_flow(0, 1, 5'000'000'000);
        for (char letter = 'a'; letter <= 'p'; ++letter)
            script.at(1s, [&seen, letter] { seen += letter; });
        script.engine.run();
        return seen;
    };
    EXPECT_EQ(order(1, false), order(1, true));
    EXPECT_NE(order(1, false), order(2, false));
    EXPECT_NE("abcdefghijklmnop", order(1, false));
}

// 2^20 .. 2^21 s in doubles: a nanosecond is more than four units in the last place.
TEST(EngineRun, KnowsEveryNanosecondOfTheBinade) {
    Random random(5);
    constexpr double kBase = 1 << 20;
    for (int i = 0; i < 1'000'000; ++i) {
        const auto at = static_cast<std::int64_t>(random.below((1ULL << 20) * 1'000'000'000));
        const double date = kBase + static_cast<double>(at) / 1e9;
        ASSERT_EQ(at, std::llround((date - kBase) * 1e9));
    }
    // The same through SimGrid: every event is stepped to, and sees its own date.
    Script script(100'000s);
    script.engine.start_flow(0, 1, 90'000ULL * 100'000'000);
    int events = 0;
    for (int i = 0; i < 1000; ++i) {
        const Duration at(random.below(80'000'000'000'000));
        script.at(at, [&, at] { events += script.now() == at.count(); });
    }
    const std::uint64_t steps = script.engine.simgrid_steps();
    script.engine.run();
    EXPECT_EQ(1000, events);
    EXPECT_GE(script.engine.simgrid_steps() - steps, 1000U);
}

TEST(EngineRun, LeavesSimgridAloneWhileNothingFlows) {
    Script script(1000s);
    const std::uint64_t steps = script.engine.simgrid_steps();
    int events = 0;
    for (int i = 0; i < 1000; ++i)
        script.at(1s * i, [&] { ++events; });
    script.at(500s, [&] { script.engine.start_flow(0, 1, 1'000'000); });
    script.engine.run();
    EXPECT_EQ(1000, events);
    EXPECT_LE(script.engine.simgrid_steps() - steps, 10U);
    EXPECT_EQ(1U, script.ended.size());
}

TEST(EngineRun, RefusesLengthsOutOfRangeAndWrongOrderOfCalls) {
    Engine& engine = test_engine();
    EXPECT_THROW(Script(Duration(0)), CheckFailure);
    EXPECT_THROW(Script(Engine::kMaxLength + 1ns), CheckFailure);
    EXPECT_THROW(engine.run(), CheckFailure);
    EXPECT_THROW(engine.end_run(), CheckFailure);
    EXPECT_THROW(engine.start_flow(0, 1, 1), CheckFailure);
    Script script;
    EXPECT_THROW(engine.begin_run(script, 1, 1s), CheckFailure);
    EXPECT_THROW(engine.at(TrueTime(1s), Engine::kFirstReservedKind, 0, 0), CheckFailure);
    EXPECT_THROW(engine.start_flow(2, 2, 1), CheckFailure);
    EXPECT_THROW(engine.start_flow(2, kTestHosts, 1), CheckFailure);
    EXPECT_THROW(engine.set_bandwidth(0, LinkDirection::up, 0), CheckFailure);
    engine.run();
    EXPECT_THROW(engine.run(), CheckFailure);
}

/// Re-arms itself.
class Chain final : public Client {
  public:
    std::uint64_t events = 0;

  private:
    void due(const Due& event) override {
        ++events;
        const Duration wait(1'000'000 + event.target);
        test_engine().at(event.at + wait, 0, event.target, event.data);
    }
    void flow_ended(FlowId, bool) override {}
};

TEST(EngineRun, NeedsNoStepOfSimgridForMillionsOfEvents) {
    Engine& engine = test_engine();
    engine.set_mode(Engine::Mode::run_ahead);
    Chain chain;
    engine.begin_run(chain, 1, 100s);
    for (std::uint32_t i = 0; i < 50; ++i)
        engine.at(TrueTime(), 0, i, 0);
    const std::uint64_t steps = engine.simgrid_steps();
    const auto before = std::chrono::steady_clock::now();
    engine.run();
    const std::chrono::duration<double, std::nano> spent =
        std::chrono::steady_clock::now() - before;
    engine.end_run();
    EXPECT_GT(chain.events, 4'900'000U);
    EXPECT_EQ(steps, engine.simgrid_steps());
    // Shown and not judged: the machine's load is none of the engine's.
    const double each = spent.count() / static_cast<double>(chain.events);
    std::printf("%.1f ns per event with 50 pending\n", each);
}

}  // namespace
}  // namespace leasehold::test
