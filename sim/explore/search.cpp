#include "sim/explore/search.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "sim/explore/compact.hpp"
#include "sim/explore/memo.hpp"
#include "sim/explore/visited.hpp"

namespace leasehold::explore {

namespace {

/// How many actions lie between two looks at what the other threads do.
constexpr std::uint64_t kBetweenLooks = 256;

/// A state, what can happen in it and what that leads to, and what of that has been tried.
struct Frame {
    Compact state;
    std::vector<Action> actions;
    std::vector<Compact> following;  ///< of each action; empty = not asked yet
    std::size_t tried = 0;
    std::unique_ptr<World> world;  ///< kept for its memory; it is the state's if `played`
    bool played = false;
};

/// Work for whoever has none: a state with actions that nobody tries.
struct Offer {
    World world;
    std::vector<Action> actions;
    Schedule before;
};

/// What the threads share.
struct Shared {
    const Space& space;
    const Limits& limits;
    Visited visited{};
    std::atomic<std::uint64_t> states{0};
    std::atomic<bool> stop{false};
    std::atomic<unsigned> hungry{0};
    std::mutex mutex{};
    std::condition_variable work{};
    std::deque<Offer> offers{};
    unsigned waiting = 0;
    bool differs = false;  ///< a state is not what the memo says
    Found found{};
};

class Worker {
  public:
    explicit Worker(Shared& shared) : shared_(shared), memo_(shared.space), after_(shared.space) {}

    void run() {
        Offer offer{World(shared_.space), {}, {}};
        while (take_offer(offer)) {
            before_ = std::move(offer.before);
            depth_ = 0;
            now_ = memo_.parts().state_of(offer.world);
            push(&offer.world);
            stack_[0].actions = offer.actions;
            search();
        }
        const std::lock_guard lock(shared_.mutex);
        shared_.found.transitions += transitions_;
        shared_.found.deepest = std::max(shared_.found.deepest, deepest_);
        shared_.found.played += played_;
        shared_.found.forms += memo_.parts().size();
        shared_.found.memo_bytes += memo_.bytes();
    }

  private:
    /// `world`: of this state, if it was played.
    void push(World* world) {
        // Frames are used again, so that a state is copied into memory that is there already.
        if (depth_ == stack_.size()) stack_.emplace_back();
        Frame& frame = stack_[depth_++];
        frame.state = now_;
        frame.tried = 0;
        frame.following.clear();
        frame.played = world != nullptr;
        if (world) keep(frame, *world);
        memo_.parts().next(frame.state, frame.actions);
        deepest_ = std::max<std::uint64_t>(deepest_, before_.size() + depth_ - 1);
    }

    static void keep(Frame& frame, const World& world) {
        if (frame.world)
            *frame.world = world;
        else
            frame.world = std::make_unique<World>(world);
        frame.played = true;
    }

    void search() {
        while (depth_ > 0) {
            Frame& frame = stack_[depth_ - 1];
            if (frame.following.empty() && !follow(frame)) return;
            if (frame.tried == frame.actions.size()) {
                --depth_;
                continue;
            }
            ++transitions_;
            now_ = frame.following[frame.tried++];
            if (!shared_.visited.insert(now_.fingerprint)) continue;
            if (shared_.states.fetch_add(1, std::memory_order_relaxed) + 1 >=
                shared_.limits.states) {
                finish(Ending::bounded);
                return;
            }
            push(nullptr);
        }
    }

    /// All that can happen in the topmost state happens, one by one, before anything is followed:
    /// until it is asked for, what the set of states holds of each is fetched from memory.
    bool follow(Frame& frame) {
        for (const Action& action : frame.actions) {
            if (++taken_ % kBetweenLooks == 0 && !look_around()) return false;
            const Broken broken = take(frame, action);
            if (broken != Broken::nothing) {
                report(broken, action);
                return false;
            }
            shared_.visited.prefetch(now_.fingerprint);
            frame.following.push_back(now_);
        }
        if (frame.actions.empty()) --depth_;
        return true;
    }

