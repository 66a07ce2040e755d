// SecretMap: one mapping of the bucket secret, strict about its keys and types.
//
// Unlike the scenario reader's Block, its messages never quote what was found: a value, or a key
// where a blank is missing, may be the secret itself.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "config/tree.hpp"

namespace leasehold::agent {

/// The text in quotes if it certainly is no secret (a plain word near or among `names`), else "".
[[nodiscard]] std::string shown(std::string_view text, std::span<const std::string_view> names);

class SecretMap {
  public:
    /// Where else a key may belong, for "it belongs in ..."; empty = nowhere.
    using Elsewhere = std::string (*)(std::string_view key);

    /// Refuses what is not a map and keys that are not among `keys`. `where` is "" at the top.
    SecretMap(const config::Node& node, std::string where, std::span<const std::string_view> keys,
              Elsewhere elsewhere);

    /// Null when the key is absent or has no value: templates and people leave keys blank.
    [[nodiscard]] const config::Node* find(std::string_view key) const;
    /// "config.http_config", for messages.
    [[nodiscard]] std::string path(std::string_view key) const;
    [[noreturn]] void fail_at(std::string_view key, const std::string& message) const;

    // Each leaves `out` alone when the key is absent.
    /// A text without control characters.
    void text(std::string_view key, std::string& out) const;
    /// A text of printable ASCII without blanks.
    void word(std::string_view key, std::string& out) const;
    /// As YAML 1.1 has it: true, True, yes, on ...
    void boolean(std::string_view key, bool& out) const;
    void texts(std::string_view key, std::map<std::string, std::string>& out) const;
    // Are the value's type and unit right? For keys that nothing here depends on.
    /// Go's form, Prometheus' form (1w), or 0.
    void check_duration(std::string_view key) const;
    void check_count(std::string_view key) const;
    void check_size(std::string_view key) const;

  private:
    [[nodiscard]] const config::Node* scalar(std::string_view key, const char* expected) const;

    const config::Node& node_;
    std::string where_;
};

}  // namespace leasehold::agent
