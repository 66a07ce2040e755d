// What no lease and no storage controller can hold under some faults. Each excuse is that of a
// scenario which shows it, or is argued here.
#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <string_view>

#include "sim/search/space.hpp"

namespace leasehold::search {
namespace {

using sim::Fault;
using sim::FaultKind;
using sim::Scenario;
using sim::UpgradeSpec;

void allow(Scenario& scenario, std::initializer_list<std::string_view> ids) {
    for (const std::string_view id : ids)
        if (std::ranges::count(scenario.expect.may_violate, id) == 0)
            scenario.expect.may_violate.emplace_back(id);
}

/// Is it so of a configuration that some replica runs, or is going to? What one of them can't hold
/// the scenario can't.
template <class Predicate>
bool some(const Scenario& scenario, Predicate&& is) {
    return is(UpgradeSpec{scenario.election, scenario.storage}) ||
           (scenario.upgrade && is(*scenario.upgrade));
}

bool writes_plain(const UpgradeSpec& own) {
    return own.storage.format == ObjectFormat::plain;
}

/// bucket/preconditions-ignored, bucket/older-version-lands-late
void excuse_conditions(Scenario& scenario) {
    allow(scenario, {"bucket.epochs-increase", "bucket.no-stale-commit",
                     "bucket.acknowledged-survives", "follower.freshness", "bucket.linearizable",
                     "payload.never-regresses", "replicas.converge"});
}

/// Of faults of a replica.
void excuse_replica(Scenario& scenario, const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::suspend:
            // clocks/suspend-clock-frozen
            // A follower whose clock stood still polls late, and its bound knows the true time. And
            // who slept over the answer to its takeover begins to lead by it, after somebody who
            // took the Lease since, with a larger term.
            if (fault.frozen)
                allow(scenario, {"leader.at-most-one", "lease.taken-only-when-free",
                                 "leader.term-increases", "follower.freshness"});
            return;
        case FaultKind::step_wall_clock:
            // proof/clock-set-back-between-starts
            if (fault.by < Duration{0} && some(scenario, [](const UpgradeSpec& own) {
                    return own.election.believe_ended_holder;
                }))
                allow(scenario, {"leader.at-most-one", "lease.taken-only-when-free"});
            return;
        case FaultKind::slow:
            // pause/slow-leader: a deadline is met to a step, and a step takes long.
            allow(scenario, {"query.within-deadline", "read.one-outcome", "stop.bounded"});
            // Who is slowed again and again gets nothing done, whoever leads, and gives way in
            // vain; and what waits for its steps grows, so that no deadline is met.
            if (fault.trigger.kind == sim::TriggerKind::every)
                allow(scenario, {"backup.goes-on", "write.eventually-committed"});
            return;
        case FaultKind::crash:
            // A file of an earlier state says that it waits for its upload; that it had been
            // uploaded, and replaced, nothing says to a single install, whose objects have no
            // order.
            if (fault.disk == sim::Disk::roll_back && !scenario.elects())
                allow(scenario, {"payload.never-regresses"});
            return;
        default:
            return;
    }
}

/// Of faults of the servers, of disks and of what is under way.
void excuse_server(Scenario& scenario, const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::freeze:
            // What a process that has ended sent lands when the store goes on, over what the next
            // one wrote: a single install has nothing to fence it with.
            if (fault.bucket && !scenario.elects())
                allow(scenario, {"bucket.acknowledged-survives"});
            return;
        case FaultKind::restore_lease:
            // A PUT that was on its way when the store was set back meets the very version that it
            // was sent for, under a raised revision too, while somebody leads under the one that is
            // gone: no client can know, and the bucket's epochs fence. Nor has it to be answered
            // before somebody has taken the Lease since, with a larger term.
            allow(scenario,
                  {"leader.at-most-one", "lease.taken-only-when-free", "leader.term-increases"});
            // Without a bump, versions are given out twice: such a PUT deposes who leads.
            if (!fault.bump) allow(scenario, {"lease.changed-only-by-holder", "leader.stable"});
            return;
        case FaultKind::damage_answer:
            // Their bounds know paths, and not that what comes over them is thrown away.
            allow(scenario, {"follower.freshness", "replicas.converge"});
            // Plain objects, of a single install or of somebody else, have nothing to tell damage
            // by: what comes so is no version that ever was, older or newer.
            if (!scenario.elects() || scenario.workload.preloaded > 0)
                allow(scenario, {"bucket.linearizable", "payload.never-regresses"});
            return;
        case FaultKind::fail_files:
            // What a disk fails to give or to take again and again is looked at ever more rarely,
            // and the bound knows of paths alone: after minutes of it for as long again.
            if (fault.trigger.kind == sim::TriggerKind::every ||
                some(scenario, [&fault](const UpgradeSpec& own) {
                    return fault.lasts.value_or(Duration{0}) > 2 * own.storage.poll_period;
                }))
                allow(scenario, {"replicas.converge"});
            return;
        case FaultKind::answer_error:
            // An object that the store refuses is got again ever more rarely, like an archived one.
            if (fault.status < 500 && fault.status != 408 && fault.status != 429 &&
                std::ranges::count(fault.requests, sim::RequestKind::get_object) > 0)
                allow(scenario, {"follower.freshness", "replicas.converge"});
            // A refusal of conditions by name is believed: a store that says so and stores all the
            // same would make every first write one that may yet land.
            if (fault.status == 501 && fault.applied) allow(scenario, {"bucket.linearizable"});
            return;
        case FaultKind::omit_keys:
            // Who leads lists as it begins, after the largest request age, and then hourly: what
            // was left out of those it does not know before.
            allow(scenario, {"replicas.converge"});
            return;
        case FaultKind::set_preconditions:
            excuse_conditions(scenario);
            return;
        case FaultKind::damage_object:
            // bucket/prefix-emptied. And a leader that has begun looks at no object again: a torn
            // one stays until the next write of its key, or the next leader, and no follower takes
            // it.
            if (fault.object_damage != sim::ObjectDamage::archived)
                allow(scenario, {"replicas.converge"});
            // What may not be read cannot be seen, however healthy the path.
            if (fault.object_damage == sim::ObjectDamage::archived)
                allow(scenario, {"follower.freshness"});
            return;
        default:
            return;
    }
}