    /// Makes `now_` of the topmost frame's state.
    Broken take(Frame& frame, const Action& action) {
        if (shared_.limits.memo)
            if (const std::optional<Broken> known = memo_.take(frame.state, action, now_))
                return *known;
        ++played_;
        World& world = played_at(depth_ - 1);
        after_ = world;
        const Broken broken = after_.take(action, scratch_);
        if (broken != Broken::nothing) return broken;
        if (shared_.limits.memo) memo_.learn(world, action, after_, scratch_.noted);
        now_ = memo_.parts().state_of(after_);
        return broken;
    }

    /// The world of a frame, played from the nearest one before it that was.
    World& played_at(std::size_t place) {
        std::size_t from = place;
        while (!stack_[from].played)
            --from;
        if (from == place) return *stack_[place].world;
        for (; from < place; ++from) {
            keep(stack_[from + 1], *stack_[from].world);
            (void)stack_[from + 1].world->take(stack_[from].actions[stack_[from].tried - 1],
                                               scratch_);
        }
        World& world = *stack_[place].world;
        if (memo_.parts().state_of(world).fingerprint != stack_[place].state.fingerprint) {
            const std::lock_guard lock(shared_.mutex);
            shared_.differs = true;
            end(Ending::bounded);
        }
        return world;
    }

    void report(Broken broken, const Action& last) {
        const std::lock_guard lock(shared_.mutex);
        if (shared_.found.violation) return;
        Violation violation{broken, scratch_.failure, before_};
        for (std::size_t i = 0; i + 1 < depth_; ++i)
            violation.schedule.push_back(stack_[i].actions[stack_[i].tried - 1]);
        violation.schedule.push_back(last);
        shared_.found.violation = std::move(violation);
        end(Ending::violated);
    }

    void finish(Ending ending) {
        const std::lock_guard lock(shared_.mutex);
        end(ending);
    }

    // The mutex is held.
    void end(Ending ending) {
        if (shared_.found.ending != Ending::violated) shared_.found.ending = ending;
        shared_.stop = true;
        shared_.work.notify_all();
    }

    /// False if the search is over.
    bool look_around() {
        if (shared_.stop.load(std::memory_order_relaxed)) return false;
        if (shared_.limits.interrupted && shared_.limits.interrupted()) {
            finish(Ending::interrupted);
            return false;
        }
        if (shared_.hungry.load(std::memory_order_relaxed) > 0) offer_work();
        return true;
    }

    /// Gives away what is left of the state nearest to the beginning: the largest piece there is.
    void offer_work() {
        Schedule before = before_;
        for (std::size_t i = 0; i + 1 < depth_; ++i) {
            Frame& frame = stack_[i];
            if (frame.tried == frame.actions.size()) {
                before.push_back(frame.actions[frame.tried - 1]);
                continue;
            }
            const World& world = played_at(i);
            const std::lock_guard lock(shared_.mutex);
            if (shared_.offers.size() >= shared_.waiting) return;
            const auto left = frame.actions.begin() + static_cast<std::ptrdiff_t>(frame.tried);
            shared_.offers.push_back({world, {left, frame.actions.end()}, std::move(before)});
            frame.actions.resize(frame.tried);
            frame.following.resize(frame.tried);
            shared_.work.notify_one();
            return;
        }
    }

    bool take_offer(Offer& offer) {
        std::unique_lock lock(shared_.mutex);
        ++shared_.waiting;
        ++shared_.hungry;
        while (shared_.offers.empty() && !shared_.stop && shared_.waiting < shared_.limits.threads)
            shared_.work.wait(lock);
        if (shared_.offers.empty() || shared_.stop) {
            // All wait, so nobody will ever offer anything: it is done.
            shared_.stop = true;
            shared_.work.notify_all();
            return false;
        }
        --shared_.waiting;
        --shared_.hungry;
        offer = std::move(shared_.offers.front());
        shared_.offers.pop_front();
        return true;
    }

    Shared& shared_;
    Memo memo_;
    Scratch scratch_;
    Compact now_;
    World after_;
    std::deque<Frame> stack_;
    std::size_t depth_ = 0;
    Schedule before_;
    std::uint64_t taken_ = 0;        ///< by this thread
    std::uint64_t transitions_ = 0;  ///< of these, what was not given away
    std::uint64_t played_ = 0;
    std::uint64_t deepest_ = 0;
};

/// The states nearest to the beginning first.
class Breadth {
  public:
    Breadth(const Space& space, const Limits& limits)
        : space_(space), limits_(limits), memo_(space), before_(space), after_(space) {}

