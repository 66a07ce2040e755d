// Tokens that a cluster puts into files and replaces.
#pragma once

#include <string>

#include "model/base/result.hpp"

namespace leasehold::agent {

/// The text of a token file without the white space around it. An error says what is wrong with
/// the file (missing, empty, more than 64 KiB, line breaks inside) and shows nothing of it. Blocks.
[[nodiscard]] Result<std::string, std::string> load_token(const std::string& file);

}  // namespace leasehold::agent
