// The assertion by which a service account asks for a token: a JWT, signed with its key (RS256).
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/google_key.hpp"
#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Is this an RSA private key that can be read without a pass phrase?
[[nodiscard]] bool usable_private_key(const std::string& pem);

/// For a token of `scope`, good for an hour from `now`. An error is one line without the key.
[[nodiscard]] Result<std::string, std::string> service_account_assertion(
    const ServiceAccountKey& key, std::string_view scope, WallTime now);

}  // namespace leasehold::agent
