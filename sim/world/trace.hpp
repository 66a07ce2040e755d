// Trace: what led to what, for the causal chain of a failure.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "model/protocol/history.hpp"
#include "sim/topology/causal_graph.hpp"

namespace leasehold::sim {

/// Reads one run's history and links each record with the one that it came from: an answer with
/// what its request wrote, or with the step that sent it; what was written with that step; a timer
/// with what its replica had heard last of the Lease. A fault is nobody's effect.
class Trace final : public Observer {
  public:
    void on(const ProcessStarted& record) override;
    void on(const ReplicaStepped& record) override;
    void on(const RequestLeft& record) override;
    void on(const LeaseCommitted& record) override;
    void on(const ObjectCommitted& record) override;
    void on(const FaultTookEffect& record) override;

    /// How the last of `evidence` came about: the shortest path of causes to it, the rest of the
    /// evidence, and the faults that met in between those whom the path passes; oldest first, at
    /// most kLongestChain.
    [[nodiscard]] std::vector<std::uint64_t> chain(
        const std::vector<std::uint64_t>& evidence) const;

    static constexpr std::size_t kLongestChain = 12;

  private:
    static constexpr std::size_t kRemembered = 100'000;
    using Request = std::pair<ReplicaIndex, std::uint64_t>;
    struct Struck {
        std::uint64_t number = 0;
        std::vector<ReplicaIndex> targets;  ///< empty: a server, or the Lease
    };
    struct Said {
        ReplicaIndex replica = kNobody;
        std::uint64_t number = 0;
    };

    void add(std::uint64_t number, ReplicaIndex replica, std::uint64_t cause);
    [[nodiscard]] std::uint64_t cause_of(const ReplicaStepped& record) const;
    void remember(const ReplicaStepped& record);
    [[nodiscard]] ReplicaIndex whose(std::uint64_t number) const;

    CausalGraph graph_{kRemembered};
    std::vector<Said> of_;                         ///< whose each record is, by number
    std::map<Request, std::uint64_t> sent_;        ///< the step that sent it, or its permit
    std::map<ReplicaIndex, std::uint64_t> lease_;  ///< the step that sent the newest Lease write
    std::map<ReplicaIndex, std::uint64_t> heard_;  ///< the step that last heard of the Lease
    std::map<ReplicaIndex, std::uint64_t> start_;  ///< of the present process
    std::map<std::pair<ReplicaIndex, ObjectKey>, std::uint64_t> put_;  ///< likewise of a key
    std::map<std::pair<ReplicaIndex, std::uint64_t>, ObjectKey> key_of_;
    std::map<Version, std::uint64_t> versions_;  ///< the commit of each version of the Lease
    std::map<ETag, std::uint64_t> etags_;        ///< the newest commit of each ETag
    std::vector<Struck> faults_;
};

}  // namespace leasehold::sim
