#include <string>
#include <utility>

#include "agent/config/config.hpp"
#include "agent/config/parts.hpp"

namespace leasehold::agent {
namespace {

/// One line of bearable length without control characters, whatever the input holds.
std::string one_line(std::string text) {
    constexpr std::size_t kLongest = 600;
    if (text.size() > kLongest) {
        std::size_t end = kLongest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end;  // no half of a UTF-8 sequence
        text = text.substr(0, end) + "...";
    }
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = ' ';
    return text;
}

/// The flag that makes this run a command of its own, at most one of them.
void choose_command(const Inputs& inputs, AgentConfig& config) {
    std::string chosen;
    for (const auto& [flag, command] :
         {std::pair{"check-config", AgentCommand::check_config},
          std::pair{"check-bucket", AgentCommand::check_bucket},
          std::pair{"remove-tombstones", AgentCommand::remove_tombstones}}) {
        bool on = false;
        if (!inputs.toggle(flag, on) || !on) continue;
        if (!chosen.empty()) refuse("--" + chosen + " and --" + flag + " exclude each other");
        chosen = flag;
        config.command = command;
    }
}

AgentConfig read_all(const CommandLine& line, const Environment& environment,
                     const std::string& service_account) {
    const Inputs inputs(line, environment);
    AgentConfig config;
    config.command = line.command;
    choose_command(inputs, config);
    config.origins = inputs.origins();
    read_who(inputs, config);
    read_election(inputs, config);
    read_storage(inputs, config);
    read_http(inputs, config);
    config.http.poll_period = config.storage.poll_period;
    read_process(inputs, config);
    check_paths(inputs, config);
    read_api(inputs, service_account, config);
    if (config.command == AgentCommand::remove_tombstones && config.elects)
        refuse(
            "--remove-tombstones works with leader/follower off alone: end all replicas first, "
            "then add --leader-follower=false");
    return config;
}

}  // namespace

std::variant<AgentConfig, AgentExit> read_config(const std::vector<std::string>& arguments,
                                                 const Environment& environment,
                                                 const std::string& service_account) {
    try {
        auto line = parse_command_line(arguments);
        if (auto* exit = std::get_if<AgentExit>(&line)) return std::move(*exit);
        return read_all(std::get<CommandLine>(line), environment, service_account);
    } catch (const Refused& refused) {
        return AgentExit{kExitUsage, "", "leasehold-agent: " + one_line(refused.message) + "\n"};
    }
}

}  // namespace leasehold::agent
