// Random faults by family, their spans scaled to the election's: what is far shorter or longer than
// a lease shows little.
#include <algorithm>
#include <string>
#include <utility>

#include "sim/search/space.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;
using sim::Fault;
using sim::FaultKind;
using sim::RequestKind;
using sim::Scenario;
using sim::Target;
using sim::TargetKind;
using sim::TriggerKind;

class FaultDraw {
  public:
    FaultDraw(const Scenario& scenario, Random& random)
        : scenario_(scenario), random_(random), dice_(random) {}

    std::optional<Fault> draw(Family family) {
        if (!can_have(scenario_, family)) return std::nullopt;
        fault_.trigger = draw_trigger(scenario_, random_);
        // Two things that befall one replica at one moment: it dies, and its disk fails.
        if (!scenario_.faults.empty() && dice_.chance(1, 4)) at_once_with(scenario_.faults.back());
        of(family);
        again_and_again();
        return std::move(fault_);
    }

  private:
    [[nodiscard]] Duration lease() const { return scenario_.election.lease_duration; }

    /// From moments over a part of a lease to three leases, more often short.
    Duration span() {
        switch (dice_.number(0, 5)) {
            case 0:
                return dice_.span(50ms, 2s, 50ms);
            case 1:
            case 2:
                return dice_.span(1s, lease(), 100ms);
            case 3:
                // About the lease's end, where its arithmetic shows.
                return std::max(lease() + dice_.span(-2s, 2s, 100ms), Duration(1s));
            default:
                return dice_.span(lease(), 3 * lease(), 500ms);
        }
    }

    Target target() {
        if (as_before_) return *as_before_;
        return draw_target(scenario_, random_);
    }

    RequestKind lease_request() { return draw_lease_request(random_); }
    RequestKind bucket_request() { return draw_bucket_request(random_); }

    void at_once_with(const Fault& before);
    void again_and_again();
    void of(Family family);
    void of_the_servers(Family family);
    void request(RequestKind kind);
    void crash();
    void network();
    void lease_operator();
    void objects();
    void files();
    void pods();
    void upgrade();

    const Scenario& scenario_;
    Random& random_;
    Dice dice_;
    Fault fault_;
    std::optional<Target> as_before_;
};

void FaultDraw::at_once_with(const Fault& before) {
    fault_.trigger = before.trigger;
    static constexpr Duration kLater[]{0ms, 0ms, 50ms, 250ms, 1s, 2s};
    if (before.trigger.kind == TriggerKind::at) {
        const Duration latest = scenario_.duration - 1s;
        fault_.trigger.at = std::min(before.trigger.at + dice_.pick(kLater), latest);
        fault_.trigger.at_most = fault_.trigger.at;
    }
    if (meets_replicas(before.kind) && dice_.chance(3, 4)) as_before_ = before.target;
}

/// What somebody's tool does each second, and what each request of a span meets. Not so what ends
/// a process or a leadership each time: nothing else would happen.
void FaultDraw::again_and_again() {
    static constexpr FaultKind kOften[]{FaultKind::edit_lease,   FaultKind::damage_answer,
                                        FaultKind::answer_error, FaultKind::lose_answer,
                                        FaultKind::drop_request, FaultKind::apply_late,
                                        FaultKind::fail_files,   FaultKind::edit_pod,
                                        FaultKind::break_watch,  FaultKind::step_wall_clock};
    if (std::ranges::count(kOften, fault_.kind) == 0) return;
    // Labels are what tools write each second.
    const bool label = fault_.kind == FaultKind::edit_lease && fault_.edit == sim::LeaseEdit::label;
    if (!dice_.chance(label ? 4 : 1, 6)) return;
    // Its deletion is no edit: each costs everybody a GET.
    if (fault_.kind == FaultKind::edit_lease && fault_.edit == sim::LeaseEdit::recreate_empty)
        return;
    sim::Trigger& trigger = fault_.trigger;
    if (trigger.kind == TriggerKind::at) {
        trigger.kind = TriggerKind::every;
        trigger.until =
            std::min(trigger.at + dice_.span(5s, 120s, 1s), scenario_.duration * 9 / 10);
        trigger.until = std::max(trigger.until, trigger.at);
    }
    if (trigger.kind == TriggerKind::every)
        trigger.every = dice_.span(label ? Duration(500ms) : Duration(2s), 5s, 500ms);
}

