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

AgentConfig read_all(const CommandLine& line, const Environment& environment,
                     const std::string& service_account) {
    const Inputs inputs(line, environment);
    AgentConfig config;
    config.command = line.command;
    bool check = false;
    if (inputs.toggle("check-config", check) && check) config.command = AgentCommand::check_config;
    bool try_bucket = false;
    if (inputs.toggle("check-bucket", try_bucket) && try_bucket) {
        if (check) refuse("--check-config and --check-bucket exclude each other");
        config.command = AgentCommand::check_bucket;
    }
    config.origins = inputs.origins();
    read_who(inputs, config);
    read_election(inputs, config);
    read_storage(inputs, config);
    read_http(inputs, config);
    config.http.poll_period = config.storage.poll_period;
    read_process(inputs, config);
    check_paths(inputs, config);
    read_api(inputs, service_account, config);
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
