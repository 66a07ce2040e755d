#include "model/base/key_table.hpp"

#include <algorithm>
#include <cstring>

#include "model/base/random.hpp"

namespace leasehold {

namespace {

constexpr std::size_t kFirstSlots = 16;

/// Eight bytes at a time. Where a key lies in the table shows nowhere, so this may change.
std::uint32_t hash_of(std::string_view key) {
    std::uint64_t hash = key.size();
    while (!key.empty()) {
        std::uint64_t word = 0;
        const std::size_t length = std::min(key.size(), sizeof word);
        std::memcpy(&word, key.data(), length);
        hash = mix64(hash ^ word);
        key.remove_prefix(length);
    }
    return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

std::size_t KeyTable::slot_of(std::string_view key, std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].id_plus_one != 0 &&
           (slots_[at].hash != hash || names_[slots_[at].id_plus_one - 1].view() != key))
        at = (at + 1) & mask;
    return at;
}

/// Twice the slots, before seven eighths are taken.
void KeyTable::grow() {
    const std::vector<Slot> old = std::move(slots_);
    slots_.assign(std::max(kFirstSlots, old.size() * 2), Slot{});
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
        if (slot.id_plus_one == 0) continue;
        std::size_t at = slot.hash & mask;
        while (slots_[at].id_plus_one != 0)
            at = (at + 1) & mask;
        slots_[at] = slot;
    }
}

KeyId KeyTable::intern(const ObjectKey& key) {
    if ((names_.size() + 1) * 8 > slots_.size() * 7) grow();
    const std::uint32_t hash = hash_of(key.view());
    Slot& slot = slots_[slot_of(key.view(), hash)];
    if (slot.id_plus_one == 0) {
        names_.push_back(key);
        slot = Slot{hash, static_cast<std::uint32_t>(names_.size())};
    }
    return KeyId{slot.id_plus_one - 1};
}

std::optional<KeyId> KeyTable::find(std::string_view key) const {
    if (slots_.empty()) return std::nullopt;
    const Slot& slot = slots_[slot_of(key, hash_of(key))];
    if (slot.id_plus_one == 0) return std::nullopt;
    return KeyId{slot.id_plus_one - 1};
}

}  // namespace leasehold