void FaultDraw::crash() {
    fault_.kind = FaultKind::crash;
    fault_.target = target();
    // A container starts again at once, a machine after minutes.
    if (!dice_.chance(1, 8))
        fault_.lasts =
            dice_.chance(1, 4) ? dice_.span(50ms, 1s, 50ms) : dice_.span(500ms, 40s, 500ms);
    const std::uint64_t disk = dice_.number(0, 7);
    if (disk == 0) fault_.disk = sim::Disk::lose;
    if (disk == 1) {
        fault_.disk = sim::Disk::roll_back;
        fault_.age = dice_.span(5s, 60s, 5s);
    }
    upgrade();
}

/// Who starts again may do so under the group's other configuration.
void FaultDraw::upgrade() {
    if (scenario_.upgrade) fault_.upgrade = dice_.chance(1, 2);
}

void FaultDraw::network() {
    fault_.target = target();
    fault_.lasts = span();
    if (!scenario_.stores() || dice_.chance(1, 2)) fault_.bucket = false;
    if (fault_.bucket && scenario_.stores() && dice_.chance(1, 3)) fault_.api = false;
    if (dice_.chance(1, 4)) {
        fault_.kind = FaultKind::delay;
        fault_.by = dice_.span(10ms, 4s, 10ms);
        return;
    }
    fault_.kind = FaultKind::cut;
    static constexpr sim::Direction kDirections[]{sim::Direction::both, sim::Direction::both,
                                                  sim::Direction::send, sim::Direction::receive};
    fault_.direction = dice_.pick(kDirections);
}

void FaultDraw::request(RequestKind kind) {
    const bool writes = kind == RequestKind::update_lease || kind == RequestKind::create_lease ||
                        kind == RequestKind::put_object || kind == RequestKind::remove_object;
    fault_.target = target();
    fault_.requests = {kind};
    if (dice_.chance(1, 3))
        // Some for longer than anybody stays a leader who gets nothing done.
        fault_.lasts = dice_.chance(1, 3) ? dice_.span(30s, 5min, 1s) : dice_.span(1s, 30s, 500ms);
    else
        fault_.times = static_cast<std::uint32_t>(dice_.number(1, 4));
    switch (dice_.number(0, writes ? 3 : 2)) {
        case 0:
            fault_.kind = FaultKind::drop_request;
            return;
        case 1:
            fault_.kind = FaultKind::lose_answer;
            return;
        case 2: {
            fault_.kind = FaultKind::answer_error;
            static constexpr std::int32_t kStatuses[]{500, 503, 503, 429, 429, 403, 404,
                                                      408, 408, 409, 412, 412, 501};
            fault_.status = dice_.pick(kStatuses);
            if (fault_.status == 429 || fault_.status == 503)
                fault_.retry_after = dice_.chance(1, 2) ? Duration(10min) : dice_.span(0s, 20s, 1s);
            // Only of what may mean anything can one say that it was applied all the same.
            if (writes && (fault_.status >= 500 || fault_.status == 408) && dice_.chance(1, 2))
                fault_.applied = true;
            return;
        }
        default:
            fault_.kind = FaultKind::apply_late;
            // A store applies nothing that is older than it was told to expect.
            fault_.by = dice_.span(500ms,
                                   std::min<Duration>(kind == RequestKind::put_object ||
                                                              kind == RequestKind::remove_object
                                                          ? scenario_.storage.largest_request_age
                                                          : 2 * lease(),
                                                      60s),
                                   500ms);
    }
}

void FaultDraw::lease_operator() {
    if (dice_.chance(1, 3)) {
        fault_.kind = FaultKind::delete_lease;
        return;
    }
    fault_.kind = FaultKind::edit_lease;
    static constexpr sim::LeaseEdit kEdits[]{
        sim::LeaseEdit::clear_holder,   sim::LeaseEdit::steal_holder,
        sim::LeaseEdit::label,          sim::LeaseEdit::shorten_duration,
        sim::LeaseEdit::replay_release, sim::LeaseEdit::recreate_empty,
        sim::LeaseEdit::renew_holder,   sim::LeaseEdit::lengthen_duration};
    fault_.edit = dice_.pick(kEdits);
}

