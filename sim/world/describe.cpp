// Faults in words, for reports.
#include <string>

#include "config/units.hpp"
#include "sim/scenario/names.hpp"
#include "sim/world/faults.hpp"

namespace leasehold::sim {
namespace {

std::string subject_text(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::outage:
        case FaultKind::freeze:
            return fault.api ? "api" : "bucket";
        case FaultKind::delete_lease:
        case FaultKind::edit_lease:
        case FaultKind::restore_lease:
        case FaultKind::omit_keys:
            return "";
        case FaultKind::set_preconditions:
            return std::string(names::kPreconditionRules.at(static_cast<std::size_t>(fault.rule)));
        case FaultKind::damage_object:
            return std::string(names::kObjects.at(static_cast<std::size_t>(fault.objects)));
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
        case FaultKind::damage_answer: {
            std::string text;
            for (const RequestKind kind : fault.requests)
                text += (text.empty() ? "" : ", ") + std::string(request_kind_name(kind));
            return text + " of " + target_name(fault.target);
        }
        case FaultKind::edit_pod:
            return std::string(names::kPodEdits.at(static_cast<std::size_t>(fault.pod_edit))) +
                   " of " + target_name(fault.target);
        default:
            return target_name(fault.target);
    }
}

std::string trigger_text(const Trigger& trigger) {
    switch (trigger.kind) {
        case TriggerKind::at:
            return "at " + config::format_duration(trigger.at) +
                   (trigger.at_most > trigger.at ? ".." + config::format_duration(trigger.at_most)
                                                 : "");
        case TriggerKind::every:
            return "every " + config::format_duration(trigger.every);
        case TriggerKind::sends:
            return "when " + target_name(trigger.replica) + " sends " +
                   std::string(request_kind_name(trigger.sends)) + " " +
                   std::to_string(trigger.nth);
        case TriggerKind::performs:
            return "when " + target_name(trigger.replica) + " performs effect " +
                   std::to_string(trigger.nth) +
                   (trigger.nth_most > trigger.nth ? ".." + std::to_string(trigger.nth_most) : "");
        case TriggerKind::reaches:
            break;
    }
    return "when " + target_name(trigger.replica) + " reaches " +
           std::string(mark_name(trigger.reaches)) + " " + std::to_string(trigger.nth);
}

}  // namespace

std::string describe(const Fault& fault) {
    std::string text(fault_kind_name(fault.kind));
    const std::string subject = subject_text(fault);
    if (!subject.empty()) text += " " + subject;
    return text + " " + trigger_text(fault.trigger);
}

std::vector<check::FaultResult> Faults::results() const {
    std::vector<check::FaultResult> results;
    for (std::size_t i = 0; i < placed_.size(); ++i) {
        const Fault& fault = context_.scenario.faults[i];
        results.push_back({describe(fault), fault.line, placed_[i].took_effect});
    }
    return results;
}

}  // namespace leasehold::sim
