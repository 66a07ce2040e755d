#include "sim/scenario/fault_modifiers.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "sim/scenario/names.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

/// The modifiers that belong to a verb.
struct Verb {
    FaultKind kind;
    std::vector<std::string_view> required;
    std::vector<std::string_view> optional;
};

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> all{
        {FaultKind::crash, {}, {"for", "as", "disk", "age", "upgrade"}},
        {FaultKind::restart, {}, {"as", "upgrade"}},
        {FaultKind::stop, {}, {"for", "as", "within", "upgrade"}},
        {FaultKind::pause, {}, {"for", "as"}},
        {FaultKind::resume, {}, {"as"}},
        {FaultKind::suspend, {"for"}, {"as", "clock"}},
        {FaultKind::cut, {}, {"for", "as", "from", "direction"}},
        {FaultKind::heal, {}, {}},
        {FaultKind::delay, {"by"}, {"for", "as", "from"}},
        {FaultKind::outage, {}, {"for", "as"}},
        {FaultKind::drop_request, {"of"}, {"as", "times", "for"}},
        {FaultKind::lose_answer, {"of"}, {"as", "times", "for"}},
        {FaultKind::apply_late, {"of", "by"}, {"as", "times", "for"}},
        {FaultKind::answer_error,
         {"of"},
         {"as", "times", "for", "status", "retryAfter", "applied", "plainText"}},
        {FaultKind::delete_lease, {}, {}},
        {FaultKind::edit_lease, {}, {}},
        {FaultKind::step_wall_clock, {"by"}, {"as"}},
        {FaultKind::set_drift, {"drift"}, {"as"}},
        {FaultKind::freeze, {"for"}, {}},
        {FaultKind::break_watch, {}, {"how", "as"}},
        {FaultKind::restore_lease, {"age"}, {"bump"}},
        {FaultKind::set_preconditions, {}, {"on", "window", "for", "as"}},
        {FaultKind::omit_keys, {"for"}, {"share"}},
        {FaultKind::damage_answer, {"of", "how"}, {"as", "times", "for"}},
        {FaultKind::damage_object, {"how"}, {"for"}},
        {FaultKind::fail_files, {"on"}, {"as", "times", "for", "with"}},
        {FaultKind::slow, {"by"}, {"for", "as"}},
        {FaultKind::kill_node, {}, {"for", "as"}},
        {FaultKind::kubelet_stops, {}, {"for", "as"}},
        {FaultKind::force_delete_pod, {}, {"as"}},
        {FaultKind::edit_pod, {"of"}, {"as"}}};
    return all;
}

void read_peers(const Node& list, Fault& fault) {
    expect_list(list, "from");
    fault.api = fault.bucket = fault.replicas = false;
    for (const Node& item : list.items) {
        constexpr std::array kFields{&Fault::api, &Fault::bucket, &Fault::replicas};
        bool& field = fault.*kFields.at(choose(item, "from", names::kPeers));
        if (field) fail(item, "from: " + item.text + " is named twice");
        field = true;
    }
    if (list.items.empty()) fail(list, "from: needs at least one of api, bucket, replicas");
    if (!fault.api && !fault.bucket)
        fail(list, "from: replicas send each other nothing (add api, bucket or both)");
}

void read_status(const Block& block, Fault& fault) {
    std::uint32_t status = 503;
    block.count("status", status, 200, 599);
    fault.status = static_cast<std::int32_t>(status);
    block.duration("retryAfter", fault.retry_after, Duration(0));
    if (fault.retry_after % 1s != Duration(0))
        fail(*block.find("retryAfter"),
             "retryAfter: expected a duration without a fraction of a second, such as 5s, found " +
                 block.find("retryAfter")->describe());
    block.boolean("applied", fault.applied);
    const auto reads = [](RequestKind kind) { return !writes(kind); };
    if (fault.applied && std::ranges::any_of(fault.requests, reads))
        fail(*block.find("applied"),
             "applied: a request that changes nothing can't be applied "
             "(expected createLease, updateLease, putObject or "
             "removeObject)");
    block.boolean("plainText", fault.plain_text);
    const auto of_bucket = [](RequestKind kind) { return kind >= RequestKind::get_object; };
    if (fault.plain_text && std::ranges::any_of(fault.requests, of_bucket))
        fail(*block.find("plainText"), "plainText: only the API answers with a Status object");
}

/// `on`: a list of `words`, without repetition.
template <class T>
void read_on(const Block& block, std::span<const std::string_view> words, std::vector<T>& out) {
    const Node* list = block.find("on");
    if (list == nullptr) return;
    expect_list(*list, "on");
    out.clear();
    for (const Node& item : list->items) {
        const auto one = static_cast<T>(choose(item, "on", words));
        if (std::ranges::count(out, one) > 0) fail(item, "on: " + item.text + " is named twice");
        out.push_back(one);
    }
    if (out.empty()) fail(*list, "on: needs at least one");
}

