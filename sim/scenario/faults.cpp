// The list of faults: when, what, whom, and the modifiers that each verb takes.
#include <algorithm>
#include <map>
#include <optional>

#include "sim/scenario/block.hpp"
#include "sim/scenario/blocks.hpp"
#include "sim/scenario/fault_modifiers.hpp"
#include "sim/scenario/names.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

bool of_bucket(RequestKind kind) {
    return kind >= RequestKind::get_object;
}

/// Reads the faults in order: a name bound by one may be used by those after it.
class FaultReader {
  public:
    explicit FaultReader(Scenario& scenario) : scenario_(scenario) {}

    void read(const Node& list) {
        expect_list(list, "faults");
        for (const Node& item : list.items)
            read_one(item);
    }

  private:
    struct Binding {
        bool replica = false;  ///< names the replicas met
        bool heals = false;    ///< names a fault that heal may end
    };

    void read_one(const Node& item) {
        const Block block(item, "a fault", keys());
        Fault fault;
        fault.line = static_cast<std::uint32_t>(item.line);
        fault.kind = read_fault_kind(block);
        read_trigger(block, fault.trigger);
        read_verb(block, fault);
        read_fault_modifiers(block, fault);
        if (fault.upgrade && !scenario_.upgrade)
            fail(*block.find("upgrade"), "upgrade: there is no block upgrade to say to what");
        if (fault.window >= scenario_.duration)
            fail(*block.find("window"), "window: must be shorter than the run (duration: " +
                                            format_duration(scenario_.duration) + "), found " +
                                            block.find("window")->describe());
        read_binding(block, fault);
        scenario_.faults.push_back(std::move(fault));
    }

    static std::span<const std::string_view> keys() {
        static const std::vector<std::string_view> all = [] {
            std::vector<std::string_view> joined(names::kFaults.begin(), names::kFaults.end());
            joined.insert(joined.end(), names::kTriggers.begin(), names::kTriggers.end());
            joined.insert(joined.end(), names::kModifiers.begin(), names::kModifiers.end());
            return joined;
        }();
        return all;
    }

    void read_trigger(const Block& block, Trigger& trigger) {
        const Node* first = nullptr;
        for (const Node::Entry& entry : block.node().entries) {
            const bool one =
                entry.key.text == "at" || entry.key.text == "every" || entry.key.text == "when";
            if (!one) continue;
            if (first != nullptr)
                fail(entry.key, "a second trigger, " + entry.key.describe() + ", after \"" +
                                    first->text + "\": a fault has one of at, every, when");
            first = &entry.key;
        }
        if (first == nullptr) fail(block.node(), "a fault needs one of at, every, when");
        for (const std::string_view key : {"first", "until"})
            if (block.has(key) && !block.has("every"))
                fail(*block.find(key), '"' + std::string(key) + "\" belongs to every");
        if (block.has("at")) {
            trigger.kind = TriggerKind::at;
            read_at(block, trigger);
        } else if (block.has("every")) {
            trigger.kind = TriggerKind::every;
            block.duration("every", trigger.every, 1ms);
            trigger.at = trigger.every;
            block.duration("first", trigger.at, Duration(0));
            block.duration("until", trigger.until, Duration(0));
            check_inside(block, block.has("first") ? "first" : "every", trigger.at);
            if (trigger.until < trigger.at)
                fail(*block.find("until"), "until (" + format_duration(trigger.until) +
                                               ") is before the first time (" +
                                               format_duration(trigger.at) + ")");
            if (block.has("until")) check_inside(block, "until", trigger.until);
        } else {
            read_when(*block.find("when"), trigger);
        }
    }

    /// A time, or A..B: drawn by the seed.
    void read_at(const Block& block, Trigger& trigger) const {
        const Node& at = *block.find("at");
        const std::size_t dots =
            at.kind == NodeKind::scalar ? at.text.find("..") : std::string::npos;
        if (dots == std::string::npos) {
            block.duration("at", trigger.at, Duration(0));
            trigger.at_most = trigger.at;
        } else {
            const auto low = config::parse_duration(at.text.substr(0, dots));
            const auto high = config::parse_duration(at.text.substr(dots + 2));
            if (!low || !high || *low > *high)
                fail(at, "at: expected a time such as 30s, or A..B, found " + at.describe());
            trigger.at = *low;
            trigger.at_most = *high;
        }
        check_inside(block, "at", trigger.at_most);
    }

