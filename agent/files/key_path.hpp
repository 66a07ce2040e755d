// KeyPath: a key as a path below the store's root, or nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leasehold::agent::files {

/// The store's own folder below the root; no key lies in it.
inline constexpr std::string_view kOwnFolder = ".leasehold";

/// Of a bucket's keys (S3), bytes.
inline constexpr std::size_t kLongestKey = 1024;

struct KeyPath {
    std::vector<std::string> folders;
    std::string name;
};

/// Nothing for a key that is no path below the root: empty, absolute, with an empty component,
/// ".", "..", a NUL, a component above 255 bytes, too long, or in the store's own folder.
[[nodiscard]] std::optional<KeyPath> key_path(std::string_view key);

}  // namespace leasehold::agent::files
