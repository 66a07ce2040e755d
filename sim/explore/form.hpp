// Form: what matters of one part of a world, without what does not: its canonical form.
//
// Two worlds are the same if every future of one is a future of the other. Instants count from now;
// what was drawn or numbered (nonces, uids, ids, names of processes) counts by where else it
// occurs, so it is numbered in the order of its first appearance; versions count by their order. A
// part is brought into its form alone, with numbers of its own, and the world's form is that of its
// parts and which of their numbers mean the same: so what did not change is not looked at again,
// and parts can be sorted.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "model/base/state_visitor.hpp"
#include "model/election/record.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold::explore {

/// 128 bits; of a hundred million states two share one with a chance of about 1e-23.
struct Fingerprint {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
};

/// Takes in words one after the other.
class Hash {
  public:
    void add(std::uint64_t word) {
        CHECK(count_ < words_.size());
        words_[count_++] = word;
    }
    /// Two hashes of 64 bits, each over all words, in four lanes that wait for nothing of each
    /// other.
    [[nodiscard]] Fingerprint get() {
        const std::size_t count = count_;
        while (count_ % kLanes != 0)
            words_[count_++] = 0;
        std::array<std::uint64_t, kLanes> a = kSeeds;
        std::array<std::uint64_t, kLanes> b = kSeeds;
        for (std::size_t i = 0; i < count_; i += kLanes) {
#pragma GCC unroll 4
            for (std::size_t k = 0; k < kLanes; ++k) {
                a[k] = fold(a[k] ^ words_[i + k], kSeeds[k] | 1U);
                b[k] = fold(b[k] + words_[i + k], kSeeds[kLanes - 1 - k] ^ ~std::uint64_t{0});
            }
        }
        return {joined(a, count), joined(b, ~count)};
    }

  private:
    static constexpr std::size_t kLanes = 4;
    static constexpr std::array<std::uint64_t, kLanes> kSeeds{
        0x9e3779b97f4a7c15ULL, 0xd6e8feb86659fd93ULL, 0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL};
    /// Two lanes at a time, which wait for nothing of the other two.
    static std::uint64_t joined(const std::array<std::uint64_t, kLanes>& lanes,
                                std::uint64_t word) {
        const std::uint64_t left = mix64(fold(word ^ lanes[0], kSeeds[0])) ^ lanes[1];
        const std::uint64_t right = mix64(fold(~word ^ lanes[2], kSeeds[1])) ^ lanes[3];
        return mix64(fold(mix64(fold(left, kSeeds[2])) ^ right, kSeeds[3]));
    }
    /// Both halves of the product, and the word itself, so that no word is lost by a zero.
    static std::uint64_t fold(std::uint64_t x, std::uint64_t k) {
        const Uint128 product = static_cast<Uint128>(x) * k;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U) ^
               (x << 23U | x >> 41U);
    }
    std::size_t count_ = 0;
    std::array<std::uint64_t, 512> words_;
};

/// Distinct values in the order of their first appearance.
template <std::size_t Capacity>
class Seen {
  public:
    Seen() = default;
    // Only what is there is copied: worlds are copied millions of times a second.
    Seen(const Seen& other) { *this = other; }
    Seen& operator=(const Seen& other) {
        count_ = other.count_;
        std::memcpy(values_.data(), other.values_.data(), count_ * sizeof(std::uint64_t));
        return *this;
    }
    std::size_t index_of(std::uint64_t value) {
        for (std::size_t i = 0; i < count_; ++i)
            if (values_[i] == value) return i;
        return append(value);
    }
    std::size_t append(std::uint64_t value) {
        CHECK(count_ < Capacity);
        values_[count_] = value;
        return count_++;
    }
    void clear() { count_ = 0; }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] std::uint64_t operator[](std::size_t i) const { return values_[i]; }

  private:
    std::uint32_t count_ = 0;
    std::array<std::uint64_t, Capacity> values_;
};

/// Finds what was seen by its value, without looking at each.
class Numbering {
  public:
    template <std::size_t Capacity>
    std::size_t index_of(Seen<Capacity>& seen, std::uint64_t value) {
        std::size_t slot = (value * 0x9e3779b97f4a7c15ULL) >> 56U;
        for (; slots_[slot] != 0; slot = (slot + 1) % slots_.size())
            if (seen[slots_[slot] - 1U] == value) return slots_[slot] - 1U;
        const std::size_t index = seen.append(value);
        slots_[slot] = static_cast<std::uint8_t>(index + 1);
        return index;
    }

  private:
    std::array<std::uint8_t, 256> slots_{};
};

/// The form of one part: what it is like, and which names and versions it speaks of, each in the
/// order of first appearance.
struct Shape {
    Fingerprint fingerprint;
    Seen<48> names;
    Seen<24> versions;
};

/// Brings one part into its form: a StateVisitor that also takes Leases.
class FormOf {
  public:
    /// Writes to `shape`, from begin to end.
    FormOf(Shape& shape, Now now) : shape_(shape), now_(now) {
        shape_.names.clear();
        shape_.versions.clear();
    }
    FormOf(const FormOf&) = delete;
    FormOf& operator=(const FormOf&) = delete;
    ~FormOf() { shape_.fingerprint = hash_.get(); }

    void value(std::int64_t plain) { hash_.add(static_cast<std::uint64_t>(plain)); }
    void until(Instant at) { value(at > now_.monotonic ? left(at) : 0); }
    void until(WallTime wall) { value(wall > now_.wall ? (wall - now_.wall).count() : 0); }
    void since(Instant at, Duration reach) {
        const bool old = at < now_.monotonic - reach;
        value(old ? -reach.count() - 1 : (at - now_.monotonic).count());
    }
    void version(Version version) {
        hash_.add(version.value() == 0 ? 0 : shape_.versions.index_of(version.value()) + 1);
    }
    void id(std::uint64_t number) { hash_.add(ids_.index_of(number)); }
    void name(std::uint64_t drawn) {
        hash_.add(drawn == 0 ? 0 : numbering_.index_of(shape_.names, drawn) + 1);
    }
    void name(const std::string& text) {
        hash_.add(text.empty() ? 0 : numbering_.index_of(shape_.names, word_of(text)) + 1);
    }
    void name(std::uint64_t drawn, WallTime wall) {
        const auto count = static_cast<std::uint64_t>(wall.time_since_epoch().count());
        name(mix64(drawn + 0x5bd1e9955bd1e995ULL) ^ count);
    }
    void lease(const LeasePtr& lease) {
        // Objects are shared and never changed, so the same one is not looked at twice.
        if (!lease) return value(-1);
        for (std::size_t i = 0; i < leases_; ++i)
            if (known_leases_[i] == lease.get()) return value(static_cast<std::int64_t>(i));
        value(-2);
        visit_lease(*this, *lease);
        if (leases_ < known_leases_.size()) known_leases_[leases_++] = lease.get();
    }

    /// A text as a number, the same for the same.
    static std::uint64_t word_of(const std::string& text) {
        if (text.size() > 7) return hash_text(text);
        std::uint64_t word = text.size() + 1;
        for (const char c : text)
            word = word << 8U | static_cast<unsigned char>(c);
        return word;
    }

  private:
    [[nodiscard]] std::int64_t left(Instant at) const {
        return at == kNever ? -1 : (at - now_.monotonic).count();
    }
    Shape& shape_;
    Now now_;
    Hash hash_;
    Numbering numbering_;
    Seen<8> ids_;
    std::size_t leases_ = 0;
    std::array<const Lease*, 8> known_leases_;
};

}  // namespace leasehold::explore
