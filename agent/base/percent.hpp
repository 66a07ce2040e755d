// Percent-encoded text, as it stands in URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace leasehold::agent {

/// Decodes %XX; none when an escape is broken. `form`: a plus sign is a blank (parameters).
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text, bool form);

}  // namespace leasehold::agent
