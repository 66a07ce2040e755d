// A rule of one's own over leasehold's own replicas: what an operator of the API server asks.
#include <deque>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "sim/testing/world_test.hpp"

namespace examples {
namespace {

using namespace leasehold;
using namespace leasehold::testing;
using namespace std::chrono_literals;

/// No replica sends more than `most` requests to the Lease API in any ten seconds.
class LeaseRequestsAreFew final : public OwnCheck {
  public:
    explicit LeaseRequestsAreFew(std::size_t most) : OwnCheck("api.few-requests"), most_(most) {}

    void on(const ReplicaStepped& record) override {
        for (const Effect& effect : record.effects) {
            if (!std::holds_alternative<SendLease>(effect)) continue;
            looked();
            std::deque<TrueTime>& sent = sent_[record.replica];
            sent.push_back(record.at);
            while (record.at - sent.front() > 10s)
                sent.pop_front();
            if (sent.size() > most_)
                violated(record, "more than " + std::to_string(most_) + " requests in 10 s");
        }
    }

  private:
    std::size_t most_;
    std::map<ReplicaIndex, std::deque<TrueTime>> sent_;
};

class OwnCheckTest : public WorldTest {
  protected:
    OwnCheckTest() {
        world.replicas(5).seeds(1, 10);
        world.fault(at(60s).answer_error({"updateLease"}).of("leader").lasting(20s).status(429));
        world.fault(at(110s).outage("api").lasting(20s));
    }
};

TEST_F(OwnCheckTest, AnApiThatRefusesIsNotFlooded) {
    world.check<LeaseRequestsAreFew>(12);
    play();
}

TEST_F(OwnCheckTest, ABoundThatIsTooLowIsMissed) {
    world.check<LeaseRequestsAreFew>(3);
    const Played played = world.play();
    EXPECT_EQ(played.summary.outcome, Outcome::safety);
    EXPECT_NE(played.failure.find("api.few-requests: more than 3 requests in 10 s"),
              std::string::npos)
        << played.failure;
}

}  // namespace
}  // namespace examples
