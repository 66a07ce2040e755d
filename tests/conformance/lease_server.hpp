// The Lease API as the suite sees it, real or simulated: the model's requests, a watch whose
// events can be collected, and an operator.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/protocol/lease.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::conformance {

enum class LeaseAct : std::uint8_t {
    get,
    create,
    update,
    remove,  ///< by an operator, without preconditions
    edit,    ///< by an operator
    watch,   ///< opens this client's watch for what is newer than `version`
    collect  ///< its events up to and with `version`, and closes it; nothing when none is open
};

struct LeaseCall {
    std::uint32_t client = 0;
    LeaseAct act = LeaseAct::get;
    LeasePtr body;  ///< create, update
    sim::LeaseEdit edit = sim::LeaseEdit::label;
    Version version;  ///< watch, collect
};

/// An event of a watch; `ended` has neither version nor lease.
struct LeaseEvent {
    WatchKind kind = WatchKind::ended;
    Version version;
    LeasePtr lease;  ///< of seen
};

/// `reply` of an operator's act has its status alone; of watch and collect 200, or 0 for nothing
/// done.
struct LeaseAnswer {
    LeaseReply reply;
    std::vector<LeaseEvent> events;
    bool misnamed = false;  ///< simulated: the version of the Lease need not be its own (kine)
    bool silent = false;    ///< collect: the events up to `version` did not all come in time
};

class LeaseServer {
  public:
    virtual ~LeaseServer() = default;
    /// From now on another Lease, which is missing.
    virtual void fresh() = 0;
    /// Sends all at once, each by its own client; the answers in the same order.
    virtual std::vector<LeaseAnswer> perform(std::span<const LeaseCall> calls) = 0;
    /// The test's label in a Lease's `extra`; empty = absent.
    [[nodiscard]] virtual std::string label_of(const std::string& extra) const = 0;
    /// `extra` with another label; empty = none.
    [[nodiscard]] virtual std::string with_label(const std::string& extra,
                                                 const std::string& label) const = 0;
};

}  // namespace leasehold::conformance
