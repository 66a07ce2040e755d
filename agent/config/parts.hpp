// The parts of read_config, each for some of the settings. Internal. All refuse by Refused.
#pragma once

#include <string>

#include "agent/config/config.hpp"
#include "agent/config/inputs.hpp"

namespace leasehold::agent {

/// Leader/follower, replicas, names; decides whether there is an election.
void read_who(const Inputs& inputs, AgentConfig& config);
/// Durations of the election, when there is one.
void read_election(const Inputs& inputs, AgentConfig& config);
/// The way to the API server and the Lease's name, when there is an election or for record-world.
void read_api(const Inputs& inputs, const std::string& service_account, AgentConfig& config);
/// The bucket, the local files, and what the controller does with them.
void read_storage(const Inputs& inputs, AgentConfig& config);
void read_http(const Inputs& inputs, AgentConfig& config);
/// Stop, recording, log.
void read_process(const Inputs& inputs, AgentConfig& config);
/// Files that would be written over each other; after all other parts.
void check_paths(const Inputs& inputs, const AgentConfig& config);

}  // namespace leasehold::agent
