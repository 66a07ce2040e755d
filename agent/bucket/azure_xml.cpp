#include "agent/bucket/azure_xml.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <pugixml.hpp>

#include "agent/base/percent.hpp"
#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_xml.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

constexpr unsigned kFlags =
    pugi::parse_minimal | pugi::parse_escapes | pugi::parse_cdata | pugi::parse_ws_pcdata_single;
constexpr const char* kIncomplete =
    "a LIST's answer has an entry without Name, Etag or Content-Length";
constexpr std::size_t kLongestMarker = 8192;

/// Percent-encoded where XML can't hold it: a key may have U+FFFE and U+FFFF, and one that a LIST
/// leaves out counts as gone.
std::optional<std::string> name_of(const pugi::xml_node& blob) {
    const pugi::xml_node name = blob.child("Name");
    if (name.attribute("Encoded").as_bool()) return percent_decoded(name.child_value(), false);
    return name.child_value();
}

std::optional<ListEntry> entry_of(const pugi::xml_node& node) {
    const pugi::xml_node properties = node.child("Properties");
    const std::string_view etag = unquoted(properties.child_value("Etag"));
    const std::string_view size = properties.child_value("Content-Length");
    ListEntry entry;
    const auto [stop, error] = std::from_chars(size.data(), size.data() + size.size(), entry.size);
    if (etag.empty() || size.empty() || error != std::errc() || stop != size.data() + size.size())
        return std::nullopt;
    entry.etag = ETag(std::string(etag));
    return entry;
}

}  // namespace

Result<AzurePage, std::string> parse_azure_page(std::string_view body, std::string_view prefix,
                                                std::string_view after, std::size_t strip) {
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size(), kFlags, pugi::encoding_utf8))
        return Error{"a LIST's answer is not XML"};
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "EnumerationResults" || !root.child("Blobs"))
        return Error{"a LIST's answer is not an EnumerationResults with Blobs"};
    AzurePage out;
    out.marker = root.child_value("NextMarker");
    if (out.marker.size() > kLongestMarker) return Error{"a LIST's answer has a long NextMarker"};
    out.page.truncated = !out.marker.empty();
    std::string last;
    for (const pugi::xml_node& node : root.child("Blobs").children("Blob")) {
        const std::optional<std::string> full = name_of(node);
        std::optional<ListEntry> entry = entry_of(node);
        if (!full || full->empty()) return Error{kIncomplete};
        if (!full->starts_with(prefix)) return Error{"a LIST's answer has keys not asked for"};
        if (!last.empty() && *full <= last)
            return Error{
                "a LIST's answer is not in order (accounts with a hierarchical namespace sort "
                "folders otherwise, and are not supported)"};
        last = *full;
        const std::string_view key = std::string_view(last).substr(std::min(strip, last.size()));
        if (last <= after || !usable_azure_key(key)) continue;
        if (!entry) return Error{kIncomplete};
        entry->key = ObjectKey(std::string(key));
        out.page.entries.push_back(std::move(*entry));
    }
    return out;
}

}  // namespace leasehold::agent
