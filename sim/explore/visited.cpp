#include "sim/explore/visited.hpp"

#include <utility>

namespace leasehold::explore {

namespace {

constexpr std::size_t kFirst = 64;

// Parts that are filled alike would grow at the same time, so each begins at a size of its own.
std::size_t first_size(std::size_t part) {
    return kFirst + part % 16;
}

}  // namespace

Visited::Visited() {
    for (std::size_t i = 0; i < kParts; ++i) {
        parts_[i].slots.resize(first_size(i));
        publish(parts_[i]);
    }
}

void Visited::publish(Part& part) {
    part.begin.store(part.slots.data(), std::memory_order_relaxed);
    part.count_of_slots.store(part.slots.size(), std::memory_order_relaxed);
}

void Visited::prefetch(const Fingerprint& fingerprint) const {
    const Part& part = parts_[fingerprint.high % kParts];
    const std::size_t count = part.count_of_slots.load(std::memory_order_relaxed);
    const auto at =
        static_cast<std::size_t>((static_cast<Uint128>(fingerprint.low) * count) >> 64U);
    __builtin_prefetch(reinterpret_cast<const char*>(part.begin.load(std::memory_order_relaxed)) +
                       at * sizeof(Fingerprint));
}

bool Visited::put(std::vector<Fingerprint>& slots, const Fingerprint& fingerprint) {
    // The upper half of a product maps evenly to any size, not to powers of two alone.
    auto at =
        static_cast<std::size_t>((static_cast<Uint128>(fingerprint.low) * slots.size()) >> 64U);
    while (slots[at] != Fingerprint{}) {
        if (slots[at] == fingerprint) return false;
        if (++at == slots.size()) at = 0;
    }
    slots[at] = fingerprint;
    return true;
}

void Visited::grow(Part& part) {
    std::vector<Fingerprint> larger(part.slots.size() + part.slots.size() / 5);
    for (const Fingerprint& fingerprint : part.slots)
        if (fingerprint != Fingerprint{}) put(larger, fingerprint);
    part.slots = std::move(larger);
    publish(part);
}

bool Visited::insert(Fingerprint fingerprint) {
    if (fingerprint == Fingerprint{}) fingerprint.low = 1;
    Part& part = parts_[fingerprint.high % kParts];
    // Held for a look at a cache line or two, and there are far more parts than threads.
    while (part.busy.test_and_set(std::memory_order_acquire)) {}
    const bool added = put(part.slots, fingerprint);
    if (added && ++part.count * 20 > part.slots.size() * 17) grow(part);
    part.busy.clear(std::memory_order_release);
    return added;
}

std::uint64_t Visited::size() const {
    std::uint64_t count = 0;
    for (const Part& part : parts_)
        count += part.count;
    return count;
}

std::uint64_t Visited::bytes() const {
    std::uint64_t count = sizeof(*this);
    for (const Part& part : parts_)
        count += part.slots.size() * sizeof(Fingerprint);
    return count;
}

}  // namespace leasehold::explore
