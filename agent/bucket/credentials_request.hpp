// What all that ask a service for credentials have in common.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/bucket/credentials_answer.hpp"
#include "agent/transfer/client.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// A client of one service somewhere on the net, by the bucket's proxy.
[[nodiscard]] ClientOptions service_options(const std::string& proxy, const std::string& no_proxy);
/// A client of a service that is at hand or nowhere: without a proxy, given up after `connect`.
[[nodiscard]] ClientOptions nearby_options(Duration connect);

/// "&name=value", the value encoded: a field of a form, or of a query that goes on.
[[nodiscard]] std::string form_field(std::string_view name, std::string_view value);
/// A POST to be answered within `timeout` from now. Secrets belong into its body: what stands in a
/// header or a URL is logged by others.
[[nodiscard]] Request post_request(std::string url, const std::string& type,
                                   const std::string& accept, std::string body, Duration timeout);

/// What `parse(body, now)` finds in an answer with status 200, as a grant from `from`; else what
/// failure() says.
[[nodiscard]] Result<Grant, std::string> grant_of(
    const Response& response, std::string_view secret, std::string from,
    const std::function<Result<Issued, std::string>(std::string_view body, WallTime now)>& parse);

}  // namespace leasehold::agent
