// One run of a scenario: the door to the simulated world.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "model/check/result.hpp"
#include "model/protocol/history.hpp"
#include "sim/peers/peer.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/own_check.hpp"

namespace leasehold::sim {

struct RunOptions {
    bool timeline = false;         ///< fill RunResult::timeline (and chain, state on failure)
    Observer* recorder = nullptr;  ///< gets the whole history too (history codec)
    bool checkers = true;          ///< observers on; off only for benchmarks
    bool stepping = false;         ///< every date through SimGrid (equality tests)
    bool coverage = false;         ///< fill RunResult::coverage
    MakePeer make_peer;            ///< other machines (sim/peers/README.md); none: the scenario's
    MakeChecks make_checks;        ///< judged beside the invariants, after them; may be none
};

/// Runs scenarios one after the other in this process's one engine. Not copyable; one per process.
class Runner {
  public:
    Runner();
    ~Runner();
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    /// Plays `scenario` with `seed`. A failed CHECK, and whatever a machine of make_peer throws,
    /// becomes Outcome::internal.
    [[nodiscard]] check::RunResult run(const Scenario& scenario, std::uint64_t seed,
                                       const RunOptions& options = {});
    /// False: this process's engine has no room for another run of that length; start a new one.
    [[nodiscard]] bool fits(const Scenario& scenario) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace leasehold::sim
