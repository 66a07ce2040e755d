// Three electors, one Lease, and everything that can go wrong between them, by seed.
//
// True time drives clocks that drift by up to the configured bound. At no true instant may two
// gates be open; when all has healed there must be a leader.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "model/base/random.hpp"
#include "model/election/elector.hpp"
#include "tests/unit/election_api.hpp"

namespace leasehold::election_test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kDriftPpm = 20'000;
constexpr std::size_t kNodes = 3;
constexpr std::size_t kKinds = 11;  ///< of disturbances
constexpr TrueTime kFaultsEnd{14s};

/// The electors of a run, and how long it lasts: the last late message has arrived 12 s before.
struct Group {
    Duration lease;      ///< of most
    Duration odd_lease;  ///< of the rest
    TrueTime end;
};
constexpr Group kAlmostAlike{.lease = 3s, .odd_lease = 2s, .end = TrueTime(34s)};
/// A rolling change of durations: the largest in use is known to all (clause 4).
constexpr Group kMixed{.lease = 3s, .odd_lease = 9s, .end = TrueTime(48s)};

/// A clock of constant rate, exact in both directions.
struct Clock {
    Duration offset{0};
    std::int64_t ppm = 0;
    [[nodiscard]] Instant reading(TrueTime at) const {
        const Int128 t = at.time_since_epoch().count();
        const Int128 local = t * (1'000'000 + ppm) / 1'000'000;
        return Instant(offset + Duration(static_cast<std::int64_t>(local)));
    }
    [[nodiscard]] TrueTime reaches(Instant target) const {
        const Int128 local = (target.time_since_epoch() - offset).count();
        if (local <= 0) return TrueTime{};
        const Int128 rate = 1'000'000 + ppm;
        return TrueTime(Duration(static_cast<std::int64_t>((local * 1'000'000 + rate - 1) / rate)));
    }
};

enum class Kind { timer, arrive, answer, watched, crash, boot, disturb };

struct Item {
    TrueTime at;
    std::uint64_t order = 0;
    Kind kind = Kind::timer;
    std::size_t node = 0;
    std::uint64_t life = 0;  ///< of the process that it is for
    SendLease request{};
    LeaseReply reply{};
    LeaseWatched event{};
    bool answer_lost = false;
    friend bool operator<(const Item& a, const Item& b) {
        return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
};

struct Node {
    std::optional<Elector> elector;
    Clock clock;
    std::uint64_t life = 0;
    std::optional<WatchId> watch;
    bool watch_stalled = false;
    TrueTime paused_until{};
    std::set<std::uint64_t> unanswered;
    bool stopping = false;
};

class World {
  public:
    World(std::uint64_t seed, const Group& group) : group_(group), random_(seed) {
        for (std::size_t i = 0; i < kNodes; ++i)
            push({.at = after(below(200ms)), .kind = Kind::boot, .node = i});
        // Swarm: each run leaves some kinds of fault out, and has its own pace of them.
        for (bool& wanted : wanted_)
            wanted = chance(60);
        constexpr std::array kPaces{Duration(1500ms), Duration(3s), Duration(6s)};
        pace_ = kPaces[random_.below(kPaces.size())];
        push({.at = TrueTime(500ms), .kind = Kind::disturb});
    }

    /// Runs to the end. The message of the first violation, or empty.
    std::string run() {
        while (!queue_.empty() && problem_.empty()) {
            Item item = queue_.top();
            queue_.pop();
            if (item.at > group_.end) break;
            now_ = item.at;
            take(item);
        }
        if (problem_.empty() && !leader()) problem_ = "no leader at the end";
        return problem_;
    }
    [[nodiscard]] const std::array<int, kMarkCount>& marks() const { return marks_; }

