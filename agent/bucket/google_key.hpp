// Google's credentials files (JSON): whose tokens are to be asked for, and with what. Text in,
// plain values out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// A service account's key.
struct ServiceAccountKey {
    std::string email;
    std::string key_id;       ///< may be empty
    std::string private_key;  ///< PEM, RSA
    std::string token_url;
    friend bool operator==(const ServiceAccountKey&, const ServiceAccountKey&) = default;
};

/// A person's, as `gcloud auth application-default login` writes it.
struct AuthorizedUser {
    std::string client_id;
    std::string client_secret;
    std::string refresh_token;
    std::string token_url;
    friend bool operator==(const AuthorizedUser&, const AuthorizedUser&) = default;
};

/// Workload identity federation: a token of somebody else's, to be exchanged.
struct ExternalAccount {
    std::string audience;
    std::string token_type;  ///< of the token that is exchanged
    std::string token_url;   ///< of the exchange
    // Where that token is: a file or a URL; read anew for each exchange.
    std::string token_file;
    std::string subject_url;
    std::map<std::string, std::string> subject_headers;
    std::string subject_field;      ///< of a JSON document; empty: the token is all there is
    std::string impersonation_url;  ///< of a service account; empty: none
    Duration lifetime{};            ///< of the impersonated account's token
    friend bool operator==(const ExternalAccount&, const ExternalAccount&) = default;
};

using GoogleKey = std::variant<ServiceAccountKey, AuthorizedUser, ExternalAccount>;

/// Reads and checks a credentials file's text. An error says what is missing, wrong or unknown
/// (other types are refused by name), and shows nothing that could be secret.
[[nodiscard]] Result<GoogleKey, std::string> parse_google_key(std::string_view text);
/// "storage.googleapis.com" of most files; another for a cloud of its own (`universe_domain`).
[[nodiscard]] std::string storage_host_of(std::string_view text);
/// Whose tokens these are, for people: "service account x@y.iam.gserviceaccount.com".
[[nodiscard]] std::string name_of(const GoogleKey& key);

}  // namespace leasehold::agent
