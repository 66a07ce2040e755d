// The files of a campaign's directory: what lies there already is gone on with, or stays.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "model/base/result.hpp"
#include "sim/search/results.hpp"

namespace leasehold::cli {

/// "leader-at-most-one-1f3c": groups of one invariant differ in the end.
[[nodiscard]] std::string least_name(const std::string& signature);

/// All bytes of a file, or why it cannot be read, with its path.
[[nodiscard]] Result<std::string, std::string> bytes_of(const std::filesystem::path& path);

/// Something lies there, and it is not `text`, as far as can be told: it must not be written over.
[[nodiscard]] bool holds_other(const std::filesystem::path& path, const std::string& text);

/// What an earlier process left in a results file.
struct Earlier {
    std::optional<search::Results> results;  ///< none: it was ended before its first line was whole
    std::size_t keep = 0;                    ///< bytes of the file that stay
};
/// Reads the results that the campaign of `header` is to go on with. A message when they cannot be
/// read, or are of another one.
[[nodiscard]] Result<Earlier, std::string> read_earlier(const std::filesystem::path& path,
                                                        const search::Header& header);

}  // namespace leasehold::cli