  private:
    Duration below(Duration bound) {
        const std::uint64_t drawn = random_.below(static_cast<std::uint64_t>(bound.count()));
        return Duration(static_cast<std::int64_t>(drawn));
    }
    bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
    [[nodiscard]] TrueTime after(Duration span) const { return now_ + span; }
    void push(Item item) {
        item.order = ++order_;
        queue_.push(std::move(item));
    }
    [[nodiscard]] bool faulty() const { return now_ < kFaultsEnd; }
    Duration delay() {
        if (faulty() && chance(8)) return below(7s);
        return 1ms + below(faulty() ? 60ms : 5ms);
    }
    [[nodiscard]] std::optional<std::size_t> leader() const {
        for (std::size_t i = 0; i < kNodes; ++i) {
            const Node& node = nodes_[i];
            if (node.elector && node.elector->gate_open(node.clock.reading(now_))) return i;
        }
        return std::nullopt;
    }

    void take(const Item& item) {
        Node& node = nodes_[item.node];
        switch (item.kind) {
            case Kind::boot:
                boot(item.node);
                return;
            case Kind::disturb:
                disturb();
                return;
            case Kind::arrive:
                arrive(item);
                return;
            default:
                break;
        }
        if (!node.elector || item.life != node.life) return;
        if (now_ < node.paused_until) {  // a paused process takes its events when it goes on
            Item later = item;
            later.at = node.paused_until;
            push(later);
            return;
        }
        if (item.kind == Kind::timer) {
            if (node.clock.reading(now_) >= node.elector->next_deadline()) step(item.node, Timer{});
        } else if (item.kind == Kind::answer) {
            // The earlier of answer and time-out counts; the other is nothing.
            if (node.unanswered.erase(item.request.request.value()) == 1)
                step(item.node, LeaseAnswered{item.request.request, item.reply});
        } else if (item.kind == Kind::watched && node.watch == item.event.watch) {
            if (!node.watch_stalled) step(item.node, item.event);
        }
    }

    void boot(std::size_t i) {
        Node& node = nodes_[i];
        ElectorConfig config;
        config.identity = "node-" + std::to_string(i) + "/" + std::to_string(++node.life);
        config.lease_duration = chance(25) ? group_.odd_lease : group_.lease;
        config.max_lease_duration = std::max(group_.odd_lease, group_.lease);
        config.retry_period = 400ms;
        config.drift_ppm = kDriftPpm;
        config.seed = random_.next();
        const auto drift = static_cast<std::int64_t>(random_.below(2 * kDriftPpm + 1));
        node.clock = {.offset = below(1000s), .ppm = drift - kDriftPpm};
        node.watch.reset();
        node.unanswered.clear();
        node.stopping = false;
        node.elector.emplace(config);
        step(i, Start{});
    }

    void end(std::size_t i) {
        nodes_[i].elector.reset();
        push({.at = after(100ms + below(2s)), .kind = Kind::boot, .node = i});
    }

    void step(std::size_t i, const Event& event) {
        Node& node = nodes_[i];
        out_.clear();
        node.elector->step({node.clock.reading(now_), wall(i)}, event, out_);
        perform(i);
    }
    /// The wall clock steps back and forth; nothing may depend on it.
    WallTime wall(std::size_t) { return WallTime(now_.time_since_epoch() + below(3s)); }

    void perform(std::size_t i) {
        Node& node = nodes_[i];
        bool stopped = false;
        for (const Effect& effect : out_) {
            if (const auto* noted = std::get_if<Mark>(&effect)) {
                ++marks_[static_cast<std::size_t>(noted->mark)];
            } else if (const auto* sent = std::get_if<SendLease>(&effect)) {
                send(i, *sent);
            } else if (const auto* watch = std::get_if<WatchLease>(&effect)) {
                node.watch = watch->watch;
                node.watch_stalled = faulty() && chance(10);
                for (const Change& change : api_.changes)
                    if (change.version > watch->from) tell(i, change);
            } else if (std::holds_alternative<StopWatch>(effect)) {
                node.watch.reset();
            } else if (std::holds_alternative<Stopped>(effect)) {
                stopped = true;
            }
        }
        check_gates(i);
        if (stopped) {
            end(i);
        } else {
            const TrueTime due = node.elector->next_deadline() == kNever
                                     ? TrueTime::max()
                                     : node.clock.reaches(node.elector->next_deadline());
            if (due < group_.end)
                push(
                    {.at = std::max(due, now_), .kind = Kind::timer, .node = i, .life = node.life});
        }
    }

