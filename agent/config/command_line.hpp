// The command line as typed: which command, and the text of each flag. Internal.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "agent/config/config.hpp"
#include "config/values.hpp"

namespace leasehold::agent {

struct CommandLine {
    AgentCommand command = AgentCommand::serve;
    std::map<std::string, std::string, std::less<>> flags;  ///< without dashes; given ones alone
    config::ValueSources values;                            ///< --values and the --set family
};

/// Help and version end the program, and so do unknown flags and missing values.
[[nodiscard]] std::variant<CommandLine, AgentExit> parse_command_line(
    const std::vector<std::string>& arguments);

}  // namespace leasehold::agent
