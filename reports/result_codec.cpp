#include "reports/result_codec.hpp"

#include <charconv>

#include "reports/text.hpp"

namespace leasehold::check {

using reports::Like;

template <class A>
void fields(A& a, Like<Verdict> auto& v) {
    a("id", v.id);
    a("status", v.status);
    a("what", v.what);
    a("atNs", v.at);
    a("evidence", v.evidence);
    a("checked", v.checked);
}

template <class A>
void fields(A& a, Like<TimelineLine> auto& v) {
    a("atNs", v.at);
    a("columns", v.columns);
    a("text", v.text);
    a("event", v.number);
}

template <class A>
void fields(A& a, Like<FaultResult> auto& v) {
    a("what", v.what);
    a("line", v.line);
    a("tookEffect", v.took_effect);
    a("felt", v.felt);
    a("contradicted", v.contradicted);
}

template <class A>
void fields(A& a, Like<Expectation> auto& v) {
    a("what", v.what);
    a("met", v.met);
    a("found", v.found);
}

template <class A>
void fields(A& a, Like<CoverageCount> auto& v) {
    a("point", v.point);
    a("count", v.count);
}

template <class A>
void fields(A& a, Like<Work> auto& v) {
    a("events", v.events);
    a("steps", v.steps);
    a("leaseRequests", v.lease_requests);
    a("bucketRequests", v.bucket_requests);
    a("flows", v.flows);
    a("writes", v.writes);
    a("committed", v.committed);
    a("failed", v.failed);
    a("unknown", v.unknown);
    a("fenced", v.fenced);
    a("skipped", v.skipped);
    a("unanswered", v.unanswered);
    a("reads", v.reads);
    a("queries", v.queries);
}

// 64 bits don't fit into the numbers of every JSON reader: hexadecimal text.
struct HexDigest {
    std::uint64_t value = 0;
};
// Only the marks that were reached, by name.
struct MarkCounts {
    std::array<std::uint64_t, kMarkCount> counts{};
};

}  // namespace leasehold::check

namespace leasehold::reports {

template <>
Json encode(const check::HexDigest& digest) {
    return Json(format_hex(digest.value));
}

template <>
void decode(const Json& json, check::HexDigest& digest) {
    const std::string text = text_from_json(json);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, digest.value, 16);
    if (text.size() != 16 || error != std::errc{} || stop != end)
        throw JsonError("expected sixteen hexadecimal digits");
}

template <>
Json encode(const check::MarkCounts& marks) {
    Json object = Json::object();
    for (std::size_t i = 0; i < kMarkCount; ++i)
        if (marks.counts[i] != 0) object[std::string(kMarks[i].name)] = marks.counts[i];
    return object;
}

template <>
void decode(const Json& json, check::MarkCounts& marks) {
    if (!json.is_object()) throw JsonError("expected an object");
    marks.counts.fill(0);
    for (const auto& [name, count] : json.items()) {
        const auto mark = mark_named(name);
        if (!mark) throw JsonError("unknown mark '" + name + "'");
        decode(count, marks.counts.at(static_cast<std::size_t>(*mark)));
    }
}

}  // namespace leasehold::reports

namespace leasehold::check {

template <class A>
void fields(A& a, Like<RunResult> auto& v) {
    a("scenario", v.scenario);
    a("file", v.file);
    a("seed", v.seed);
    a("simulatedNs", v.simulated);
    a("replicas", v.replicas);
    HexDigest digest{v.digest};
    a("digest", digest);
    a("outcome", v.outcome);
    a("invariants", v.verdicts);
    a("expectations", v.expectations);
    a("faults", v.faults);
    a("ofTheWorld", v.of_the_world);
    MarkCounts marks{v.marks};
    a("marks", marks);
    a("failoversNs", v.failovers);
    a("leaderlessNs", v.leaderless);
    a("leaderships", v.leaderships);
    a("commitGap", v.commit_gap);
    a("work", v.work);
    a("coverage", v.coverage);
    a("internalError", v.internal_error);
    a("timeline", v.timeline);
    a("chain", v.chain);
    a("state", v.state);
    if constexpr (A::kReads) {
        v.digest = digest.value;
        v.marks = marks.counts;
    }
}

}  // namespace leasehold::check

namespace leasehold::reports {

Json result_to_json(const check::RunResult& result) {
    return encode(result);
}

check::RunResult result_from_json(const Json& json) {
    check::RunResult result;
    decode(json, result);
    return result;
}

}  // namespace leasehold::reports
