// Trace: why each step happened, for the causal chain of a failure.
#pragma once

#include <cstdint>
#include <vector>

#include "model/protocol/history.hpp"
#include "sim/topology/causal_graph.hpp"

namespace leasehold::sim {

/// Predecessors of a step: the replica's step before it, and what its event came from.
class Trace {
  public:
    void caused(std::uint64_t number, ReplicaIndex replica, std::uint64_t cause) {
        if (last_.size() <= replica) last_.resize(replica + 1, 0);
        std::vector<std::uint64_t> before;
        if (last_[replica] != 0) before.push_back(last_[replica]);
        if (cause != 0 && cause != last_[replica] && cause < number) before.push_back(cause);
        graph_.add(number, before);
        last_[replica] = number;
    }
    /// The shortest path of causes that leads to `number`, oldest first.
    [[nodiscard]] std::vector<std::uint64_t> chain(std::uint64_t number) const {
        return graph_.chain(number).events;
    }

  private:
    static constexpr std::size_t kRemembered = 100'000;
    CausalGraph graph_{kRemembered};
    std::vector<std::uint64_t> last_;
};

}  // namespace leasehold::sim
