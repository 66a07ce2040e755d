// Words, lists and faults as the resolved form writes them. Internal to sim/scenario.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// A text in double quotes.
[[nodiscard]] std::string quote(std::string_view text);
/// A name as YAML reads it back: quoted where it would be taken for something else.
[[nodiscard]] std::string word(std::string_view text);
[[nodiscard]] std::string flag(bool value);
[[nodiscard]] std::string ppm(std::int64_t value);

/// "[a, b]", each by `text`.
template <class T, class F>
[[nodiscard]] std::string list(const std::vector<T>& items, F&& text) {
    std::string out = "[";
    for (std::size_t i = 0; i < items.size(); ++i)
        out += (i ? ", " : "") + text(items[i]);
    return out + "]";
}

/// The block `faults`.
[[nodiscard]] std::string faults_text(const std::vector<Fault>& faults);

}  // namespace leasehold::sim
