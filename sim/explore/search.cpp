#include "sim/explore/search.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "sim/explore/visited.hpp"

namespace leasehold::explore {

namespace {

/// How many actions lie between two looks at what the other threads do.
constexpr std::uint64_t kBetweenLooks = 256;

/// A state, what can happen in it, and what of that has been tried.
struct Frame {
    World world;
    std::vector<Action> actions;
    std::size_t tried = 0;
};

/// Work for whoever has none: a state with actions that nobody tries.
struct Offer {
    Frame frame;
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
    Found found{};
};

class Worker {
  public:
    explicit Worker(Shared& shared) : shared_(shared), now_(shared.space) {}

    void run() {
        Offer offer{Frame{World(shared_.space), {}, 0}, {}};
        while (take_offer(offer)) {
            before_ = std::move(offer.before);
            depth_ = 0;
            push(offer.frame.world);
            stack_[0].actions = offer.frame.actions;
            stack_[0].tried = offer.frame.tried;
            search();
        }
        const std::lock_guard lock(shared_.mutex);
        shared_.found.transitions += transitions_;
        shared_.found.deepest = std::max(shared_.found.deepest, deepest_);
    }

  private:
    void push(const World& world) {
        // Frames are used again, so that a state is copied into memory that is there already.
        if (depth_ == stack_.size())
            stack_.push_back({world, {}, 0});
        else
            stack_[depth_].world = world;
        Frame& frame = stack_[depth_++];
        frame.tried = 0;
        frame.world.next(frame.actions);
        deepest_ = std::max<std::uint64_t>(deepest_, before_.size() + depth_ - 1);
    }

    void search() {
        while (depth_ > 0) {
            Frame& frame = stack_[depth_ - 1];
            if (frame.tried == frame.actions.size()) {
                --depth_;
                continue;
            }
            const Action action = frame.actions[frame.tried++];
            now_ = frame.world;
            if (++transitions_ % kBetweenLooks == 0 && !look_around()) return;
            const Broken broken = now_.take(action, scratch_);
            if (broken != Broken::nothing) {
                report(broken);
                return;
            }
            if (!shared_.visited.insert(now_.fingerprint())) continue;
            if (shared_.states.fetch_add(1, std::memory_order_relaxed) + 1 >=
                shared_.limits.states) {
                finish(Ending::bounded);
                return;
            }
            push(now_);
        }
    }

    void report(Broken broken) {
        const std::lock_guard lock(shared_.mutex);
        if (shared_.found.violation) return;
        Violation violation{broken, scratch_.failure, before_};
        for (std::size_t i = 0; i < depth_; ++i)
            violation.schedule.push_back(stack_[i].actions[stack_[i].tried - 1]);
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
            const std::lock_guard lock(shared_.mutex);
            if (shared_.offers.size() >= shared_.waiting) return;
            shared_.offers.push_back({frame, std::move(before)});
            frame.actions.resize(frame.tried);
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
    Scratch scratch_;
    World now_;
    std::deque<Frame> stack_;
    std::size_t depth_ = 0;
    Schedule before_;
    std::uint64_t transitions_ = 0;
    std::uint64_t deepest_ = 0;
};

}  // namespace

Found explore_all(const Space& space, const Limits& limits) {
    Shared shared{.space = space, .limits = limits};
    Frame first{World(space), {}, 0};
    first.world.next(first.actions);
    shared.visited.insert(first.world.fingerprint());
    shared.states = 1;
    shared.offers.push_back({std::move(first), {}});
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < limits.threads; ++i)
        threads.emplace_back([&shared] { Worker(shared).run(); });
    for (std::thread& thread : threads)
        thread.join();
    shared.found.states = shared.visited.size();
    shared.found.bytes = shared.visited.bytes();
    return shared.found;
}

std::optional<Violation> shortest(const Space& space, const Limits& limits, std::size_t most) {
    /// How each state was reached, by the number of the state before; 0 is the first.
    struct Reached {
        std::uint32_t from = 0;
        Action by;
    };
    struct Leaf {
        World world;
        std::uint32_t number = 0;
    };
    std::vector<Reached> reached(1);
    std::vector<Leaf> level{{World(space), 0}};
    std::vector<Leaf> following;
    std::vector<Action> actions;
    Visited visited;
    visited.insert(level.front().world.fingerprint());
    Scratch scratch;
    World now(space);
    const auto way_to = [&](std::uint32_t number, Action last) {
        Schedule schedule{last};
        for (; number != 0; number = reached[number].from)
            schedule.push_back(reached[number].by);
        std::reverse(schedule.begin(), schedule.end());
        return schedule;
    };
    for (std::size_t depth = 0; depth < most && !level.empty(); ++depth) {
        following.clear();
        for (const Leaf& leaf : level) {
            if (limits.interrupted && limits.interrupted()) return std::nullopt;
            leaf.world.next(actions);
            for (const Action& action : actions) {
                now = leaf.world;
                const Broken broken = now.take(action, scratch);
                if (broken != Broken::nothing)
                    return Violation{broken, scratch.failure, way_to(leaf.number, action)};
                if (!visited.insert(now.fingerprint())) continue;
                if (reached.size() >= limits.states) return std::nullopt;
                following.push_back({now, static_cast<std::uint32_t>(reached.size())});
                reached.push_back({leaf.number, action});
            }
        }
        std::swap(level, following);
    }
    return std::nullopt;
}

}  // namespace leasehold::explore
