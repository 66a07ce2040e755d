#include "agent/bucket/secret_map.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "config/nearest.hpp"
#include "config/units.hpp"
#include "config/yaml_words.hpp"

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

namespace {

struct Meant {
    std::string_view key;  ///< in lower case
    std::string_view here;
};
/// Names of other clients, and of this one in earlier times.
constexpr std::array<Meant, 16> kMeant{{{"s3forcepathstyle", "bucket_lookup_type: path"},
                                        {"s3_force_path_style", "bucket_lookup_type: path"},
                                        {"force_path_style", "bucket_lookup_type: path"},
                                        {"encrypt_sse", "sse_config: {type: SSE-S3}"},
                                        {"encryptsse", "sse_config: {type: SSE-S3}"},
                                        {"sse_encryption", "sse_config: {type: SSE-S3}"},
                                        {"sse_type", "sse_config: {type: ...}"},
                                        {"access_key_id", "access_key"},
                                        {"secret_access_key", "secret_key"},
                                        {"bucket_name", "bucket"},
                                        {"bucketname", "bucket"},
                                        {"bucket", "container"},
                                        {"container_name", "container"},
                                        {"account_name", "storage_account"},
                                        {"storage_account_name", "storage_account"},
                                        {"account_key", "storage_account_key"}}};

std::string lower(std::string_view text) {
    std::string copy(text);
    for (char& c : copy)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return copy;
}

/// Where the key that is meant is one of `keys`.
std::string meant(const config::Node::Entry& entry, std::span<const std::string_view> keys) {
    for (const Meant& one : kMeant) {
        const std::string_view here = one.here.substr(0, one.here.find(':'));
        const bool known = std::find(keys.begin(), keys.end(), here) != keys.end();
        if (!known || one.key != lower(entry.key.text)) continue;
        const std::string unknown = "unknown key \"" + entry.key.text + "\": here it is ";
        if (here == "sse_config" && config::yaml_boolean(entry.value.text) == false)
            return unknown + "sse_config, and off without: leave this line out";
        return unknown + std::string(one.here);
    }
    return {};
}

/// kubectl's manifest in place of what it holds, or a part of one.
bool is_manifest(const config::Node& node) {
    const auto has = [&](const char* key) { return node.find(key) != nullptr; };
    if (has("type") && has("config")) return false;
    return has("apiVersion") || has("stringData") || has("data") || has("object-store.yaml");
}

/// "1w2d", "90s", "1500ms": whole numbers with units, as Prometheus writes them.
bool is_prometheus_duration(std::string_view text) {
    constexpr std::array<std::string_view, 7> kUnits{"ms", "y", "w", "d", "h", "m", "s"};
    if (text.empty()) return false;
    while (!text.empty()) {
        const std::size_t digits = text.find_first_not_of("0123456789");
        if (digits == 0 || digits == text.npos) return false;
        text.remove_prefix(digits);
        const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                       [&](std::string_view one) { return text.starts_with(one); });
        if (unit == kUnits.end()) return false;
        text.remove_prefix(unit->size());
    }
    return true;
}

/// A number as YAML 1.1 writes it: 1e9, 0x8000000, 134_217_728, -1.
bool is_yaml_number(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    std::string plain;
    for (const char c : text)
        if (c != '_') plain += c;
    if (plain.empty() || plain.front() < '0' || plain.front() > '9') return false;
    const bool hexadecimal = plain.starts_with("0x");
    char* end = nullptr;
    errno = 0;
    if (hexadecimal)
        static_cast<void>(std::strtoull(plain.c_str(), &end, 16));
    else
        static_cast<void>(std::strtod(plain.c_str(), &end));
    return errno == 0 && end == plain.c_str() + plain.size();
}

}  // namespace

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
    if (where_.empty() && is_manifest(node))
        config::fail(node,
                     name +
                         ": a manifest of Kubernetes: expected the text that its Secret holds, as "
                         "it stands under stringData, with type and config");
    for (const config::Node::Entry& entry : node.entries) {
        const std::string& key = entry.key.text;
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
        const std::string in = where_.empty() ? " at the top level" : " in " + where_;
        if (const std::string other = meant(entry, keys); !other.empty())
            config::fail(entry.key, other);
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

const config::Node* SecretMap::find(std::string_view key) const {
    const config::Node* value = node_.find(key);
    return value == nullptr || value->kind == config::NodeKind::null ? nullptr : value;
}

void SecretMap::fail_at(std::string_view key, const std::string& message) const {
    const config::Node* value = node_.find(key);
    config::fail(value != nullptr ? *value : node_, path(key) + ": " + message);
}

const config::Node* SecretMap::scalar(std::string_view key, const char* expected) const {
    const config::Node* value = find(key);
    if (value == nullptr || value->kind == config::NodeKind::scalar) return value;
    fail_at(key, "expected " + std::string(expected) + ", found " + value->describe());
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
    const std::optional<bool> truth = config::yaml_boolean(value->text);
    if (value->quoted || !truth)
        fail_at(key, std::string("expected true or false") +
                         (value->quoted ? ", without quotes" : ", found another text"));
    out = *truth;
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
    if (value != nullptr && value->text != "0" && !is_prometheus_duration(value->text) &&
        !config::parse_duration(value->text))
        fail_at(key, "expected a duration with a unit, such as 90s or 2m");
}

void SecretMap::check_count(std::string_view key) const {
    const config::Node* value = scalar(key, "a whole number");
    if (value != nullptr && !is_yaml_number(value->text)) fail_at(key, "expected a whole number");
}

void SecretMap::check_size(std::string_view key) const {
    const config::Node* value = scalar(key, "a number of bytes");
    if (value != nullptr && !is_yaml_number(value->text) && !config::parse_size(value->text))
        fail_at(key, "expected a number of bytes, such as 134217728 or 128MiB");
}

}  // namespace leasehold::agent
