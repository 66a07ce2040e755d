// The header by which a server says when to come again.
#pragma once

#include "agent/transfer/client.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// From now on, at most a day. A date counts from the answer's own (Date), without one from this
/// machine's clock. Zero: nothing was said, or a time that is past.
[[nodiscard]] Duration retry_after(const Response& response);

}  // namespace leasehold::agent
