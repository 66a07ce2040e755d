// A schedule as a file and as a story.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.hpp"
#include "model/check/check.hpp"
#include "sim/explore/search.hpp"
#include "sim/explore/space.hpp"

namespace leasehold::explore {

/// What a file of a schedule says.
struct Recorded {
    Space space;  ///< the built-in one, with the number of faults that was searched
    Schedule schedule;
};

/// The text of a file that plays `schedule` again.
[[nodiscard]] std::string to_file(const Space& space, const Schedule& schedule);
/// Reads one; the error names line, what was expected, and the nearest valid name.
[[nodiscard]] Result<Recorded, std::string> from_file(std::string_view text);

/// What a schedule tells when it is played.
struct Story {
    std::string text;  ///< one line for each thing that happens, the time first
    Broken broken = Broken::nothing;
    std::string failure;  ///< of a CHECK
    std::string problem;  ///< the action that cannot happen, with its place; empty = all can
    /// What the checkers of histories (model/check) find in it.
    std::vector<check::Verdict> verdicts;
};
[[nodiscard]] Story play(const Space& space, const Schedule& schedule);

}  // namespace leasehold::explore
