// Onlooker: operators, dashboards and probes, which ask each replica for its status and its index.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/world/context.hpp"

namespace leasehold::sim {

/// Asks every replica now and then. A look is a read without effect, and stays one here: it has no
/// event in the queue and a stream of randomness of its own, so that a run with looks is the run
/// without them, to the last digit of its digest. It comes behind the first step after it is due,
/// as an agent settles what is due before it answers.
class Onlooker {
  public:
    explicit Onlooker(Context& context);

    /// A step of `replica` was recorded; `now` is its clock's. Whoever stops a process looks what
    /// becomes of it.
    void stepped(ReplicaIndex replica, Instant now, const Event& event) {
        if (context_.now() >= rounds_[replica].next || std::holds_alternative<Stop>(event))
            [[unlikely]]
            ask(replica, now);
    }

  private:
    struct Round {
        TrueTime next{};
        std::uint32_t number = 0;
    };
    void ask(ReplicaIndex replica, Instant now);

    Context& context_;
    Random random_;
    std::vector<Round> rounds_;  ///< by replica
};

}  // namespace leasehold::sim
