// A service of one's own over leasehold's Replica: it saves a report every 30 s while it leads.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "model/base/version.hpp"
#include "model/replica/replica.hpp"
#include "sim/testing/world_test.hpp"

static_assert(LEASEHOLD_VERSION >= 1'000, "the harness came with 0.1.0");

namespace examples {
namespace {

using namespace leasehold;
using namespace leasehold::testing;
using namespace std::chrono_literals;

constexpr Duration kPeriod = 30s;
constexpr std::uint64_t kReports = 1ULL << 40U;  // calls from here on are the service's own

/// Gives the replica what the world gives it, and a write of its own in between. Whether it leads,
/// and whether a write may leave, the replica decides.
class ReportingService {
  public:
    explicit ReportingService(const ReplicaConfig& config) : replica_(config) {}

    void step(Now now, const Event& event, Effects& out) {
        const std::size_t first = out.size();
        replica_.step(now, event, out);
        for (std::size_t i = first; i < out.size(); ++i)
            if (const auto* role = std::get_if<RoleChanged>(&out[i]))
                report_at_ = role->role == Role::leader ? now.monotonic : kNever;
        if (now.monotonic >= report_at_ && !std::holds_alternative<Stop>(event)) {
            report_at_ = now.monotonic + kPeriod;
            ++reports_;
            auto payload = std::make_shared<Blob>(Blob{1000, {reports_, kReports}, nullptr});
            replica_.step(
                now, BackupWrite{CallId{kReports + reports_}, ObjectKey("reports/latest"), payload},
                out);
        }
        // Its own calls are answered to itself.
        std::erase_if(out, [](const Effect& effect) {
            const auto* done = std::get_if<WriteDone>(&effect);
            return done != nullptr && done->call.value() > kReports;
        });
    }
    [[nodiscard]] Instant next_deadline() const {
        return std::min(replica_.next_deadline(), report_at_);
    }
    [[nodiscard]] bool permit(Instant now, RequestId id) const { return replica_.permit(now, id); }
    [[nodiscard]] bool gate_open(Instant now) const { return replica_.gate_open(now); }
    [[nodiscard]] std::string summary() const { return replica_.summary(); }
    [[nodiscard]] static bool takes_workload() { return true; }

  private:
    Replica replica_;
    Instant report_at_ = kNever;
    std::uint64_t reports_ = 0;
};

/// The report in the bucket is never older than `most`, once there is one.
class ReportIsFresh final : public OwnCheck {
  public:
    explicit ReportIsFresh(Duration most) : OwnCheck("reports.fresh"), most_(most) {}

    void on(const ObjectCommitted& record) override {
        if (record.key.view().find("reports/latest") == std::string_view::npos) return;
        looked();
        if (last_ != TrueTime{} && record.at - last_ > most_)
            violated(record, "the report was older than it may be");
        last_ = record.at;
    }

  protected:
    void ended(TrueTime end) override {
        if (last_ != TrueTime{} && end - last_ > most_) broke(end, "the report is too old");
    }

  private:
    Duration most_;
    TrueTime last_{};
};

class OwnService : public WorldTest {
  protected:
    OwnService() {
        world.host([](const PeerStart& start) { return ReportingService(start.config); });
        world.workload().seeds(1, 10);
    }
};

TEST_F(OwnService, ReportsThroughACrashOfTheLeader) {
    world.fault(at(75s).crash("leader").lasting(40s));
    world.check<ReportIsFresh>(kPeriod + 20s);  // one period and one failover
    const Played played = play();
    EXPECT_EQ(played.summary.failover.count, 10U);
}

TEST_F(OwnService, IsLateWhereTwoLeadersDieInARow) {
    world.fault(at(75s).crash("leader").lasting(90s));
    world.fault(at(88s).crash("followers").lasting(20s));
    world.check<ReportIsFresh>(kPeriod + 20s);
    const Played played = world.play();
    EXPECT_EQ(played.summary.outcome, Outcome::safety);
    EXPECT_NE(played.failure.find("reports.fresh"), std::string::npos) << played.failure;
}

}  // namespace
}  // namespace examples
