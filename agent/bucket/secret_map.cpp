#include "agent/bucket/secret_map.hpp"

#include <algorithm>
#include <utility>

#include "config/nearest.hpp"
#include "config/units.hpp"

namespace leasehold::agent {
namespace {

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Lower-case letters and underscores only: how keys of this file look, and secrets do not.
bool plain_word(std::string_view text) {
    constexpr std::size_t kLongest = 24;
    return !text.empty() && text.size() <= kLongest &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

}  // namespace

std::string shown(std::string_view text, std::span<const std::string_view> names) {
    const bool known = std::find(names.begin(), names.end(), text) != names.end();
    const bool harmless = known || plain_word(text) || !config::nearest(text, names).empty();
    return harmless ? '"' + std::string(text) + '"' : std::string();
}

SecretMap::SecretMap(const config::Node& node, std::string where,
                     std::span<const std::string_view> keys, Elsewhere elsewhere)
    : node_(node), where_(std::move(where)) {
    const std::string name = where_.empty() ? "the bucket secret" : where_;
    if (node.kind == config::NodeKind::null)
        config::fail(node, name + ": empty (are its keys indented?)");
    if (node.kind == config::NodeKind::scalar)
        config::fail(node, name +
                               ": expected \"key: value\" lines (is there a blank after each "
                               "colon?), found a single text");
    if (node.kind == config::NodeKind::list)
        config::fail(node, name + ": expected \"key: value\" lines, found a list");
    for (const config::Node::Entry& entry : node.entries) {
        const std::string& key = entry.key.text;
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
        const std::string in = where_.empty() ? " at the top level" : " in " + where_;
        const std::string home = elsewhere(key);
        if (!home.empty())
            config::fail(entry.key, "misplaced key \"" + key + "\"" + in + ": it belongs " + home);
        const std::string quoted = shown(key, keys);
        config::fail(entry.key, "unknown key" + (quoted.empty() ? "" : " " + quoted) + in +
                                    config::suggestion(quoted.empty() ? "" : key, keys));
    }
}

std::string SecretMap::path(std::string_view key) const {
    return where_.empty() ? std::string(key) : where_ + "." + std::string(key);
}

void SecretMap::fail_at(std::string_view key, const std::string& message) const {
    const config::Node* value = find(key);
    config::fail(value != nullptr ? *value : node_, path(key) + ": " + message);
}

const config::Node* SecretMap::scalar(std::string_view key, const char* expected) const {
    const config::Node* value = find(key);
    if (value == nullptr || value->kind == config::NodeKind::scalar) return value;
    const std::string hint = value->kind == config::NodeKind::null && value->text.empty()
                                 ? " (leave the key out, or write \"\" for an empty text)"
                                 : "";
    fail_at(key, "expected " + std::string(expected) + ", found " + value->describe() + hint);
}

void SecretMap::text(std::string_view key, std::string& out) const {
    const config::Node* value = scalar(key, "a text");
    if (value == nullptr) return;
    if (std::any_of(value->text.begin(), value->text.end(), is_control))
        fail_at(key, "a line break or control character in the text");
    out = value->text;
}

void SecretMap::word(std::string_view key, std::string& out) const {
    const config::Node* value = scalar(key, "a text");
    if (value == nullptr) return;
    const auto graphic = [](char c) { return c > ' ' && c < 0x7f; };
    if (!std::all_of(value->text.begin(), value->text.end(), graphic))
        fail_at(key, "expected a text without blanks, line breaks and non-ASCII characters");
    out = value->text;
}

void SecretMap::boolean(std::string_view key, bool& out) const {
    const config::Node* value = scalar(key, "true or false");
    if (value == nullptr) return;
    if (value->quoted || (value->text != "true" && value->text != "false"))
        fail_at(key, std::string("expected true or false") +
                         (value->quoted ? ", without quotes" : ", found another text"));
    out = value->text == "true";
}

void SecretMap::texts(std::string_view key, std::map<std::string, std::string>& out) const {
    const config::Node* value = find(key);
    if (value == nullptr) return;
    if (value->kind != config::NodeKind::map)
        fail_at(key, "expected a map of texts (\"{}\" for none)");
    for (const config::Node::Entry& entry : value->entries) {
        const std::string& name = entry.key.text;
        if (entry.value.kind != config::NodeKind::scalar)
            config::fail(entry.key, path(key) + ": expected a text as each value");
        if (std::any_of(name.begin(), name.end(), is_control) ||
            std::any_of(entry.value.text.begin(), entry.value.text.end(), is_control))
            config::fail(entry.key, path(key) + ": a line break or control character");
        out[name] = entry.value.text;
    }
}

void SecretMap::check_duration(std::string_view key) const {
    const config::Node* value = scalar(key, "a duration");
    if (value != nullptr && !config::parse_duration(value->text))
        fail_at(key, "expected a duration with a unit, such as 90s or 2m");
}

void SecretMap::check_count(std::string_view key) const {
    const config::Node* value = scalar(key, "a whole number");
    if (value != nullptr && !config::parse_count(value->text))
        fail_at(key, "expected a whole number");
}

void SecretMap::check_size(std::string_view key) const {
    const config::Node* value = scalar(key, "a number of bytes");
    if (value != nullptr && !config::parse_count(value->text) && !config::parse_size(value->text))
        fail_at(key, "expected a number of bytes, such as 134217728 or 128MiB");
}

}  // namespace leasehold::agent