    void check_inside(const Block& block, std::string_view key, Duration at) const {
        if (at < scenario_.duration) return;
        fail(*block.find(key), std::string(key) + " (" + format_duration(at) +
                                   ") is not before the run's end (duration: " +
                                   format_duration(scenario_.duration) + ")");
    }

    void read_when(const Node& node, Trigger& trigger) {
        const Block when(node, "when", names::kWhen);
        const Node* replica = when.find("replica");
        if (replica == nullptr) fail(node, "when needs \"replica\", such as leader");
        trigger.replica = read_target(*replica, "when.replica");
        const int ways =
            int{when.has("sends")} + int{when.has("reaches")} + int{when.has("performs")};
        if (ways != 1) fail(node, "when needs either sends, reaches or performs");
        if (const Node* sends = when.find("sends")) {
            trigger.kind = TriggerKind::sends;
            trigger.sends = read_request(*sends, "when.sends");
        } else if (when.has("performs")) {
            trigger.kind = TriggerKind::performs;
            constexpr std::array<std::string_view, 1> kEffect{"effect"};
            static_cast<void>(choose(*when.find("performs"), "when.performs", kEffect));
        } else {
            trigger.kind = TriggerKind::reaches;
            const Node& reaches = *when.find("reaches");
            expect_scalar(reaches, "when.reaches");
            const auto mark = mark_named(reaches.text);
            if (!mark) {
                std::vector<std::string_view> all;
                for (const MarkInfo& info : kMarks)
                    all.push_back(info.name);
                fail(reaches, "when.reaches: unknown mark " + reaches.describe() +
                                  suggestion(reaches.text, all));
            }
            trigger.reaches = *mark;
        }
        read_nth(when, trigger);
        if (when.duration("after", trigger.after, Duration(0)))
            check_inside(when, "after", trigger.after);
    }

    /// N, or A..B: drawn by the seed.
    static void read_nth(const Block& when, Trigger& trigger) {
        constexpr std::uint64_t kMost = 1'000'000;
        const Node* nth = when.find("nth");
        const bool range = nth != nullptr && nth->kind == NodeKind::scalar &&
                           nth->text.find("..") != nth->text.npos;
        if (!range) {
            when.count("nth", trigger.nth, 1, kMost);
            trigger.nth_most = trigger.nth;
            return;
        }
        const std::size_t dots = nth->text.find("..");
        const auto low = parse_count(nth->text.substr(0, dots));
        const auto high = parse_count(nth->text.substr(dots + 2));
        if (!low || !high || *low < 1 || *high > kMost || *low > *high)
            fail(*nth, "when.nth: expected N or A..B, from 1 to 1000000, found " + nth->describe());
        trigger.nth = static_cast<std::uint32_t>(*low);
        trigger.nth_most = static_cast<std::uint32_t>(*high);
    }

    RequestKind read_request(const Node& node, std::string_view what) const {
        const auto kind = static_cast<RequestKind>(choose(node, what, names::kRequests));
        if (of_bucket(kind) && !scenario_.stores())
            fail(node, std::string(what) + ": " + node.text +
                           " is never sent, there is no bucket (set "
                           "kubecostModel.etlBucketConfigSecret)");
        if (!of_bucket(kind) && !scenario_.elects())
            fail(node, std::string(what) + ": " + node.text +
                           " is never sent, there is no election (set "
                           "kubecostDeployment.leaderFollower.enabled)");
        return kind;
    }

