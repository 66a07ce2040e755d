// Where Pods are asked for. Internal.
#pragma once

#include <string>

#include "agent/lease/lease_url.hpp"

namespace leasehold::agent {

/// The path of a namespace's Pods.
[[nodiscard]] inline std::string pods_path(const std::string& namespace_name) {
    return "/api/v1/namespaces/" + encoded(namespace_name) + "/pods";
}

}  // namespace leasehold::agent
