// Access to a Kubernetes API server: where it is, whom to trust, how to say who we are.
#pragma once

#include <optional>
#include <string>

#include "agent/lease/exec_plugin.hpp"
#include "agent/transfer/client.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

struct ApiAccess {
    std::string server;  ///< "https://10.96.0.1:443"; requests begin with it
    TlsOptions tls;
    std::string proxy;               ///< URL; of a kubeconfig alone, never of the environment
    std::string token;               ///< bearer token given by value
    std::string token_file;          ///< goes before it; read again each minute, and after a 401
    std::optional<ExecPlugin> exec;  ///< gives token or client certificate; else none
    std::string namespace_name;      ///< of this pod or context; empty = not said
};

/// In-cluster: KUBERNETES_SERVICE_HOST and _PORT, and the files token, ca.crt and namespace below
/// `directory` (/var/run/secrets/kubernetes.io/serviceaccount). Or why not, in one line.
[[nodiscard]] Result<ApiAccess, std::string> in_cluster_access(const std::string& directory);
/// The kubeconfig's `context`, or its current one when empty: server, CA, token or client
/// certificate (files, relative to the kubeconfig, or data), or the command that gives either
/// (exec). Providers, passwords and impersonation are refused. Or one line with file, line and
/// column.
[[nodiscard]] Result<ApiAccess, std::string> kubeconfig_access(const std::string& file,
                                                               const std::string& context);

}  // namespace leasehold::agent
