// Whole runs of the world with their history kept, for tests of what faults do to processes.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {

using namespace std::chrono_literals;
using check::Outcome;
using check::RunResult;

inline TrueTime at(Duration since_start) {
    return TrueTime(since_start);
}

/// The history, kept; what it refers to is copied.
class RunHistory final : public Observer {
  public:
    struct Step {
        TrueTime at;
        ReplicaIndex replica = kNobody;
        Now now;
        Event event;
        std::vector<Effect> effects;
    };
    struct Started {
        TrueTime at;
        ReplicaIndex replica = kNobody;
        std::string identity;
    };
    struct Fired {
        FaultTookEffect record;
        std::string what;
    };
    void on(const ProcessStarted& r) override {
        started.push_back({r.at, r.replica, std::string(r.identity)});
    }
    void on(const ProcessEnded& r) override { ended.push_back(r); }
    void on(const ClockChanged& r) override { clocks.push_back(r); }
    void on(const ReplicaStepped& r) override {
        steps.push_back({r.at, r.replica, r.now, *r.event, {r.effects.begin(), r.effects.end()}});
    }
    void on(const RequestLeft& r) override { left.push_back(r); }
    void on(const LeaseCommitted& r) override { leases.push_back(r); }
    void on(const ObjectCommitted& r) override { objects.push_back(r); }
    void on(const FaultTookEffect& r) override {
        fired.push_back({r, std::string(r.what)});
        fired.back().record.what = {};
    }

    /// Steps of a replica within (from, to).
    [[nodiscard]] std::size_t stepped(ReplicaIndex replica, TrueTime from, TrueTime to) const {
        std::size_t count = 0;
        for (const Step& step : steps)
            count += step.replica == replica && step.at > from && step.at < to ? 1U : 0U;
        return count;
    }
    std::vector<Started> started;
    std::vector<ProcessEnded> ended;
    std::vector<ClockChanged> clocks;
    std::vector<Step> steps;
    std::vector<RequestLeft> left;
    std::vector<LeaseCommitted> leases;
    std::vector<ObjectCommitted> objects;
    std::vector<Fired> fired;
};

inline Target to(TargetKind kind) {
    Target target;
    target.kind = kind;
    return target;
}
inline Target bound(std::string name) {
    Target target = to(TargetKind::bound);
    target.name = std::move(name);
    return target;
}
inline Fault fault(FaultKind kind, Duration when, Target target,
                   std::optional<Duration> lasts = {}) {
    Fault made;
    made.kind = kind;
    made.trigger.at = when;
    made.target = std::move(target);
    made.lasts = lasts;
    return made;
}
inline Fault on_sending(FaultKind kind, RequestKind sends, std::uint32_t nth,
                        std::optional<Duration> lasts) {
    Fault made = fault(kind, 0s, to(TargetKind::leader), lasts);
    made.trigger.kind = TriggerKind::sends;
    made.trigger.replica = to(TargetKind::leader);
    made.trigger.sends = sends;
    made.trigger.nth = nth;
    return made;
}

class WorldRun : public ::testing::Test {
  protected:
    WorldRun() {
        scenario.name = "world";
        scenario.duration = 4min;
        scenario.values.replicas = 3;
        scenario.values.leader_follower = true;
        scenario.values.bucket_secret = "secret";
        scenario.storage.prefix = ObjectKey("etl/");
        scenario.workload.export_every = 10s;
        // What a frozen clock does; not the matter here.
        scenario.expect.may_violate = {"leader.at-most-one"};
    }
    RunResult play(std::vector<Fault> faults, std::uint64_t seed = 5) {
        static Runner runner;
        scenario.faults = std::move(faults);
        history = RunHistory{};
        RunOptions options;
        options.recorder = &history;
        RunResult result = runner.run(scenario, seed, options);
        EXPECT_EQ(result.internal_error, "");
        expect_each_answered_once();
        return result;
    }
    /// Each request of a process that lived on for a minute was answered, none twice.
    void expect_each_answered_once() const {
        std::map<std::pair<std::string, std::uint64_t>, TrueTime> open;
        std::map<ReplicaIndex, std::string> process;
        std::size_t next = 0;
        const auto key = [&](ReplicaIndex replica, RequestId id) {
            return std::pair(process[replica], id.value());
        };
        for (const RunHistory::Step& step : history.steps) {
            if (std::holds_alternative<Start>(step.event))
                process[step.replica] = history.started.at(next++).identity;
            std::optional<RequestId> answered;
            if (const auto* one = std::get_if<LeaseAnswered>(&step.event)) answered = one->request;
            if (const auto* one = std::get_if<BucketAnswered>(&step.event)) answered = one->request;
            if (const auto* one = std::get_if<FileAnswered>(&step.event)) answered = one->request;
            if (answered) {
                EXPECT_EQ(open.erase(key(step.replica, *answered)), 1U) << "answered twice";
            }
            for (const Effect& effect : step.effects) {
                std::optional<RequestId> sent;
                if (const auto* one = std::get_if<SendLease>(&effect)) sent = one->request;
                if (const auto* one = std::get_if<SendBucket>(&effect)) sent = one->request;
                if (const auto* one = std::get_if<SendFile>(&effect)) sent = one->request;
                if (sent) open[key(step.replica, *sent)] = step.at;
            }
        }
        std::set<std::string> alive;
        for (const auto& [replica, identity] : process) {
            bool lives = true;
            for (const ProcessEnded& end : history.ended)
                for (const RunHistory::Started& start : history.started)
                    if (start.identity == identity && end.replica == replica && end.at >= start.at)
                        lives = false;
            if (lives) alive.insert(identity);
        }
        for (const auto& [request, sent] : open)
            if (alive.contains(request.first)) {
                EXPECT_GT(sent, at(scenario.duration - 90s))
                    << request.first << " " << request.second;
            }
    }
    /// The replica that a fault met; it must have met exactly one.
    ReplicaIndex victim(std::size_t n = 0) const {
        EXPECT_GT(history.fired.size(), n);
        if (history.fired.size() <= n) return 0;
        EXPECT_EQ(history.fired[n].record.targets.size(), 1U);
        return history.fired[n].record.targets.at(0);
    }
    TrueTime fired_at(std::size_t n) const { return history.fired.at(n).record.at; }

    Scenario scenario;
    RunHistory history;
};

}  // namespace leasehold::sim
