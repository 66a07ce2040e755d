#include "sim/explore/form.hpp"

#include <algorithm>

namespace leasehold::explore {

namespace {

Fingerprint joined_so(std::span<const Shape* const> parts, const Shape& last) {
    std::array<std::uint64_t, 128> versions;
    std::size_t count = 0;
    const auto gather = [&](const Shape& shape) {
        for (std::size_t i = 0; i < shape.versions.size(); ++i)
            versions[count++] = shape.versions[i];
    };
    for (const Shape* part : parts)
        gather(*part);
    gather(last);
    std::sort(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(count));
    const auto end =
        std::unique(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(count));

    Hash hash;
    Seen<192> names;
    Numbering numbering;
    const auto add = [&](const Shape& shape) {
        hash.add(shape.fingerprint.high);
        hash.add(shape.fingerprint.low);
        for (std::size_t i = 0; i < shape.names.size(); ++i)
            hash.add(numbering.index_of(names, shape.names[i]));
        for (std::size_t i = 0; i < shape.versions.size(); ++i) {
            const auto at = std::lower_bound(versions.begin(), end, shape.versions[i]);
            hash.add(static_cast<std::uint64_t>(at - versions.begin()));
        }
    };
    for (const Shape* part : parts)
        add(*part);
    add(last);
    return hash.get();
}

}  // namespace

Fingerprint joined(std::span<const Shape*> parts, const Shape& last) {
    const auto before = [](const Shape* a, const Shape* b) {
        return a->fingerprint < b->fingerprint;
    };
    for (std::size_t i = 1; i < parts.size(); ++i)
        for (std::size_t k = i; k > 0 && before(parts[k], parts[k - 1]); --k)
            std::swap(parts[k], parts[k - 1]);
    Fingerprint least = joined_so(parts, last);
    // Two that look the same by themselves may still differ in whose names they speak of; without
    // this, a world and its mirror image would have two forms, and which of them is met depends on
    // the way there.
    for (std::size_t i = 1; i < parts.size(); ++i) {
        for (std::size_t k = i; k > 0 && !before(parts[k - 1], parts[k]); --k) {
            std::swap(parts[k], parts[k - 1]);
            least = std::min(least, joined_so(parts, last));
        }
    }
    return least;
}

}  // namespace leasehold::explore
