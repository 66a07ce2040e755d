// ServerState: whether a server works, and what came to it while it was frozen.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/check/result.hpp"
#include "sim/world/context.hpp"

namespace leasehold::sim {

/// Outages and freezes may overlap: each kind is over when the last of it is, by its time or by a
/// heal.
class ServerState {
  public:
    /// Something that reached a frozen server, to be put into the queue again.
    struct Held {
        Kind kind = Kind::lease_arrives;
        ReplicaIndex replica = kNobody;
        std::uint64_t handle = 0;
    };

    /// Begins (+1) or ends (-1).
    void outage(int by) { outages_ += by; }
    void freeze(int by) { freezes_ += by; }

    /// Does it take what comes? If not, that is lost.
    [[nodiscard]] bool up() const { return outages_ == 0; }
    [[nodiscard]] bool frozen() const { return freezes_ > 0; }
    [[nodiscard]] bool answers() const { return up() && !frozen(); }

    void hold(Held what) { held_.push_back(what); }
    /// All that came meanwhile, in its order; nothing while it is frozen.
    [[nodiscard]] std::vector<Held> thawed() {
        return frozen() ? std::vector<Held>{} : std::exchange(held_, {});
    }

  private:
    int outages_ = 0;
    int freezes_ = 0;
    std::vector<Held> held_;
};

}  // namespace leasehold::sim
