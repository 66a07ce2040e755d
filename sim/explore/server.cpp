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
/// Whom an operator writes as the holder (sim/world/lease_rules).
constexpr std::string_view kStranger = "operator";

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
    forget_changes();
    return broken == Broken::nothing ? judge_shown(replica, shown) : broken;
}

/// The sender hears no more of its request. A write that has not arrived may still do.
void World::give_up(std::uint8_t replica, bool may_land) {
    Exchange& exchange = processes_[replica].exchange;
    if (may_land && exchange.stage == Exchange::Stage::on_way && exchange.verb != LeaseVerb::get)
        landing_.push_back({exchange.verb, exchange.body, identity_of(replica), replica});
    if (exchange.stage == Exchange::Stage::none) return;
    forget_landing();
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
    const bool may_go = faults_left_ > 0 && (space_->faults.has(Fault::lease_deleted) ||
                                             space_->faults.has(Fault::lease_recreated));
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
        lease_ ? judge_write(*lease_, *ruling.write, identity, writer) : Broken::nothing;
    commit(std::move(ruling.write), writer, scratch);
    reply.lease = lease_;
    return broken;
}

/// The same questions as in model/check/lease_rules.cpp, for one write.
Broken World::judge_write(const Lease& before, const Lease& after, const std::string& identity,
                          std::uint8_t writer) const {
    if (check::takes(before.record, after.record))
        return other_gate_open(writer) ? Broken::taken_only_when_free : Broken::nothing;
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
    if (space_->faults.has(Fault::release_replayed) && lease_ && lease_->record.holder.empty() &&
        lease_->record.released != 0)
        released_ = lease_;
    if (scratch.witness) scratch.witness->committed(writer, before, lease_);
    changes_.push_back({version, lease_});
    forget_changes();
    for (Process& process : processes_) {
        // What a PUT on its way can still do has changed.
        if (process.exchange.stage == Exchange::Stage::on_way) process.shaped = false;
        if (process.watching && !process.watch_silent)
            tell(process, {.kind = lease_ ? WatchKind::seen : WatchKind::deleted,
                           .version = version,
                           .lease = lease_,
                           .since = ticks_});
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
    if (from < compacted_) {
        tell(process, {.kind = WatchKind::ended, .version = {}, .lease = {}, .since = ticks_});
        process.watch_silent = true;
        return;
    }
    for (const Change& change : changes_)
        if (change.version > from)
            tell(process, {.kind = change.lease ? WatchKind::seen : WatchKind::deleted,
                           .version = change.version,
                           .lease = change.lease,
                           .since = ticks_});
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
    return broken == Broken::nothing ? judge_shown(replica, told.lease) : broken;
}

/// A stranger whose record is the present one leads by the Lease, so whoever was shown it may not.
Broken World::judge_shown(std::uint8_t replica, const LeasePtr& shown) const {
    const Process& process = processes_[replica];
    const bool strangers =
        shown && lease_ && shown->version == lease_->version && shown->record.holder == kStranger;
    if (!strangers || process.life != Life::running) return Broken::nothing;
    return process.elector->gate_open(process.clock) ? Broken::at_most_one : Broken::nothing;
}

/// A watch begins where an answer was read, so older changes than the oldest answer on its way are
/// asked for by nobody.
void World::forget_changes() {
    Version oldest(revision_);
    for (const Process& process : processes_)
        if (process.exchange.stage == Exchange::Stage::answered && process.exchange.reply.lease)
            oldest = std::min(oldest, process.exchange.reply.lease->version);
    std::erase_if(changes_, [&](const Change& change) { return change.version <= oldest; });
    if (changes_.empty()) compacted_ = Version{};
    if (changes_.size() > kChangesKept) {
        compacted_ = changes_.front().version;
        changes_.erase(changes_.begin());
    }
}

}  // namespace leasehold::explore