/// What may let a request of one leader land when the next one writes, longer than it waits.
bool makes_late(const Scenario& scenario, const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::pause:
        case FaultKind::suspend:
        case FaultKind::slow:
        case FaultKind::restore_lease:
        case FaultKind::set_preconditions:
            return true;
        case FaultKind::cut:
        case FaultKind::delay:
        case FaultKind::outage:
        case FaultKind::freeze:
            // Of the API alone: no request to the bucket is late by it.
            return fault.bucket;
        case FaultKind::apply_late:
            // Within the time-out of the attempt it is in its time, as on a slow store. What is
            // left of the validity bounds that too, where no condition is known to fence.
            return some(scenario,
                        [&fault](const UpgradeSpec& own) {
                            return fault.by + std::chrono::seconds(1) >
                                   std::min(own.storage.put_timeout, own.election.lease_duration);
                        }) &&
                   std::ranges::any_of(fault.requests, [](sim::RequestKind kind) {
                       return kind == sim::RequestKind::put_object ||
                              kind == sim::RequestKind::remove_object;
                   });
        default:
            return false;
    }
}

/// While each renewal lands late nobody leads for long, and the bound knows paths alone.
bool keeps_renewals_late(const Fault& fault) {
    return fault.kind == FaultKind::apply_late && fault.lasts &&
           std::ranges::count(fault.requests, sim::RequestKind::update_lease) > 0;
}

/// A 501 to a write, were it a proxy's and said once: the store has no conditions, as far as its
/// leader knows.
bool denies_conditions(const Fault& fault) {
    return fault.kind == FaultKind::answer_error && fault.status == 501 &&
           std::ranges::any_of(fault.requests, [](sim::RequestKind kind) {
               return kind == sim::RequestKind::put_object ||
                      kind == sim::RequestKind::remove_object;
           });
}

