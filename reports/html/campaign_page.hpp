// The page of a campaign: failures in groups, each with the page of its least run; failovers,
// coverage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/time.hpp"
#include "model/check/result.hpp"
#include "reports/html/coverage_matrix.hpp"

namespace leasehold::reports {

/// What the runs of one process showed together.
class CampaignTally {
  public:
    void add(const check::RunResult& run);
    [[nodiscard]] std::uint64_t runs() const { return runs_; }
    [[nodiscard]] const CoverageMatrix& matrix() const { return matrix_; }
    /// In ascending order, at most `most` of them: evenly chosen by rank, the longest among them.
    [[nodiscard]] std::vector<Duration> failovers(std::size_t most) const;

  private:
    std::uint64_t runs_ = 0;
    CoverageMatrix matrix_;
    std::vector<Duration> failovers_;
};

/// All failures of one kind.
struct CampaignGroup {
    std::string signature;
    check::Outcome outcome = check::Outcome::safety;
    std::uint64_t count = 0;
    std::uint64_t first_run = 0;
    std::uint64_t seed = 0;
    std::string genome;
    std::string scenario;  ///< file of the least form; empty = none
    std::string page;      ///< of its run, relative to this page; empty = none
};

struct CampaignPageWords {
    std::string_view version;  ///< of the program
    std::string command;       ///< that made it
    check::Outcome outcome = check::Outcome::inconclusive;
    std::uint64_t runs = 0;  ///< earlier processes included
    std::uint64_t passed = 0;
    Duration simulated{0};
    std::vector<CampaignGroup> groups;  ///< in the order of their first failure
    std::vector<std::string> notes;
};

/// Precondition: pages_available(). The same for the same results and program version.
[[nodiscard]] std::string campaign_page(const CampaignPageWords& words, const CampaignTally& tally);

}  // namespace leasehold::reports
