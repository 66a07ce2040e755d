// The process's log: stderr, text or JSON lines.
#pragma once

#include <string>

#include "agent/config/config.hpp"

namespace leasehold::agent {

/// Becomes spdlog's default logger. `level` is one of spdlog's names.
void start_log(LogFormat format, const std::string& level);
/// A line of Duties.
void log_duty(bool complaint, const std::string& line);

}  // namespace leasehold::agent
