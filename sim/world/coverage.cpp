#include "sim/world/coverage.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "model/base/check.hpp"
#include "reports/names.hpp"
#include "sim/scenario/names.hpp"

namespace leasehold::sim {
namespace {

using reports::kNames;
using reports::name_of;

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

constexpr std::size_t kNone = ~std::size_t{0};
/// The point of each pair of two enumerations.
template <class Row, class Column>
struct Pairs {
    std::array<std::array<std::size_t, kNames<Column>.size()>, kNames<Row>.size()> points{};
    std::size_t& of(std::size_t row, Column column) {
        return points[row][static_cast<std::size_t>(column)];
    }
    [[nodiscard]] std::size_t of(std::size_t row, Column column) const {
        return points[row][static_cast<std::size_t>(column)];
    }
};
using Kinds = std::array<std::map<std::string_view, std::size_t>, names::kFaults.size()>;

/// The points, and where those of each family stand.
struct Table {
    std::vector<CoveragePoint> points;
    std::size_t marks = 0;
    std::size_t events = 0;
    std::size_t effects = 0;
    std::size_t watch = 0;
    std::size_t ends = 0;
    std::size_t reads = 0;
    std::size_t queries = 0;
    std::size_t writes = 0;
    std::size_t removals = 0;
    Pairs<Role, Role> roles{};
    Pairs<LeaseVerb, LeaseOutcome> lease{};
    Pairs<BucketVerb, BucketOutcome> bucket{};
    Pairs<FileVerb, FileStatus> files{};
    Kinds faults;  ///< by the variant's name; "" = the kind has none

