// The order of the versions of one key: the only function that says which of two is newer.
#pragma once

#include <compare>
#include <cstdint>

#include "model/protocol/object.hpp"

namespace leasehold::storage {

/// Which write made a version.
struct VersionId {
    Epoch epoch;
    std::uint64_t write_id = 0;
    friend bool operator==(const VersionId&, const VersionId&) = default;
};

[[nodiscard]] inline VersionId version_of(const Stamp& stamp) {
    return {stamp.epoch, stamp.write_id};
}
[[nodiscard]] inline VersionId version_of(const FileTag& tag) {
    return {tag.epoch, tag.write_id};
}

/// An epoch belongs to one process, whose write ids grow: so the epoch decides, and within it the
/// write id. (Equal epochs alone say nothing: an old dirty file was uploaded over the newer object
/// of the same leadership, an acknowledged backup.) Epoch 0 names no write: a foreign object, or
/// one of before HA; it has no place in the order, and whoever sees it in the bucket sees the
/// present.
[[nodiscard]] inline std::partial_ordering order(const VersionId& a, const VersionId& b) {
    if (a.epoch == Epoch{} || b.epoch == Epoch{}) return std::partial_ordering::unordered;
    if (a.epoch != b.epoch) return a.epoch <=> b.epoch;
    return a.write_id <=> b.write_id;
}
[[nodiscard]] inline bool newer(const VersionId& a, const VersionId& b) {
    return order(a, b) == std::partial_ordering::greater;
}
[[nodiscard]] inline bool older(const VersionId& a, const VersionId& b) {
    return order(a, b) == std::partial_ordering::less;
}

}  // namespace leasehold::storage
