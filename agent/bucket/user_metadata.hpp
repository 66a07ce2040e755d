// put_user_metadata: which headers its entries become.
#pragma once

#include <map>
#include <string>

#include "model/base/result.hpp"

namespace leasehold::agent {

/// The user metadata field that holds the stamp of a plain object.
inline constexpr const char* kStampHeader = "x-amz-meta-leasehold";

/// Header names (lower case) and values, without blanks at their ends. As in minio-go: standard
/// headers, X-Amz-Acl, grants and the storage class stand for themselves, everything else becomes
/// x-amz-meta-*. An error names the entry that cannot be a header or is ours to set.
[[nodiscard]] Result<std::map<std::string, std::string>, std::string> metadata_headers(
    const std::map<std::string, std::string>& entries);

}  // namespace leasehold::agent
