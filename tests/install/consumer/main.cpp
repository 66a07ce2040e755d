// The smallest driver: one replica, one step, its effects.
#include <iostream>
#include <variant>

#include "model/replica/replica.hpp"

int main() {
    leasehold::ReplicaConfig config;
    config.election.emplace();
    config.election->identity = "consumer";
    leasehold::Replica replica(config);
    leasehold::Effects effects;
    replica.step(leasehold::Now{}, leasehold::Start{}, effects);
    for (const leasehold::Effect& effect : effects)
        if (std::holds_alternative<leasehold::SendLease>(effect))
            std::cout << "the replica asks for the Lease\n" << replica.summary() << '\n';
}
