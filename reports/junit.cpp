#include "reports/junit.hpp"

#include "model/check/check.hpp"
#include "reports/terminal.hpp"
#include "reports/terminal_text.hpp"
#include "reports/text.hpp"
#include "reports/utf8.hpp"

namespace leasehold::reports {
namespace {

using check::Outcome;
using check::Status;

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

std::string attribute(std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"" + xml_escaped(value) + "\"";
}

// Seconds without a unit, as JUnit readers want them.
std::string seconds(Duration span) {
    std::string text = format_duration(span);
    text.pop_back();
    return text;
}

struct Counts {
    std::uint64_t cases = 0;
    std::uint64_t failures = 0;
    std::uint64_t errors = 0;
    std::uint64_t skipped = 0;
    Duration simulated{0};
};

std::string counts_text(const Counts& counts) {
    return attribute("tests", std::to_string(counts.cases)) +
           attribute("failures", std::to_string(counts.failures)) +
           attribute("errors", std::to_string(counts.errors)) +
           attribute("skipped", std::to_string(counts.skipped)) +
           attribute("time", seconds(counts.simulated));
}

std::string case_start(std::string_view suite, std::string_view name, Duration simulated) {
    return "    <testcase" + attribute("classname", suite) + attribute("name", name) +
           attribute("time", seconds(simulated));
}

std::string run_case(const ScenarioSummary& scenario, const check::RunResult& run, Counts& counts) {
    ++counts.cases;
    counts.simulated += run.simulated;
    std::string text = case_start(scenario.name, "seed " + std::to_string(run.seed), run.simulated);
    if (run.outcome == Outcome::pass) return text + "/>\n";
    const bool error = run.outcome == Outcome::internal;
    ++(error ? counts.errors : counts.failures);
    const std::string element = error ? "error" : "failure";
    const std::string words = render_failure(run, "", Style{});
    return text + ">\n      <" + element + attribute("type", check::outcome_name(run.outcome)) +
           attribute("message", words.substr(0, words.find("   "))) + ">" + xml_escaped(words) +
           "</" + element + ">\n    </testcase>\n";
}

/// What the runs of a scenario say of one invariant.
struct OverRuns {
    std::uint64_t held = 0;  ///< or was violated as the scenario expects
    std::uint64_t broken = 0;
    std::uint64_t open = 0;                   ///< inconclusive, and the run with it
    const check::RunResult* first = nullptr;  ///< that is broken, else open
    const check::Verdict* verdict = nullptr;  ///< its, or else the last
};

OverRuns over_runs(const ScenarioSummary& scenario, std::string_view id) {
    OverRuns found;
    for (const check::RunResult& run : scenario.runs) {
        for (const check::Verdict& verdict : run.verdicts) {
            if (verdict.id != id) continue;
            const bool violated = verdict.status == Status::violated;
            const bool expected = violated && was_expected(run, verdict);
            const bool open =
                verdict.status == Status::inconclusive && run.outcome == Outcome::inconclusive;
            if (verdict.status == Status::pass || expected) ++found.held;
            const bool broken = violated && !expected;
            const bool first = broken ? found.broken == 0 : open && found.broken + found.open == 0;
            found.broken += broken ? 1U : 0U;
            found.open += open ? 1U : 0U;
            if (first) found.first = &run;
            if (first || found.first == nullptr) found.verdict = &verdict;
        }
    }
    return found;
}

/// Passes where it held in all runs that could tell, and in one at least.
std::string invariant_case(const ScenarioSummary& scenario, const check::InvariantInfo& invariant,
                           Counts& counts) {
    const OverRuns found = over_runs(scenario, invariant.id);
    if (found.verdict == nullptr) return {};  // no run came so far
    ++counts.cases;
    std::string text = case_start(scenario.name, invariant.id, Duration{0});
    if (found.first != nullptr) {
        ++counts.failures;
        const std::uint64_t runs = found.broken > 0 ? found.broken : found.open;
        const std::string words = std::to_string(runs) + " of " +
                                  counted(scenario.runs.size(), "run") + ", such as seed " +
                                  std::to_string(found.first->seed) + ": " + found.verdict->what;
        return text + ">\n      <failure" +
               attribute("type", check::outcome_name(found.first->outcome)) +
               attribute("message", words) + "/>\n    </testcase>\n";
    }
    if (found.held > 0) return text + "/>\n";
    ++counts.skipped;
    return text + ">\n      <skipped" + attribute("message", found.verdict->what) +
           "/>\n    </testcase>\n";
}

std::string bound_case(const ScenarioSummary& scenario, const check::Expectation& bound,
                       Counts& counts) {
    ++counts.cases;
    std::string text = case_start(scenario.name, bound.what, Duration{0});
    if (bound.met) return text + "/>\n";
    ++counts.failures;
    const Outcome outcome =
        scenario.failover.count == 0 ? Outcome::inconclusive : Outcome::liveness;
    return text + ">\n      <failure" + attribute("type", check::outcome_name(outcome)) +
           attribute("message", bound.what + ": " + bound.found) + "/>\n    </testcase>\n";
}

std::string suite(const ScenarioSummary& scenario, Counts& total) {
    Counts counts;
    std::string cases;
    for (const check::RunResult& run : scenario.runs)
        cases += run_case(scenario, run, counts);
    for (const check::InvariantInfo& invariant : check::invariants())
        cases += invariant_case(scenario, invariant, counts);
    for (const check::Expectation& bound : scenario.bounds)
        cases += bound_case(scenario, bound, counts);
    total.cases += counts.cases;
    total.failures += counts.failures;
    total.errors += counts.errors;
    total.skipped += counts.skipped;
    total.simulated += counts.simulated;
    return "  <testsuite" + attribute("name", scenario.name) + counts_text(counts) +
           attribute("file", scenario.file) + ">\n" + cases + "  </testsuite>\n";
}

}  // namespace

std::string xml_escaped(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view piece = text.substr(0, length == 0 ? 1 : length);
        text.remove_prefix(piece.size());
        const auto byte = static_cast<unsigned char>(piece[0]);
        if (length == 0)
            result += kReplacement;
        else if (piece == "&")
            result += "&amp;";
        else if (piece == "<")
            result += "&lt;";
        else if (piece == ">")
            result += "&gt;";
        else if (piece == "\"")
            result += "&quot;";
        else if (piece == "\n" || piece == "\t" || piece == "\r")
            result += "&#" + std::to_string(byte) + ";";
        else if (byte < 0x20 || piece == "\xef\xbf\xbe" || piece == "\xef\xbf\xbf")
            result += kReplacement;
        else
            result += piece;
    }
    return result;
}

std::string junit_report(const std::vector<ScenarioSummary>& scenarios) {
    Counts total;
    std::string suites;
    for (const ScenarioSummary& scenario : scenarios)
        suites += suite(scenario, total);
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
           attribute("name", "leasehold") + counts_text(total) + ">\n" + suites + "</testsuites>\n";
}

}  // namespace leasehold::reports
