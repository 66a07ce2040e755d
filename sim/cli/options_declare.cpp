#include "sim/cli/options_declare.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "sim/search/space.hpp"

namespace leasehold::cli {
namespace {

constexpr std::string_view kExitCodes =
    "Exit codes: 0 pass, 1 safety violated, 2 liveness violated or a bound missed,\n"
    "3 inconclusive, 4 nondeterministic, 64 bad input, 69 built without pages, 70 internal error,\n"
    "74 an output cannot be written, 130 interrupted. Of many runs the worst wins.";

struct Example {
    std::string_view command;
    std::string_view line;
    std::string_view what;
};
constexpr std::array<Example, 15> kExamples{{
    {"run", "scenarios/failover/leader-crash.yaml --seed 7", "watch one run"},
    {"run", "my.yaml --seed 1..1000 --quiet", "many seeds, only what fails"},
    {"check", "scenarios --junit out.xml", "all scenarios, all seeds"},
    {"list", "--faults", "what a scenario can inject"},
    {"validate", "--resolved my.yaml", "with every default"},
    {"verify", "agents/*.jsonl world.jsonl", "what real replicas recorded"},
    {"explore", "quick", "what CI plays"},
    {"explore", "--list", "the spaces"},
    {"shrink", "my.yaml --seed 7 --out least", "the least scenario that fails so"},
    {"replay", "least/*.capsule.json", "the same runs, to the bit"},
    {"campaign", "--time 10m --out found", "all families of faults"},
    {"campaign", "my.yaml --families crash,network", "this world, two families"},
    {"merge", "shard-* --out all", "one result of many machines"},
    {"bench", "scenarios/failover --json new.json", "to compare two builds"},
    {"bench", "my.yaml --seeds 1..200 --json new.json", "percentiles of one scenario"},
}};

/// A line of two columns, the second one from `column` on.
std::string row(std::string first, std::size_t column, std::string_view second) {
    first.resize(std::max(first.size() + 2, column), ' ');
    return first.append(second) + "\n";
}

/// Of one command, or the first of each.
std::string examples_of(std::string_view command) {
    constexpr std::size_t kColumn = 64;
    std::string text = "Examples:\n";
    std::string_view last;
    for (const Example& one : kExamples) {
        const bool wanted = command.empty() ? one.command != last : one.command == command;
        last = one.command;
        if (!wanted) continue;
        text += row("  leasehold " + std::string(one.command) + " " + std::string(one.line),
                    kColumn, one.what);
    }
    return text;
}

std::string families() {
    std::string text = "Families of faults:\n";
    for (const search::FamilyInfo& family : search::kFamilies)
        text += row("  " + std::string(family.name), 18, family.meaning);
    return text;
}

std::string footer_of(std::string_view command) {
    return examples_of(command) + "\n" +
           (command == "campaign" ? families() + "\n" : std::string()) + std::string(kExitCodes);
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
    app.add_option("--seed,--seeds", raw.seed, "seed N, or seeds A..B")->type_name("N|A..B");
    app.add_option("--jobs", raw.jobs, "worker processes (default: one for each core)")
        ->type_name("N");
    add_values(app, options);
    app.add_option("--json", options.json, "write all results as JSON")->type_name("FILE");
    app.add_option("--junit", options.junit, "write results as JUnit XML")->type_name("FILE");
    app.add_option("--sarif", options.sarif, "write what did not pass as SARIF")->type_name("FILE");
    add_common(app, options, raw);
}

CLI::App* declare_shrink(CLI::App& app, Options& options, Raw& raw) {
    CLI::App* shrink =
        app.add_subcommand("shrink", "find the least scenario that fails like this one");
    shrink->add_option("FILE", options.paths, "a scenario file that fails");
    shrink->add_option("--seed", raw.seed, "the seed that fails (default: its first)")
        ->type_name("N");
    shrink->add_option("--out", options.out, "directory for the files (default: .)")
        ->type_name("DIR");
    add_values(*shrink, options);
    add_common(*shrink, options, raw);
    return shrink;
}

CLI::App* declare_replay(CLI::App& app, Options& options, Raw& raw) {
    CLI::App* replay = app.add_subcommand("replay", "play capsules again, to the bit");
    replay->add_option("FILE", options.paths, "capsules, as shrink and campaign write them");
    add_common(*replay, options, raw);
    return replay;
}

/// Of a campaign, or of the shards of one.
void add_summary(CLI::App& app, Options& options) {
    app.add_option("--json", options.json, "write the summary as JSON")->type_name("FILE");
    app.add_option("--junit", options.junit, "write it as JUnit XML")->type_name("FILE");
}

void add_html(CLI::App& app, Options& options, const char* help) {
    app.add_option("--html", options.html, help)->type_name("FILE");
}

CLI::App* declare_campaign(CLI::App& app, Options& options, Raw& raw) {
    CLI::App* campaign =
        app.add_subcommand("campaign", "play random schedules, and shrink what breaks");
    campaign->add_option("FILE", options.paths,
                         "base scenarios, whose faults are drawn (default: all is drawn)");
    campaign->add_option("--seeds,--seed", raw.seed, "seeds A..B (default: 1..1000)")
        ->type_name("A..B");
    campaign
        ->add_option("--time", raw.time,
                     "play for this much wall-clock time, then shrink what failed")
        ->type_name("DURATION");
    campaign->add_option("--jobs", raw.jobs, "worker processes (default: one for each core)")
        ->type_name("N");
    campaign->add_option("--families", raw.families, "of faults, A,B,C (default: all)")
        ->type_name("LIST");
    campaign->add_option("--out", options.out, "directory for results and what failed")
        ->type_name("DIR");
    campaign
        ->add_option("--genome", options.genome,
                     "play one run alone, by its genome in an earlier campaign's results")
        ->type_name("'0 SEED N...'");
    campaign->add_flag("--no-guide", raw.no_guide, "draw each run anew, mutate nothing");
    campaign->add_flag("--no-shrink", raw.no_shrink, "leave what failed as it is");
    campaign->add_flag("--resume", options.resume, "go on with the results in --out");
    campaign
        ->add_option("--shard", raw.shard,
                     "the I-th of N machines (default: as Slurm or a Job says)")
        ->type_name("I/N");
    add_summary(*campaign, options);
    add_html(*campaign, options, "write a page, and one of each least failure beside it");
    add_common(*campaign, options, raw);
    return campaign;
}

CLI::App* declare_merge(CLI::App& app, Options& options, Raw& raw) {
    CLI::App* merge = app.add_subcommand("merge", "unite the results of a campaign's shards");
    merge->add_option("DIR", options.paths, "the shards' directories");
    merge->add_option("--out", options.out, "directory for the united results")->type_name("DIR");
    add_summary(*merge, options);
    add_html(*merge, options, "write a page, and one of each least failure beside it");
    add_common(*merge, options, raw);
    return merge;
}

CLI::App* declare_bench(CLI::App& app, Options& options, Raw& raw) {
    CLI::App* bench =
        app.add_subcommand("bench", "measure the seeds of scenarios, to compare two builds");
    bench->add_option("DIR", options.paths, "directories or scenario files");
    bench->add_option("--seeds,--seed", raw.seed, "seed N, or seeds A..B (default: the scenario's)")
        ->type_name("N|A..B");
    bench->add_option("--jobs", raw.jobs, "worker processes (default: one for each core)")
        ->type_name("N");
    add_values(*bench, options);
    bench->add_option("--json", options.json, "write the results as Google Benchmark does")
        ->type_name("FILE");
    add_common(*bench, options, raw);
    return bench;
}

/// What is told of one run besides its page.
void add_views(CLI::App& app, Options& options) {
    app.add_option("--trace", options.trace, "write a Perfetto trace (one run)")->type_name("FILE");
    app.add_option("--mermaid", options.mermaid, "write what broke as a sequence diagram (one run)")
        ->type_name("FILE");
}

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
    add_html(*verify, options, "write a page to look at");
    add_views(*verify, options);
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
    explore->add_option("--states", raw.states, "see at most so many states")->type_name("N");
    explore
        ->add_option("--memory", raw.memory,
                     "and no more than fit, at 24 bytes each (default: 4GiB)")
        ->type_name("SIZE");
    explore->add_option("--jobs", raw.jobs, "threads (default: one for each core)")->type_name("N");
    explore->add_option("--out", options.out, "write a violating schedule there (SPACE.schedule)")
        ->type_name("FILE");
    explore->add_option("--replay", options.replay, "play such a file again, step by step")
        ->type_name("FILE");
    add_common(*explore, options, raw);
    return explore;
}

}  // namespace