/// A store that has no conditions from the start is written to by the clock alone, and where every
/// request lands in its time that is enough. Not so where it has some that race: what it seems to
/// refuse may be stored.
bool fences_or_is_in_time(const Scenario& scenario) {
    // Of both: what is created is fenced by the one, what is replaced by the other.
    const std::array rules{scenario.bucket.preconditions.if_match,
                           scenario.bucket.preconditions.if_none_match};
    const bool honours = std::ranges::count(rules, sim::PreconditionRule::honoured) == 2;
    const bool denied =
        scenario.elects() && std::ranges::any_of(scenario.faults, denies_conditions);
    if (honours && !denied) return true;
    return std::ranges::count(rules, sim::PreconditionRule::checked_then_stored) == 0 &&
           scenario.elects() && (honours || !some(scenario, writes_plain)) &&
           std::ranges::none_of(scenario.faults, [&scenario](const Fault& fault) {
               return makes_late(scenario, fault);
           });
}

/// What a configuration cannot hold, whatever goes wrong.
void excuse_configuration(Scenario& scenario) {
    // pause/gc-pause-plain-format: equal bytes have equal versions. Nor does a follower see that
    // they were written again, whose own file is of a write that was never stored. Contents repeat
    // also where a leader writes back what was damaged at rest.
    const bool repeats = scenario.workload.contents > 0 ||
                         std::ranges::any_of(scenario.faults, [](const Fault& fault) {
                             return fault.kind == FaultKind::damage_object &&
                                    (fault.object_damage == sim::ObjectDamage::truncated ||
                                     fault.object_damage == sim::ObjectDamage::corrupt);
                         });
    if (some(scenario, writes_plain) && repeats)
        allow(scenario,
              {"bucket.no-stale-commit", "bucket.acknowledged-survives", "payload.never-regresses",
               "bucket.linearizable", "replicas.converge", "follower.freshness"});
    // And without a group's headers too, where equal bytes are equal versions: which of two equal
    // ones was given, nobody can say.
    if (!scenario.elects() && scenario.workload.contents > 0)
        allow(scenario, {"payload.never-regresses", "bucket.linearizable"});
    // followers/slow-disks. And a disk that is asked for more than it can do answers ever later:
    // what it gives was read before the newest version was stored.
    if (scenario.files.given) allow(scenario, {"query.within-deadline", "follower.freshness"});
    // A follower that begins over a large backup has all of it to fetch, and its bound knows of one
    // pass.
    const Duration each = scenario.bucket.get.p99;
    const auto written = scenario.workload.pipelines.size() * scenario.workload.windows.size();
    const auto keys = scenario.workload.preloaded + written;
    const auto at_once = [](const UpgradeSpec& own) {
        return std::max(1U, own.storage.pass_gets_max);
    };
    // And where a GET takes a good part of a period, so does each later pass.
    if (some(scenario, [&](const UpgradeSpec& own) {
            return ((keys + at_once(own) - 1) / at_once(own) + 1) * each > own.storage.poll_period;
        }))
        allow(scenario, {"follower.freshness"});
    // And where what is written anew takes all GETs, what waits for no reader is never its turn.
    if (some(scenario, [&](const UpgradeSpec& own) {
            return at_once(own) * scenario.workload.export_every <= written * each;
        }))
        allow(scenario, {"replicas.converge"});
    // A store without conditions is written to only by what fits into the validity: an object that
    // travels for longer is never stored, and its leader gives way to whoever may have a faster
    // path.
    const double travels = static_cast<double>(scenario.workload.object_size) /
                           static_cast<double>(scenario.network.bandwidth);
    const auto outlasts_validity = [travels](const UpgradeSpec& own) {
        return travels > std::chrono::duration<double>(own.election.lease_duration).count() / 3;
    };
    if (!(scenario.bucket.preconditions == sim::Preconditions{}) &&
        some(scenario, outlasts_validity))
        allow(scenario, {"leader.stable", "write.eventually-committed", "backup.goes-on"});
}

template <class Predicate>
bool any(const Scenario& scenario, Predicate&& is) {
    return std::ranges::any_of(scenario.faults, is);
}

bool begins(const Fault& fault) {
    return fault.kind == FaultKind::crash || fault.kind == FaultKind::stop ||
           fault.kind == FaultKind::restart || fault.kind == FaultKind::kill_node;
}

