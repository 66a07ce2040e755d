// Dates in headers of HTTP.
#pragma once

#include <optional>
#include <string_view>

#include "model/base/time.hpp"

namespace leasehold::agent {

/// "Sun, 06 Nov 1994 08:49:37 GMT", or one of the two old forms that a recipient has to know
/// (RFC 9110, 5.6.7); from 1971 to 2200. Which day of the week it says is not compared.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

/// Retry-After: whole seconds or a date, which counts from `date_header` (the server's own clock)
/// or, where there is none, from `now`. At most `longest`; 0 = absent, past or not understood.
[[nodiscard]] Duration decode_retry_after(std::string_view retry_after,
                                          std::string_view date_header, WallTime now,
                                          Duration longest);

}  // namespace leasehold::agent
