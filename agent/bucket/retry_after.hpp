// The header by which a server says when to come again.
#pragma once

#include "agent/transfer/client.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Of its two forms, seconds, at most a day; stores send no dates. Zero: nothing was said.
[[nodiscard]] Duration retry_after(const Response& response);

}  // namespace leasehold::agent
