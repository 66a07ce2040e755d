// JSON from elsewhere, read strictly: duplicate keys, deep nesting and invalid UTF-8 are refused.
//
// nlohmann keeps the last of duplicate keys in silence, and writes deep values by recursion.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace leasehold::agent {

/// What is wrong with the text, in one line without its content.
class JsonError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline constexpr int kDeepestJson = 64;  ///< nested lists and objects

/// Throws JsonError.
[[nodiscard]] nlohmann::json parse_json(std::string_view text);

}  // namespace leasehold::agent
