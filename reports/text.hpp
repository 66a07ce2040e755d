// Texts for people and transcripts: times, events and effects on one line each.
//
// Stable (transcripts compare them byte by byte) and complete: every field that can differ is
// shown, fields with their default value are left out. The digest and triggers use typed values.
#pragma once

#include <string>
#include <string_view>

#include "model/base/time.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::reports {

/// Rounded to milliseconds, halves upwards: "30.000s", "-0.250s".
[[nodiscard]] std::string format_duration(Duration span);
/// True time since the start of the run, in the same way.
[[nodiscard]] std::string format_time(TrueTime at);
/// Exact: three decimals, or six or nine when needed: "14.890s", "0.000000001s".
[[nodiscard]] std::string format_exact(Duration span);
/// A process's monotonic clock, exact; kNever is "never".
[[nodiscard]] std::string format_instant(Instant at);
/// 64 bits as sixteen hexadecimal digits.
[[nodiscard]] std::string format_hex(std::uint64_t value);

[[nodiscard]] std::string to_text(const LeaseRecord& record);
[[nodiscard]] std::string to_text(const Lease& lease);
[[nodiscard]] std::string to_text(const Event& event);
[[nodiscard]] std::string to_text(const Effect& effect);

}  // namespace leasehold::reports
