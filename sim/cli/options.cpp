// CLI11 is included here and in options_declare alone. Its exit codes never leave this file.
#include "sim/cli/options.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>
#include <utility>

#include "config/nearest.hpp"
#include "config/units.hpp"
#include "sim/cli/options_declare.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/results.hpp"

namespace leasehold::cli {
namespace {

constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 3> kColours{"auto", "always", "never"};
constexpr std::uint64_t kMaxSeeds = 1'000'000;
constexpr std::uint64_t kMaxJobs = 1024;
constexpr std::uint64_t kMaxFaults = 9;
constexpr std::uint64_t kLeastMemory = 1U << 20U;
constexpr std::uint64_t kMaxStates = 4'000'000'000;  // numbered by 32 bits
constexpr std::uint64_t kMaxShards = 10'000;

constexpr const char* kAbout =
    "leasehold plays leader election and a backup bucket through faults, in simulated time,\n"
    "with the production code, and checks what must always hold.";

Exit usage(const std::string& message) {
    return Exit{kExitUsage, "", "leasehold: " + message + "\n"};
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
    std::vector<std::string_view> views(names.begin(), names.end());
    const std::string near = config::nearest(word, views);
    return near.empty() ? std::string() : "; did you mean '" + near + "'?";
}

template <std::size_t Count>
std::string one_of(const std::array<std::string_view, Count>& names) {
    std::string text;
    for (const std::string_view name : names)
        text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

template <std::size_t Count>
bool contains(const std::array<std::string_view, Count>& names, std::string_view word) {
    return std::find(names.begin(), names.end(), word) != names.end();
}

// The first word that no option or command took.
Exit unexpected_word(const CLI::App& app, const CLI::App& command) {
    const std::vector<std::string> words = app.remaining(true);
    const std::string full = words.empty() ? std::string() : words.front();
    const std::string word = full.substr(0, full.find('='));
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
        for (const std::string& name : option->get_snames())
            names.push_back("-" + name);
    }
    return usage("unknown option '" + word + "' of " + command.get_name() +
                 did_you_mean(word, names) + " (leasehold " + command.get_name() + " --help)");
}

std::optional<Exit> convert_seeds(const Raw& raw, Options& options) {
    if (raw.seed.empty()) return std::nullopt;
    const auto seeds = sim::parse_seeds(raw.seed);
    if (!seeds)
        return usage("--seed: expected N or A..B, found '" + raw.seed + "': " + seeds.error());
    // A campaign keeps nothing of a run that taught nothing.
    if (options.command != Command::campaign && seeds->last - seeds->first >= kMaxSeeds)
        return usage("--seed: at most 1000000 seeds, found '" + raw.seed + "'");
    // That one stands for "no number asked" in results.
    if (options.command == Command::campaign && seeds->last >= search::kEndless)
        return usage("--seeds: expected seeds below 1000000000, found '" + raw.seed + "'");
    options.seeds = *seeds;
    return std::nullopt;
}

std::optional<Exit> convert_words(const Raw& raw, Options& options) {
    options.jobs = std::max(1U, std::thread::hardware_concurrency());
    if (!raw.jobs.empty()) {
        const auto jobs = config::parse_count(raw.jobs);
        if (!jobs || *jobs < 1 || *jobs > kMaxJobs)
            return usage("--jobs: expected 1 to 1024, found '" + raw.jobs + "'");
        options.jobs = static_cast<unsigned>(*jobs);
    }
    if (!contains(kLevels, raw.log))
        return usage("--log: expected one of " + one_of(kLevels) + ", found '" + raw.log + "'" +
                     did_you_mean(raw.log, {kLevels.begin(), kLevels.end()}));
    options.log = raw.log;
    if (!contains(kColours, raw.colour))
        return usage("--color: expected one of " + one_of(kColours) + ", found '" + raw.colour +
                     "'" + did_you_mean(raw.colour, {kColours.begin(), kColours.end()}));
    options.colour = raw.colour == "always"  ? ColourMode::always
                     : raw.colour == "never" ? ColourMode::never
                                             : ColourMode::automatic;
    return std::nullopt;
}

std::optional<Exit> convert_bounds(const Raw& raw, Options& options) {
    struct Bound {
        const char* name;
        const std::string& text;
        std::optional<Duration>& value;
    };
    for (const Bound& bound :
         {Bound{"--grace", raw.grace, options.grace},
          Bound{"--api-round-trip", raw.api_round_trip, options.api_round_trip},
          Bound{"--bucket-request", raw.bucket_request, options.bucket_request},
          Bound{"--transfer", raw.transfer, options.transfer}}) {
        if (bound.text.empty()) continue;
        const auto span = config::parse_duration(bound.text);
        if (!span)
            return usage(std::string(bound.name) + ": " + span.error() + ", found '" + bound.text +
                         "'");
        bound.value = *span;
    }
    return std::nullopt;
}

std::optional<Exit> convert_counts(const Raw& raw, Options& options) {
    if (!raw.faults_most.empty()) {
        const auto faults = config::parse_count(raw.faults_most);
        if (!faults || *faults > kMaxFaults)
            return usage("--faults: expected 0 to 9, found '" + raw.faults_most + "'");
        options.faults = static_cast<std::uint32_t>(*faults);
    }
    if (!raw.states.empty()) {
        const auto states = config::parse_count(raw.states);
        if (!states || *states < 1 || *states > kMaxStates)
            return usage("--states: expected 1 to 4000000000, found '" + raw.states + "'");
        options.states = *states;
    }
    if (!raw.memory.empty()) {
        const auto memory = config::parse_size(raw.memory);
        if (!memory || *memory < kLeastMemory)
            return usage("--memory: expected a size from 1MiB on, such as 4GiB, found '" +
                         raw.memory + "'");
        options.memory = *memory;
    }
    return std::nullopt;
}

std::optional<Exit> relate_explore(const Options& options) {
    const int ways = (options.list_spaces ? 1 : 0) + (options.replay.empty() ? 0 : 1) +
                     (options.paths.empty() ? 0 : 1);
    if (ways == 1) return std::nullopt;
    return usage(ways == 0 ? "explore: expected a space (leasehold explore --list)"
                           : "explore: a space, --list and --replay exclude each other");
}

std::optional<Exit> convert_campaign(const Raw& raw, Options& options) {
    options.guide = !raw.no_guide;
    options.shrinks = !raw.no_shrink;
    if (!raw.time.empty()) {
        const auto time = config::parse_duration(raw.time);
        if (!time || *time <= Duration(0))
            return usage("--time: expected a duration such as 10m, found '" + raw.time + "'");
        options.time = *time;
    }
    for (std::size_t from = 0; !raw.families.empty() && from <= raw.families.size();) {
        const std::size_t comma = std::min(raw.families.find(',', from), raw.families.size());
        options.families.push_back(raw.families.substr(from, comma - from));
        from = comma + 1;
    }
    if (raw.shard.empty()) return std::nullopt;
    const std::size_t slash = std::min(raw.shard.find('/'), raw.shard.size());
    const auto index = config::parse_count(raw.shard.substr(0, slash));
    const auto count = config::parse_count(raw.shard.substr(std::min(slash + 1, raw.shard.size())));
    if (!index || !count || *index < 1 || *index > *count || *count > kMaxShards)
        return usage("--shard: expected I/N with I from 1 to N and N at most 10000, found '" +
                     raw.shard + "'");
    options.shard = Shard{*index, *count};
    return std::nullopt;
}

std::optional<Exit> relate_search(const Options& options) {
    if (options.command == Command::shrink &&
        (options.paths.size() != 1 ||
         (options.seeds && options.seeds->first != options.seeds->last)))
        return usage("shrink: expected one scenario file and one seed (leasehold shrink --help)");
    if (options.command == Command::campaign && options.resume && options.out.empty())
        return usage("campaign: --resume needs --out, the directory with the results");
    if (options.command == Command::campaign && !options.genome.empty() &&
        (options.seeds || options.time || options.resume || options.shard))
        return usage(
            "campaign: --genome plays one run: --seeds, --time, --resume and --shard have "
            "no meaning beside it");
    if (options.command == Command::merge && options.out.empty())
        return usage("merge: expected --out, a directory for the united results");
    return std::nullopt;
}

// However the place is spelled: one of the two would be lost.
std::optional<Exit> two_outputs(const Options& options) {
    const auto outputs = outputs_of(options);
    const auto place = [](const std::string& path) {
        return std::filesystem::absolute(path).lexically_normal();
    };
    for (std::size_t i = 0; i < outputs.size(); ++i)
        for (std::size_t k = i + 1; k < outputs.size(); ++k)
            if (!outputs[i].empty() && !outputs[k].empty() &&
                place(outputs[i]) == place(outputs[k]))
                return usage("two outputs would be written to '" + outputs[i] + "'");
    const bool results = options.command == Command::campaign || options.command == Command::merge;
    for (const std::string& output : outputs)
        if (results && !output.empty() && place(output).filename() == search::kResultsFile)
            return usage("'" + output + "' is what a campaign calls its results");
    return std::nullopt;
}

// What single options cannot know.
std::optional<Exit> relate(const Raw& raw, Options& options) {
    const std::string command(kCommands.at(static_cast<std::size_t>(options.command)));
    if (options.command == Command::list) {
        if (raw.faults + raw.marks + raw.invariants > 1)
            return usage("list: --faults, --marks and --invariants exclude each other");
        options.list = raw.faults       ? ListWhat::faults
                       : raw.marks      ? ListWhat::marks
                       : raw.invariants ? ListWhat::invariants
                                        : ListWhat::scenarios;
        if (options.list != ListWhat::scenarios && !options.paths.empty())
            return usage("list: '" + options.paths.front() +
                         "' has no meaning beside --faults, --marks or --invariants");
        return std::nullopt;
    }
    if (options.command == Command::explore) return relate_explore(options);
    if (auto exit = relate_search(options)) return exit;
    if (options.paths.empty() && options.command != Command::campaign)
        return usage(command + ": expected " +
                     (options.command == Command::check || options.command == Command::bench
                          ? "a directory or a scenario file"
                      : options.command == Command::verify ? "recordings"
                      : options.command == Command::replay ? "capsules"
                      : options.command == Command::merge  ? "directories with results"
                                                           : "a scenario file") +
                     " (leasehold " + command + " --help)");
    if (options.command == Command::bench && options.json.empty())
        return usage("bench: expected --json, a file for the results (bench/compare reads it)");
    if (!options.exempt.empty() && !options.coverage)
        return usage("--exempt: has no meaning without --coverage");
    const bool many = options.seeds && options.seeds->first != options.seeds->last;
    const bool one_run = !many && options.paths.size() == 1;
    if (!options.history.empty() && !one_run)
        return usage("--history: records one run, so give one file and one seed");
    if (!options.html.empty() && options.command == Command::run && !one_run)
        return usage("--html: shows one run, so give one file and one seed (check --html: many)");
    for (const auto& [flag, path] :
         {std::pair<const char*, const std::string&>{"--trace", options.trace},
          {"--mermaid", options.mermaid}})
        if (!path.empty() && options.command == Command::run && !one_run)
            return usage(std::string(flag) + ": shows one run, so give one file and one seed");
    return two_outputs(options);
}

}  // namespace

std::array<std::string, 7> outputs_of(const Options& options) {
    return {options.json, options.junit, options.sarif,  options.history,
            options.html, options.trace, options.mermaid};
}

std::string_view program_version() {
    return LEASEHOLD_VERSION;
}

std::variant<Options, Exit> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    Raw raw;
    CLI::App app(kAbout, "leasehold");
    const Commands apps = declare(app, options, raw);
    if (arguments.empty()) return Exit{kExitUsage, "", app.help()};
    const std::string& first = arguments.front();
    if (std::find(arguments.begin(), arguments.end(), "") != arguments.end())
        return usage("an argument is empty: every file and value has at least one character");
    if (!first.starts_with("-") && !contains(kCommands, first))
        return usage("unknown command '" + first + "'" +
                     did_you_mean(first, {kCommands.begin(), kCommands.end()}) +
                     " (commands: " + one_of(kCommands) + ")");
    const auto chosen = [&]() -> const CLI::App& {
        for (const CLI::App* command : apps)
            if (command->parsed() || command->get_name() == first) return *command;
        return app;
    };
    try {
        // CLI11 takes arguments from the back.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        return Exit{kExitOk, app.help(), ""};
    } catch (const CLI::CallForVersion&) {
        return Exit{kExitOk, "leasehold " + std::string(program_version()) + "\n", ""};
    } catch (const CLI::ExtrasError&) {
        return unexpected_word(app, chosen());
    } catch (const CLI::ParseError& error) {
        return usage(std::string(error.what()) + " (leasehold --help)");
    }
    for (std::size_t i = 0; i < apps.size(); ++i)
        if (apps[i]->parsed()) options.command = static_cast<Command>(i);
    if (auto exit = convert_seeds(raw, options)) return *exit;
    if (auto exit = convert_words(raw, options)) return *exit;
    if (auto exit = convert_bounds(raw, options)) return *exit;
    if (auto exit = convert_counts(raw, options)) return *exit;
    if (auto exit = convert_campaign(raw, options)) return *exit;
    if (auto exit = relate(raw, options)) return *exit;
    return options;
}

}  // namespace leasehold::cli
