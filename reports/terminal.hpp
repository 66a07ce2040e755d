// What a person sees: a run with its timeline and verdicts, a check as a table, what failed.
//
// Everything is returned as text of at most 100 columns (names and commands are never cut), so
// that tests compare it; nothing depends on the wall clock or the machine.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/check/result.hpp"
#include "reports/summary.hpp"

namespace leasehold::reports {

struct Style {
    bool colour = false;
};

inline constexpr std::size_t kColumns = 100;

/// One run in full: header, legend, timeline, invariants, expectations, faults, digest, verdict.
/// `arguments` are the options to repeat on the replay command: " -f values.yaml --set 'a=b'".
[[nodiscard]] std::string render_run(const check::RunResult& run, std::string_view arguments,
                                     Style style);
/// The verdicts on recordings: timeline if there is one, invariants, what happened, the verdict.
[[nodiscard]] std::string render_verified(const check::RunResult& run, std::size_t files,
                                          Style style);
/// One line for a run among many.
[[nodiscard]] std::string render_seed_line(const check::RunResult& run, Style style);
/// The least scenario that fails in the same way, as far as it is known.
struct Least {
    std::string text;        ///< the scenario file, line by line; empty = not known
    std::string capsule;     ///< the file to give to `leasehold replay`
    std::string again = {};  ///< how to see the run again, where `leasehold run` can't play it
};

/// What broke, the causal chain, the state, the least scenario and the replay command; empty when
/// the run passed.
[[nodiscard]] std::string render_failure(const check::RunResult& run, std::string_view arguments,
                                         Style style, const Least& least = {});
/// Many seeds of one scenario: a line each, the bounds, what failed first, the verdict.
[[nodiscard]] std::string render_seeds(const ScenarioSummary& scenario, std::string_view arguments,
                                       Style style);
/// The bounds over all seeds that a scenario states, one line each.
[[nodiscard]] std::string render_bounds(const ScenarioSummary& scenario, Style style);
/// A check: the table, what failed in each scenario that did, and the verdict.
[[nodiscard]] std::string render_check(const std::vector<ScenarioSummary>& scenarios,
                                       std::string_view arguments, Style style);

/// Of it only what did not pass (--quiet).
[[nodiscard]] std::string render_not_passed(const std::vector<ScenarioSummary>& scenarios,
                                            std::string_view arguments, Style style);

/// Words broken at spaces to fit `width`; continuation lines are indented by `indent`.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t first_column, std::size_t indent,
                               std::size_t width = kColumns);
/// A word for a shell: quoted only when it must be.
[[nodiscard]] std::string shell_quoted(std::string_view word);
/// "12,345".
[[nodiscard]] std::string grouped(std::uint64_t value);

}  // namespace leasehold::reports
