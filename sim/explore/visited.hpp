// Visited: the states that were seen, 128 bits each, for any number of threads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "sim/explore/form.hpp"

namespace leasehold::explore {

/// A set of fingerprints. Each of its parts is a table with linear probing that is between 0.7 and
/// 0.85 full: 16 bytes a fingerprint become 19 to 23, and no more while it grows, because the parts
/// grow one after the other, each by a fifth.
class Visited {
  public:
    Visited();
    /// True if it was not there.
    bool insert(Fingerprint fingerprint);
    /// It is about to be asked for.
    void prefetch(const Fingerprint& fingerprint) const;
    [[nodiscard]] std::uint64_t size() const;
    /// Of memory, now.
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    static constexpr std::size_t kParts = 256;
    struct alignas(64) Part {
        std::atomic_flag busy = ATOMIC_FLAG_INIT;
        std::uint64_t count = 0;
        std::vector<Fingerprint> slots;  ///< zero = free
        // For prefetch(), which looks while another thread grows the part: any address will do.
        std::atomic<const Fingerprint*> begin{nullptr};
        std::atomic<std::size_t> count_of_slots{0};
    };
    static bool put(std::vector<Fingerprint>& slots, const Fingerprint& fingerprint);
    static void grow(Part& part);
    static void publish(Part& part);

    std::array<Part, kParts> parts_;
};

}  // namespace leasehold::explore
