// The command line's commands and options, as CLI11 is told of them. Internal to options.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "sim/cli/options.hpp"

namespace leasehold::cli {

inline constexpr std::array<std::string_view, 11> kCommands{
    "run",    "check",  "list",     "validate", "verify", "explore",
    "shrink", "replay", "campaign", "merge",    "bench"};  // in the order of Command

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
    std::string memory;
    std::string time;
    std::string families;
    bool no_guide = false;
    bool no_shrink = false;
    std::string shard;
};

using Commands = std::array<CLI::App*, kCommands.size()>;  ///< in the order of Command

/// Declares all of them: parsing fills in `options` and `raw`, which must outlive `app`.
Commands declare(CLI::App& app, Options& options, Raw& raw);

}  // namespace leasehold::cli
