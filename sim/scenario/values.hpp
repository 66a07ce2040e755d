// Helm values: the five keys that mean something here, merged and validated as the chart does it.
// Internal to sim/scenario.
#pragma once

#include <string>

#include "sim/scenario/tree.hpp"

namespace leasehold::sim {

/// File name of nodes that came from a --set: this and the option's text. The reader's door turns
/// it into the file "--set" and a message that quotes the option.
inline constexpr std::string_view kSetPrefix = "--set ";

/// One --set option as the nested map that it stands for ("a.b=c,d=null"). Throws InputError.
[[nodiscard]] Node parse_set(const std::string& option);

/// Merges inline values (null if there are none), the -f files and the --set options; later wins,
/// null takes a key away. Throws InputError.
[[nodiscard]] ValuesSpec read_values(const Node* inline_values, const ReadOptions& options);

}  // namespace leasehold::sim