    std::optional<Violation> search(std::size_t most) {
        World first(space_);
        std::vector<Leaf> level{{memo_.parts().state_of(first), 0}};
        std::vector<Leaf> following;
        std::vector<Action> actions;
        visited_.insert(level.front().state.fingerprint);
        for (std::size_t depth = 0; depth < most && !level.empty(); ++depth) {
            following.clear();
            for (const Leaf& leaf : level) {
                if (limits_.interrupted && limits_.interrupted()) return std::nullopt;
                memo_.parts().next(leaf.state, actions);
                for (const Action& action : actions) {
                    const Broken broken = take(leaf, action);
                    if (broken != Broken::nothing)
                        return Violation{broken, scratch_.failure, way_to(leaf.number, action)};
                    if (!visited_.insert(now_.fingerprint)) continue;
                    if (reached_.size() >= limits_.states) return std::nullopt;
                    if (following.size() * sizeof(Leaf) / kBytesPerState >= limits_.states)
                        return std::nullopt;
                    following.push_back({now_, static_cast<std::uint32_t>(reached_.size())});
                    reached_.push_back({leaf.number, action});
                }
            }
            std::swap(level, following);
        }
        return std::nullopt;
    }

  private:
    /// How each state was reached, by the number of the state before; 0 is the first.
    struct Reached {
        std::uint32_t from = 0;
        Action by;
    };
    struct Leaf {
        Compact state;
        std::uint32_t number = 0;
    };

    Schedule way_to(std::uint32_t number, std::optional<Action> last) const {
        Schedule schedule;
        if (last) schedule.push_back(*last);
        for (; number != 0; number = reached_[number].from)
            schedule.push_back(reached_[number].by);
        std::reverse(schedule.begin(), schedule.end());
        return schedule;
    }

    Broken take(const Leaf& leaf, const Action& action) {
        if (limits_.memo)
            if (const std::optional<Broken> known = memo_.take(leaf.state, action, now_))
                return *known;
        before_ = World(space_);
        for (const Action& each : way_to(leaf.number, std::nullopt))
            (void)before_.take(each, scratch_);
        after_ = before_;
        const Broken broken = after_.take(action, scratch_);
        if (broken != Broken::nothing) return broken;
        if (limits_.memo) memo_.learn(before_, action, after_, scratch_.noted);
        now_ = memo_.parts().state_of(after_);
        return broken;
    }

    const Space& space_;
    const Limits& limits_;
    Memo memo_;
    Visited visited_;
    Scratch scratch_;
    World before_;
    World after_;
    Compact now_;
    std::vector<Reached> reached_{1};
};

/// Does it break that, when it is played?
bool happens(const Space& space, const Violation& violation) {
    World world(space);
    Scratch scratch;
    Broken broken = Broken::nothing;
    for (const Action& action : violation.schedule) {
        if (broken != Broken::nothing) return false;
        broken = world.take(action, scratch);
    }
    return broken == violation.broken;
}

}  // namespace

Found explore_all(const Space& space, const Limits& limits) {
    Shared shared{.space = space, .limits = limits};
    World first(space);
    Parts parts(space);
    const Compact state = parts.state_of(first);
    std::vector<Action> actions;
    parts.next(state, actions);
    shared.visited.insert(state.fingerprint);
    shared.states = 1;
    shared.offers.push_back({first, actions, {}});
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < limits.threads; ++i)
        threads.emplace_back([&shared] { Worker(shared).run(); });
    for (std::thread& thread : threads)
        thread.join();
    const std::optional<Violation>& violation = shared.found.violation;
    if (shared.differs || (violation && limits.memo && !happens(space, *violation))) {
        // A machine shows less of its state than matters, as a planted bug may: nothing that was
        // played once says what becomes of another state in the same form.
        Limits each = limits;
        each.memo = false;
        return explore_all(space, each);
    }
    shared.found.states = shared.visited.size();
    shared.found.bytes = shared.visited.bytes();
    return shared.found;
}

std::optional<Violation> shortest(const Space& space, const Limits& limits, std::size_t most) {
    std::optional<Violation> least = Breadth(space, limits).search(most);
    if (!least || !limits.memo || happens(space, *least)) return least;
    Limits each = limits;
    each.memo = false;
    return Breadth(space, each).search(most);
}

}  // namespace leasehold::explore
