// Which keys this program reads and writes in a bucket.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace leasehold::agent {

inline constexpr std::size_t kLongestKey = 1024;       ///< bytes, of S3
inline constexpr std::size_t kLongestComponent = 255;  ///< bytes; a larger one is no file name

/// Can an object of this key be a file? Components between slashes must be 1 to 255 bytes and
/// neither "." nor "..", UTF-8, and without control characters. Stores differ about all others:
/// MinIO refuses them, Versity and URL libraries rewrite them into other keys, JSON holds no other
/// encoding, folders' markers end in "/".
[[nodiscard]] bool usable_key(std::string_view key);

/// And can it be a blob of Azure's? There "\\" becomes "/", and a dot at a part's end is dropped:
/// two keys would be one blob, which a LIST shows under a third name or under the other one.
[[nodiscard]] bool usable_azure_key(std::string_view key);

/// Why it can not, for people.
inline constexpr const char* kUnusableKey =
    "no object can have this key: its parts are to be 1 to 255 bytes of UTF-8, neither \".\" nor "
    "\"..\", without control characters";
inline constexpr const char* kUnusableAzureKey =
    "no blob can have this key: its parts are to be 1 to 255 bytes of UTF-8 that do not end in a "
    "dot, without \"\\\" and control characters";

/// The key as it stands in the store, behind the configured prefix (which may be empty).
[[nodiscard]] std::string prefixed(std::string_view prefix, std::string_view key);

}  // namespace leasehold::agent
