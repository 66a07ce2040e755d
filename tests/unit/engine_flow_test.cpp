// Guards against the traps of SimGrid's flows.
#include <gtest/gtest.h>

#include "tests/unit/engine_support.hpp"

namespace leasehold::test {
namespace {

using namespace std::chrono_literals;

TEST(EngineFlow, TakesLatencyPlusBytesByBandwidth) {
    // LV08, SimGrid's default, would make 26 ms of the 2 ms.
    Script script;
    script.at(1s, [&] { script.engine.start_flow(0, 1, 100'000'000); });
    script.engine.run();
    ASSERT_EQ(1U, script.ended.size());
    EXPECT_TRUE(script.ended[0].finished);
    EXPECT_NEAR(2'002'000'000.0, static_cast<double>(script.ended[0].at), 1.0);
}

TEST(EngineFlow, SharesALinkFairlyAndLinksOfOtherHostsNot) {
    Script script;
    script.engine.start_flow(0, 1, 100'000'000);
    script.engine.start_flow(0, 2, 100'000'000);
    script.engine.start_flow(1, 3, 100'000'000);
    script.engine.run();
    ASSERT_EQ(3U, script.ended.size());
    EXPECT_EQ(FlowId(3), script.ended[0].flow);
    EXPECT_NEAR(1.002e9, static_cast<double>(script.ended[0].at), 1.0);
    EXPECT_NEAR(2.002e9, static_cast<double>(script.ended[1].at), 3.0);
    EXPECT_NEAR(2.002e9, static_cast<double>(script.ended[2].at), 3.0);
}

TEST(EngineFlow, IsRefusedOnADeadLinkOfItsRouteOnly) {
    struct Case {
        HostIndex host;
        LinkDirection direction;
        bool finished;
    };
    // The flow is from 0 to 1; the last two are links of the reverse route.
    for (const Case& c : {Case{0, LinkDirection::up, false}, Case{1, LinkDirection::down, false},
                          Case{0, LinkDirection::down, true}, Case{1, LinkDirection::up, true}}) {
        Script script;
        script.at(1s, [&] { script.engine.set_link_on(c.host, c.direction, false); });
        script.at(2s, [&] { script.engine.start_flow(0, 1, 1'000'000); });
        script.engine.run();
        ASSERT_EQ(1U, script.ended.size());
        EXPECT_EQ(c.finished, script.ended[0].finished);
        if (!c.finished) {
            EXPECT_EQ(2'000'000'000, script.ended[0].at);
        }
    }
}

TEST(EngineFlow, IsRefusedFromAndToAHostThatIsOff) {
    for (const HostIndex off : {0U, 1U}) {
        Script script;
        script.at(1s, [&] {
            script.engine.set_host_on(off, false);
            script.engine.start_flow(0, 1, 1'000'000);  // in the very event that turns it off
        });
        script.at(2s, [&] { script.engine.start_flow(0, 1, 1'000'000); });
        script.at(3s, [&] { script.engine.start_flow(2, 3, 1'000'000); });
        script.at(4s, [&] { script.engine.set_host_on(off, true); });
        script.at(5s, [&] { script.engine.start_flow(0, 1, 1'000'000); });
        script.engine.run();
        ASSERT_EQ(4U, script.ended.size());
        EXPECT_EQ((Ended{FlowId(1), false, 1'000'000'000}), script.ended[0]);
        EXPECT_EQ((Ended{FlowId(2), false, 2'000'000'000}), script.ended[1]);
        EXPECT_TRUE(script.ended[2].finished);
        EXPECT_TRUE(script.ended[3].finished);
    }
}

TEST(EngineFlow, FailsAtOnceWhenALinkOfItsRouteOrAHostGoesOff) {
    for (int what = 0; what < 4; ++what) {
        // During the transfer, and while the latency is still being paid.
        for (const Duration when : {Duration(500ms), Duration(1ms)}) {
            Script script;
            script.engine.start_flow(0, 1, 100'000'000);
            script.at(when, [&] {
                switch (what) {
                    case 0:
                        script.engine.set_link_on(0, LinkDirection::up, false);
                        break;
                    case 1:
                        script.engine.set_link_on(1, LinkDirection::down, false);
                        break;
                    case 2:
                        script.engine.set_host_on(0, false);
                        break;
                    default:
                        script.engine.set_host_on(1, false);
                        break;
                }
            });
            script.engine.run();
            ASSERT_EQ(1U, script.ended.size()) << what;
            EXPECT_EQ((Ended{FlowId(1), false, when.count()}), script.ended[0]) << what;
        }
    }
}

TEST(EngineFlow, OfZeroBytesEnds) {
    Script script;
    script.engine.start_flow(0, 1, 0);
    script.engine.run();
    ASSERT_EQ(1U, script.ended.size());
    EXPECT_TRUE(script.ended[0].finished);
    EXPECT_NEAR(2e6, static_cast<double>(script.ended[0].at), 11.0);
}

TEST(EngineFlow, IsReportedOnceWhenCancelledAlsoTwiceAndAfterItsEnd) {
    Script script;
    script.engine.start_flow(0, 1, 100'000'000);
    script.engine.start_flow(2, 3, 1'000'000);
    script.at(500ms, [&] {
        script.engine.cancel_flow(FlowId(1));
        script.engine.cancel_flow(FlowId(1));
        script.engine.cancel_flow(FlowId(2));
    });
    script.at(600ms, [&] { script.engine.cancel_flow(FlowId(1)); });
    script.at(700ms, [&] {
        script.engine.start_flow(0, 1, 1000);
        script.engine.cancel_flow(FlowId(3));  // before SimGrid has heard of it
    });
    script.engine.run();
    ASSERT_EQ(3U, script.ended.size());
    EXPECT_TRUE(script.ended[0].finished);
    EXPECT_EQ((Ended{FlowId(1), false, 500'000'000}), script.ended[1]);
    EXPECT_EQ((Ended{FlowId(3), false, 700'000'000}), script.ended[2]);
}

// Dropping the last handle inside the completion signal is a use after free.
TEST(EngineFlow, MayBeFollowedByAnotherOneInItsOwnReport) {
    class Relay final : public Client {
      public:
        int ended = 0;

      private:
        void due(const Due&) override { start(); }
        void flow_ended(FlowId, bool finished) override {
            EXPECT_TRUE(finished);
            if (++ended < 200) start();
        }
        static void start() { test_engine().start_flow(0, 1, 1000); }
    } relay;
    Engine& engine = test_engine();
    engine.begin_run(relay, 1, 100s);
    engine.at(TrueTime(), 0, 0, 0);
    engine.run();
    engine.end_run();
    EXPECT_EQ(200, relay.ended);
}

TEST(EngineFlow, KeepsGoingWhenABandwidthChanges) {
    Script script;
    script.engine.start_flow(0, 1, 100'000'000);
    // Half of it at 100 MB/s; then 25 MB/s for a second; the rest at 100 MB/s.
    script.at(502ms, [&] { script.engine.set_bandwidth(0, LinkDirection::up, 25e6); });
    script.at(1502ms, [&] { script.engine.set_bandwidth(0, LinkDirection::up, 1e8); });
    script.engine.run();
    ASSERT_EQ(1U, script.ended.size());
    EXPECT_TRUE(script.ended[0].finished);
    EXPECT_NEAR(1.752e9, static_cast<double>(script.ended[0].at), 3.0);
}

TEST(EngineFlow, StillAliveAtTheEndIsDroppedWithoutReport) {
    for (int i = 0; i < 3; ++i) {
        Script script(1s);
        script.engine.start_flow(0, 1, 1'000'000'000);
        script.engine.run();
        EXPECT_TRUE(script.ended.empty());
    }
    Script script(10s);
    script.engine.start_flow(0, 1, 100'000'000);
    script.engine.run();
    ASSERT_EQ(1U, script.ended.size());  // no report of the runs before it, and full bandwidth
    EXPECT_NEAR(1.002e9, static_cast<double>(script.ended[0].at), 1.0);
}

TEST(EngineFlow, ThatEndsExactlyAtTheEndIsReported) {
    Script script(1002ms);
    script.engine.start_flow(0, 1, 100'000'000);
    script.engine.run();
    ASSERT_EQ(1U, script.ended.size());
    EXPECT_EQ(1'002'000'000, script.ended[0].at);
}

TEST(EnginePlatform, HasTheLatencyOfTheRouteAndEachRunItsOwnLinks) {
    {
        const LinkSpec slow{5e7, 10ms};
        const std::vector<HostLinks> links{{{slow}, {1e8, 3ms}}, {{1e8, 20ms}, {1e8, 5ms}}};
        Script script(100s, 1, links);
        EXPECT_EQ(Duration(15ms), script.engine.latency(0, 1));
        EXPECT_EQ(Duration(23ms), script.engine.latency(1, 0));
        EXPECT_EQ(Duration(11ms), script.engine.latency(0, 2));
        EXPECT_EQ(Duration(0), script.engine.latency(0, 0));
        script.engine.start_flow(0, 1, 50'000'000);
        script.at(50s, [&] { script.engine.set_bandwidth(2, LinkDirection::up, 1); });
        script.at(60s, [&] { script.engine.set_host_on(2, false); });
        script.at(61s, [&] { script.engine.set_link_on(3, LinkDirection::down, false); });
        script.engine.run();
        ASSERT_EQ(1U, script.ended.size());
        EXPECT_NEAR(1.015e9, static_cast<double>(script.ended[0].at), 1.0);
    }
    Script script;
    EXPECT_EQ(Duration(2ms), script.engine.latency(0, 1));
    EXPECT_TRUE(script.engine.host_on(2));
    EXPECT_TRUE(script.engine.link_on(3, LinkDirection::down));
    script.engine.start_flow(0, 1, 100'000'000);
    script.engine.start_flow(2, 3, 100'000'000);
    script.engine.run();
    ASSERT_EQ(2U, script.ended.size());
    for (const Ended& ended : script.ended) {
        EXPECT_TRUE(ended.finished);
        EXPECT_NEAR(1.002e9, static_cast<double>(ended.at), 1.0);
    }
}

TEST(EnginePlatform, IsNeverSteppedForALatency) {
    Script script;
    const std::uint64_t steps = script.engine.simgrid_steps();
    script.at(1s, [&] {
        for (HostIndex a = 0; a < kTestHosts; ++a)
            for (HostIndex b = 0; b < kTestHosts; ++b)
                (void)script.engine.latency(a, b);
    });
    script.engine.run();
    EXPECT_EQ(steps, script.engine.simgrid_steps());
}

}  // namespace
}  // namespace leasehold::test
