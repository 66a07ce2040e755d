// What an S3 endpoint's name says: validity, region, and how buckets are addressed there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/base/result.hpp"

namespace leasehold::agent {

/// `endpoint` in lower case and without its scheme's default port (as HTTP clients name it in
/// `Host`, which is signed), or what is wrong with it. The message shows nothing of it.
[[nodiscard]] Result<std::string, std::string> check_endpoint(std::string_view endpoint,
                                                              bool insecure);
/// The region in an AWS endpoint's name; other names don't tell it.
[[nodiscard]] std::optional<std::string> region_of(std::string_view endpoint);
/// The endpoint behind the bucket's name when the name was put before it; empty: it was not.
[[nodiscard]] std::string_view bucket_in_endpoint(std::string_view endpoint,
                                                  std::string_view bucket);
/// Does the endpoint want the bucket in the host's name when nothing else is configured? As the
/// client that Thanos and Kubecost use decides it; a bucket with a dot does not fit a certificate.
[[nodiscard]] bool prefers_virtual_host(std::string_view endpoint, std::string_view bucket);
/// Letters, digits, '.', '-' and '_' (buckets made before 2018), beginning with a letter or digit.
[[nodiscard]] bool valid_bucket_name(std::string_view bucket);

}  // namespace leasehold::agent