    std::size_t add(std::string name, std::string_view meaning = {}) {
        points.push_back({std::move(name), std::string(meaning)});
        return points.size() - 1;
    }
    template <class Names>
    std::size_t add_all(std::string_view family, const Names& all) {
        const std::size_t first = points.size();
        for (const std::string_view name : all)
            add(std::string(family) + " " + std::string(name));
        return first;
    }
};

constexpr std::array<std::string_view, 2> kRevisions{"kept", "bumped"};  // Fault::bump

/// In how many ways a fault of this kind can be: of which request, which edit, from whom ...
std::span<const std::string_view> variants(FaultKind kind) {
    switch (kind) {
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
            return names::kRequests;
        case FaultKind::edit_lease:
            return names::kEdits;
        case FaultKind::cut:
            return names::kDirections;
        case FaultKind::crash:
            return names::kDisks;
        case FaultKind::suspend:
            return names::kSuspendClocks;
        case FaultKind::outage:
        case FaultKind::freeze:
            return names::kOutages;
        case FaultKind::break_watch:
            return names::kWatchBreaks;
        case FaultKind::restore_lease:
            return kRevisions;
        case FaultKind::set_preconditions:
            return names::kPreconditionRules;
        case FaultKind::damage_answer:
            return names::kAnswerDamages;
        case FaultKind::damage_object:
            return names::kObjectDamages;
        case FaultKind::fail_files:
            return names::kFileVerbs;
        case FaultKind::restart:
        case FaultKind::stop:
        case FaultKind::pause:
        case FaultKind::resume:
        case FaultKind::heal:
        case FaultKind::delay:
        case FaultKind::delete_lease:
        case FaultKind::step_wall_clock:
        case FaultKind::set_drift:
        case FaultKind::omit_keys:
        case FaultKind::slow:
        case FaultKind::kill_node:
        case FaultKind::kubelet_stops:
        case FaultKind::force_delete_pod:
            return {};
        case FaultKind::edit_pod:
            return names::kPodEdits;
    }
    return {};
}

/// The variant that took effect. Which of its requests or operations a fault met, the record's last
/// word says.
std::string_view variant_of(const Fault& fault, std::string_view what) {
    const auto all = variants(fault.kind);
    if (all.empty()) return {};
    const auto nth = [&](auto value) { return all[static_cast<std::size_t>(value)]; };
    switch (fault.kind) {
        case FaultKind::edit_lease:
            return nth(fault.edit);
        case FaultKind::edit_pod:
            return nth(fault.pod_edit);
        case FaultKind::cut:
            return nth(fault.direction);
        case FaultKind::crash:
            return nth(fault.disk);
        case FaultKind::suspend:
            return nth(fault.frozen ? 0 : 1);
        case FaultKind::outage:
        case FaultKind::freeze:
            return nth(fault.api ? 0 : 1);
        case FaultKind::break_watch:
            return nth(fault.watch_break);
        case FaultKind::restore_lease:
            return nth(fault.bump ? 1 : 0);
        case FaultKind::set_preconditions:
            return nth(fault.rule);
        case FaultKind::damage_answer:
            return nth(fault.answer_damage);
        case FaultKind::damage_object:
            return nth(fault.object_damage);
        default:
            return what.substr(what.rfind(' ') + 1);
    }
}

// A late application is that of a request which writes; the reader refuses the others.
bool meaningful(FaultKind kind, std::size_t variant) {
    if (kind != FaultKind::apply_late) return true;
    const auto request = static_cast<RequestKind>(variant);
    return request == RequestKind::create_lease || request == RequestKind::update_lease ||
           request == RequestKind::put_object || request == RequestKind::remove_object;
}

void add_faults(Table& table) {
    for (std::size_t kind = 0; kind < names::kFaults.size(); ++kind) {
        const auto all = variants(static_cast<FaultKind>(kind));
        const std::string name = "fault " + std::string(names::kFaults[kind]);
        if (all.empty()) table.faults[kind].emplace("", table.add(name));
        for (std::size_t variant = 0; variant < all.size(); ++variant)
            if (meaningful(static_cast<FaultKind>(kind), variant))
                table.faults[kind].emplace(all[variant],
                                           table.add(name + " " + std::string(all[variant])));
    }
}

/// Adds the pairs of a verb and what was learnt from its answer, as far as `possible` has them.
template <class Verb, class Outcome, class Possible>
void add_pairs(Table& table, Pairs<Verb, Outcome>& pairs, std::string_view family,
               Possible possible) {
    for (std::size_t verb = 0; verb < kNames<Verb>.size(); ++verb)
        for (std::size_t outcome = 0; outcome < kNames<Outcome>.size(); ++outcome)
            pairs.points[verb][outcome] =
                possible(static_cast<Verb>(verb), static_cast<Outcome>(outcome))
                    ? table.add(std::string(family) + " " + std::string(kNames<Verb>[verb]) + " " +
                                std::string(kNames<Outcome>[outcome]))
                    : kNone;
}

// What classify() makes of some answer, whatever its status: the other pairs cannot be.
bool possible(LeaseVerb verb, LeaseOutcome outcome) {
    for (std::int32_t status = 0; status < 600; ++status)
        for (std::size_t reason = 0; reason < kNames<StatusReason>.size(); ++reason) {
            LeaseReply reply;
            reply.status = status;
            reply.reason = static_cast<StatusReason>(reason);
            reply.about_lease = true;
            reply.lease = std::make_shared<const Lease>();
            if (classify(verb, reply) == outcome) return true;
        }
    return false;
}

bool possible(BucketVerb verb, BucketOutcome outcome) {
    BucketReply reply;
    reply.not_sent = true;  // only what changes the bucket needs a permit
    const bool changes = verb == BucketVerb::put || verb == BucketVerb::remove;
    if (changes && classify(verb, reply) == outcome) return true;
    reply.not_sent = false;
    reply.etag = ETag("\"e\"");
    if (verb == BucketVerb::get) reply.content = std::make_shared<const ObjectBody>();
    if (verb == BucketVerb::list) reply.content = std::make_shared<const ListPage>();
    for (reply.status = 0; reply.status < 600; ++reply.status)
        for (std::size_t code = 0; code < kNames<BucketCode>.size(); ++code) {
            reply.code = static_cast<BucketCode>(code);
            if (classify(verb, reply) == outcome) return true;
        }
    return false;
}

// Of a local store (agent/files): a list is of all, and nothing but a load verifies content.
bool possible(FileVerb verb, FileStatus status) {
    switch (status) {
        case FileStatus::ok:
        case FileStatus::io_error:
            return true;
        case FileStatus::missing:
            return verb == FileVerb::load || verb == FileVerb::retag || verb == FileVerb::remove;
        case FileStatus::corrupt:
            return verb == FileVerb::load;
        case FileStatus::no_space:
            return verb == FileVerb::store || verb == FileVerb::retag;
    }
    return false;
}

// Nobody comes back from Stopped, and a role that stays is no transition.
bool possible(Role from, Role to) {
    return from != to && from != Role::stopped;
}

Table make_table() {
    Table table;
    table.marks = table.points.size();
    for (const MarkInfo& mark : kMarks)
        table.add("mark " + std::string(mark.name), mark.meaning);
    add_faults(table);
    add_pairs(table, table.roles, "role", [](Role a, Role b) { return possible(a, b); });
    table.ends = table.add_all("end", kNames<EndCause>);
    const auto pair = [](auto verb, auto outcome) { return possible(verb, outcome); };
    add_pairs(table, table.lease, "lease", pair);
    table.watch = table.add_all("watch", kNames<WatchKind>);
    add_pairs(table, table.bucket, "bucket", pair);
    add_pairs(table, table.files, "file", pair);
    table.reads = table.add_all("read", kNames<ReadOutcome>);
    table.writes = table.add_all("write", kNames<WriteAck>);
    table.removals = table.add_all("removal", kNames<WriteAck>);
    table.queries = table.add_all("query", kNames<QueryOutcome>);
    table.events = table.add_all("event", kNames<Event>);
    table.effects = table.add_all("effect", kNames<Effect>);
    return table;
}

const Table& table() {
    static const Table made = make_table();
    return made;
}

std::size_t at(std::size_t first, auto value) {
    return first + static_cast<std::size_t>(value);
}

/// Takes what waits for the answer to `id` out of the list.
std::optional<std::size_t> take(auto& list, std::uint64_t id) {
    const auto found = std::ranges::find(list, id, [](const auto& open) { return open.id; });
    if (found == list.end()) return std::nullopt;
    const std::size_t verb = found->verb;
    *found = list.back();
    list.pop_back();
    return verb;
}

std::size_t index_of(auto verb) {
    return static_cast<std::size_t>(verb);
}

}  // namespace

const std::vector<CoveragePoint>& coverage_points() {
    return table().points;
}

std::string_view coverage_family(std::string_view point) {
    return point.substr(0, point.find(' '));
}

Coverage::Coverage(const Scenario& scenario)
    : scenario_(scenario), counts_(coverage_points().size()) {}

Coverage::Process& Coverage::process(ReplicaIndex replica) {
    if (processes_.size() <= replica) processes_.resize(replica + 1);
    return processes_[replica];
}

void Coverage::on(const ProcessStarted& record) {
    process(record.replica) = Process{};
}

void Coverage::on(const ProcessEnded& record) {
    count(at(table().ends, record.cause));
}

void Coverage::on(const FaultTookEffect& record) {
    if (!record.began) return;
    const Fault& fault = scenario_.faults[record.fault];
    const auto& kinds = table().faults[index_of(fault.kind)];
    const auto found = kinds.find(variant_of(fault, record.what));
    CHECK(found != kinds.end());
    count(found->second);
}

void Coverage::on(const ReplicaStepped& record) {
    Process& own = process(record.replica);
    event(own, *record.event);
    for (const Effect& one : record.effects)
        effect(own, one);
}

void Coverage::event(Process& process, const Event& event) {
    count(at(table().events, event.index()));
    const auto pair = [this](const auto& pairs, std::size_t verb, auto outcome) {
        if (pairs.of(verb, outcome) != kNone) count(pairs.of(verb, outcome));
    };
    if (const auto* lease = std::get_if<LeaseAnswered>(&event)) {
        if (const auto verb = take(process.lease, lease->request.value()))
            pair(table().lease, *verb, classify(static_cast<LeaseVerb>(*verb), lease->reply));
    } else if (const auto* bucket = std::get_if<BucketAnswered>(&event)) {
        if (const auto verb = take(process.bucket, bucket->request.value()))
            pair(table().bucket, *verb, classify(static_cast<BucketVerb>(*verb), *bucket->reply));
    } else if (const auto* file = std::get_if<FileAnswered>(&event)) {
        if (const auto verb = take(process.files, file->request.value()))
            pair(table().files, *verb, file->reply.status);
    } else if (const auto* watched = std::get_if<LeaseWatched>(&event)) {
        count(at(table().watch, watched->kind));
    } else if (const auto* removal = std::get_if<BackupRemove>(&event)) {
        process.removals.push_back({removal->call.value(), 0});
    }
}

void Coverage::effect(Process& process, const Effect& effect) {
    count(at(table().effects, effect.index()));
    std::visit(
        Overloaded{[&](const RoleChanged& e) {
                       const std::size_t point = table().roles.of(index_of(process.role), e.role);
                       if (point != kNone) count(point);
                       process.role = e.role;
                   },
                   [&](const SendLease& e) {
                       process.lease.push_back({e.request.value(), index_of(e.verb)});
                   },
                   [&](const SendBucket& e) {
                       process.bucket.push_back({e.request.value(), index_of(e.verb)});
                   },
                   [&](const SendFile& e) {
                       process.files.push_back({e.request.value(), index_of(e.verb)});
                   },
                   [&](const ReadDone& e) { count(at(table().reads, e.outcome)); },
                   [&](const WriteDone& e) {
                       const bool removes = take(process.removals, e.call.value()).has_value();
                       count(at(removes ? table().removals : table().writes, e.ack));
                   },
                   [&](const QueryDone& e) { count(at(table().queries, e.outcome)); },
                   [&](const Mark& e) { count(at(table().marks, e.mark)); }, [](const auto&) {}},
        effect);
}

std::vector<check::CoverageCount> Coverage::counts() const {
    std::vector<check::CoverageCount> found;
    for (std::size_t point = 0; point < counts_.size(); ++point)
        if (counts_[point] > 0) found.push_back({coverage_points()[point].name, counts_[point]});
    return found;
}

}  // namespace leasehold::sim
