#include <algorithm>
#include <array>

#include "config/units.hpp"
#include "sim/scenario/fault_text.hpp"
#include "sim/scenario/names.hpp"
#include "sim/scenario/resolved_text.hpp"

namespace leasehold::sim {

using config::format_duration;

namespace {

template <class Names, class Value>
std::string name_of(const Names& names, Value value) {
    return std::string(names.at(static_cast<std::size_t>(value)));
}
template <class Names, class Value>
std::string names_of(const Names& names, const std::vector<Value>& values) {
    return list(values, [&](Value value) { return name_of(names, value); });
}

std::string target_text(const Target& target) {
    return target.kind == TargetKind::bound ? word(target.name) : target_name(target);
}

std::string fault_value(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::heal:
            return fault.target.kind == TargetKind::all ? "all" : word(fault.target.name);
        case FaultKind::outage:
        case FaultKind::freeze:
            return fault.api ? "api" : "bucket";
        case FaultKind::delete_lease:
        case FaultKind::restore_lease:
            return "lease";
        case FaultKind::edit_lease:
            return std::string(names::kEdits.at(static_cast<std::size_t>(fault.edit)));
        case FaultKind::edit_pod:
            return name_of(names::kPodEdits, fault.pod_edit);
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
        case FaultKind::damage_answer:
            return list(fault.requests,
                        [](RequestKind kind) { return std::string(request_kind_name(kind)); });
        case FaultKind::set_preconditions:
            return name_of(names::kPreconditionRules, fault.rule);
        case FaultKind::omit_keys:
            return "bucket";
        case FaultKind::damage_object:
            return name_of(names::kObjects, fault.objects);
        default:
            return target_text(fault.target);
    }
}

std::string peers_text(const Fault& fault) {
    std::vector<std::string> peers;
    if (fault.api) peers.emplace_back("api");
    if (fault.bucket) peers.emplace_back("bucket");
    if (fault.replicas) peers.emplace_back("replicas");
    return ", from: " + list(peers, word);
}

/// Those of the servers, the disk and the processor.
std::string further_modifiers(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::break_watch:
            return ", how: " + name_of(names::kWatchBreaks, fault.watch_break);
        case FaultKind::restore_lease:
            return ", age: " + format_duration(fault.age) + ", bump: " + flag(fault.bump);
        case FaultKind::set_preconditions:
            return ", on: " + names_of(names::kConditions, fault.conditions) +
                   (fault.rule == PreconditionRule::checked_then_stored
                        ? ", window: " + format_duration(fault.window)
                        : "");
        case FaultKind::omit_keys:
            return ", share: " + ppm(fault.share_ppm);
        case FaultKind::damage_object:
            return ", how: " + name_of(names::kObjectDamages, fault.object_damage);
        case FaultKind::fail_files:
            return ", on: " + names_of(names::kFileVerbs, fault.file_verbs) + ", with: " +
                   std::string(
                       names::kFileFailures.at(static_cast<std::size_t>(fault.file_status) -
                                               static_cast<std::size_t>(FileStatus::corrupt)));
        case FaultKind::slow:
            return ", by: " + format_duration(fault.by);
        default:
            return "";
    }
}

/// Faults of single requests and operations: so many of them, or for a time.
bool counted(FaultKind kind) {
    return kind == FaultKind::drop_request || kind == FaultKind::lose_answer ||
           kind == FaultKind::apply_late || kind == FaultKind::answer_error ||
           kind == FaultKind::damage_answer || kind == FaultKind::fail_files;
}

