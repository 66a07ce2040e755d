#include "reports/sarif.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "model/check/check.hpp"
#include "reports/json_archive.hpp"
#include "reports/terminal_text.hpp"
#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

using check::FaultResult;
using check::Outcome;
using check::RunResult;
using check::Status;

constexpr std::string_view kExpectation = "scenario.expectation";
constexpr std::string_view kBound = "scenario.bound";
constexpr std::string_view kNoEffect = "scenario.fault-without-effect";
constexpr std::string_view kInternal = "program.internal-error";

struct Rule {
    std::string_view id;
    std::string_view meaning;
};
/// Beside the invariants.
constexpr std::array kFurtherRules{
    Rule{kExpectation, "what the scenario expects of each run"},
    Rule{kBound, "what the scenario expects of the failovers of all seeds"},
    Rule{kNoEffect, "each fault takes effect, and somebody feels it"},
    Rule{kInternal, "the program's own beliefs hold"}};

/// One thing that did not pass, in however many runs of a scenario.
struct Finding {
    std::string rule;
    std::string what;
    bool error = false;                  ///< else a warning: nothing is proven
    std::uint32_t line = 1;              ///< of the scenario
    std::vector<FaultResult> related{};  ///< that took effect too
    const RunResult* run = nullptr;      ///< one of them; null: of all together
    std::uint64_t runs = 0;
};
/// By rule and, where a rule has several, by what it is about.
using Findings = std::map<std::pair<std::string, std::string>, Finding>;

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find(' '));
}

/// The kind of the fault that the timeline shows last, not after `at`; empty: none.
std::string_view last_kind(const RunResult& run, TrueTime at) {
    constexpr std::string_view kFault = "fault: ";
    std::string_view kind;
    for (const check::TimelineLine& line : run.timeline)
        if (line.at <= at && line.text.starts_with(kFault))
            kind = first_word(std::string_view(line.text).substr(kFault.size()));
    return kind;
}

/// Puts `finding` at the fault to blame, with the others that took effect beside it.
void place_at_fault(Finding& finding, const RunResult& run, TrueTime at) {
    const std::string_view kind = last_kind(run, at);
    const FaultResult* blamed = nullptr;
    for (const FaultResult& fault : run.faults) {
        if (fault.took_effect == 0) continue;
        const bool fits = kind.empty() || first_word(fault.what) == kind;
        if (fits || blamed == nullptr) blamed = &fault;
    }
    for (const FaultResult& fault : run.faults)
        if (fault.took_effect > 0 && &fault != blamed) finding.related.push_back(fault);
    if (blamed != nullptr && blamed->line > 0) finding.line = blamed->line;
}

void add(Findings& all, std::string about, Finding finding, const RunResult& run) {
    finding.run = &run;
    auto& entry =
        all.try_emplace({finding.rule, std::move(about)}, std::move(finding)).first->second;
    ++entry.runs;
}

void add_verdicts(Findings& all, const RunResult& run) {
    for (const check::Verdict& verdict : run.verdicts) {
        const bool broken = verdict.status == Status::violated && !was_expected(run, verdict);
        const bool open =
            verdict.status == Status::inconclusive && run.outcome == Outcome::inconclusive;
        if (!broken && !open) continue;
        Finding finding{verdict.id, verdict.what, broken};
        const bool dated = broken && verdict.at != TrueTime{};
        if (dated) finding.what += " [" + format_time(verdict.at) + "]";
        place_at_fault(finding, run, dated ? verdict.at : TrueTime::max());
        add(all, "", std::move(finding), run);
    }
}

void add_run(Findings& all, const RunResult& run) {
    if (run.outcome == Outcome::pass) return;
    if (run.outcome == Outcome::internal)
        add(all, "", Finding{std::string(kInternal), run.internal_error, true}, run);
    add_verdicts(all, run);
    const bool proven = run.outcome != Outcome::inconclusive;
    for (const check::Expectation& expectation : run.expectations)
        if (!expectation.met && !expectation.what.starts_with("took effect"))
            add(all, expectation.what,
                Finding{std::string(kExpectation),
                        "expected: " + expectation.what + "; found: " + expectation.found, proven},
                run);
    for (const FaultResult& fault : run.faults) {
        if (fault.shown()) continue;
        Finding finding{std::string(kNoEffect), fault.what + ": without effect", false,
                        std::max(fault.line, 1U)};
        add(all, std::to_string(fault.line), std::move(finding), run);
    }
}

