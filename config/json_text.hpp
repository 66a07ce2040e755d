// JSON in a command line, as nodes. Internal.
#pragma once

#include <cstddef>
#include <string_view>

#include "config/tree.hpp"

namespace leasehold::config {

/// Where the JSON value that begins at `from` ends: at a comma outside of it, or with the text.
[[nodiscard]] std::size_t end_of_json(std::string_view text, std::size_t from);
/// Of equal keys the last counts, as Go's reader takes them. Every node stands at `place`. Throws
/// InputError.
[[nodiscard]] Node parse_json_text(std::string_view text, const Node& place);

}  // namespace leasehold::config
