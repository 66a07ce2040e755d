// KeyTable: each key once, and a small number that stands for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/base/chunked.hpp"
#include "model/base/text.hpp"

namespace leasehold {

/// A key's position in its table: dense from 0, in the order of first sight, never used again for
/// another key. What is remembered by it (a generation, a request's owner) can't be mistaken.
enum class KeyId : std::uint32_t {};

[[nodiscard]] constexpr std::uint32_t index_of(KeyId key) {
    return static_cast<std::uint32_t>(key);
}

/// Interned keys. Looking one up costs one hash of its text; nothing is ever removed.
class KeyTable {
  public:
    /// The key's id, a new one at first sight.
    KeyId intern(const ObjectKey& key);
    [[nodiscard]] std::optional<KeyId> find(std::string_view key) const;
    /// The key of an id that this table gave.
    [[nodiscard]] const ObjectKey& name(KeyId key) const { return names_[index_of(key)]; }
    [[nodiscard]] std::size_t size() const { return names_.size(); }

    friend bool operator==(const KeyTable& a, const KeyTable& b) { return a.names_ == b.names_; }

  private:
    /// A place of the hash table: half of the hash, so that growing and most misses need no text.
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t id_plus_one = 0;  ///< 0 = free
    };
    [[nodiscard]] std::size_t slot_of(std::string_view key, std::uint32_t hash) const;
    void grow();

    Chunked<ObjectKey> names_;
    std::vector<Slot> slots_;  ///< open addressing; only looked up in, never walked through
};

}  // namespace leasehold
