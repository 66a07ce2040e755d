// Campaign: batches of random runs, what they showed, and the least form of what broke.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reports/html/campaign_page.hpp"
#include "sim/cli/least.hpp"
#include "sim/cli/options.hpp"
#include "sim/search/guide.hpp"
#include "sim/search/results.hpp"
#include "sim/search/space.hpp"

namespace leasehold::cli {

/// What is known of a group of failures besides how many they are. Of merged shards there are the
/// files alone.
struct LeastOf {
    check::RunResult result;  ///< of the least run, in detail
    std::string text;         ///< its scenario file; empty: not played by this process
    std::string file;         ///< where that lies; empty: nowhere
    std::string capsule;      ///< likewise
    std::string page;         ///< of its run, relative to the campaign's; empty: none
};

/// The results of a campaign and the least forms of its failures, by signature.
struct CampaignReport {
    search::Results results;
    std::map<std::string, LeastOf> least;
    std::vector<std::string> notes;    ///< what stands beside the figures
    std::vector<std::string> lacking;  ///< of the campaign's runs: a shard that is missing
    bool interrupted = false;
    reports::CampaignTally tally;  ///< of the runs of this process; empty without --html

    /// Of all runs the worst; what was not played passes nothing.
    [[nodiscard]] check::Outcome outcome() const;
    /// The process's, and what every report says.
    [[nodiscard]] int exit_code() const;
};

/// The table, what broke, the verdict.
[[nodiscard]] std::string render_campaign(const CampaignReport& report, bool quiet, bool colour);
/// --json: without wall-clock times.
[[nodiscard]] std::string campaign_json(const CampaignReport& report);
/// --html; `command` made it.
[[nodiscard]] std::string campaign_html(const CampaignReport& report, std::string command);
/// A campaign's command line, without where its outputs go.
[[nodiscard]] std::string campaign_line(const Options& options);
/// Likewise, of the command that unites shards.
[[nodiscard]] std::string merge_line(const Options& options);
/// --junit: a suite for the campaign, and one for each group of failures.
[[nodiscard]] std::string campaign_junit(const CampaignReport& report);

/// The shard that this process is to play: --shard, else what Slurm (SLURM_ARRAY_TASK_ID, _MIN,
/// _STEP, _COUNT; or _ID of LEASEHOLD_SHARDS, where a part of an array is submitted again) or an
/// Indexed Job (JOB_COMPLETION_INDEX, and LEASEHOLD_SHARDS, since a Job does not tell its pods how
/// many they are) says, else the only one. A message when they say nonsense.
[[nodiscard]] Result<Shard, std::string> shard_of(const Options& options);

}  // namespace leasehold::cli
