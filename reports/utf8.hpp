// UTF-8 as RFC 3629 has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace leasehold::reports {

/// Bytes of the character that `text` begins with: 1 to 4; 0 when it is not one (overlong forms,
/// surrogates and values above U+10FFFF included) or `text` is empty.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);
/// `text` with U+FFFD for each byte that is of no character.
[[nodiscard]] std::string to_utf8(std::string_view text);

}  // namespace leasehold::reports
