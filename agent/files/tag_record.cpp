#include "agent/files/tag_record.hpp"

#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/base/sha256.hpp"

namespace leasehold::agent::files {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;

Sha256Value sha256_of(std::string_view text) {
    Sha256 hash;
    hash.add(text);
    return hash.finish();
}

std::string half_hex(const Sha256Value& value) {
    return to_hex(value).substr(0, value.size());
}

/// As sha256sum prints it, the first half.
std::string text_of(const ContentDigest& digest) {
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016" PRIx64 "%016" PRIx64, digest.high, digest.low);
    return text.data();
}

std::optional<ContentDigest> parse_digest(const std::string& text) {
    ContentDigest digest;
    const char* const half = text.data() + text.size() / 2;
    const char* const end = text.data() + text.size();
    if (text.size() != 32 || std::from_chars(text.data(), half, digest.high, 16).ptr != half ||
        std::from_chars(half, end, digest.low, 16).ptr != end)
        return std::nullopt;
    return digest;
}

Json to_json(const Content& content) {
    return {{"size", content.size},
            {"digest", text_of(content.digest)},
            {"modified", content.modified},
            {"epoch", content.tag.epoch.value()},
            {"etag", content.tag.etag.view()},
            {"dirty", content.tag.dirty},
            {"tagged", content.tag.tagged},
            {"write", content.tag.write_id}};
}

/// Throws Json::exception.
std::optional<Content> from_json(const Json& json) {
    Content content;
    json.at("size").get_to(content.size);
    const auto digest = parse_digest(json.at("digest").get<std::string>());
    if (!digest) return std::nullopt;
    content.digest = *digest;
    json.at("modified").get_to(content.modified);
    content.tag.epoch = Epoch(json.at("epoch").get<std::uint64_t>());
    content.tag.etag = ETag(json.at("etag").get<std::string>());
    json.at("dirty").get_to(content.tag.dirty);
    json.at("tagged").get_to(content.tag.tagged);
    // A record of before write ids: within its epoch the oldest, so that no copy of unknown order
    // is taken for newer than an object.
    content.tag.write_id = json.value("write", std::uint64_t{0});
    return content;
}

}  // namespace

std::string encode(const TagRecord& record, std::string_view key) {
    Json json{{"format", kFormat}, {"key", key}, {"contents", Json::array()}};
    for (const Content& content : record)
        json["contents"].push_back(to_json(content));
    // An ETag that is no UTF-8 becomes another one, which only costs a GET of the object.
    const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return half_hex(sha256_of(line)) + "\n" + line + "\n";
}

std::optional<TagRecord> decode(const std::string& text) {
    const std::size_t first = text.find('\n');
    if (first == std::string::npos || !text.ends_with('\n') || first + 1 == text.size())
        return std::nullopt;
    const std::string line = text.substr(first + 1, text.size() - first - 2);
    if (text.substr(0, first) != half_hex(sha256_of(line))) return std::nullopt;
    try {
        const Json json = Json::parse(line);
        if (json.at("format").get<int>() != kFormat) return std::nullopt;
        TagRecord record;
        for (const Json& one : json.at("contents")) {
            const std::optional<Content> content = from_json(one);
            if (!content) return std::nullopt;
            record.push_back(*content);
        }
        return record;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::optional<Content> by_look(const TagRecord& record, std::uint64_t size, std::int64_t modified) {
    std::optional<Content> found;
    for (const Content& content : record) {
        if (content.size != size || content.modified != modified) continue;
        if (found) return std::nullopt;
        found = content;
    }
    return found;
}

std::optional<Content> by_digest(const TagRecord& record, std::uint64_t size,
                                 const ContentDigest& digest, std::int64_t modified) {
    std::optional<Content> found;
    for (const Content& content : record) {
        if (content.size != size || content.digest != digest) continue;
        if (content.modified == modified) return content;
        if (!found) found = content;
    }
    return found;
}

std::string record_name(std::string_view key) {
    return half_hex(sha256_of(key));
}

}  // namespace leasehold::agent::files
