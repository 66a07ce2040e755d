// Blob: a payload as the model handles it, by size and digest and never by its bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>

namespace leasehold {

/// 128 bits that identify content (the agent: the first half of SHA-256; the simulator: made up).
struct ContentDigest {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr auto operator<=>(const ContentDigest&, const ContentDigest&) = default;
};

/// A payload: its size in bytes, its digest and a shared handle to immutable bytes that only the
/// driver can read (memory, a spooled file; null in the simulator or when the bytes are those of
/// the local file). Equality is that of content; the handle doesn't count.
struct Blob {
    std::uint64_t size = 0;
    ContentDigest digest;
    std::shared_ptr<const void> bytes;
    friend bool operator==(const Blob& a, const Blob& b) {
        return a.size == b.size && a.digest == b.digest;
    }
};

}  // namespace leasehold
