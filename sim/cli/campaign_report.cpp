// What a campaign tells people and machines, and which part of it this process plays.
#include <cstdlib>

#include "config/units.hpp"
#include "reports/json_archive.hpp"
#include "reports/junit.hpp"
#include "reports/terminal.hpp"
#include "reports/terminal_text.hpp"
#include "reports/text.hpp"
#include "sim/cli/campaign.hpp"
#include "sim/search/capsule.hpp"
#include "sim/search/signature.hpp"

namespace leasehold::cli {
namespace {

using reports::Colour;
using reports::counted;
using reports::Json;

constexpr std::uint64_t kMaxShards = 10'000;
constexpr std::size_t kShown = 3;  ///< groups that are told in full

std::string figures(const CampaignReport& report) {
    const search::Results& results = report.results;
    std::uint64_t failures = 0;
    for (const search::Group& group : results.groups())
        failures += group.count;
    const std::uint64_t hours =
        static_cast<std::uint64_t>(results.simulated() / std::chrono::hours(1));
    std::string text = counted(results.runs(), "run") + ", " + counted(hours, "hour") +
                       " simulated: " + reports::grouped(results.passed()) + " passed, " +
                       reports::grouped(failures) + " failed, " +
                       reports::grouped(results.runs() - results.passed() - failures) +
                       " without a verdict";
    if (results.header.guide) text += "; " + counted(results.features(), "feature");
    return text + "\n";
}

std::string table(const CampaignReport& report) {
    std::string text;
    for (const search::Group& group : report.results.groups()) {
        text += reports::right(reports::grouped(group.count), 7) + "  " +
                reports::wrap(group.signature, 9, 9) + "\n         first in run " +
                reports::grouped(group.first.run) + ", genome " + group.first.genome;
        const auto least = report.least.find(group.signature);
        if (least != report.least.end() && !least->second.file.empty())
            text += ": " + least->second.file;
        text += "\n";
    }
    return text.empty() ? text : "failures\n" + text;
}

/// Whole numbers of the environment; the first that is none leaves a message.
struct Environment {
    std::string error;
    /// None: it is not set, or is no number.
    std::optional<std::uint64_t> operator[](const char* variable) {
        const char* text = std::getenv(variable);
        if (text == nullptr) return std::nullopt;
        const auto number = config::parse_count(text);
        if (number) return *number;
        if (error.empty())
            error = std::string(variable) + ": expected a whole number, found '" + text + "'";
        return std::nullopt;
    }
};

Result<Shard, std::string> shard_checked(std::string_view who, std::uint64_t index,
                                         std::uint64_t count) {
    if (index < 1 || index > count || count > kMaxShards)
        return Unexpected{std::string(who) + ": the shard is " + std::to_string(index) + " of " +
                          std::to_string(count)};
    return Shard{index, count};
}

/// Of a Slurm array that says by itself what it is.
Result<Shard, std::string> shard_of_array(std::uint64_t id, Environment& environment) {
    const std::uint64_t least = environment["SLURM_ARRAY_TASK_MIN"].value_or(1);
    const std::uint64_t step = environment["SLURM_ARRAY_TASK_STEP"].value_or(1);
    const auto last = environment["SLURM_ARRAY_TASK_MAX"];
    const auto tasks = environment["SLURM_ARRAY_TASK_COUNT"];
    if (!environment.error.empty()) return Unexpected{environment.error};
    if (!tasks)
        return Unexpected{
            std::string("SLURM_ARRAY_TASK_ID is set and SLURM_ARRAY_TASK_COUNT "
                        "is not: give --shard I/N")};
    // One task of many that is submitted again looks like this: it would play the whole campaign.
    if (*tasks == 1)
        return Unexpected{std::string(
            "SLURM_ARRAY_TASK_COUNT is 1: submit the same --array again, or set LEASEHOLD_SHARDS "
            "to how many tasks the campaign has, numbered from 1 on")};
    if (step < 1 || id < least || (id - least) % step != 0 ||
        (last && (*last < least || (*last - least) / step != *tasks - 1)))
        return Unexpected{"SLURM_ARRAY_TASK_ID is " + std::to_string(id) + ", expected " +
                          std::to_string(*tasks) + " ids from " + std::to_string(least) +
                          " on in steps of " + std::to_string(step) +
                          (last ? " up to " + std::to_string(*last) : std::string())};
    return shard_checked("SLURM_ARRAY_TASK_ID", (id - least) / step + 1, *tasks);
}

}  // namespace

check::Outcome CampaignReport::outcome() const {
    const check::Outcome played = results.outcome();
    const bool whole = lacking.empty() && !interrupted;
    return whole ? played : check::worse(played, check::Outcome::inconclusive);
}

int CampaignReport::exit_code() const {
    return interrupted ? kExitInterrupted : check::exit_code(outcome());
}

std::string campaign_line(const Options& options) {
    std::string text = "leasehold campaign";
    for (const std::string& path : options.paths)
        text += " " + reports::shell_quoted(path);
    if (options.seeds)
        text += " --seeds " + std::to_string(options.seeds->first) + ".." +
                std::to_string(options.seeds->last);
    if (options.time) text += " --time " + reports::format_exact(*options.time);
    for (std::size_t i = 0; i < options.families.size(); ++i)
        text += (i == 0 ? " --families " : ",") + options.families[i];
    if (!options.guide) text += " --no-guide";
    if (!options.shrinks) text += " --no-shrink";
    if (options.shard)
        text += " --shard " + std::to_string(options.shard->index) + "/" +
                std::to_string(options.shard->count);
    return text;
}

std::string merge_line(const Options& options) {
    std::string text = "leasehold merge";
    for (const std::string& folder : options.paths)
        text += " " + reports::shell_quoted(folder);
    return text + " --out " + reports::shell_quoted(options.out);
}

std::string render_campaign(const CampaignReport& report, bool quiet, bool colour) {
    const reports::Style style{colour};
    const check::Outcome outcome = report.outcome();
    if (quiet && outcome == check::Outcome::pass) return {};
    std::string text = figures(report) + table(report);
    std::size_t shown = 0;
    for (const search::Group& group : report.results.groups()) {
        const auto least = report.least.find(group.signature);
        if (least == report.least.end() || least->second.text.empty() || ++shown > kShown) continue;
        text += "\n" + render_failure(least->second.result, "", style,
                                      {least->second.text, least->second.capsule});
    }
    for (const std::string& note : report.notes)
        text += "note: " + note + "\n";
    return text + "\n" +
           reports::painted(reports::verdict_word(outcome), reports::verdict_colour(outcome),
                            style) +
           "  " + counted(report.results.groups().size(), "kind") + " of failure" +
           (report.interrupted ? "; interrupted" : "") + "\n";
}

std::string campaign_json(const CampaignReport& report) {
    const search::Results& results = report.results;
    Json json = Json::object();
    json["schemaVersion"] = search::kResultsVersion;
    json["program"] = "leasehold";
    json["version"] = std::string(program_version());
    json["build"] = results.header.build;
    json["outcome"] = std::string(check::outcome_name(report.outcome()));
    json["exitCode"] = report.exit_code();
    json["interrupted"] = report.interrupted;
    json["runs"] = results.runs();
    json["passed"] = results.passed();
    json["simulatedNs"] = results.simulated().count();
    json["features"] = results.features();
    json["groups"] = Json::array();
    for (const search::Group& group : results.groups()) {
        Json entry = Json::object();
        entry["signature"] = group.signature;
        entry["invariant"] = std::string(search::invariant_of(group.signature));
        entry["outcome"] = std::string(check::outcome_name(group.outcome));
        entry["count"] = group.count;
        entry["firstRun"] = group.first.run;
        entry["genome"] = group.first.genome;
        entry["seed"] = group.first.seed;
        const auto least = report.least.find(group.signature);
        const bool known = least != report.least.end();
        entry["scenario"] = reports::text_to_json(known ? least->second.file : "");
        entry["capsule"] = reports::text_to_json(known ? least->second.capsule : "");
        json["groups"].push_back(std::move(entry));
    }
    json["notes"] = Json::array();
    for (const std::string& note : report.notes)
        json["notes"].push_back(reports::text_to_json(note));
    return json.dump(1) + "\n";
}

std::string campaign_html(const CampaignReport& report, std::string command) {
    const search::Results& results = report.results;
    reports::CampaignPageWords words;
    words.version = program_version();
    words.command = std::move(command);
    words.outcome = report.outcome();
    words.runs = results.runs();
    words.passed = results.passed();
    words.simulated = results.simulated();
    words.notes = report.notes;
    if (report.interrupted) words.notes.emplace_back("interrupted");
    for (const search::Group& group : results.groups()) {
        const auto least = report.least.find(group.signature);
        const bool known = least != report.least.end();
        words.groups.push_back({group.signature, group.outcome, group.count, group.first.run,
                                group.first.seed, group.first.genome,
                                known ? least->second.file : "", known ? least->second.page : ""});
    }
    return reports::campaign_page(words, report.tally);
}

std::string campaign_junit(const CampaignReport& report) {
    std::vector<reports::ScenarioSummary> suites;
    const auto add = [&](const std::string& name, check::RunResult run) {
        reports::ScenarioSummary suite;
        suite.name = suite.file = name;
        run.scenario = run.file = name;
        suite.outcome = run.outcome;
        suite.runs.push_back(std::move(run));
        suites.push_back(std::move(suite));
    };
    check::RunResult whole;
    whole.outcome = report.results.groups().empty() ? report.outcome() : check::Outcome::pass;
    whole.seed = report.results.header.first;
    if (report.results.groups().empty()) add("campaign", std::move(whole));
    for (const search::Group& group : report.results.groups()) {
        const auto least = report.least.find(group.signature);
        check::RunResult run;
        if (least != report.least.end() && !least->second.text.empty()) run = least->second.result;
        run.outcome = group.outcome;
        run.seed = group.first.seed;
        add("campaign " + group.signature, std::move(run));
    }
    return reports::junit_report(suites);
}

Result<Shard, std::string> shard_of(const Options& options) {
    if (options.shard) return *options.shard;
    Environment environment;
    const auto id = environment["SLURM_ARRAY_TASK_ID"];
    const auto index = environment["JOB_COMPLETION_INDEX"];
    const auto shards = environment["LEASEHOLD_SHARDS"];
    if (id && !shards) return shard_of_array(*id, environment);
    if (!environment.error.empty()) return Unexpected{environment.error};
    if (id) return shard_checked("SLURM_ARRAY_TASK_ID with LEASEHOLD_SHARDS", *id, *shards);
    if (!index) return Shard{};
    if (!shards)
        return Unexpected{
            std::string("JOB_COMPLETION_INDEX is set and LEASEHOLD_SHARDS, the "
                        "Job's completions, is not: set it or give --shard I/N")};
    return shard_checked("JOB_COMPLETION_INDEX", *index + 1, *shards);
}

}  // namespace leasehold::cli