void FaultDraw::objects() {
    fault_.kind = FaultKind::damage_object;
    static constexpr sim::ObjectChoice kChoices[]{sim::ObjectChoice::newest,
                                                  sim::ObjectChoice::newest,
                                                  sim::ObjectChoice::epoch, sim::ObjectChoice::all};
    fault_.objects = dice_.pick(kChoices);
    static constexpr sim::ObjectDamage kDamages[]{
        sim::ObjectDamage::truncated, sim::ObjectDamage::corrupt, sim::ObjectDamage::removed,
        sim::ObjectDamage::archived, sim::ObjectDamage::foreign};
    fault_.object_damage = dice_.pick(kDamages);
    if (fault_.object_damage == sim::ObjectDamage::archived) fault_.lasts = span();
}

void FaultDraw::files() {
    fault_.kind = FaultKind::fail_files;
    fault_.target = target();
    static constexpr FileVerb kVerbs[]{FileVerb::load,  FileVerb::store,  FileVerb::store,
                                       FileVerb::retag, FileVerb::remove, FileVerb::list};
    fault_.file_verbs = {dice_.pick(kVerbs)};
    if (const FileVerb other = dice_.pick(kVerbs);
        other != fault_.file_verbs.front() && dice_.chance(1, 4))
        fault_.file_verbs.push_back(other);
    if (fault_.file_verbs == std::vector{FileVerb::load} && dice_.chance(1, 2))
        fault_.file_status = FileStatus::corrupt;
    else if (dice_.chance(1, 2))
        fault_.file_status = FileStatus::no_space;
    // A full disk is full for a while, and may be so from the start.
    if (!dice_.chance(1, 2)) {
        fault_.times = static_cast<std::uint32_t>(dice_.number(1, 5));
        return;
    }
    fault_.lasts = dice_.chance(1, 2) ? span() : scenario_.duration / 2;
    if (fault_.trigger.kind == TriggerKind::at && dice_.chance(1, 4))
        fault_.trigger.at = fault_.trigger.at_most = 1ms;
}

/// Where nobody reads the status of Pods, a machine is lost all the same.
void FaultDraw::pods() {
    static constexpr FaultKind kKinds[]{FaultKind::kill_node, FaultKind::kubelet_stops,
                                        FaultKind::force_delete_pod, FaultKind::edit_pod,
                                        FaultKind::edit_pod};
    fault_.target = target();
    fault_.kind =
        scenario_.election.believe_ended_holder ? dice_.pick(kKinds) : FaultKind::kill_node;
    switch (fault_.kind) {
        case FaultKind::kill_node:
            if (!dice_.chance(1, 8)) fault_.lasts = dice_.span(1s, 60s, 500ms);
            return;
        case FaultKind::kubelet_stops:
            fault_.lasts = span();
            return;
        case FaultKind::edit_pod: {
            static constexpr sim::PodEdit kEdits[]{
                sim::PodEdit::phase_failed, sim::PodEdit::not_ready,   sim::PodEdit::status_unknown,
                sim::PodEdit::exit_unknown, sim::PodEdit::other_ended, sim::PodEdit::earlier_end};
            fault_.pod_edit = dice_.pick(kEdits);
            return;
        }
        default:
            return;
    }
}

void FaultDraw::of(Family family) {
    switch (family) {
        case Family::crash:
            crash();
            return;
        case Family::stop:
            fault_.kind = FaultKind::stop;
            fault_.target = target();
            fault_.within = dice_.span(2s, 30s, 1s);
            fault_.lasts = dice_.span(1s, 20s, 1s);
            upgrade();
            return;
        case Family::pause:
            fault_.target = target();
            fault_.kind = dice_.chance(1, 4) ? FaultKind::suspend : FaultKind::pause;
            fault_.lasts = span();
            return;
        case Family::network:
            network();
            return;
        case Family::clocks:
            fault_.target = target();
            if (scenario_.election.drift_ppm > 0 && dice_.chance(1, 2)) {
                fault_.kind = FaultKind::set_drift;
                fault_.drift_ppm = dice_.chance(1, 2) ? scenario_.election.drift_ppm
                                                      : -scenario_.election.drift_ppm;
                return;
            }
            fault_.kind = FaultKind::step_wall_clock;
            fault_.by = dice_.span(1s, 60s, 1s) * (dice_.chance(1, 2) ? 1 : -1);
            return;
        case Family::frozen_clock:
            fault_.kind = FaultKind::suspend;
            fault_.target = target();
            fault_.frozen = true;
            fault_.lasts = span();
            return;
        case Family::files:
            files();
            return;
        case Family::pods:
            pods();
            return;
        case Family::slow:
            fault_.kind = FaultKind::slow;
            fault_.target = target();
            fault_.by = dice_.span(1ms, 200ms, 1ms);
            fault_.lasts = span();
            return;
        default:
            of_the_servers(family);
    }
}

