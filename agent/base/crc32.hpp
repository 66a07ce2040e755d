// CRC-32 (libdeflate): a check of what came over the wire that costs next to nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace leasehold::agent {

/// The CRC-32 of IEEE 802.3 (that of gzip) over all that was added. No protection against intent.
class Crc32 {
  public:
    void add(std::string_view bytes);
    [[nodiscard]] std::uint32_t value() const { return value_; }

  private:
    std::uint32_t value_ = 0;
};

/// That of A and B one after the other, from theirs: `size` bytes of B, which nobody reads again.
[[nodiscard]] std::uint32_t crc32_of_both(std::uint32_t a, std::uint32_t b, std::uint64_t size);

}  // namespace leasehold::agent
