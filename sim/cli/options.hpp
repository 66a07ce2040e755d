// The command line as typed: commands and options, or a message and an exit code.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace leasehold::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 64;         ///< bad input: flags, scenarios, values
inline constexpr int kExitUnavailable = 69;   ///< this build has no pages
inline constexpr int kExitInternal = 70;      ///< a broken belief of the program itself
inline constexpr int kExitOutput = 74;        ///< an output cannot be written
inline constexpr int kExitInterrupted = 130;  ///< SIGINT or SIGTERM

enum class Command : std::uint8_t {
    run,
    check,
    list,
    validate,
    verify,
    explore,
    shrink,
    replay,
    campaign,
    merge,
    bench
};
enum class ColourMode : std::uint8_t { automatic, always, never };
enum class ListWhat : std::uint8_t { scenarios, faults, marks, invariants };

/// One of several machines that share a campaign: 1..count.
struct Shard {
    std::uint64_t index = 1;
    std::uint64_t count = 1;
};

struct Options {
    Command command = Command::run;
    std::vector<std::string> paths;
    std::optional<sim::SeedRange> seeds;  ///< none: run: the first seed, check: all
    unsigned jobs = 1;                    ///< worker processes, 1..1024
    config::ValueSources values;          ///< -f and the --set family
    std::string json;                     ///< files to write; empty = none
    std::string junit;
    std::string sarif;
    std::string history;
    std::string html;
    std::string trace;
    std::string mermaid;
    std::string log = "warn";
    ColourMode colour = ColourMode::automatic;
    bool quiet = false;
    bool resolved = false;  ///< validate
    bool coverage = false;  ///< check: print what never happened
    std::string exempt;     ///< check: the points that cannot happen; empty = none
    ListWhat list = ListWhat::scenarios;
    bool timeline = false;          ///< verify
    std::optional<Duration> grace;  ///< verify; none: the default of each
    std::optional<Duration> api_round_trip;
    std::optional<Duration> bucket_request;
    std::optional<Duration> transfer;
    bool list_spaces = false;              ///< explore
    std::string replay;                    ///< explore: a file of a schedule
    std::optional<std::uint32_t> faults;   ///< explore: 0..9; none: what the space says
    std::uint64_t states = 4'000'000'000;  ///< explore: seen at most
    std::uint64_t memory = 4ULL << 30U;    ///< explore: bytes for the states seen, at most
    std::string out;  ///< explore: where a schedule is written; others: the directory for files
    std::optional<Duration> time;       ///< campaign: wall-clock time after which it ends
    std::vector<std::string> families;  ///< campaign: of faults; empty = all
    std::string genome;                 ///< campaign: of the one run to play; empty = many are
    bool guide = true;                  ///< campaign: mutate what was new
    bool shrinks = true;                ///< campaign: find the least form of what failed
    bool resume = false;                ///< campaign: go on with the results in `out`
    std::optional<Shard> shard;         ///< campaign
};

/// The program ends here: help and version on stdout with 0, a mistake on stderr with 64.
struct Exit {
    int code = kExitOk;
    std::string out;
    std::string error;
};

/// `arguments` without the program's name.
[[nodiscard]] std::variant<Options, Exit> parse_options(const std::vector<std::string>& arguments);

/// The files that it is told to write, empty where it is not.
[[nodiscard]] std::array<std::string, 7> outputs_of(const Options& options);

/// The version that `--version` prints and reports name.
[[nodiscard]] std::string_view program_version();

}  // namespace leasehold::cli
