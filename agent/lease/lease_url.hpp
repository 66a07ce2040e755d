// Parts of the URLs that the Lease is asked for by. Internal.
#pragma once

#include <string>
#include <string_view>

#include "model/base/time.hpp"

namespace leasehold::agent {

/// `text` as a part of a path, everything unusual as %XX.
[[nodiscard]] std::string encoded(std::string_view text);
/// The parameter that makes the server give up with us, in place of after 34 or 60 s.
[[nodiscard]] std::string timeout_parameter(Duration timeout);

}  // namespace leasehold::agent
