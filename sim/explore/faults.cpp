// What may go wrong in a small world, and what it then does.
#include <array>
#include <utility>

#include "sim/explore/world.hpp"
#include "sim/world/lease_rules.hpp"

namespace leasehold::explore {

namespace {

using Stage = World::Exchange::Stage;
using Life = World::Life;

struct Named {
    std::string_view name;
    std::string_view meaning;
};
constexpr std::array<Named, kFaultKinds> kNames{{
    {"request-lost", "a request never reaches the server, and its sender is told nothing"},
    {"answer-lost", "a write is applied, and its sender is told nothing"},
    {"applied-late", "a write is given up by its sender, and applied at any instant after"},
    {"crash", "a process ends"},
    {"restart", "a process ends, and another one begins at any instant after, or never"},
    {"pause", "a process stands still while its clock runs, for any time"},
    {"watch-silent", "a watch is half open: it tells nothing any more"},
    {"api-restart", "every exchange and every watch breaks"},
    {"clock-slow", "a process's clock runs slow by the bound on drift, from then on"},
    {"clock-fast", "a process's clock runs fast by the bound on drift, from then on"},
    {"stop", "a process is told to stop within one lease"},
    {"lease-deleted", "an operator deletes the Lease"},
    {"lease-recreated", "an operator deletes the Lease and makes it anew without a holder"},
    {"holder-cleared", "an operator empties the holder"},
    {"holder-stolen", "an operator writes a stranger as the holder"},
    {"duration-shortened", "an operator sets leaseDurationSeconds to 1"},
    {"duration-damaged", "an operator sets leaseDurationSeconds to a minute"},
    {"lease-labelled", "an operator edits other metadata"},
    {"release-replayed", "an operator applies a backup: the newest release record"},
}};

constexpr std::array<std::pair<Fault, sim::LeaseEdit>, 6> kEdits{{
    {Fault::holder_cleared, sim::LeaseEdit::clear_holder},
    {Fault::holder_stolen, sim::LeaseEdit::steal_holder},
    {Fault::duration_shortened, sim::LeaseEdit::shorten_duration},
    {Fault::duration_damaged, sim::LeaseEdit::lengthen_duration},
    {Fault::lease_labelled, sim::LeaseEdit::label},
    {Fault::release_replayed, sim::LeaseEdit::replay_release},
}};

bool can_strike(const World::Process& process, Fault fault) {
    if (process.life != Life::running)
        return fault == Fault::crash && process.life == Life::awaited;
    const World::Exchange& exchange = process.exchange;
    const bool on_way = exchange.stage == Stage::on_way;
    const bool write = exchange.verb != LeaseVerb::get;
    switch (fault) {
        case Fault::request_lost:
            return on_way;
        case Fault::applied_late:
            return on_way && write;
        case Fault::answer_lost:
            // A lost answer to a GET is a lost GET.
            return exchange.stage == Stage::answered && write && exchange.reply.status != 0;
        case Fault::crash:
        case Fault::restart:
            return true;
        case Fault::pause:
            return !process.paused;
        case Fault::watch_silent:
            return process.watching && !process.watch_silent;
        case Fault::clock_slow:
        case Fault::clock_fast:
            return process.drift == 0;
        case Fault::stop:
            return !process.stopping && !process.paused;
        default:
            return false;
    }
}

}  // namespace

std::string_view fault_name(Fault fault) {
    return kNames.at(static_cast<std::size_t>(fault)).name;
}

std::string_view fault_meaning(Fault fault) {
    return kNames.at(static_cast<std::size_t>(fault)).meaning;
}

void World::next_faults(std::vector<Action>& actions) const {
    for (std::size_t kind = 0; kind < kFaultKinds; ++kind) {
        const auto fault = static_cast<Fault>(kind);
        if (!space_->faults.has(fault)) continue;
        const auto add = [&](std::uint8_t replica) {
            actions.push_back({.what = Happens::fault, .replica = replica, .fault = fault});
        };
        if (concerns_one(fault)) {
            for (std::uint8_t i = 0; i < processes_.size(); ++i)
                if (can_strike(processes_[i], fault)) add(i);
        } else if (fault == Fault::api_restart) {
            add(0);
        } else if (lease_ && (fault != Fault::release_replayed || released_)) {
            add(0);
        }
    }
}

void World::faults_of(std::uint8_t replica, std::vector<Fault>& faults) const {
    faults.clear();
    for (std::size_t kind = 0; kind < kFaultKinds; ++kind) {
        const auto fault = static_cast<Fault>(kind);
        if (space_->faults.has(fault) && concerns_one(fault) &&
            can_strike(processes_[replica], fault))
            faults.push_back(fault);
    }
}

Broken World::strike(const Action& action, Scratch& scratch) {
    --faults_left_;
    // What can no more be replayed, or be applied to no Lease, is forgotten.
    if (faults_left_ == 0 && action.fault != Fault::release_replayed) released_ = nullptr;
    forget_landing();
    const Fault fault = action.fault;
    // A label makes nobody wait anew.
    if (fault != Fault::lease_labelled) leaderless_ = 0;
    if (!concerns_one(fault) && fault != Fault::api_restart) return edit(fault, scratch);
    Process& process = processes_[action.replica];
    process.shaped = false;
    switch (fault) {
        case Fault::request_lost:
        case Fault::answer_lost:
            give_up(action.replica, false, scratch);
            break;
        case Fault::applied_late:
            give_up(action.replica, true, scratch);
            break;
        case Fault::crash:
        case Fault::restart:
            end(action.replica, EndCause::crashed, fault == Fault::restart, scratch);
            break;
        case Fault::pause:
            process.paused = true;
            break;
        case Fault::watch_silent:
            process.watch_silent = true;
            process.told.clear();
            break;
        case Fault::api_restart:
            break_connections(scratch);
            break;
        case Fault::clock_slow:
            process.drift = -1;
            break;
        case Fault::clock_fast:
            process.drift = 1;
            break;
        case Fault::stop:
            process.stopping = true;
            process.stop_by = process.clock + space_->election.lease_duration;
            return step(action.replica, Stop{process.stop_by}, scratch);
        default:
            break;
    }
    return Broken::nothing;
}

void World::break_connections(Scratch& scratch) {
    for (std::uint8_t i = 0; i < processes_.size(); ++i) {
        Process& process = processes_[i];
        if (process.life != Life::running) continue;
        process.shaped = false;
        give_up(i, false, scratch);
        if (!process.watching) continue;
        process.told.clear();
        process.told.push_back(
            {.kind = WatchKind::ended, .version = {}, .lease = {}, .since = ticks_});
        process.watch_silent = true;
    }
}

/// What an operator does is nobody's write, and may be anything.
Broken World::edit(Fault fault, Scratch& scratch) {
    if (fault == Fault::lease_deleted || fault == Fault::lease_recreated) {
        commit(nullptr, kNoWriter, scratch);
        if (fault == Fault::lease_deleted) return Broken::nothing;
        auto fresh = std::make_shared<Lease>();
        fresh->uid = next_uid();
        commit(std::move(fresh), kNoWriter, scratch);
        return Broken::nothing;
    }
    for (const auto& [kind, edit] : kEdits)
        if (kind == fault)
            if (auto after = sim::edited(*lease_, edit, released_))
                commit(std::move(after), kNoWriter, scratch);
    if (faults_left_ == 0) released_ = nullptr;
    return Broken::nothing;
}

}  // namespace leasehold::explore