    void send(std::size_t i, const SendLease& sent) {
        Node& node = nodes_[i];
        node.unanswered.insert(sent.request.value());
        const Instant gives_up = node.clock.reading(now_) + sent.timeout;
        push({.at = node.clock.reaches(gives_up),
              .kind = Kind::answer,
              .node = i,
              .life = node.life,
              .request = sent,
              .reply = LeaseReply{}});
        if (faulty() && chance(6)) return;  // never arrives
        push({.at = after(delay()),
              .kind = Kind::arrive,
              .node = i,
              .life = node.life,
              .request = sent,
              .answer_lost = faulty() && chance(6)});
    }

    /// At the server, whatever has become of the sender.
    void arrive(const Item& item) {
        const std::size_t before = api_.changes.size();
        LeaseReply reply = api_.apply(item.request.verb, item.request.lease);
        if (faulty() && chance(3)) reply = FakeApi::status(504, StatusReason::timeout);
        for (std::size_t k = before; k < api_.changes.size(); ++k)
            announce(api_.changes[k]);
        if (!item.answer_lost)
            push({.at = after(delay()),
                  .kind = Kind::answer,
                  .node = item.node,
                  .life = item.life,
                  .request = item.request,
                  .reply = reply});
    }
    void announce(const Change& change) {
        for (std::size_t i = 0; i < kNodes; ++i)
            if (nodes_[i].elector && nodes_[i].watch) tell(i, change);
    }
    void tell(std::size_t i, const Change& change) {
        LeaseWatched event{*nodes_[i].watch, change.lease ? WatchKind::seen : WatchKind::deleted,
                           change.version, change.lease};
        push({.at = after(delay()),
              .kind = Kind::watched,
              .node = i,
              .life = nodes_[i].life,
              .event = event});
    }

    void disturb() {
        if (!faulty()) return;
        push({.at = after(below(pace_)), .kind = Kind::disturb});
        const std::size_t kind = random_.below(kKinds);
        if (!wanted_[kind]) return;
        const std::size_t changes = api_.changes.size();
        if (kind >= 3 && kind <= 8) {
            const std::optional<std::size_t> leading = leader();
            disturb_node(kind, leading && chance(50) ? *leading : random_.below(kNodes));
        } else if (api_.lease && kind == 0) {
            api_.remove();
        } else if (api_.lease && kind == 10) {
            api_.remove();  // a prune and a re-creation by what deploys it
            api_.put(LeaseRecord{});
        } else if (api_.lease) {
            api_.edit([&](Lease& lease) {
                if (kind == 1) lease.extra = std::to_string(order_);
                if (kind == 2) lease.record.holder.clear();
                if (kind == 9) lease.record.duration_seconds = chance(70) ? 1 : 7;
            });
        }
        for (std::size_t k = changes; k < api_.changes.size(); ++k)
            announce(api_.changes[k]);
    }
    void disturb_node(std::size_t kind, std::size_t i) {
        Node& node = nodes_[i];
        if (!node.elector || now_ < node.paused_until) return;
        switch (kind) {
            case 3:
                end(i);
                break;  // crash: the gate is gone with the process
            case 4:
                node.paused_until = after(below(6s));
                break;
            case 5:
                node.watch_stalled = true;
                break;
            case 6:
                if (node.watch)
                    step(i, LeaseWatched{*node.watch, WatchKind::ended, Version(), nullptr});
                break;
            case 7:
                if (!node.stopping) stop(i);
                break;
            default:
                wish(i);
                break;
        }
    }
    void stop(std::size_t i) {
        Node& node = nodes_[i];
        node.stopping = true;
        step(i, Stop{node.clock.reading(now_) + below(2s)});
        if (!node.elector || chance(30)) return;  // some never drain
        out_.clear();
        node.elector->drained({node.clock.reading(now_), wall(i)}, out_);
        perform(i);
    }
    void wish(std::size_t i) {
        Node& node = nodes_[i];
        step(i, Timer{});
        if (!node.elector) return;
        out_.clear();
        const Now now{node.clock.reading(now_), wall(i)};
        if (chance(25)) node.elector->hold_release(now.monotonic + below(60s));
        if (chance(50)) {
            node.elector->give_up(now, out_);
        } else {
            node.elector->want_renewal(now, out_);
        }
        perform(i);
    }

