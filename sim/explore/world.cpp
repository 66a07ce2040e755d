// Time, processes, and what is checked of them.
#include "sim/explore/world.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "model/base/check.hpp"

namespace leasehold::explore {

namespace {

using Stage = World::Exchange::Stage;
using Life = World::Life;

constexpr WallTime kEpoch{std::chrono::hours(24 * 365 * 50)};

}  // namespace

std::string_view broken_id(Broken broken) {
    switch (broken) {
        case Broken::nothing:
            return "";
        case Broken::at_most_one:
            return "leader.at-most-one";
        case Broken::term_increases:
            return "leader.term-increases";
        case Broken::taken_only_when_free:
            return "lease.taken-only-when-free";
        case Broken::changed_only_by_holder:
            return "lease.changed-only-by-holder";
        case Broken::eventually_one:
            return "leader.eventually-one";
        case Broken::stop_bounded:
            return "stop.bounded";
        case Broken::check:
            return "CHECK";
    }
    return "";
}

World::World(const Space& space)
    : space_(&space), faults_left_(space.most_faults), processes_(space.replicas) {
    if (!space.held) return;
    auto lease = std::make_shared<Lease>();
    lease->version = Version(++revision_);
    lease->uid = "u" + std::to_string(++uids_);
    LeaseRecord& record = lease->record;
    record.holder = "past";
    record.duration_seconds =
        static_cast<std::int32_t>(space.election.lease_duration / std::chrono::seconds(1));
    record.max_lease_seconds = record.duration_seconds;
    record.transitions = 1;
    record.acquire_time = record.renew_time = kEpoch - std::chrono::seconds(1);
    record.nonce = record.acquisition = 1;
    lease_ = std::move(lease);
}

std::string World::identity(std::uint8_t replica, unsigned incarnation) {
    return std::string(1, static_cast<char>('a' + replica)) + std::to_string(incarnation);
}

Now World::now_of(std::uint8_t replica) const {
    const bool last = replica + std::size_t{1} == processes_.size();
    return {processes_[replica].clock,
            kEpoch + ticks_ * space_->tick + (last ? space_->wall_offset : Duration{})};
}

std::string World::identity_of(std::uint8_t replica) const {
    return identity(replica, processes_[replica].incarnation);
}

std::string World::next_identity_of(std::uint8_t replica) const {
    return identity(replica, processes_[replica].incarnation + 1U);
}

// ---- time -------------------------------------------------------------------------------------

/// Must something happen to it before time goes on?
bool World::due(const Process& process) const {
    if (process.life == Life::awaited) return space_->start_together && process.incarnation == 0;
    if (process.life != Life::running || process.paused) return false;
    if (process.elector->next_deadline() <= process.clock) return true;
    if (process.exchange.stage != Stage::none && process.exchange.limit <= process.clock)
        return true;
    return !process.told.empty() && process.told.front().since < ticks_;
}

bool World::may_tick() const {
    if (space_->leases != 0 && ticks_ >= space_->last_tick()) return false;
    return std::none_of(processes_.begin(), processes_.end(),
                        [this](const Process& process) { return due(process); });
}

Broken World::tick() {
    ++ticks_;
    bool able = false;
    bool led = false;
    for (Process& process : processes_) {
        const std::int64_t drifted =
            space_->tick.count() / 1'000'000 * (process.drift * space_->drift_ppm());
        process.clock += space_->tick + Duration(drifted);
        process.shaped = false;
        if (process.life != Life::running) continue;
        able = able || (!process.paused && !process.stopping);
        led = led || process.elector->gate_open(process.clock);
        if (process.stopping && !process.paused && process.clock > process.stop_by + space_->tick)
            return Broken::stop_bounded;
    }
    leaderless_ = space_->most_leaderless == 0 || led || !able ? 0 : leaderless_ + 1;
    if (space_->most_leaderless != 0 && leaderless_ > space_->most_leaderless)
        return Broken::eventually_one;
    return Broken::nothing;
}

// ---- what can happen --------------------------------------------------------------------------

void World::next(std::vector<Action>& actions) const {
    actions.clear();
    for (std::uint8_t i = 0; i < processes_.size(); ++i) {
        next_of(i, actions);
        const Process& process = processes_[i];
        if (process.paused) continue;
        if (container_ended(process.watched))
            actions.push_back({.what = Happens::ended, .replica = i});
        if (container_ended(process.left)) actions.push_back({.what = Happens::late, .replica = i});
    }
    for (std::uint8_t i = 0; i < landing_.size(); ++i)
        if (landing_[i].verb == LeaseVerb::create ? !lease_ : can_land(landing_[i].body))
            actions.push_back({.what = Happens::land, .replica = i});
    if (faults_left_ > 0) next_faults(actions);
    if (may_tick()) actions.push_back({.what = Happens::tick});
}

void World::next_of(std::uint8_t replica, std::vector<Action>& actions) const {
    const Process& process = processes_[replica];
    const auto add = [&](Happens what) { actions.push_back({.what = what, .replica = replica}); };
    if (process.life == Life::awaited) add(Happens::start);
    if (process.life != Life::running) return;
    // The world goes on while a process stands still.
    const Exchange& exchange = process.exchange;
    if (exchange.stage == Stage::on_way) add(Happens::arrive);
    if (process.paused) {
        add(Happens::resume);
        return;
    }
    if (process.elector->next_deadline() <= process.clock) add(Happens::timer);
    if (exchange.stage == Stage::answered) add(Happens::answer);
    if (exchange.stage != Stage::none && exchange.reply.status != 0 &&
        exchange.limit < process.clock)
        add(Happens::give_up);
    if (!process.told.empty()) add(Happens::watch);
    if (space_->pods && !process.knows_itself) {
        add(Happens::own);
        if (process.incarnation > 1) add(Happens::own_old);
    }
    if (process.stopping && process.elector->leadership().draining) add(Happens::drained);
}

Broken World::take(const Action& action, Scratch& scratch) {
    const std::uint8_t replica = action.replica;
    scratch.noted = {};
    if (action.what != Happens::tick && action.what != Happens::land &&
        action.what != Happens::fault)
        processes_[replica].shaped = false;
    switch (action.what) {
        case Happens::tick:
            return tick();
        case Happens::start:
            return start(replica, scratch);
        case Happens::timer:
            return step(replica, Timer{}, scratch);
        case Happens::arrive:
            return arrive(replica, scratch);
        case Happens::answer:
            return answer(replica, scratch);
        case Happens::give_up:
            give_up(replica, true, scratch);
            return answer(replica, scratch);
        case Happens::watch:
            return watch(replica, scratch);
        case Happens::drained:
            return drained(replica, scratch);
        case Happens::resume:
            processes_[replica].paused = false;
            leaderless_ = 0;
            return Broken::nothing;
        case Happens::land:
            return land(replica, scratch);
        case Happens::own:
        case Happens::own_old:
            return read_own_pod(replica, action.what == Happens::own_old, scratch);
        case Happens::ended:
            return told_of_end(replica, std::exchange(processes_[replica].watched, {}), scratch);
        case Happens::late:
            return told_of_end(replica, std::exchange(processes_[replica].left, {}), scratch);
        case Happens::fault:
            return strike(action, scratch);
    }
    return Broken::nothing;
}

// ---- processes --------------------------------------------------------------------------------

Broken World::start(std::uint8_t replica, Scratch& scratch) {
    Process& process = processes_[replica];
    ++process.incarnation;
    process.life = Life::running;
    process.started_before = process.started;
    process.started = now_of(replica).wall;
    process.knows_itself = false;
    process.paused = process.stopping = process.watching = process.watch_silent = false;
    process.stop_by = kNever;
    ElectorConfig config = space_->election;
    config.identity = identity_of(replica);
    config.seed = process.incarnation;
    process.elector.emplace(config);
    leaderless_ = 0;
    return step(replica, Start{}, scratch);
}

/// The process is no more. What it has sent goes its way.
void World::end(std::uint8_t replica, EndCause cause, bool again, Scratch& scratch) {
    Process& process = processes_[replica];
    give_up(replica, true, scratch);
    process.exchange = Exchange{};
    process.told.clear();
    process.watching = process.watch_silent = process.paused = process.stopping = false;
    process.elector.reset();
    process.watched.clear();
    process.left.clear();
    process.ended_before = now_of(replica).wall;
    process.life = again ? Life::awaited : Life::gone;
    process.shaped = false;
    if (scratch.witness) scratch.witness->ended(replica, cause);
}

Broken World::step(std::uint8_t replica, const Event& event, Scratch& scratch) {
    Process& process = processes_[replica];
    process.shaped = false;
    scratch.effects.clear();
    try {
        process.elector->step(now_of(replica), event, scratch.effects);
    } catch (const CheckFailure& failure) {
        scratch.failure = failure.what();
        return Broken::check;
    }
    if (scratch.witness) scratch.witness->stepped(replica, now_of(replica), event, scratch.effects);
    return perform(replica, scratch);
}

Broken World::drained(std::uint8_t replica, Scratch& scratch) {
    scratch.effects.clear();
    try {
        processes_[replica].elector->drained(now_of(replica), scratch.effects);
    } catch (const CheckFailure& failure) {
        scratch.failure = failure.what();
        return Broken::check;
    }
    if (scratch.witness)
        scratch.witness->stepped(replica, now_of(replica), Timer{}, scratch.effects);
    return perform(replica, scratch);
}

Broken World::perform(std::uint8_t replica, Scratch& scratch) {
    Process& process = processes_[replica];
    bool stopped = false;
    for (const Effect& effect : scratch.effects) {
        if (const auto* send = std::get_if<SendLease>(&effect)) {
            // Whatever was in flight matters to its sender no more (a GET that made way for a
            // write); a write would go on by itself.
            give_up(replica, true, scratch);
            process.exchange = {.stage = Stage::on_way,
                                .verb = send->verb,
                                .id = send->request,
                                .body = send->lease,
                                .reply = {},
                                .limit = process.clock + send->timeout};
            if (send->verb == LeaseVerb::update) {
                scratch.noted.put_over = send->lease->version;
                scratch.noted.put_lands = can_land(send->lease);
            }
        } else if (const auto* opened = std::get_if<WatchLease>(&effect)) {
            open_watch(process, opened->watch, opened->from);
        } else if (std::holds_alternative<StopWatch>(effect)) {
            process.watching = false;
            process.told.clear();
        } else if (const auto* watch = std::get_if<WatchHolder>(&effect)) {
            process.watched = watch->container->id;
        } else if (std::holds_alternative<StopHolderWatch>(effect)) {
            // A word that is on its way already may come for all that.
            if (!process.watched.empty()) process.left = std::exchange(process.watched, {});
        } else if (const auto* role = std::get_if<RoleChanged>(&effect)) {
            if (role->role != Role::leader) continue;
            scratch.noted.term = Version(role->term.value());
            if (role->term.value() <= last_term_) return Broken::term_increases;
            last_term_ = role->term.value();
        } else if (std::holds_alternative<Stopped>(effect)) {
            stopped = true;
        }
    }
    const Broken broken = judge_gates(replica, scratch);
    if (stopped) end(replica, EndCause::stopped, false, scratch);
    return broken;
}

/// Gates close by time, so two are open only after one has opened or was extended.
Broken World::judge_gates(std::uint8_t replica, Scratch& scratch) const {
    scratch.noted.gate_open = processes_[replica].elector->gate_open(processes_[replica].clock);
    if (!scratch.noted.gate_open) return Broken::nothing;
    return other_gate_open(identity_of(replica)) ? Broken::at_most_one : Broken::nothing;
}

/// A process that stands still may still act on a gate that is open.
bool World::other_gate_open(const std::string& identity) const {
    for (std::uint8_t i = 0; i < processes_.size(); ++i) {
        const Process& other = processes_[i];
        if (other.life == Life::running && other.elector->gate_open(other.clock) &&
            identity_of(i) != identity)
            return true;
    }
    return false;
}

// ---- the canonical form -----------------------------------------------------------------------

void World::shape_of(std::uint8_t replica) {
    Process& process = processes_[replica];
    FormOf form(process.shape, now_of(replica));
    form.value(static_cast<std::int64_t>(process.life) + (process.paused ? 4 : 0) +
               (process.stopping ? 8 : 0) + (process.watching ? 16 : 0) +
               (process.watch_silent ? 32 : 0) +
               (space_->start_together && process.incarnation == 0 ? 64 : 0));
    form.value(process.drift);
    // Whose wall clock it is does not change.
    if (space_->wall_offset != Duration{}) form.value(replica);
    process.shaped = true;
    if (process.life != Life::running) return;
    process.elector->visit(form);
    form.until(process.stop_by);
    if (space_->pods) {
        form.value((process.knows_itself ? 1 : 0) + (process.incarnation > 1 ? 2 : 0));
        form.name(identity_of(replica));
        form.name(process.watched);
        form.name(process.left);
    }
    if (process.watching) form.id(2 * process.watch.value());
    const Exchange& exchange = process.exchange;
    form.value(static_cast<std::int64_t>(exchange.stage));
    if (exchange.stage != Stage::none) {
        form.value(static_cast<std::int64_t>(exchange.verb));
        form.id(exchange.id.value());
        // A PUT over another version than the present one is refused, whatever it says.
        if (exchange.body && (exchange.verb == LeaseVerb::create || can_land(exchange.body)))
            form.lease(exchange.body);
        form.value(exchange.reply.status);
        form.lease(exchange.reply.lease);
        form.since(exchange.limit, Duration(0));
    }
    form.value(static_cast<std::int64_t>(process.missed.size()) + (process.missed_many ? 8 : 0));
    for (const Told& missed : process.missed) {
        form.version(missed.version);
        form.lease(missed.lease);
    }
    for (const Told& told : process.told) {
        form.value(static_cast<std::int64_t>(told.kind) + (told.since < ticks_ ? 8 : 0));
        form.version(told.version);
        form.lease(told.lease);
    }
}

const Shape& World::process_shape(std::uint8_t replica) {
    if (!processes_[replica].shaped) shape_of(replica);
    return processes_[replica].shape;
}

Shape World::lease_shape() const {
    Shape shape;
    {
        FormOf form(shape, {Instant{}, WallTime{}});
        form.lease(lease_);
        form.lease(released_);
    }
    return shape;
}

Shape World::landing_shape(std::uint8_t index) const {
    Shape shape;
    {
        FormOf form(shape, {Instant{}, WallTime{}});
        const Landing& landing = landing_[index];
        form.value(static_cast<std::int64_t>(landing.verb));
        form.lease(landing.body);
        form.name(landing.identity);
    }
    return shape;
}

bool World::knows_name(std::uint64_t name) {
    const auto knows = [name](const Shape& shape) {
        for (std::size_t i = 0; i < shape.names.size(); ++i)
            if (shape.names[i] == name) return true;
        return false;
    };
    for (std::uint8_t i = 0; i < processes_.size(); ++i)
        if (knows(process_shape(i))) return true;
    for (std::uint8_t i = 0; i < landing_.size(); ++i)
        if (knows(landing_shape(i))) return true;
    return knows(lease_shape());
}

}  // namespace leasehold::explore
