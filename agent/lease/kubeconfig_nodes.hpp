// Values of a kubeconfig. Internal.
#pragma once

#include <string>
#include <string_view>

#include "agent/lease/api_access.hpp"
#include "config/tree.hpp"

namespace leasehold::agent {

/// The text at `key`; empty when absent. The messages never quote it: it may be a secret.
[[nodiscard]] std::string text_at(const config::Node& map, std::string_view key);
/// false when absent.
[[nodiscard]] bool flag_at(const config::Node& map, std::string_view key);
/// Does it say something? An empty map or list says nothing either.
[[nodiscard]] bool has(const config::Node& map, std::string_view key);

/// The command that a user's `exec` names. `cluster` is what it may be told of, `access` what was
/// read of that. Throws InputError.
[[nodiscard]] ExecPlugin read_exec(const config::Node& exec, const config::Node& cluster,
                                   const ApiAccess& access);

}  // namespace leasehold::agent
