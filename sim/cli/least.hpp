// From a failing run to its least scenario and capsule: what shrink and campaign share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sim/cli/play.hpp"
#include "sim/search/capsule.hpp"
#include "sim/search/shrink.hpp"

namespace leasehold::cli {

/// A failure on its way to its least form.
struct Failing {
    sim::Scenario scenario;
    std::uint64_t seed = 0;
    std::string signature;
    TrueTime at{};            ///< when it broke
    check::RunResult result;  ///< of the run as it was, in detail
    /// What the player allows a scenario besides what its text does: the least file says it, so
    /// that it fails by itself as it did. None: nothing.
    std::function<void(sim::Scenario&)> excuse{};
};

struct LeastFailure {
    std::string text;         ///< the scenario file
    check::RunResult result;  ///< of its run, in detail
    search::Capsule capsule;
    std::uint64_t plays = 0;  ///< that it took
    bool complete = true;     ///< nothing more can go
};

/// Reads the text of a job as a scenario file: what a Player for make_least() is made with.
[[nodiscard]] sim::Scenario scenario_from_text(const std::string& text);

/// When the run broke, as far as its verdicts say.
[[nodiscard]] TrueTime broke_at(const check::RunResult& result);

/// The run of `seed`, and whether fresh processes repeat it: nondeterministic if they don't. None
/// when interrupted.
[[nodiscard]] std::optional<Failing> fail_again(Player& player, const sim::Scenario& scenario,
                                                std::uint64_t seed);

/// Plays it until it is as small as it gets. `name` and `why` are those of the new file. None when
/// interrupted.
[[nodiscard]] std::optional<LeastFailure> make_least(Player& player, const Failing& failing,
                                                     const std::string& name,
                                                     const std::string& why,
                                                     const std::function<bool()>& enough);

/// Writes the page of the first seed of the scenario in `file` beside that of --html, as those of a
/// check lie; its place relative to that page. Empty without --html, when interrupted, or where
/// the run's process died. Throws OutputError.
[[nodiscard]] std::string write_least_page(const Options& options, const std::string& file);

/// `name` with `suffix`, cut to what a scenario may be called.
[[nodiscard]] std::string derived_name(const std::string& name, const std::string& suffix);

}  // namespace leasehold::cli
