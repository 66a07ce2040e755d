// Leases and answers as people read them.
#pragma once

#include <string>

#include "tests/conformance/lease_server.hpp"

namespace leasehold::conformance {

/// "holder client-0, 15 s, transitions 1, acquired 7us, renewed 9us, nonce 4".
[[nodiscard]] std::string record_text(const LeaseRecord& record);
/// "409 Conflict, about the Lease", "200 version 17, uid 5b16c828, holder client-0 ..."; `server`
/// is where the answer came from.
[[nodiscard]] std::string answer_text(const LeaseAnswer& answer, const LeaseServer& server);

}  // namespace leasehold::conformance
