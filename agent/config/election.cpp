// The election's durations: profile first, then each by itself, then their relations.
#include <array>
#include <utility>

#include "agent/config/parts.hpp"
#include "config/units.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShortestRetry = 100ms;  ///< below it an API server would be besieged
constexpr std::array<std::string_view, 3> kProfiles{"default", "client-go", "fast"};

/// The model's messages name its fields; an operator knows the flags.
std::string in_flags(std::string message) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNames{
        {{"leaseDuration", "--lease-duration"},
         {"renewDeadline", "--renew-deadline"},
         {"retryPeriod", "--retry-period"},
         {"longestLease", "--longest-lease"},
         {"maxLeaseDuration", "--max-lease-duration"},
         {"clientGoPeers", "--client-go-peers"},
         {"drift ", "--drift "}}};
    // "less drift and margin" explains a figure and names no setting.
    const std::size_t end = message.find("less drift");
    for (const auto& [field, flag] : kNames)
        for (std::size_t at = message.find(field); at < end && at != std::string::npos;
             at = message.find(field, at + flag.size()))
            message.replace(at, field.size(), flag);
    return message;
}

}  // namespace

void read_election(const Inputs& inputs, AgentConfig& config) {
    if (!config.elects) return;
    ElectorConfig& election = config.election;
    if (const auto profile = inputs.choice("profile", kProfiles)) {
        if (kProfiles.at(*profile) == "client-go") election.renew_deadline = 10s;
        if (kProfiles.at(*profile) == "fast") {
            election.lease_duration = 5s;
            election.retry_period = 1s;
        }
    }
    inputs.parsed("lease-duration", election.lease_duration, config::parse_duration);
    if (const Given* renew = inputs.find("renew-deadline");
        renew != nullptr && renew->text == "auto") {
        election.renew_deadline.reset();
    } else {
        Duration value{0};
        if (inputs.parsed("renew-deadline", value, config::parse_duration))
            election.renew_deadline = value;
    }
    if (inputs.parsed("retry-period", election.retry_period, config::parse_duration) &&
        election.retry_period < kShortestRetry)
        refuse("--retry-period: expected at least 100ms, found " +
               inputs.find("retry-period")->text);
    inputs.parsed("drift", election.drift_ppm, config::parse_ppm);
    inputs.parsed("longest-lease", election.longest_lease, config::parse_duration);
    if (Duration longest{0}; inputs.parsed("max-lease-duration", longest, config::parse_duration))
        election.max_lease_duration = longest;
    inputs.toggle("client-go-peers", election.client_go_peers);
    inputs.toggle("leader-events", config.leader_events);
    inputs.toggle("believe-ended-holder", election.believe_ended_holder);

    ElectorConfig judged = election;
    judged.identity = "given at the start";
    if (const auto problems = judged.problems(); !problems.empty())
        refuse(in_flags(problems.front()));
    config.storage.lease_duration = election.lease_duration;
}

}  // namespace leasehold::agent
