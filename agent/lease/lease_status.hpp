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

/// Retry-After: whole seconds or a date, which counts from `date_header` (the server's own clock)
/// or, where there is none, from `now`. At most an hour; 0 = absent, past or not understood.
[[nodiscard]] Duration decode_retry_after(std::string_view retry_after,
                                          std::string_view date_header, WallTime now);

}  // namespace leasehold::agent