void excuse_edits(Scenario& scenario) {
    const auto edits = [&](sim::LeaseEdit edit) {
        return any(scenario, [edit](const Fault& fault) {
            return fault.kind == FaultKind::edit_lease && fault.edit == edit;
        });
    };
    // A stranger's name in the record that is cleared within a round trip: whoever did not see it
    // finds its own record blanked, and nothing else changed. No elector stands behind the name.
    if (edits(sim::LeaseEdit::steal_holder) && edits(sim::LeaseEdit::clear_holder))
        allow(scenario, {"lease.taken-only-when-free"});
    // A stranger's lease that is made shorter: who begins then does not know that it was longer.
    if (edits(sim::LeaseEdit::steal_holder) && edits(sim::LeaseEdit::shorten_duration) &&
        any(scenario, begins))
        allow(scenario, {"lease.taken-only-when-free"});
    // A release that is replayed word for word, where a process that has just begun sees it first:
    // the limit of clause 6 of the election, which holds for whoever has seen a later record. Two
    // that take the Lease within a round trip so may hear of it in the other order.
    if (edits(sim::LeaseEdit::replay_release) && any(scenario, begins))
        allow(scenario,
              {"leader.at-most-one", "lease.taken-only-when-free", "leader.term-increases"});
}

void excuse_damage(Scenario& scenario) {
    const auto spoils_the_epoch = [](const Fault& fault) {
        return fault.kind == FaultKind::damage_object && fault.objects != sim::ObjectChoice::newest;
    };
    const auto writes_plainly = [](const Fault& fault) {
        return fault.kind == FaultKind::damage_object &&
               fault.object_damage == sim::ObjectDamage::foreign;
    };
    const auto damages = [](const Fault& fault) { return fault.kind == FaultKind::damage_answer; };
    const auto damages_on = [](const Fault& fault) {
        return fault.kind == FaultKind::damage_answer &&
               (fault.lasts || fault.trigger.kind == sim::TriggerKind::every || fault.times > 4);
    };
    const auto sets_terms_back = [](const Fault& fault) {
        return fault.kind == FaultKind::restore_lease;
    };
    const auto sets_back = [](const Fault& fault) {
        return fault.kind == FaultKind::damage_object &&
               (fault.object_damage == sim::ObjectDamage::removed ||
                fault.object_damage == sim::ObjectDamage::foreign);
    };
    const auto is_late = [&](const Fault& fault) { return makes_late(scenario, fault); };
    // bucket/create-lands-after-a-removal. And somebody's object of equal bytes has the ETag of the
    // one before it, for which a PUT on its way was meant.
    if (any(scenario, sets_back) && any(scenario, is_late))
        allow(scenario, {"bucket.no-stale-commit"});
    // Whoever leads next brings back what it has: the newest version was perhaps on the disk of who
    // led before alone, and of that two LISTs without it let go.
    const auto empties = [](const Fault& fault) {
        return fault.kind == FaultKind::damage_object &&
               fault.object_damage == sim::ObjectDamage::removed;
    };
    if (any(scenario, empties)) allow(scenario, {"bucket.acknowledged-survives"});
    // Terms that are given out again, over a bucket that was emptied: what a process committed in
    // the history that is gone lies above all that comes, and below that it gives its readers
    // nothing.
    if (any(scenario, sets_back) && any(scenario, sets_terms_back))
        allow(scenario, {"follower.freshness"});
    // An operator's object has no stamp, and nothing tells damage to it, as of those of before.
    if (any(scenario, damages) && any(scenario, writes_plainly))
        allow(scenario, {"bucket.linearizable", "payload.never-regresses"});
    // What can't be read is looked at for as long as the lease has room, before the term counts
    // instead: over a slow store nothing is left for the claim, until patience has grown.
    if (any(scenario, spoils_the_epoch)) allow(scenario, {"leader.stable"});
    // The object that says the last epoch is spoilt, and the terms are set back: nothing is left
    // that says which number was the last but what the next leader has itself, and that may be
    // older.
    if (any(scenario, spoils_the_epoch) && any(scenario, sets_terms_back))
        allow(scenario, {"bucket.no-stale-commit", "bucket.acknowledged-survives",
                         "payload.never-regresses"});
    // And what comes damaged for longer than the lease of its reader has room is taken for damaged
    // where it lies. bucket/epoch-damaged-four-times has what is still told apart.
    if (any(scenario, damages_on) && any(scenario, sets_terms_back))
        allow(scenario, {"bucket.epochs-increase", "bucket.no-stale-commit",
                         "bucket.acknowledged-survives", "payload.never-regresses"});
}

