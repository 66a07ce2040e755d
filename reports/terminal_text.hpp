// Pieces of terminal output that its writers share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reports/terminal.hpp"

namespace leasehold::reports {

enum class Colour : std::uint8_t { green, red, yellow, dim, bold };

/// `text` in a colour, when the style has any.
[[nodiscard]] std::string painted(std::string_view text, Colour colour, Style style);
/// Padded with spaces on the right or left; longer text stays whole.
[[nodiscard]] std::string left(std::string_view text, std::size_t width);
[[nodiscard]] std::string right(std::string_view text, std::size_t width);
/// The verdict's word in capitals: PASS, FAIL, INCONCLUSIVE, NONDETERMINISTIC, INTERNAL ERROR.
[[nodiscard]] std::string_view verdict_word(check::Outcome outcome);
[[nodiscard]] Colour verdict_colour(check::Outcome outcome);
/// "1 run", "2 runs".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);
/// The scenario said that this invariant would or may be violated.
[[nodiscard]] bool was_expected(const check::RunResult& run, const check::Verdict& verdict);
/// The scenario said that it may be violated.
[[nodiscard]] bool was_allowed(const check::RunResult& run, const check::Verdict& verdict);
/// "leasehold run FILE --seed N ARGUMENTS".
[[nodiscard]] std::string replay_command(const check::RunResult& run, std::string_view arguments);

}  // namespace leasehold::reports