void FaultDraw::of_the_servers(Family family) {
    switch (family) {
        case Family::servers:
            fault_.kind = dice_.chance(1, 2) ? FaultKind::outage : FaultKind::freeze;
            fault_.api = scenario_.elects() && (!scenario_.stores() || dice_.chance(1, 2));
            fault_.bucket = !fault_.api;
            if (fault_.bucket && !scenario_.stores()) fault_.kind = FaultKind::outage;
            fault_.lasts = span();
            return;
        case Family::lease_requests:
            request(lease_request());
            return;
        case Family::bucket_requests:
            request(bucket_request());
            return;
        case Family::lease_operator:
            lease_operator();
            return;
        case Family::restore:
            fault_.kind = FaultKind::restore_lease;
            fault_.age = dice_.span(2s, 60s, 1s);
            fault_.bump = dice_.chance(1, 2);
            return;
        case Family::watch: {
            fault_.kind = FaultKind::break_watch;
            fault_.target = target();
            static constexpr sim::WatchBreak kHow[]{
                sim::WatchBreak::ended, sim::WatchBreak::expired, sim::WatchBreak::silent};
            fault_.watch_break = dice_.pick(kHow);
            return;
        }
        case Family::answers: {
            fault_.kind = FaultKind::damage_answer;
            fault_.target = target();
            fault_.requests = {RequestKind::get_object};
            static constexpr sim::AnswerDamage kHow[]{
                sim::AnswerDamage::ended, sim::AnswerDamage::truncated, sim::AnswerDamage::corrupt};
            fault_.answer_damage = dice_.pick(kHow);
            if (dice_.chance(1, 3))
                fault_.lasts = span();
            else
                fault_.times = static_cast<std::uint32_t>(dice_.number(1, 4));
            return;
        }
        case Family::objects:
            objects();
            return;
        case Family::lists: {
            fault_.kind = FaultKind::omit_keys;
            fault_.lasts = span();
            static constexpr std::int64_t kShares[]{100'000, 500'000};
            fault_.share_ppm = dice_.pick(kShares);
            return;
        }
        case Family::conditions: {
            fault_.kind = FaultKind::set_preconditions;
            static constexpr sim::PreconditionRule kRules[]{
                sim::PreconditionRule::ignored, sim::PreconditionRule::refused,
                sim::PreconditionRule::checked_then_stored};
            fault_.rule = dice_.pick(kRules);
            fault_.conditions = {sim::Condition::if_none_match, sim::Condition::if_match,
                                 sim::Condition::if_match_on_delete};
            // One of them alone, as a proxy in front of the store may do.
            if (dice_.chance(1, 3)) fault_.conditions = {fault_.conditions[random_.below(3)]};
            if (dice_.chance(1, 2)) fault_.lasts = span();
            return;
        }
        default:
            return;
    }
}

}  // namespace

bool meets_replicas(FaultKind kind) {
    static constexpr FaultKind kOfServers[]{FaultKind::outage,        FaultKind::freeze,
                                            FaultKind::delete_lease,  FaultKind::edit_lease,
                                            FaultKind::restore_lease, FaultKind::set_preconditions,
                                            FaultKind::omit_keys,     FaultKind::damage_object};
    return std::ranges::count(kOfServers, kind) == 0;
}

bool can_have(const Scenario& scenario, Family family) {
    switch (family) {
        case Family::lease_requests:
        case Family::lease_operator:
        case Family::restore:
        case Family::watch:
            return scenario.elects();
        case Family::bucket_requests:
        case Family::answers:
        case Family::objects:
        case Family::lists:
        case Family::conditions:
            return scenario.stores() && scenario.electors.none();
        case Family::files:
            return scenario.stores() && scenario.values.file_store && scenario.electors.none();
        default:
            return true;
    }
}

std::optional<Fault> draw_fault(const Scenario& scenario, Family family, Random& random) {
    return FaultDraw(scenario, random).draw(family);
}

}  // namespace leasehold::search
