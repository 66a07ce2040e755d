// The Lease API's side of a Play: symbolic operations, what a client remembers, what must agree.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/lease_server.hpp"
#include "tests/conformance/play.hpp"
#include "tests/conformance/relation.hpp"
#include "tests/conformance/sim_lease.hpp"

namespace leasehold::conformance {

/// Which version an operation carries, or watches from.
enum class VersionFrom : std::uint8_t { seen, older, future, none };
enum class UidFrom : std::uint8_t { seen, older, wrong, none };
/// What the body's record is, beside the one that the client saw last.
enum class LeaseContent : std::uint8_t {
    same,
    renew,
    take,
    release,
    bare,         ///< without our annotations
    bounded,      ///< with the longest lease that a peer may hold
    housed,       ///< with the container that the holder runs in
    nanoseconds,  ///< times that are no whole microseconds
    untimed,      ///< without acquireTime and renewTime
    labelled,     ///< a letter more in the label
    unlabelled,   ///< without labels
    zero_duration,
    negative_duration,
    negative_transitions
};

struct LeaseOp {
    std::uint32_t client = 0;
    LeaseAct act = LeaseAct::get;
    LeaseContent content = LeaseContent::same;
    VersionFrom version = VersionFrom::seen;
    UidFrom uid = UidFrom::seen;
    std::uint32_t step = 0;  ///< makes contents differ: times and nonces
    sim::LeaseEdit edit = sim::LeaseEdit::label;
    std::int32_t expect = 0;  ///< status that a scripted case states; 0 = none
};

struct LeaseDomain {
    using Op = LeaseOp;
    using Call = LeaseCall;
    using Answer = LeaseAnswer;
    using Subject = LeaseServer;
    using Simulated = SimLease;
    /// Of one client: the object of its last success, and the one of another version before it.
    struct Seen {
        LeasePtr last;
        LeasePtr older;
    };
    struct Memory {
        std::map<std::uint32_t, Seen> seen;  ///< by client
        bool deleted = false;                ///< the Lease, some time
    };
    struct Relations {
        VersionRelation versions;
        NameRelation uids;
    };

    explicit LeaseDomain(sim::ApiProfile of = sim::ApiProfile::etcd) : profile(of) {}

    [[nodiscard]] SimLease simulated() const { return SimLease(11, profile); }
    [[nodiscard]] LeaseCall build(const LeaseOp& op, const Memory& memory,
                                  const LeaseServer& server) const;
    /// What the clients remember of a round's answers.
    void learn(Memory& memory, const Round<LeaseOp>& round, const std::vector<LeaseCall>& calls,
               const std::vector<LeaseAnswer>& answers) const;
    /// What differs, or nothing.
    [[nodiscard]] std::optional<std::string> compare(Relations& relations,
                                                     const LeaseAnswer& simulated,
                                                     const LeaseAnswer& real,
                                                     const LeaseServer& server) const;
    /// Equal for states that nothing to come can tell apart, given the same answers so far.
    [[nodiscard]] std::string fingerprint(const SimLease& server, const Relations& relations) const;
    [[nodiscard]] std::int32_t status(const LeaseAnswer& answer) const {
        return answer.reply.status;
    }
    [[nodiscard]] bool lost(const LeaseAnswer& /*answer*/) const { return false; }
    // etcd does all of a request in one transaction.
    [[nodiscard]] bool two_steps(const LeaseCall& /*call*/) const { return false; }
    [[nodiscard]] LeaseCall second_step(const LeaseCall& call) const { return call; }
    [[nodiscard]] static LeaseAnswer of_both(const LeaseCall& /*call*/,
                                             const LeaseAnswer& /*first*/, LeaseAnswer second) {
        return second;
    }
    [[nodiscard]] bool locks(const LeaseCall& /*one*/, const LeaseCall& /*other*/) const {
        return false;
    }
    [[nodiscard]] bool refused_beside(const std::vector<LeaseCall>& /*calls*/,
                                      std::size_t /*which*/, const LeaseAnswer& /*real*/) const {
        return false;
    }
    [[nodiscard]] LeaseAnswer seen_beside(const std::vector<LeaseCall>& /*calls*/,
                                          std::size_t /*which*/, LeaseAnswer simulated,
                                          const LeaseAnswer& /*real*/) const {
        return simulated;
    }
    [[nodiscard]] bool succeeds(const LeaseAnswer& answer) const {
        return answer.reply.status < 300;
    }
    [[nodiscard]] std::string text(const LeaseOp& op) const;
    [[nodiscard]] std::string text(const LeaseAnswer& answer, const LeaseServer& server) const;
    /// Plainer operations to try in its place.
    [[nodiscard]] std::vector<LeaseOp> simpler(const LeaseOp& op) const;

    sim::ApiProfile profile;
};

}  // namespace leasehold::conformance
