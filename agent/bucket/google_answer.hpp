// What Google's token services answer: text in, plain values out.
//
// A token is the `session_token` of Credentials, which have nothing else then.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/credentials_answer.hpp"
#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// An OAuth answer at `now`: access_token, expires_in. An error says what is odd, unquoted.
[[nodiscard]] Result<Issued, std::string> parse_token_answer(std::string_view body, WallTime now);
/// The answer of generateAccessToken: accessToken, expireTime.
[[nodiscard]] Result<Issued, std::string> parse_impersonation_answer(std::string_view body);
/// A token that will be exchanged: the text itself, or a field of a JSON document.
[[nodiscard]] Result<std::string, std::string> parse_subject_token(std::string_view text,
                                                                   const std::string& field);
/// The same from a file. Blocks.
[[nodiscard]] Result<std::string, std::string> load_subject_token(const std::string& file,
                                                                  const std::string& field);

}  // namespace leasehold::agent
