// The only file that includes CLI11. Its exit codes never leave it.
#include "sim/cli/options.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include <CLI/CLI.hpp>

#include "config/nearest.hpp"
#include "config/units.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::cli {
namespace {

constexpr std::array<std::string_view, 6> kCommands{"run",      "check",  "list",
                                                    "validate", "verify", "explore"};
constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 3> kColours{"auto", "always", "never"};
constexpr std::uint64_t kMaxSeeds = 1'000'000;
constexpr std::uint64_t kMaxJobs = 1024;
constexpr std::uint64_t kMaxFaults = 9;
constexpr std::uint64_t kMaxStates = 4'000'000'000;  // numbered by 32 bits

constexpr const char* kAbout =
    "leasehold plays leader election and a backup bucket through faults, in simulated time,\n"
    "with the production code, and checks what must always hold.";
constexpr const char* kExamples =
    "Examples:\n"
    "  leasehold run scenarios/failover/leader-crash.yaml --seed 7   watch one run\n"
    "  leasehold check scenarios --junit out.xml                     all scenarios, all seeds\n"
    "\n"
    "Exit codes: 0 pass, 1 safety violated, 2 liveness violated or a bound missed,\n"
    "3 inconclusive, 4 nondeterministic, 64 bad input, 70 internal error,\n"
    "74 an output cannot be written, 130 interrupted. Of many runs the worst wins.";

// Options as typed, before their values are looked at.
struct Raw {
    std::string seed;
    std::string jobs;
    std::string log = "warn";
    std::string colour = "auto";
    bool faults = false;
    bool marks = false;
    bool invariants = false;
    std::string grace;
    std::string api_round_trip;
    std::string bucket_request;
    std::string transfer;
    std::string faults_most;
    std::string states;
};

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

// Vector options take one argument each time: CLI11's default would swallow the files after it.
void add_values(CLI::App& app, Options& options) {
    const auto add = [&](const char* flag, std::vector<std::string>& words, const char* type,
                         const char* help) {
        app.add_option(flag, words, help)->allow_extra_args(false)->type_name(type);
    };
    add("-f,--values", options.values.files, "FILE",
        "Helm values file, or A,B (repeatable, later wins)");
    add("--set", options.values.sets, "KEY=VALUE",
        "a Helm value, a.b=c (repeatable, after all -f)");
    add("--set-json", options.values.jsons, "KEY=JSON",
        "the same in JSON, or a whole object (before --set)");
    add("--set-string", options.values.strings, "KEY=VALUE",
        "the same, always a text (after --set)");
    add("--set-file", options.values.from_files, "KEY=FILE",
        "the same, its text from a file (after --set-string)");
    add("--set-literal", options.values.literals, "KEY=VALUE",
        "the same, its text as it stands (last)");
}

void add_common(CLI::App& app, Options& options, Raw& raw) {
    app.add_option("--color", raw.colour, "colours: auto, always or never (NO_COLOR is respected)")
        ->type_name("WHEN");
    app.add_flag("--quiet", options.quiet, "print only what did not pass");
    app.add_option("--log", raw.log, "log to stderr: trace, debug, info, warn, error or off")
        ->type_name("LEVEL");
}

void add_playing(CLI::App& app, Options& options, Raw& raw) {
    app.add_option("--seed", raw.seed, "seed N, or seeds A..B")->type_name("N|A..B");
    app.add_option("--jobs", raw.jobs, "worker processes (default: one for each core)")
        ->type_name("N");
    add_values(app, options);
    app.add_option("--json", options.json, "write all results as JSON")->type_name("FILE");
    app.add_option("--junit", options.junit, "write results as JUnit XML")->type_name("FILE");
    app.add_option("--sarif", options.sarif, "write what did not pass as SARIF")->type_name("FILE");
    add_common(app, options, raw);
}

struct Commands {
    CLI::App* run;
    CLI::App* check;
    CLI::App* list;
    CLI::App* validate;
    CLI::App* verify;
    CLI::App* explore;
};

CLI::App* declare_verify(CLI::App& app, Options& options, Raw& raw) {
    CLI::App* verify =
        app.add_subcommand("verify", "judge the recordings of real agents as one history");
    verify->add_option("FILE", options.paths, "recordings: agents', the world's, declared faults");
    verify->add_flag("--timeline", options.timeline, "print every change, line by line");
    const auto duration = [verify](const char* name, std::string& value, const char* what) {
        verify->add_option(name, value, what)->type_name("DURATION");
    };
    duration("--grace", raw.grace, "how late a busy loop's timers may be (default 250ms)");
    duration("--api-round-trip", raw.api_round_trip, "longest healthy Lease request (1s)");
    duration("--bucket-request", raw.bucket_request, "longest healthy bucket request (5s)");
    duration("--transfer", raw.transfer, "longest healthy transfer of an object (10s)");
    verify->add_option("--json", options.json, "write the result as JSON")->type_name("FILE");
    add_common(*verify, options, raw);
    return verify;
}

CLI::App* declare_explore(CLI::App& app, Options& options, Raw& raw) {
    CLI::App* explore =
        app.add_subcommand("explore", "play every schedule of a small world of electors");
    explore->add_option("SPACE", options.paths, "spaces (--list names them)");
    explore->add_flag("--list", options.list_spaces, "list the spaces and what may go wrong there");
    explore
        ->add_option("--faults", raw.faults_most, "at most so many faults (default: the space's)")
        ->type_name("N");
    explore->add_option("--states", raw.states, "see at most so many states, 16 to 23 bytes each")
        ->type_name("N");
    explore->add_option("--jobs", raw.jobs, "threads (default: one for each core)")->type_name("N");
    explore->add_option("--out", options.out, "write a violating schedule there (SPACE.schedule)")
        ->type_name("FILE");
    explore->add_option("--replay", options.replay, "play such a file again, step by step")
        ->type_name("FILE");
    add_common(*explore, options, raw);
    return explore;
}

Commands declare(CLI::App& app, Options& options, Raw& raw) {
    app.footer(kExamples);
    app.set_version_flag("--version", "leasehold " + std::string(program_version()));
    app.set_help_flag("-h,--help", "print this help");
    Commands commands{};
    commands.run = app.add_subcommand("run", "play a scenario and show what happens, line by line");
    commands.run->add_option("FILE", options.paths, "scenario files");
    add_playing(*commands.run, options, raw);
    commands.run->add_option("--history", options.history, "write every event (one file, one seed)")
        ->type_name("FILE");
    commands.check = app.add_subcommand("check", "play all seeds of all scenarios: a table");
    commands.check->add_option("DIR", options.paths, "directories or scenario files");
    add_playing(*commands.check, options, raw);
    commands.check->add_flag("--coverage", options.coverage,
                             "print which marks, faults, roles and answers never happened");
    commands.check
        ->add_option("--exempt", options.exempt,
                     "what cannot happen; exit 3 for each further blank of --coverage")
        ->type_name("FILE");
    commands.list = app.add_subcommand("list", "list scenarios and why they exist");
    commands.list->add_option("DIR", options.paths, "directories or files (default: scenarios)");
    commands.list->add_flag("--faults", raw.faults, "list the faults that a scenario can inject");
    commands.list->add_flag("--marks", raw.marks, "list the marks that a scenario can expect");
    commands.list->add_flag("--invariants", raw.invariants, "list what is checked in every run");
    add_common(*commands.list, options, raw);
    commands.validate = app.add_subcommand("validate", "check scenario files without playing them");
    commands.validate->add_option("FILE", options.paths, "scenario files");
    commands.validate->add_flag("--resolved", options.resolved, "print them with every default");
    add_values(*commands.validate, options);
    add_common(*commands.validate, options, raw);
    commands.verify = declare_verify(app, options, raw);
    commands.explore = declare_explore(app, options, raw);
    for (CLI::App* command : app.get_subcommands({})) {
        command->set_help_flag("-h,--help", "print this help");
        command->footer(kExamples);
    }
    return commands;
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
    if (seeds->last - seeds->first >= kMaxSeeds)
        return usage("--seed: at most 1000000 seeds, found '" + raw.seed + "'");
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
    return std::nullopt;
}

std::optional<Exit> relate_explore(const Options& options) {
    const int ways = (options.list_spaces ? 1 : 0) + (options.replay.empty() ? 0 : 1) +
                     (options.paths.empty() ? 0 : 1);
    if (ways == 1) return std::nullopt;
    return usage(ways == 0 ? "explore: expected a space (leasehold explore --list)"
                           : "explore: a space, --list and --replay exclude each other");
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
    if (options.paths.empty())
        return usage(command + ": expected " +
                     (options.command == Command::check    ? "a directory or a scenario file"
                      : options.command == Command::verify ? "recordings"
                                                           : "a scenario file") +
                     " (leasehold " + command + " --help)");
    if (!options.exempt.empty() && !options.coverage)
        return usage("--exempt: has no meaning without --coverage");
    const bool many = options.seeds && options.seeds->first != options.seeds->last;
    if (!options.history.empty() && (many || options.paths.size() > 1))
        return usage("--history: records one run, so give one file and one seed");
    const std::array outputs{options.json, options.junit, options.sarif, options.history};
    for (std::size_t i = 0; i < outputs.size(); ++i)
        for (std::size_t k = i + 1; k < outputs.size(); ++k)
            if (!outputs[i].empty() && outputs[i] == outputs[k])
                return usage("two outputs would be written to '" + outputs[i] + "'");
    return std::nullopt;
}

}  // namespace

std::string_view program_version() {
    return LEASEHOLD_VERSION;
}

std::variant<Options, Exit> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    Raw raw;
    CLI::App app(kAbout, "leasehold");
    const Commands commands = declare(app, options, raw);
    if (arguments.empty()) return Exit{kExitUsage, "", app.help()};
    const std::string& first = arguments.front();
    if (std::find(arguments.begin(), arguments.end(), "") != arguments.end())
        return usage("an argument is empty: every file and value has at least one character");
    if (!first.starts_with("-") && !contains(kCommands, first))
        return usage("unknown command '" + first + "'" +
                     did_you_mean(first, {kCommands.begin(), kCommands.end()}) +
                     " (commands: " + one_of(kCommands) + ")");
    const std::array<CLI::App*, 6> apps{commands.run,      commands.check,  commands.list,
                                        commands.validate, commands.verify, commands.explore};
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
    if (auto exit = relate(raw, options)) return *exit;
    return options;
}

}  // namespace leasehold::cli
