// Words of YAML 1.1, as the readers that users know take them (Go's, where a field is a boolean).
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace leasehold::config {

/// The truth of an unquoted text; nothing when it is no boolean.
[[nodiscard]] inline std::optional<bool> yaml_boolean(std::string_view text) {
    constexpr std::array<std::string_view, 11> kTrue{"true", "True", "TRUE", "yes", "Yes", "YES",
                                                     "on",   "On",   "ON",   "y",   "Y"};
    constexpr std::array<std::string_view, 11> kFalse{"false", "False", "FALSE", "no", "No", "NO",
                                                      "off",   "Off",   "OFF",   "n",  "N"};
    for (const std::string_view word : kTrue)
        if (word == text) return true;
    for (const std::string_view word : kFalse)
        if (word == text) return false;
    return std::nullopt;
}

}  // namespace leasehold::config