/// The modifiers that belong to the verb, defaults included.
std::string modifiers_text(const Fault& fault) {
    std::string text;
    const auto add = [&](std::string_view key, const std::string& value) {
        text += ", " + std::string(key) + ": " + value;
    };
    switch (fault.kind) {
        case FaultKind::crash:
            add("disk", name_of(names::kDisks, fault.disk));
            if (fault.disk == Disk::roll_back) add("age", format_duration(fault.age));
            break;
        case FaultKind::stop:
            add("within", format_duration(fault.within));
            break;
        case FaultKind::suspend:
            add("clock", fault.frozen ? "frozen" : "running");
            break;
        case FaultKind::cut:
            text += peers_text(fault);
            add("direction",
                std::string(names::kDirections.at(static_cast<std::size_t>(fault.direction))));
            break;
        case FaultKind::delay:
            text += peers_text(fault);
            add("by", format_duration(fault.by));
            break;
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
        case FaultKind::damage_answer:
            add("of", target_text(fault.target));
            if (fault.kind == FaultKind::apply_late) add("by", format_duration(fault.by));
            if (fault.kind == FaultKind::damage_answer)
                add("how", name_of(names::kAnswerDamages, fault.answer_damage));
            if (fault.kind == FaultKind::answer_error) {
                add("status", std::to_string(fault.status));
                add("retryAfter", format_duration(fault.retry_after));
                add("applied", flag(fault.applied));
                add("plainText", flag(fault.plain_text));
            }
            break;
        case FaultKind::edit_pod:
            add("of", target_text(fault.target));
            break;
        case FaultKind::step_wall_clock:
            add("by", format_duration(fault.by));
            break;
        case FaultKind::set_drift:
            add("drift", ppm(fault.drift_ppm));
            break;
        default:
            text += further_modifiers(fault);
    }
    if (fault.upgrade) add("upgrade", flag(true));
    if (counted(fault.kind) && !fault.lasts) add("times", std::to_string(fault.times));
    if (fault.lasts) add("for", format_duration(*fault.lasts));
    if (!fault.as.empty()) add("as", word(fault.as));
    return text;
}

/// Those whose verb names requests or an edit name their target apart.
bool has_target_apart(FaultKind kind) {
    return (counted(kind) && kind != FaultKind::fail_files) || kind == FaultKind::edit_pod;
}

}  // namespace

std::string trigger_text(const Trigger& trigger) {
    if (trigger.kind == TriggerKind::at) {
        const std::string latest =
            trigger.at_most > trigger.at ? ".." + format_duration(trigger.at_most) : "";
        return "at: " + format_duration(trigger.at) + latest;
    }
    if (trigger.kind == TriggerKind::every) {
        std::string text =
            "every: " + format_duration(trigger.every) + ", first: " + format_duration(trigger.at);
        if (trigger.until != Duration::max()) text += ", until: " + format_duration(trigger.until);
        return text;
    }
    const std::string what = trigger.kind == TriggerKind::performs ? "performs: effect"
                             : trigger.kind == TriggerKind::sends
                                 ? "sends: " + std::string(request_kind_name(trigger.sends))
                                 : "reaches: " + std::string(mark_name(trigger.reaches));
    const std::string nth =
        std::to_string(trigger.nth) +
        (trigger.nth_most > trigger.nth ? ".." + std::to_string(trigger.nth_most) : "");
    return "when: {replica: " + target_text(trigger.replica) + ", " + what + ", nth: " + nth +
           ", after: " + format_duration(trigger.after) + "}";
}

std::string fault_subject(const Fault& fault) {
    std::string text = std::string(fault_kind_name(fault.kind)) + ": " + fault_value(fault);
    if (has_target_apart(fault.kind)) text += ", of: " + target_text(fault.target);
    if (!fault.as.empty()) text += ", as: " + word(fault.as);
    return text;
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string word(std::string_view text) {
    constexpr std::array<std::string_view, 10> kTaken{"null", "true", "false", "yes", "no",
                                                      "on",   "off",  "y",     "n",   "none"};
    const bool digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
    const bool taken = std::find(kTaken.begin(), kTaken.end(), text) != kTaken.end();
    return digit || taken ? quote(text) : std::string(text);
}

std::string flag(bool value) {
    return value ? "true" : "false";
}
std::string ppm(std::int64_t value) {
    return std::to_string(value) + "ppm";
}

std::string faults_text(const std::vector<Fault>& faults) {
    if (faults.empty()) return "faults: []\n";
    std::string text = "faults:\n";
    for (const Fault& fault : faults)
        text += "  - {" + trigger_text(fault.trigger) + ", " +
                std::string(fault_kind_name(fault.kind)) + ": " + fault_value(fault) +
                modifiers_text(fault) + "}\n";
    return text;
}

}  // namespace leasehold::sim
