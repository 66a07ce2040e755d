// Foreign text for the log: one line of bounded length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace leasehold::agent {

/// The first `longest` bytes of `text`, control characters as blanks, no character cut in two.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t longest);

}  // namespace leasehold::agent