Json text_message(const std::string& text) {
    Json message = Json::object();
    message["text"] = text_to_json(text);
    return message;
}

Json location(const ScenarioSummary& scenario, std::uint32_t line) {
    Json physical = Json::object();
    physical["artifactLocation"]["uri"] = path_uri(scenario.file);
    physical["region"]["startLine"] = line;
    Json where = Json::object();
    where["physicalLocation"] = std::move(physical);
    return where;
}

Json result_json(const ScenarioSummary& scenario, const std::string& about, const Finding& finding,
                 std::string_view arguments) {
    std::string text = scenario.name + ": " + finding.what;
    if (finding.run != nullptr)
        text += "\n" + counted(finding.runs, "run") + " of " +
                std::to_string(scenario.runs.size()) + ", such as " +
                replay_command(*finding.run, arguments);
    Json result = Json::object();
    result["ruleId"] = finding.rule;
    result["level"] = finding.error ? "error" : "warning";
    result["message"] = text_message(text);
    result["locations"] = Json::array({location(scenario, finding.line)});
    for (const FaultResult& fault : finding.related) {
        Json other = location(scenario, std::max(fault.line, 1U));
        other["message"] = text_message(fault.what);
        result["relatedLocations"].push_back(std::move(other));
    }
    // What makes two results of two versions the same one.
    result["partialFingerprints"]["leasehold/v1"] =
        text_to_json(scenario.name + " " + finding.rule + (about.empty() ? "" : " " + about));
    return result;
}

Json rule_json(std::string_view id, std::string_view meaning) {
    Json rule = Json::object();
    rule["id"] = std::string(id);
    rule["shortDescription"] = text_message(std::string(meaning));
    return rule;
}

Json driver_json(std::string_view program_version) {
    Json driver = Json::object();
    driver["name"] = "leasehold";
    driver["version"] = std::string(program_version);
    driver["rules"] = Json::array();
    for (const check::InvariantInfo& invariant : check::invariants())
        driver["rules"].push_back(rule_json(invariant.id, invariant.meaning));
    for (const Rule& rule : kFurtherRules)
        driver["rules"].push_back(rule_json(rule.id, rule.meaning));
    return driver;
}

}  // namespace

std::string path_uri(std::string_view path) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr std::string_view kPlain = "-._~/!$&'()*+,;=@";
    std::string uri = path.starts_with('/') ? "file://" : "";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
        if (plain)
            uri += c;
        else
            uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return uri;
}

std::string sarif_report(const std::vector<ScenarioSummary>& scenarios,
                         std::string_view program_version, std::string_view arguments) {
    const Outcome outcome = worst(scenarios);
    Json run = Json::object();
    run["tool"]["driver"] = driver_json(program_version);
    run["columnKind"] = "utf16CodeUnits";
    Json invocation = Json::object();
    invocation["executionSuccessful"] = outcome != Outcome::internal;
    invocation["exitCode"] = check::exit_code(outcome);
    run["invocations"] = Json::array({std::move(invocation)});
    run["results"] = Json::array();
    for (const ScenarioSummary& scenario : scenarios) {
        Findings all;
        // The run that is told in detail goes first: it has a timeline.
        if (const RunResult* told = scenario.worst_run()) add_run(all, *told);
        for (const RunResult& one : scenario.runs)
            if (&one != scenario.worst_run()) add_run(all, one);
        for (const check::Expectation& bound : scenario.bounds)
            if (!bound.met)
                all[{std::string(kBound), bound.what}] =
                    Finding{std::string(kBound), bound.what + ": " + bound.found,
                            scenario.failover.count > 0};
        for (const auto& [key, finding] : all)
            run["results"].push_back(result_json(scenario, key.second, finding, arguments));
    }
    Json document = Json::object();
    document["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
    document["version"] = "2.1.0";
    document["runs"] = Json::array({std::move(run)});
    return document.dump(1) + "\n";
}

}  // namespace leasehold::reports
