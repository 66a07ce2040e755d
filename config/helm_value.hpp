// A value as a template of the chart takes it: its truth, and the number that `int` makes of it.
// Internal.
#pragma once

#include <cstdint>
#include <optional>

#include "config/tree.hpp"

namespace leasehold::config {

/// The truth of a single value; nothing when it is a text that nobody would take for one. A text
/// such as "false" is true to a template; who wrote it did not mean that, so it is nothing either.
[[nodiscard]] std::optional<bool> helm_truth(const Node& value);
/// The number of a single value, which may be a text; nothing when it is none, or not whole.
[[nodiscard]] std::optional<std::int64_t> helm_number(const Node& value);

}  // namespace leasehold::config
