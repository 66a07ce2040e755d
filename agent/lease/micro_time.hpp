// Times on the wire: Kubernetes' MicroTime and Time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/base/time.hpp"

namespace leasehold::agent {

/// "2026-11-22T14:00:00.123456Z": exactly six digits, as the API server insists on; UTC. What is
/// finer than a microsecond is cut off.
[[nodiscard]] std::string format_micro_time(WallTime time);
/// The same, also with an offset in place of Z. Years that WallTime cannot hold become the nearest
/// that it can: only the difference between two records counts. Empty: not such a time.
[[nodiscard]] std::optional<WallTime> parse_micro_time(std::string_view text);
/// "2026-11-22T14:00:00Z", Kubernetes' Time: whole seconds, otherwise as above.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace leasehold::agent