/// Its objects have no order, and nothing fences the process before it.
void excuse_single_install(Scenario& scenario) {
    // A slow disk has not yet the newer of two writes when the bucket has it already, and the
    // process dies: the file of the older one says that it waits for its upload, as one that was
    // rolled back.
    if (scenario.files.given && any(scenario, begins)) allow(scenario, {"payload.never-regresses"});
    // And of one that was rolled back nothing says that it was uploaded, where a LIST leaves out
    // what the bucket holds.
    const auto rolls_back = [](const Fault& fault) {
        return fault.kind == FaultKind::crash && fault.disk == sim::Disk::roll_back;
    };
    const auto omits = [](const Fault& fault) { return fault.kind == FaultKind::omit_keys; };
    if (any(scenario, rolls_back) && any(scenario, omits))
        allow(scenario, {"bucket.acknowledged-survives"});
    // Likewise of a file whose tag could not be written, nor what replaced it, nor its removal: a
    // disk that is read-only keeps it as one that waits for its upload.
    const auto refuses = [&scenario](FileVerb verb) {
        return any(scenario, [verb](const Fault& fault) {
            return fault.kind == FaultKind::fail_files &&
                   std::ranges::count(fault.file_verbs, verb) > 0;
        });
    };
    if (refuses(FileVerb::retag) && refuses(FileVerb::store) && refuses(FileVerb::remove) &&
        any(scenario, begins))
        allow(scenario, {"bucket.acknowledged-survives", "payload.never-regresses"});
    // It lands later than any request is said to, and a single install has nothing else to go by.
    // So does all that a store took up which froze for as long, or froze again before it went on.
    const auto outlasts = [&scenario](const Fault& fault) {
        const bool late = fault.kind == FaultKind::apply_late;
        const bool frozen = fault.kind == FaultKind::freeze && fault.bucket;
        if (frozen && fault.trigger.kind == sim::TriggerKind::every) return true;
        const Duration by = late ? fault.by : fault.lasts.value_or(scenario.duration);
        return (late || frozen) && some(scenario, [by](const UpgradeSpec& own) {
                   return by > own.storage.largest_request_age;
               });
    };
    if (any(scenario, outlasts))
        allow(scenario, {"bucket.acknowledged-survives", "payload.never-regresses"});
    // What a process that has ended sent lands late, over what the next one wrote: as after a
    // freeze. And of the file that the next one left, which waits for its upload, nothing says
    // that it is the newer of the two.
    const auto lands_late = [](const Fault& fault) {
        // No process begins and has written within a second of the end of the one before.
        return (fault.kind == FaultKind::freeze && !fault.api) ||
               (fault.kind == FaultKind::delay && fault.bucket &&
                fault.by >= std::chrono::seconds(1)) ||
               (fault.kind == FaultKind::apply_late &&
                std::ranges::count(fault.requests, sim::RequestKind::put_object) > 0);
    };
    if (any(scenario, lands_late) && any(scenario, begins))
        allow(scenario, {"bucket.acknowledged-survives", "payload.never-regresses"});
}

}  // namespace

void excuse(Scenario& scenario) {
    if (!fences_or_is_in_time(scenario)) excuse_conditions(scenario);
    for (const Fault& fault : scenario.faults) {
        excuse_replica(scenario, fault);
        excuse_server(scenario, fault);
    }
    if (any(scenario, keeps_renewals_late)) allow(scenario, {"backup.goes-on"});
    excuse_edits(scenario);
    excuse_damage(scenario);
    if (!scenario.elects()) excuse_single_install(scenario);
    excuse_configuration(scenario);
}

}  // namespace leasehold::search
