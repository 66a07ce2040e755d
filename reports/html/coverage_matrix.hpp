// In how many runs a fault of a family took effect and a mark was reached.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "model/check/result.hpp"
#include "reports/json_archive.hpp"

namespace leasehold::reports {

class CoverageMatrix {
  public:
    void add(const check::RunResult& run);
    /// {"families": [...], "rows": [[mark, [count by family]], ...]}
    [[nodiscard]] Json json() const;

  private:
    std::set<std::string> families_;
    std::map<std::string, std::map<std::string, std::uint64_t>> rows_;  ///< mark, family
};

}  // namespace leasehold::reports
