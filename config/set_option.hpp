// The --set flags of Helm, each option as the nested value that it stands for. Internal.
#pragma once

#include <cstdint>
#include <string>

#include "config/tree.hpp"

namespace leasehold::config {

/// Whose text it is, and so what the right of an '=' means.
enum class SetFlag : std::uint8_t {
    set,      ///< true, false, null and whole numbers are not texts; {a,b} is a list
    string,   ///< --set-string: always a text; null is none
    json,     ///< --set-json: JSON; without an '=' a whole object
    file,     ///< --set-file: the path of a file that holds the text
    literal,  ///< --set-literal: the text as it stands, one key for each option
};

/// "--set", "--set-string" ...
[[nodiscard]] const char* name_of(SetFlag flag);

/// The option as a map: "a.b=c,d[0]=null". Texts are `quoted`. Throws InputError.
[[nodiscard]] Node parse_set(SetFlag flag, const std::string& option);

}  // namespace leasehold::config
