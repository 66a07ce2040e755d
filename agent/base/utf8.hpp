// The encoding of keys and of text for people.
#pragma once

#include <string_view>

namespace leasehold::agent {

/// Well-formed UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace leasehold::agent