Commands declare(CLI::App& app, Options& options, Raw& raw) {
    app.footer(footer_of(""));
    app.set_version_flag("--version", "leasehold " + std::string(program_version()));
    app.set_help_flag("-h,--help", "print this help");
    CLI::App* run =
        app.add_subcommand("run", "play a scenario and show what happens, line by line");
    run->add_option("FILE", options.paths, "scenario files");
    add_playing(*run, options, raw);
    run->add_option("--history", options.history, "write every event (one file, one seed)")
        ->type_name("FILE");
    add_html(*run, options, "write a page to look at (one file, one seed)");
    add_views(*run, options);
    CLI::App* check = app.add_subcommand("check", "play all seeds of all scenarios: a table");
    check->add_option("DIR", options.paths, "directories or scenario files");
    add_playing(*check, options, raw);
    add_html(*check, options, "write a page, and one of a run of each scenario beside it");
    check->add_flag("--coverage", options.coverage,
                    "print which marks, faults, roles and answers never happened");
    check
        ->add_option("--exempt", options.exempt,
                     "what cannot happen; exit 3 for each further blank of --coverage")
        ->type_name("FILE");
    CLI::App* list = app.add_subcommand("list", "list scenarios and why they exist");
    list->add_option("DIR", options.paths, "directories or files (default: scenarios)");
    list->add_flag("--faults", raw.faults, "list the faults that a scenario can inject");
    list->add_flag("--marks", raw.marks, "list the marks that a scenario can expect");
    list->add_flag("--invariants", raw.invariants, "list what is checked in every run");
    add_common(*list, options, raw);
    CLI::App* validate =
        app.add_subcommand("validate", "check scenario files without playing them");
    validate->add_option("FILE", options.paths, "scenario files");
    validate->add_flag("--resolved", options.resolved, "print them with every default");
    add_values(*validate, options);
    add_common(*validate, options, raw);
    const Commands commands{run,
                            check,
                            list,
                            validate,
                            declare_verify(app, options, raw),
                            declare_explore(app, options, raw),
                            declare_shrink(app, options, raw),
                            declare_replay(app, options, raw),
                            declare_campaign(app, options, raw),
                            declare_merge(app, options, raw),
                            declare_bench(app, options, raw)};
    for (CLI::App* command : app.get_subcommands({})) {
        command->set_help_flag("-h,--help", "print this help");
        command->footer(footer_of(command->get_name()));
    }
    return commands;
}

}  // namespace leasehold::cli
