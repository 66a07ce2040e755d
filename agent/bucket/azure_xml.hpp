// Pages of Azure's List Blobs. Text in, plain values out; errors are read as S3's (s3_xml.hpp).
#pragma once

#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::agent {

struct AzurePage {
    ListPage page;       ///< entries after the key that was asked for
    std::string marker;  ///< of the next page; empty: this was the last
};
/// As parse_list_page(): entries whose names begin with `prefix`, in order. Those up to `after` are
/// left out: a marker is no name, and pages may begin before it.
[[nodiscard]] Result<AzurePage, std::string> parse_azure_page(std::string_view body,
                                                              std::string_view prefix,
                                                              std::string_view after,
                                                              std::size_t strip);

}  // namespace leasehold::agent
