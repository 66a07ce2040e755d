// TagRecord: what the store knows of one key's content, as the text of a small file beside it.
//
// Two lines: the first half of SHA-256 of the second line, and JSON. A record names the content
// that it belongs to (size, digest, time of modification), and the one before it, so that it is
// right both before and after the payload is exchanged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/object.hpp"

namespace leasehold::agent::files {

/// One content of a key, and what is known of it.
struct Content {
    std::uint64_t size = 0;
    ContentDigest digest;
    std::int64_t modified = 0;  ///< st_mtim of the payload's file, ns
    FileTag tag;
    friend bool operator==(const Content&, const Content&) = default;
};

/// The newest first; at most two.
using TagRecord = std::vector<Content>;

/// `key` stands in it for people who look.
[[nodiscard]] std::string encode(const TagRecord& record, std::string_view key);
/// Nothing when the text is damaged.
[[nodiscard]] std::optional<TagRecord> decode(const std::string& text);
/// The content that a payload's size and time of modification point to, if to one alone.
[[nodiscard]] std::optional<Content> by_look(const TagRecord& record, std::uint64_t size,
                                             std::int64_t modified);
/// The content that a payload is by size and digest; of two alike the one with its time of
/// modification, else the newer.
[[nodiscard]] std::optional<Content> by_digest(const TagRecord& record, std::uint64_t size,
                                               const ContentDigest& digest, std::int64_t modified);
/// The name of a key's record: its digest, since a key may be longer than a file name.
[[nodiscard]] std::string record_name(std::string_view key);

}  // namespace leasehold::agent::files
