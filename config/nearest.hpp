// "Did you mean ...?": the valid name that a wrong one was probably meant to be.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace leasehold::config {

/// The name that `word` was probably meant to be (edit distance, case apart); "" if none is near.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string_view> names);
/// The same, but never further than `most` edits (Helm values: real keys are alike).
[[nodiscard]] std::string nearest_within(std::string_view word,
                                         std::span<const std::string_view> names, std::size_t most);
/// " (expected one of a, b)", or the nearest name if one is near: for the end of a message.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     std::span<const std::string_view> names);

}  // namespace leasehold::config
