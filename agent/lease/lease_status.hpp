// What an answer of the Lease API other than a Lease says.
#pragma once

#include <string>
#include <string_view>

#include "agent/lease/lease_name.hpp"
#include "model/base/time.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold::agent {

/// A metav1.Status, or the text that came in its place (429, proxies).
struct ApiStatus {
    StatusReason reason = StatusReason::none;
    bool about_lease = false;  ///< its details name kind "leases" and this Lease
    std::string message;       ///< for people: at most 200 bytes, one line
};
[[nodiscard]] ApiStatus decode_status(std::string_view body, const LeaseName& name);

}  // namespace leasehold::agent