    /// A gate only opens or moves in a step, so overlaps show at the step that makes them.
    void check_gates(std::size_t i) {
        const auto open = [&](const Node& node) {
            return node.elector && node.elector->gate_open(node.clock.reading(now_));
        };
        if (!open(nodes_[i])) return;
        for (std::size_t j = 0; j < kNodes; ++j)
            if (j != i && open(nodes_[j]))
                problem_ = "two open gates at " + std::to_string(now_.time_since_epoch().count());
    }

    Group group_;
    Random random_;
    std::array<bool, kKinds> wanted_{};
    Duration pace_{};
    TrueTime now_{};
    std::uint64_t order_ = 0;
    std::priority_queue<Item> queue_;
    std::array<Node, kNodes> nodes_;
    FakeApi api_;
    Effects out_;
    std::string problem_;
    std::array<int, kMarkCount> marks_{};
};

std::array<int, kMarkCount> run_all(const Group& group, std::uint64_t seeds) {
    std::array<int, kMarkCount> marks{};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        World world(seed, group);
        const std::string problem = world.run();
        EXPECT_EQ(problem, "") << "seed " << seed;
        if (!problem.empty()) break;
        for (std::size_t i = 0; i < kMarkCount; ++i)
            marks[i] += world.marks()[i];
    }
    return marks;
}

TEST(ElectionAtRandom, NeverHasTwoOpenGatesAndAlwaysALeaderInTheEnd) {
    const std::array<int, kMarkCount> marks = run_all(kAlmostAlike, 6000);
    // Runs that never met what they are about would prove nothing.
    for (const MarkId wanted : {MarkId::acquired_free_lease,     MarkId::takeover_after_expiry,
                                MarkId::takeover_lost_race,      MarkId::created_lease,
                                MarkId::opened_created_lease,    MarkId::recreated_lease,
                                MarkId::retook_own_lease,        MarkId::renewal_unknown,
                                MarkId::renewal_resolved,        MarkId::gate_expired,
                                MarkId::woke_with_expired_lease, MarkId::stepped_down_foreign,
                                MarkId::stepped_down_abdicated,  MarkId::adopted_metadata_edit,
                                MarkId::released_lease,          MarkId::release_retried,
                                MarkId::empty_holder_waited,     MarkId::watch_lost,
                                MarkId::stale_watch_event,       MarkId::stale_answer,
                                MarkId::late_grant_refused,      MarkId::stop_deadline})
        EXPECT_GE(marks[static_cast<std::size_t>(wanted)], 5) << mark_name(wanted);
    EXPECT_EQ(marks[static_cast<std::size_t>(MarkId::restored_cluster)], 0)
        << "nothing was restored";
}

TEST(ElectionAtRandom, DurationsMayDifferWhileTheLongestInUseIsKnown) {
    const std::array<int, kMarkCount> marks = run_all(kMixed, 6000);
    for (const MarkId wanted : {MarkId::takeover_after_expiry, MarkId::opened_created_lease,
                                MarkId::recreated_lease, MarkId::empty_holder_waited})
        EXPECT_GE(marks[static_cast<std::size_t>(wanted)], 100) << mark_name(wanted);
}

}  // namespace
}  // namespace leasehold::election_test
