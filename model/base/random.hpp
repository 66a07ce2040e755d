// Seeded randomness: the same draws on every platform and standard library.
#pragma once

#include <cstdint>
#include <string_view>

namespace leasehold {

/// 128-bit products, exact; a compiler extension that g++ and clang share.
__extension__ using Uint128 = unsigned __int128;
__extension__ using Int128 = __int128;

/// One round of SplitMix64's finaliser: mixes all bits of `value`.
constexpr std::uint64_t mix64(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

/// A 64-bit hash of text, for seeding substreams and naming writers. Stable for ever.
constexpr std::uint64_t hash_text(std::string_view text) {
    std::uint64_t hash = 0x9e3779b97f4a7c15ULL ^ text.size();
    for (const char c : text)
        hash = mix64(hash + static_cast<unsigned char>(c) + 0x9e3779b97f4a7c15ULL);
    return hash;
}

/// SplitMix64 (Steele, Lea, Flood 2014). Copyable; equal seeds give equal draws.
class Random {
  public:
    constexpr explicit Random(std::uint64_t seed) : state_(seed) {}

    /// 64 uniform bits.
    constexpr std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15ULL;
        return mix64(state_);
    }

    /// Uniform in [0, bound); 0 when bound is 0. Lemire's multiply-shift: bias below 2^-64 * bound.
    constexpr std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>((static_cast<Uint128>(next()) * bound) >> 64);
    }

    friend constexpr bool operator==(const Random&, const Random&) = default;

  private:
    std::uint64_t state_;
};

}  // namespace leasehold
