// CredentialsSource: somebody who hands out the bucket's credentials, mostly for a time.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/bucket/credentials.hpp"
#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Credentials as they were handed out.
struct Grant {
    Credentials credentials;
    std::optional<Duration> life;  ///< from now on; none: until they are replaced
    Duration renew_after{};        ///< when to ask again
    bool role = false;             ///< made by a service: asking costs more than reading a file
    std::string from;              ///< for people: "web identity"
};

class CredentialsSource {
  public:
    /// An error is one line for people, and shows no secret.
    using Done = std::function<void(Result<Grant, std::string>)>;

    CredentialsSource() = default;
    virtual ~CredentialsSource() = default;
    CredentialsSource(const CredentialsSource&) = delete;
    CredentialsSource& operator=(const CredentialsSource&) = delete;

    /// Asks once. `done` is called exactly once, on the loop, never inside this call, and not after
    /// the source is gone. Not to be called again before that.
    virtual void fetch(Done done) = 0;
};

}  // namespace leasehold::agent
