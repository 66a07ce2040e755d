// The Lease's server as a small world has it: requests, watches, and whose writes they are.
#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "model/check/lease_rules.hpp"
#include "sim/explore/world.hpp"
#include "sim/world/lease_rules.hpp"

namespace leasehold::explore {

namespace {

/// What a connection that is open, and not read from, holds before the server closes it.
constexpr std::size_t kToldAtMost = 4;
/// Changes that a watch may begin behind the present.
constexpr std::size_t kChangesKept = 4;

}  // namespace

// ---- requests ---------------------------------------------------------------------------------

Broken World::arrive(std::uint8_t replica, Scratch& scratch) {
    Exchange& exchange = processes_[replica].exchange;
    exchange.stage = Exchange::Stage::answered;
    const LeasePtr body = std::move(exchange.body);
    exchange.body = nullptr;
    LeaseReply reply;
    const Broken broken = apply(exchange.verb, body, identity_of(replica), replica, reply, scratch);
    processes_[replica].exchange.reply = std::move(reply);
    return broken;
}

Broken World::answer(std::uint8_t replica, Scratch& scratch) {
    Exchange exchange;
    std::swap(exchange, processes_[replica].exchange);
    const LeasePtr shown = exchange.reply.lease;
    const Broken broken =
        step(replica, LeaseAnswered{exchange.id, std::move(exchange.reply)}, scratch);
    // A watch begins where an answer was read, or never asks for what came between.
    processes_[replica].missed.clear();
    processes_[replica].missed_many = false;
    return broken == Broken::nothing ? judge_shown(replica, shown, scratch) : broken;
}

/// The sender hears no more of its request. A write that has not arrived may still do.
void World::give_up(std::uint8_t replica, bool may_land, Scratch& scratch) {
    Exchange& exchange = processes_[replica].exchange;
    if (exchange.stage == Exchange::Stage::none) return;
    processes_[replica].missed.clear();
    processes_[replica].missed_many = false;
    if (may_land && exchange.stage == Exchange::Stage::on_way && exchange.verb != LeaseVerb::get) {
        const std::size_t before = landing_.size();
        landing_.push_back({exchange.verb, exchange.body, identity_of(replica), replica});
        forget_landing();
        scratch.noted.left_behind = landing_.size() > before;
        scratch.noted.dropped_create =
            exchange.verb == LeaseVerb::create && !scratch.noted.left_behind;
    }
    exchange.stage = Exchange::Stage::answered;
    exchange.body = nullptr;
    exchange.reply = LeaseReply{};
}

/// A PUT is applied over the version that it names alone, and versions never come back.
bool World::can_land(const LeasePtr& put) const {
    return lease_ && put->version == lease_->version && put->uid == lease_->uid;
}

/// Writes that nobody waits for, and that can be applied no more.
void World::forget_landing() {
    const bool may_go = space_->lease_may_go(faults_left_);
    std::erase_if(landing_, [&](const Landing& landing) {
        return landing.verb == LeaseVerb::create ? lease_ && !may_go : !can_land(landing.body);
    });
}

Broken World::land(std::uint8_t index, Scratch& scratch) {
    const Landing landing = landing_[index];
    landing_.erase(landing_.begin() + index);
    LeaseReply nobody_reads;
    leaderless_ = 0;
    return apply(landing.verb, landing.body, landing.identity, landing.writer, nobody_reads,
                 scratch);
}

Broken World::apply(LeaseVerb verb, const LeasePtr& body, const std::string& identity,
                    std::uint8_t writer, LeaseReply& reply, Scratch& scratch) {
    sim::LeaseRuling ruling = sim::rule(lease_, verb, body);
    reply = std::move(ruling.reply);
    if (!ruling.write) return Broken::nothing;
    if (ruling.creates) ruling.write->uid = next_uid();
    const Broken broken =
        lease_ ? judge_write(*lease_, *ruling.write, identity, scratch) : Broken::nothing;
    commit(std::move(ruling.write), writer, scratch);
    reply.lease = lease_;
    return broken;
}

/// The same questions as in model/check/lease_rules.cpp, for one write.
Broken World::judge_write(const Lease& before, const Lease& after, const std::string& identity,
                          Scratch& scratch) const {
    scratch.noted.takes = check::takes(before.record, after.record);
    if (scratch.noted.takes)
        return other_gate_open(identity) ? Broken::taken_only_when_free : Broken::nothing;
    // It renews or releases, which only the holder may.
    return before.record.holder == identity ? Broken::nothing : Broken::changed_only_by_holder;
}

std::string World::next_uid() {
    return "u" + std::to_string(++uids_);
}

void World::commit(std::shared_ptr<Lease> after, int writer, Scratch& scratch) {
    const LeasePtr before = std::move(lease_);
    const Version version(++revision_);
    if (after) after->version = version;
    lease_ = std::move(after);
    scratch.noted.commits = true;
    if (faults_left_ > 0 && space_->faults.has(Fault::release_replayed) && lease_ &&
        lease_->record.holder.empty() && lease_->record.released != 0)
        released_ = lease_;
    if (scratch.witness) scratch.witness->committed(writer, before, lease_);
    const Told told{.kind = lease_ ? WatchKind::seen : WatchKind::deleted,
                    .version = version,
                    .lease = lease_,
                    .since = ticks_};
    for (Process& process : processes_) {
        // What a PUT on its way can still do has changed.
        if (process.exchange.stage == Exchange::Stage::on_way) process.shaped = false;
        if (process.watching && !process.watch_silent) tell(process, told);
        if (process.exchange.stage != Exchange::Stage::answered || !process.exchange.reply.lease)
            continue;
        process.shaped = false;
        if (process.missed.size() < kChangesKept)
            process.missed.push_back(told);
        else
            process.missed_many = true;
    }
    forget_landing();
}

// ---- watches ----------------------------------------------------------------------------------

void World::tell(Process& process, Told told) {
    process.shaped = false;
    if (process.told.size() < kToldAtMost) {
        process.told.push_back(std::move(told));
        return;
    }
    // A real server closes a connection that is not read from.
    process.told.clear();
    process.told.push_back({.kind = WatchKind::ended, .version = {}, .lease = {}, .since = ticks_});
    process.watch_silent = true;
}

void World::open_watch(Process& process, WatchId id, Version from) {
    process.watching = true;
    process.watch_silent = false;
    process.watch = id;
    process.told.clear();
    if (process.missed_many) {
        tell(process, {.kind = WatchKind::ended, .version = {}, .lease = {}, .since = ticks_});
        process.watch_silent = true;
        return;
    }
    for (Told told : process.missed) {
        told.since = ticks_;
        if (told.version > from) tell(process, std::move(told));
    }
}

Broken World::watch(std::uint8_t replica, Scratch& scratch) {
    Process& process = processes_[replica];
    const Told told = std::move(process.told.front());
    process.told.erase(process.told.begin());
    const Broken broken = step(replica,
                               LeaseWatched{.watch = process.watch,
                                            .kind = told.kind,
                                            .version = told.version,
                                            .lease = told.lease},
                               scratch);
    return broken == Broken::nothing ? judge_shown(replica, told.lease, scratch) : broken;
}

/// What a PUT on its way can do, or a watch tells, or an answer does not: a change concerns it.
bool World::heeds(const Process& process) const {
    if (process.life != Life::running) return false;
    const Exchange& exchange = process.exchange;
    return (process.watching && !process.watch_silent) ||
           (exchange.stage == Exchange::Stage::on_way && exchange.verb == LeaseVerb::update &&
            can_land(exchange.body)) ||
           (exchange.stage == Exchange::Stage::answered && exchange.reply.lease);
}

/// A stranger whose record is the present one leads by the Lease, so whoever was shown it may not.
Broken World::judge_shown(std::uint8_t replica, const LeasePtr& shown, Scratch& scratch) const {
    const Process& process = processes_[replica];
    if (!shown || shown->record.holder != kStranger || process.life != Life::running)
        return Broken::nothing;
    scratch.noted.stranger = shown->version;
    if (!lease_ || shown->version != lease_->version) return Broken::nothing;
    return process.elector->gate_open(process.clock) ? Broken::at_most_one : Broken::nothing;
}

}  // namespace leasehold::explore
