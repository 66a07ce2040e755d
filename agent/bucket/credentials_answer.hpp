// What services that hand out credentials answer: text in, plain values out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/bucket/credentials_source.hpp"
#include "agent/transfer/client.hpp"
#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

inline constexpr std::size_t kLargestAnswer = 64U << 10;  ///< bytes

/// Credentials, and when they end.
struct Issued {
    Credentials credentials;
    std::optional<WallTime> ends;  ///< none: it was not said
};

/// The answer of STS to AssumeRoleWithWebIdentity, XML. An error says what is odd, without quoting.
[[nodiscard]] Result<Issued, std::string> parse_web_identity_answer(std::string_view body);
/// Credentials of a container's or an instance's service, JSON; a document that tells of a failure
/// is an error with its words.
[[nodiscard]] Result<Issued, std::string> parse_service_answer(std::string_view body);

/// "2026-11-28T01:02:03Z", also with a fraction or an offset of zero; nothing for other texts and
/// for years that no credentials have.
[[nodiscard]] std::optional<WallTime> parse_utc(std::string_view text);

/// What an answer other than 200 says, or why there is none: "answered 403 AccessDenied: ...". Its
/// words are left out when they repeat a part of `secret`.
[[nodiscard]] std::string failure(const Response& response, std::string_view secret);

/// As handed out by a service at `now`: renewed five minutes before the end, or at half of a short
/// life. An error when they have ended by this machine's clock.
[[nodiscard]] Result<Grant, std::string> granted(Issued issued, WallTime now, std::string from);

}  // namespace leasehold::agent