void read_how(const Block& block, Fault& fault) {
    if (fault.kind == FaultKind::break_watch) {
        if (const auto how = block.choice("how", names::kWatchBreaks))
            fault.watch_break = static_cast<WatchBreak>(*how);
    } else if (fault.kind == FaultKind::damage_answer) {
        fault.answer_damage =
            static_cast<AnswerDamage>(*block.choice("how", names::kAnswerDamages));
    } else if (fault.kind == FaultKind::damage_object) {
        fault.object_damage =
            static_cast<ObjectDamage>(*block.choice("how", names::kObjectDamages));
        if (fault.lasts && fault.object_damage != ObjectDamage::archived)
            fail(*block.find("for"), "for: only an archived object comes back by itself");
    }
}

void read_store(const Block& block, Fault& fault) {
    if (fault.kind == FaultKind::set_preconditions) {
        fault.conditions = {Condition::if_none_match, Condition::if_match,
                            Condition::if_match_on_delete};
        read_on(block, names::kConditions, fault.conditions);
        if (block.duration("window", fault.window, 1ms) &&
            fault.rule != PreconditionRule::checked_then_stored)
            fail(*block.find("window"), "window: belongs to checked-then-stored");
    }
    if (block.read("share", fault.share_ppm, parse_ppm) && fault.share_ppm <= 0)
        fail(*block.find("share"), "share: expected more than 0% and at most 50%, found " +
                                       block.find("share")->describe());
}

void read_files(const Block& block, Fault& fault) {
    read_on(block, names::kFileVerbs, fault.file_verbs);
    if (const auto with = block.choice("with", names::kFileFailures))
        fault.file_status =
            static_cast<FileStatus>(*with + static_cast<std::size_t>(FileStatus::corrupt));
    const auto loads = [](FileVerb verb) { return verb == FileVerb::load; };
    if (fault.file_status == FileStatus::corrupt && !std::ranges::all_of(fault.file_verbs, loads))
        fail(*block.find("with"), "with: only load finds a file corrupt");
}

}  // namespace

bool writes(RequestKind kind) {
    return kind == RequestKind::create_lease || kind == RequestKind::update_lease ||
           kind == RequestKind::put_object || kind == RequestKind::remove_object;
}

FaultKind read_fault_kind(const Block& block) {
    const Verb* found = nullptr;
    for (const Node::Entry& entry : block.node().entries) {
        const auto name = std::find(names::kFaults.begin(), names::kFaults.end(), entry.key.text);
        if (name == names::kFaults.end()) continue;
        if (found != nullptr)
            fail(entry.key, "a second verb, " + entry.key.describe() + ", after \"" +
                                std::string(fault_kind_name(found->kind)) + "\": a fault has one");
        found = &verbs().at(static_cast<std::size_t>(name - names::kFaults.begin()));
    }
    if (found == nullptr) fail(block.node(), "a fault needs a verb, such as crash: leader");
    const std::string name(fault_kind_name(found->kind));
    for (const Node::Entry& entry : block.node().entries) {
        const auto in = [&](const auto& list) {
            return std::find(list.begin(), list.end(), entry.key.text) != list.end();
        };
        if (!in(names::kModifiers) || in(found->required) || in(found->optional)) continue;
        std::string allowed;
        for (const auto* list : {&found->required, &found->optional})
            for (const std::string_view one : *list)
                allowed += (allowed.empty() ? "" : ", ") + std::string(one);
        fail(entry.key, '"' + entry.key.text + "\" does not belong to " + name + " (" +
                            (allowed.empty() ? "it takes no modifiers" : "it takes " + allowed) +
                            ")");
    }
    for (const std::string_view one : found->required)
        if (!block.has(one)) fail(block.node(), name + " needs \"" + std::string(one) + "\"");
    return found->kind;
}

void read_fault_modifiers(const Block& block, Fault& fault) {
    Duration lasts{0};
    if (block.duration("for", lasts, Duration(1))) fault.lasts = lasts;
    if (const auto disk = block.choice("disk", names::kDisks))
        fault.disk = static_cast<Disk>(*disk);
    block.duration("within", fault.within, 1ms);
    block.boolean("upgrade", fault.upgrade);
    if (const auto clock = block.choice("clock", names::kSuspendClocks)) fault.frozen = *clock == 0;
    if (const auto direction = block.choice("direction", names::kDirections))
        fault.direction = static_cast<Direction>(*direction);
    if (const Node* peers = block.find("from")) read_peers(*peers, fault);
    if (fault.kind == FaultKind::step_wall_clock) {
        block.read("by", fault.by, parse_signed_duration);
        if (fault.by == Duration(0)) fail(*block.find("by"), "by: a step of 0s changes nothing");
    } else {
        block.duration("by", fault.by, Duration(1));
    }
    block.count("times", fault.times, 1, 1'000'000);
    if (block.has("times") && fault.lasts)
        fail(*block.find("times"),
             std::string(fault_kind_name(fault.kind)) + " takes either times or for");
    if (fault.kind == FaultKind::answer_error) read_status(block, fault);
    block.read("drift", fault.drift_ppm, parse_ppm);
    const bool aged = block.duration("age", fault.age, 1s);
    if (fault.kind == FaultKind::crash && aged != (fault.disk == Disk::roll_back))
        fail(block.node(), "crash: age belongs to disk: rollBack, which needs it");
    block.boolean("bump", fault.bump);
    read_how(block, fault);
    read_store(block, fault);
    if (fault.kind == FaultKind::fail_files) read_files(block, fault);
}

}  // namespace leasehold::sim
