// The commands. Each returns the program's exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/cli/options.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::cli {

[[nodiscard]] int run_command(const Options& options);
[[nodiscard]] int check_command(const Options& options);
[[nodiscard]] int list_command(const Options& options);
[[nodiscard]] int validate_command(const Options& options);
[[nodiscard]] int verify_command(const Options& options);
[[nodiscard]] int explore_command(const Options& options);
[[nodiscard]] int shrink_command(const Options& options);
[[nodiscard]] int replay_command(const Options& options);
[[nodiscard]] int campaign_command(const Options& options);
[[nodiscard]] int merge_command(const Options& options);
[[nodiscard]] int bench_command(const Options& options);

/// Reads all files, each once however often it is named; every bad one, and every one that an
/// output would be written over, costs a message on stderr. False when there was one.
[[nodiscard]] bool read_scenarios(const std::vector<std::string>& files, const Options& options,
                                  std::vector<sim::Scenario>& scenarios);

/// None of the outputs would be written over `file`, which is read; else a message on stderr.
[[nodiscard]] bool spares(const Options& options, const std::string& file);
/// Says on stderr what is wrong with what was asked; the exit code of that, 64.
[[nodiscard]] int refuse(const std::string& message);
/// Writes to stdout at once; nothing where its reader has gone. Throws reports::OutputError.
void print(std::string_view text);
/// stdout gets colours: by --color, else on a terminal without NO_COLOR.
[[nodiscard]] bool wants_colour(const Options& options);
/// -f and --set as typed, to repeat on a replay command; begins with a space unless empty.
[[nodiscard]] std::string repeated_arguments(const Options& options);

}  // namespace leasehold::cli
