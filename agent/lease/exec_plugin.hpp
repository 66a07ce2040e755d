// ExecPlugin: the command of a kubeconfig's user that gives credentials, and what it answers
// (client.authentication.k8s.io).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// As `exec` of a kubeconfig has it.
struct ExecPlugin {
    std::string api_version;  ///< client.authentication.k8s.io/v1 or v1beta1
    std::string command;      ///< a path, or a name to look up in PATH
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;  ///< beside the agent's own
    std::string install_hint;  ///< said when the command is not there; may be empty
    std::string cluster;       ///< JSON, spec.cluster of what it is told; empty: not told
};

/// What a plugin gave: a token, a client certificate with its key, or both.
struct ExecCredential {
    std::string token;
    std::string certificate_pem;
    std::string key_pem;
    std::optional<WallTime> expires;

    friend bool operator==(const ExecCredential&, const ExecCredential&) = default;
};

/// The ExecCredential that the plugin finds in KUBERNETES_EXEC_INFO.
[[nodiscard]] std::string exec_info(const ExecPlugin& plugin);
/// What the plugin printed; or what is wrong with it, in one line without its content, which may be
/// a secret.
[[nodiscard]] Result<ExecCredential, std::string> decode_exec_credential(const ExecPlugin& plugin,
                                                                         std::string_view output);

}  // namespace leasehold::agent
