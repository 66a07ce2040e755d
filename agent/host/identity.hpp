// What makes one start of the process different from every other.
#pragma once

#include <cstdint>
#include <string>

namespace leasehold::agent {

/// 64 bits from the kernel's generator.
[[nodiscard]] std::uint64_t random_word();
/// POD_NAME and a nonce of this start: a restarted pod never inherits its predecessor's record.
[[nodiscard]] std::string make_identity(const std::string& pod_name);

}  // namespace leasehold::agent