    Target read_target(const Node& node, std::string_view what) const {
        expect_scalar(node, what);
        Target target;
        constexpr std::string_view kZone = "zone ";
        const auto role = std::find(names::kRoles.begin(), names::kRoles.end(), node.text);
        if (role != names::kRoles.end()) {
            constexpr std::array kKinds{TargetKind::leader, TargetKind::follower,
                                        TargetKind::followers, TargetKind::all};
            target.kind = kKinds.at(static_cast<std::size_t>(role - names::kRoles.begin()));
            if (target.kind != TargetKind::all && !scenario_.elects())
                fail(node, std::string(what) + ": there is no " + node.text +
                               " without an election (name replica-0 or all)");
            return target;
        }
        if (node.text.starts_with(kZone)) {
            target.kind = TargetKind::zone;
            target.name = node.text.substr(kZone.size());
            const auto& zones = scenario_.network.zone_names;
            if (std::find(zones.begin(), zones.end(), target.name) == zones.end()) {
                const std::vector<std::string_view> all(zones.begin(), zones.end());
                fail(node, std::string(what) + ": no zone \"" + target.name +
                               "\" in network.zones" + suggestion(target.name, all));
            }
            return target;
        }
        if (const auto index = replica_index(node.text, scenario_.values.replicas)) {
            target.kind = TargetKind::replica;
            target.name = node.text;
            target.replica = *index;
            return target;
        }
        if (node.text.starts_with("replica-"))
            fail(node, std::string(what) + ": no " + node.text + ", there are replica-0 to " +
                           replica_name(scenario_.values.replicas - 1));
        if (const auto bound = bindings_.find(node.text); bound != bindings_.end()) {
            if (!bound->second.replica)
                fail(node, std::string(what) + ": \"" + node.text + "\" names no replica");
            target.kind = TargetKind::bound;
            target.name = node.text;
            return target;
        }
        std::vector<std::string_view> known(names::kRoles.begin(), names::kRoles.end());
        for (const auto& [name, binding] : bindings_)
            known.push_back(name);
        fail(node, std::string(what) + ": " + node.describe() +
                       " is neither leader, follower, followers, all, replica-N, zone NAME nor a "
                       "name bound by an earlier as" +
                       (nearest(node.text, known).empty()
                            ? std::string()
                            : "; did you mean \"" + nearest(node.text, known) + "\"?"));
    }

    void read_verb(const Block& block, Fault& fault) const {
        const std::string verb(fault_kind_name(fault.kind));
        const Node& value = *block.find(verb);
        switch (fault.kind) {
            case FaultKind::heal:
                read_heal(value, fault);
                return;
            case FaultKind::outage:
            case FaultKind::freeze:
                fault.api = choose(value, verb, names::kOutages) == 0;
                fault.bucket = !fault.api;
                if (fault.bucket) needs_bucket(value, verb);
                return;
            case FaultKind::set_preconditions:
            case FaultKind::omit_keys:
            case FaultKind::damage_object:
                read_store(value, verb, fault);
                return;
            case FaultKind::delete_lease:
            case FaultKind::edit_lease:
            case FaultKind::restore_lease:
                read_operator(value, verb, fault);
                return;
            case FaultKind::drop_request:
            case FaultKind::lose_answer:
            case FaultKind::apply_late:
            case FaultKind::answer_error:
            case FaultKind::damage_answer:
                read_requests(value, verb, fault);
                fault.target = read_target(*block.find("of"), "of");
                return;
            case FaultKind::edit_pod:
                fault.pod_edit = static_cast<PodEdit>(choose(value, verb, names::kPodEdits));
                fault.target = read_target(*block.find("of"), "of");
                break;
            default:
                fault.target = read_target(value, verb);
        }
        const bool of_pod = fault.kind == FaultKind::kubelet_stops ||
                            fault.kind == FaultKind::force_delete_pod ||
                            fault.kind == FaultKind::edit_pod;
        if (of_pod && !scenario_.election.believe_ended_holder)
            fail(value, verb +
                            ": nobody reads the status of Pods (set "
                            "election.believeEndedHolder)");
        if (fault.kind == FaultKind::break_watch && !scenario_.elects())
            fail(value, "breakWatch: nobody watches a Lease without an election");
        const bool role = fault.target.kind == TargetKind::leader ||
                          fault.target.kind == TargetKind::follower ||
                          fault.target.kind == TargetKind::followers;
        if (fault.kind == FaultKind::restart && role)
            fail(value,
                 "restart: a replica that does not run has no role (name it, or bind it "
                 "with as where it crashes)");
    }

    void needs_bucket(const Node& value, const std::string& verb) const {
        if (!scenario_.stores())
            fail(value, verb + ": there is no bucket (set kubecostModel.etlBucketConfigSecret)");
    }

