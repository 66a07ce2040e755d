// RecordDigest: the digest of a run, over every field of every record of its history.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "model/base/random.hpp"
#include "model/protocol/history.hpp"

namespace leasehold::sim {

/// A running digest of 64-bit words, two at a time by one wide multiplication (as wyhash does): it
/// is fed with all that happens, and costs less than half of a step for each word.
class WordDigest {
  public:
    constexpr void add(std::uint64_t a, std::uint64_t b = 0) {
        const Uint128 product = static_cast<Uint128>(state_ ^ a) * (b ^ 0x9fb21c651e98df25ULL);
        state_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }
    void add_text(std::string_view text);
    [[nodiscard]] constexpr std::uint64_t value() const { return mix64(state_); }

  private:
    std::uint64_t state_ = 0x6c65617365686f6cULL;
};

/// Two runs have one digest only if their histories are the same word for word: whole Lease
/// records, keys, versions, epochs, what was answered and why. Numbers of records are left out, as
/// the order has them.
///
/// What travels by handle (a Lease, a page of a LIST) is read once while it goes round: it is
/// immutable, and kept so that its address means nothing else meanwhile.
class RecordDigest {
  public:
    void add(const ProcessStarted& record);
    void add(const ProcessEnded& record);
    void add(const ClockChanged& record);
    void add(const ReplicaStepped& record);
    void add(const RequestLeft& record);
    void add(const LeaseCommitted& record);
    void add(const ObjectCommitted& record);
    void add(const FaultTookEffect& record);
    void add(const PathChanged& record);

    [[nodiscard]] std::uint64_t value() const { return words_.value(); }

  private:
    template <class T, std::size_t Count>
    class Known {
      public:
        /// The digest of what `handle` leads to; `read` makes it. 0: null.
        template <class Read>
        std::uint64_t of(const std::shared_ptr<const T>& handle, const Read& read) {
            if (!handle) return 0;
            if (entries_[newest_].first == handle) return entries_[newest_].second;
            for (const auto& [known, digest] : entries_)
                if (known == handle) return digest;
            newest_ = (newest_ + 1) % Count;
            auto& [known, digest] = entries_[newest_];
            known = handle;
            digest = read(*handle);
            return digest;
        }

      private:
        std::array<std::pair<std::shared_ptr<const T>, std::uint64_t>, Count> entries_{};
        std::size_t newest_ = 0;
    };
    struct Words;

    WordDigest words_;
    Known<Lease, 2> leases_;
    Known<ListPage, 2> pages_;
};

}  // namespace leasehold::sim
