// Azure's SharedKey authorization: what is signed, and the header.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/bucket/azure_place.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Headers of a request: names in lower case, each once.
using AzureHeaders = std::map<std::string, std::string>;

/// An account's key as bytes; nothing when the text is not base64.
[[nodiscard]] std::optional<std::string> account_key(std::string_view base64_text);
/// "Fri, 26 Jun 2015 23:39:12 GMT"
[[nodiscard]] std::string http_date(WallTime at);
/// The text that the signature is over; `content_length` is 0 without a body.
[[nodiscard]] std::string string_to_sign(std::string_view method, const AzureUrl& url,
                                         const AzureHeaders& headers, std::string_view account,
                                         std::uint64_t content_length);
/// The Authorization header's value. `key` in base64, as secrets have it.
[[nodiscard]] std::string shared_key(std::string_view to_sign, std::string_view account,
                                     std::string_view key);

}  // namespace leasehold::agent
