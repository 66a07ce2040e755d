#include "bench/bare_heap.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "model/base/random.hpp"
#include "model/replica/replica.hpp"
#include "sim/engine/event_queue.hpp"
#include "sim/world/lease_api.hpp"
#include "sim/world/slab.hpp"

namespace leasehold::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kReplicas = 5;
constexpr std::int64_t kLatency = 1'000'000;

class BareLoop {
  public:
    BareLoop(Duration duration, std::uint64_t seed)
        : end_(duration.count()), random_(seed), api_(seed), machines_(kReplicas) {
        queue_.reset(seed);
    }

    BareRun run() {
        for (std::uint32_t i = 0; i < kReplicas; ++i)
            queue_.push(static_cast<std::int64_t>(random_.below(1'000'000'000)), kStart, i, 0);
        queue_.push(60'000'000'000, kCrash, 0, 0);
        while (!queue_.empty() && queue_.first_date() <= end_) {
            const auto event = queue_.pop();
            now_ = event.at;
            ++result_.events;
            dispatch(event);
        }
        return result_;
    }

  private:
    enum Kind : std::uint32_t { kStart, kWake, kArrive, kDeliver, kCrash };
    struct Machine {
        std::optional<Replica> replica;
        std::uint32_t incarnation = 0;
        Instant armed = kNever;
        std::uint64_t arming = 0;
        std::optional<WatchId> watch;
    };
    struct Letter {
        Event event;
        SendLease request;
        std::uint32_t incarnation = 0;
    };

    void dispatch(const EventQueue::Element& event) {
        Machine& machine = machines_[event.target];
        switch (event.kind) {
            case kStart:
                start(event.target);
                break;
            case kWake:
                if (!machine.replica || event.data != machine.arming) break;
                machine.armed = kNever;
                if (Instant(Duration(now_)) < machine.replica->next_deadline())
                    arm(event.target);
                else
                    step(event.target, Timer{});
                break;
            case kArrive:
                arrive(event.target, letters_.take(event.data));
                break;
            case kDeliver: {
                const Letter letter = letters_.take(event.data);
                if (machine.replica && letter.incarnation == machine.incarnation)
                    step(event.target, letter.event);
                break;
            }
            case kCrash:
                crash();
                break;
        }
    }

    void start(std::uint32_t i) {
        Machine& machine = machines_[i];
        ElectorConfig election;
        election.identity =
            "replica-" + std::to_string(i) + "_" + std::to_string(++machine.incarnation);
        election.seed = random_.next();
        machine.replica.emplace(ReplicaConfig{election, {}});
        machine.armed = kNever;
        step(i, Start{});
    }

    void crash() {
        for (std::uint32_t i = 0; i < kReplicas; ++i) {
            Machine& machine = machines_[i];
            if (!machine.replica || !machine.replica->gate_open(Instant(Duration(now_)))) continue;
            machine.replica.reset();
            machine.watch.reset();
            ++machine.arming;
            queue_.push(now_ + 5'000'000'000, kStart, i, 0);
            break;
        }
        queue_.push(now_ + 60'000'000'000, kCrash, 0, 0);
    }

    void arrive(std::uint32_t i, Letter letter) {
        std::optional<sim::LeaseChange> change;
        LeaseReply reply = api_.handle(letter.request.verb, letter.request.lease, change);
        post(i, letter.incarnation, LeaseAnswered{letter.request.request, std::move(reply)});
        if (!change) return;
        for (std::uint32_t r = 0; r < kReplicas; ++r)
            if (machines_[r].replica && machines_[r].watch)
                post(r, machines_[r].incarnation,
                     LeaseWatched{*machines_[r].watch, WatchKind::seen, change->version,
                                  change->after});
    }

    void post(std::uint32_t i, std::uint32_t incarnation, Event event) {
        queue_.push(now_ + kLatency, kDeliver, i,
                    letters_.put(Letter{std::move(event), {}, incarnation}));
    }

    void step(std::uint32_t i, const Event& event) {
        Machine& machine = machines_[i];
        effects_.clear();
        machine.replica->step(Now{Instant(Duration(now_)), WallTime(Duration(now_ / 1000 * 1000))},
                              event, effects_);
        for (const Effect& effect : effects_) {
            if (const auto* request = std::get_if<SendLease>(&effect))
                queue_.push(now_ + kLatency, kArrive, i,
                            letters_.put(Letter{{}, *request, machine.incarnation}));
            else if (const auto* watch = std::get_if<WatchLease>(&effect))
                machine.watch = watch->watch;
            else if (std::holds_alternative<StopWatch>(effect))
                machine.watch.reset();
            else if (const auto* role = std::get_if<RoleChanged>(&effect))
                result_.leaderships += role->role == Role::leader ? 1 : 0;
        }
        arm(i);
    }

    void arm(std::uint32_t i) {
        Machine& machine = machines_[i];
        const Instant deadline = machine.replica->next_deadline();
        if (deadline >= machine.armed) return;
        machine.armed = deadline;
        queue_.push(deadline.time_since_epoch().count(), kWake, i, ++machine.arming);
    }

    std::int64_t end_;
    std::int64_t now_ = 0;
    Random random_;
    EventQueue queue_;
    sim::LeaseApi api_;
    std::vector<Machine> machines_;
    sim::Slab<Letter> letters_;
    Effects effects_;
    BareRun result_;
};

}  // namespace

BareRun run_bare_w(Duration duration, std::uint64_t seed) {
    return BareLoop(duration, seed).run();
}

}  // namespace leasehold::bench