    /// One request, or a list of them.
    void read_requests(const Node& value, const std::string& verb, Fault& fault) const {
        const bool many = value.kind == NodeKind::list;
        if (many && value.items.empty()) fail(value, verb + ": needs at least one request");
        const auto items = many ? std::span<const Node>(value.items) : std::span(&value, 1);
        for (const Node& item : items) {
            const RequestKind kind = read_request(item, verb);
            if (std::ranges::count(fault.requests, kind) > 0)
                fail(item, verb + ": " + item.text + " is named twice");
            if (fault.kind == FaultKind::apply_late && !writes(kind))
                fail(item, "applyLate: " + item.text +
                               " changes nothing, so it can't be late "
                               "(expected createLease, updateLease, putObject or removeObject)");
            if (fault.kind == FaultKind::damage_answer && kind != RequestKind::get_object)
                fail(item, "damageAnswer: only the answer of getObject has a body to damage, not " +
                               item.text + "'s");
            fault.requests.push_back(kind);
        }
    }

    /// What befalls the store itself, whoever asks it.
    void read_store(const Node& value, const std::string& verb, Fault& fault) const {
        needs_bucket(value, verb);
        constexpr std::array<std::string_view, 1> kBucket{"bucket"};
        if (fault.kind == FaultKind::set_preconditions)
            fault.rule =
                static_cast<PreconditionRule>(choose(value, verb, names::kPreconditionRules));
        else if (fault.kind == FaultKind::damage_object)
            fault.objects = static_cast<ObjectChoice>(choose(value, verb, names::kObjects));
        else
            static_cast<void>(choose(value, verb, kBucket));
    }

    void read_heal(const Node& value, Fault& fault) const {
        expect_scalar(value, "heal");
        fault.target.kind = TargetKind::all;
        if (value.text == "all") return;
        fault.target.kind = TargetKind::bound;
        fault.target.name = value.text;
        const auto bound = bindings_.find(value.text);
        if (bound != bindings_.end() && bound->second.heals) return;
        std::vector<std::string_view> known{"all"};
        for (const auto& [name, binding] : bindings_)
            if (binding.heals) known.push_back(name);
        fail(value,
             "heal: no earlier cut, delay, outage, setPreconditions or kubeletStops is bound as " +
                 value.describe() + suggestion(value.text, known));
    }

    void read_operator(const Node& value, const std::string& verb, Fault& fault) const {
        if (!scenario_.elects()) fail(value, verb + ": there is no Lease without an election");
        if (fault.kind == FaultKind::edit_lease) {
            fault.edit = static_cast<LeaseEdit>(choose(value, verb, names::kEdits));
            return;
        }
        constexpr std::array<std::string_view, 1> kLease{"lease"};
        static_cast<void>(choose(value, verb, kLease));
    }

    void read_binding(const Block& block, Fault& fault) {
        const Node* as = block.find("as");
        if (as == nullptr) return;
        expect_scalar(*as, "as");
        const auto& roles = names::kRoles;
        const bool reserved = std::find(roles.begin(), roles.end(), as->text) != roles.end() ||
                              as->text.starts_with("replica-") || as->text == "lease" ||
                              as->text == "api" || as->text == "bucket" || as->text == "zone";
        if (!is_name(as->text) || reserved)
            fail(*as,
                 "as: expected a name of lower-case letters, digits and '-' that has no "
                 "meaning yet, found " +
                     as->describe());
        Binding binding;
        binding.replica =
            fault.kind != FaultKind::outage && fault.kind != FaultKind::set_preconditions;
        binding.heals = fault.kind == FaultKind::kubelet_stops || fault.kind == FaultKind::cut ||
                        fault.kind == FaultKind::delay || fault.kind == FaultKind::outage ||
                        fault.kind == FaultKind::set_preconditions;
        if (!bindings_.emplace(as->text, binding).second)
            fail(*as, "as: \"" + as->text + "\" is bound by an earlier fault");
        fault.as = as->text;
    }

    Scenario& scenario_;
    std::map<std::string, Binding, std::less<>> bindings_;
};

}  // namespace

void read_faults(const Node& node, Scenario& scenario) {
    FaultReader(scenario).read(node);
}

}  // namespace leasehold::sim
