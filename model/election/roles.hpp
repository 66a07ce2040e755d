// The roles of an elector: each alternative owns what only it needs.
#pragma once

#include <cstdint>
#include <variant>

#include "model/base/strong.hpp"
#include "model/base/time.hpp"
#include "model/election/own_record.hpp"

namespace leasehold::election {

// Each shows what still matters of it (StateVisitor), the role itself first.

/// Knows nothing of any leadership of its own: what it wrote then is in OwnRecord, and opens
/// nothing.
struct Following {
    Instant sit_out_until{};  ///< contends from then on (abdication)
    Version blanked;          ///< its own record, emptied by somebody; 0 = none, or tried already
    template <class Visitor>
    void visit(Visitor& visitor) const {
        visitor.value(0);
        visitor.until(sit_out_until);
        visitor.version(blanked);
    }
    friend bool operator==(const Following&, const Following&) = default;
};
struct Leading {
    // Echoed in each write of this leadership, also where its Lease is made anew: to others it is
    // one tenure, and a release names it.
    std::uint64_t acquisition = 0;
    WallTime acquire_time;
    std::int32_t transitions = 0;
    bool renewal_wanted = false;
    bool refused = false;            ///< the last renewal was, by a 4xx
    Instant stop_deadline = kNever;  ///< draining if set
    template <class Visitor>
    void visit(Visitor& visitor) const {
        visitor.value(1);
        visitor.name(acquisition);
        visitor.name(acquisition, acquire_time);
        visitor.value(transitions);
        visitor.value(renewal_wanted);
        visitor.value(refused);
        visitor.until(stop_deadline);
    }
    friend bool operator==(const Leading&, const Leading&) = default;
};
struct Releasing {
    bool stopping = false;
    // A stop's own, or, after giving up, one lease: after about that the record holds nobody up any
    // more.
    Instant deadline{};       ///< no try after this
    Instant sit_out_until{};  ///< unless stopping
    template <class Visitor>
    void visit(Visitor& visitor) const {
        visitor.value(2);
        visitor.value(stopping);
        visitor.until(deadline);
        visitor.until(sit_out_until);
    }
    friend bool operator==(const Releasing&, const Releasing&) = default;
};
struct Done {
    template <class Visitor>
    void visit(Visitor& visitor) const {
        visitor.value(3);
    }
    friend bool operator==(const Done&, const Done&) = default;
};
using RoleState = std::variant<Following, Leading, Releasing, Done>;

/// What a role does next of its own accord, and when.
/// Deed and time in one, so that none is without the other.
struct Plan {
    enum class Act : std::uint8_t { wait, look, write, end_release };
    Instant at = kNever;
    Act act = Act::wait;
    WriteKind kind = WriteKind::renew;  ///< of a write
};

/// How far a process has come.
struct Progress {
    Instant last_now = Instant::min();
    Instant deadline = kNever;
    bool started = false;
    // Outlives the roles: the next leadership of this process must have a larger one.
    Term last_term;  ///< of its newest leadership, since a cluster was restored
    template <class Visitor>
    void visit(Visitor& visitor) const {
        // The last instant serves one check alone, that no clock goes back.
        visitor.value(started);
        visitor.until(deadline);
        visitor.version(Version(last_term.value()));
    }
    friend bool operator==(const Progress&, const Progress&) = default;
};

}  // namespace leasehold::election
