#include "model/base/key_table.hpp"

#include <algorithm>

#include "model/base/random.hpp"

namespace leasehold {

namespace {
constexpr std::size_t kFirstSlots = 16;
}

std::size_t KeyTable::slot_of(std::string_view key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash_text(key) & mask;
    while (slots_[at] != 0 && names_[slots_[at] - 1].view() != key)
        at = (at + 1) & mask;
    return at;
}

/// Twice the slots, before three quarters are taken.
void KeyTable::grow() {
    slots_.assign(std::max(kFirstSlots, slots_.size() * 2), 0);
    for (std::uint32_t id = 0; id < names_.size(); ++id)
        slots_[slot_of(names_[id].view())] = id + 1;
}

KeyId KeyTable::intern(const ObjectKey& key) {
    if ((names_.size() + 1) * 4 > slots_.size() * 3) grow();
    const std::size_t at = slot_of(key.view());
    if (slots_[at] == 0) {
        names_.push_back(key);
        slots_[at] = static_cast<std::uint32_t>(names_.size());
    }
    return KeyId{slots_[at] - 1};
}

std::optional<KeyId> KeyTable::find(std::string_view key) const {
    if (slots_.empty()) return std::nullopt;
    const std::uint32_t found = slots_[slot_of(key)];
    if (found == 0) return std::nullopt;
    return KeyId{found - 1};
}

}  // namespace leasehold
