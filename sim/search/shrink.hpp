// Shrink: from a failing run to the least scenario that fails in the same way.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/base/time.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/search/document.hpp"

namespace leasehold::search {

/// Plays a candidate with the failure's seed. The instant at which it broke, if it broke in the
/// same invariant and with the same shape of the first wrong step; else none.
using Try = std::function<std::optional<TrueTime>(const std::string& text)>;

struct Shrunk {
    config::Node document;
    std::uint64_t plays = 0;
    bool complete = true;  ///< false: `plays_max` ended it; the document fails all the same
};

struct ShrinkLimits {
    std::uint64_t plays_max = 1'500;
    /// Asked before each play; true ends the search with what is known. None: never.
    std::function<bool()> enough;
};

/// Faults first, then replicas, workload, keys, every other part, the duration, and times and
/// numbers to round ones, until nothing can go any more. `failed_at`: the instant at which
/// `scenario` itself broke. It keeps no expectation other than what may be violated.
[[nodiscard]] Shrunk shrink(const sim::Scenario& scenario, TrueTime failed_at, const Try& attempt,
                            const ShrinkLimits& limits);

/// Writes down that the run of `document` may violate `ids`, and nothing else; none: as it is.
void allow_in(config::Node& document, const std::vector<std::string>& ids);

/// Rounder values of a scenario file's word that say nearly the same, the roundest first: of a
/// duration, a range, a count or a size. Empty where there are none.
[[nodiscard]] std::vector<std::string> rounder(const std::string& word);

}  // namespace leasehold::search
