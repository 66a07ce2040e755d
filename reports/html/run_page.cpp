// A run's record and result as the data of its page.
#include <array>
#include <utility>

#include "reports/html/page.hpp"
#include "reports/record/chain.hpp"
#include "reports/result_codec.hpp"
#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

constexpr std::array<std::string_view, 8> kSpans{"runs",   "crashed", "leads",  "gate",
                                                 "asleep", "cut",     "holder", "epoch"};
constexpr std::array<std::string_view, 9> kEvents{"start", "end",    "clock", "step", "left",
                                                  "lease", "object", "fault", "path"};

// Replicas by position; the world's lanes are below zero.
int lane_number(ReplicaIndex lane) {
    if (lane == kLeaseLane) return -1;
    if (lane == kBucketLane) return -2;
    return lane == kNobody ? -3 : static_cast<int>(lane);
}

std::int64_t ns(TrueTime at) {
    return at.time_since_epoch().count();
}

Json counts_json(const std::vector<CountPoint>& points) {
    Json::array_t at;
    Json::array_t value;
    for (const CountPoint& point : points) {
        at.emplace_back(ns(point.at));
        value.emplace_back(point.value);
    }
    return Json::array({std::move(at), std::move(value)});
}

Json lanes_json(const RunRecord& record) {
    Json lanes = Json::array();
    for (const LaneRecord& lane : record.lanes) {
        Json clocks = Json::array();
        for (const ClockPiece& piece : lane.clocks)
            clocks.push_back(Json::array(
                {ns(piece.since), piece.monotonic.time_since_epoch().count(), piece.rate_ppb}));
        Json one = Json::object();
        one["name"] = lane.name;
        one["clocks"] = std::move(clocks);
        one["reads"] = counts_json(lane.pending_reads);
        one["writes"] = counts_json(lane.writes_flying);
        lanes.push_back(std::move(one));
    }
    return lanes;
}

Json spans_json(const RunRecord& record) {
    Json spans = Json::array();
    for (const Span& span : record.spans)
        spans.push_back(
            Json::array({kSpans.at(static_cast<std::size_t>(span.kind)), lane_number(span.lane),
                         ns(span.from), ns(span.to), lane_number(span.owner), span.text}));
    return spans;
}

Json faults_json(const RunRecord& record) {
    Json faults = Json::array();
    for (const FaultSpan& fault : record.faults) {
        Json targets = Json::array();
        for (const ReplicaIndex target : fault.targets)
            targets.push_back(lane_number(target));
        faults.push_back(Json::array(
            {ns(fault.from), ns(fault.to), fault.text, std::move(targets), fault.number}));
    }
    return faults;
}

// By columns: smaller, and faster to read than an object for each event.
Json events_json(const RunRecord& record) {
    Json::array_t number;
    Json::array_t at;
    Json::array_t lane;
    Json::array_t kind;
    Json::array_t change;
    Json::array_t text;
    Json::array_t effects;
    Json::array_t cause;
    for (const RecordedEvent& event : record.events) {
        number.emplace_back(event.number);
        at.emplace_back(ns(event.at));
        lane.emplace_back(lane_number(event.lane));
        kind.emplace_back(kEvents.at(static_cast<std::size_t>(event.kind)));
        change.emplace_back(event.change ? 1 : 0);
        text.emplace_back(event.text);
        effects.emplace_back(event.effects);
        cause.emplace_back(event.cause);
    }
    Json events = Json::object();
    events["number"] = std::move(number);
    events["at"] = std::move(at);
    events["lane"] = std::move(lane);
    events["kind"] = std::move(kind);
    events["change"] = std::move(change);
    events["text"] = std::move(text);
    events["effects"] = std::move(effects);
    events["cause"] = std::move(cause);
    return events;
}

Json exchanges_json(const RunRecord& record) {
    Json exchanges = Json::array();
    for (const Exchange& one : record.exchanges)
        exchanges.push_back(Json::array(
            {one.replica, one.bucket ? 1 : 0, one.verb, one.sent, one.reached, ns(one.sent_at),
             one.answered != 0 ? Json(ns(one.answered_at)) : Json(nullptr), one.answered,
             one.lost ? 1 : 0}));
    return exchanges;
}

}  // namespace

std::string run_page(const RunRecord& record, const check::RunResult& result,
                     const RunPageWords& words) {
    Json data = Json::object();
    data["page"] = "run";
    data["schemaVersion"] = kPageSchemaVersion;
    data["version"] = std::string(words.version);
    data["why"] = text_to_json(words.why);
    data["command"] = text_to_json(words.command);
    data["time"] = words.time;
    data["result"] = result_to_json(result);
    data["end"] = ns(record.end);
    data["leftOut"] = record.left_out;
    data["lanes"] = lanes_json(record);
    data["spans"] = spans_json(record);
    data["faults"] = faults_json(record);
    data["events"] = events_json(record);
    data["exchanges"] = exchanges_json(record);
    const Explanation explanation = explain(record, result);
    data["wrong"] = explanation.wrong;
    data["chain"] = explanation.events;
    const std::string seed =
        words.time == "simulated" ? " seed " + std::to_string(result.seed) : "";
    return page_around(
        PageKind::run,
        result.scenario + seed + ": " + std::string(check::outcome_name(result.outcome)), data);
}

}  // namespace leasehold::reports
