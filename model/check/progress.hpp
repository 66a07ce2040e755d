// Progress: leader.eventually-one, the leaderless times and the failover times.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/check/facts.hpp"
#include "model/check/gates.hpp"
#include "model/check/lease_rules.hpp"

namespace leasehold::check {

/// A stretch without an open gate counts from the newest of: the end of the last gate; the
/// instant since which the replica that should have won has run with a healthy path; and the
/// newest disturbance of the Lease by somebody who couldn't go on to lead (an operator, a
/// replica that was cut off or ended right after its write), since the others must then wait a
/// whole lease anew.
class Progress {
  public:
    Progress(Facts& facts, const Gates& gates, const LeaseRules& lease);

    /// A new process of the replica: that is how a restarted leader differs from one that went on.
    void process_started(ReplicaIndex index) { ++candidate(index).process; }
    /// Something about this replica may have changed: can it still win an election?
    void changed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    /// Something disturbed this replica's path or process for an instant.
    void disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    /// The gate of `self`, not open now, is about to be noted as open: ends a leaderless stretch.
    void gate_opening(const ReplicaStepped& step, const ReplicaFacts& self);
    void lease_committed(const LeaseCommitted& record);
    void fault(const FaultTookEffect& record);
    void became_leader(TrueTime at, ReplicaIndex index);
    void finish(TrueTime end);

    [[nodiscard]] const std::vector<Duration>& leaderless() const { return leaderless_; }
    [[nodiscard]] const std::vector<Duration>& failovers() const { return failovers_; }
    /// From a fault that toppled the leader to the end, if nobody led after it; once finished.
    [[nodiscard]] std::optional<Duration> open_failover() const { return open_failover_; }

  private:
    struct Candidate {
        bool able = false;
        TrueTime since{};
        std::uint32_t process = 0;  ///< counts the replica's processes
    };
    /// A fault that hit the leader, until somebody else leads.
    struct Hit {
        TrueTime at{};
        std::uint32_t fault = 0;
        ReplicaIndex leader = kNobody;
        std::uint32_t process = 0;
    };

    [[nodiscard]] bool able(const ReplicaFacts& replica) const;
    [[nodiscard]] bool still_leads(const Hit& hit) const;
    [[nodiscard]] Candidate& candidate(ReplicaIndex index) { return part_of(candidates_, index); }
    [[nodiscard]] Duration bound() const;
    void window_ends(TrueTime at, const Candidate& candidate);
    void judge(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void judge_all(TrueTime at, std::uint64_t number);
    [[nodiscard]] bool leads_or_led(TrueTime at, ReplicaIndex index) const;

    Facts& facts_;
    const Gates& gates_;
    const LeaseRules& lease_;
    Duration bound_{0};  ///< while no record says a longer lease than ours
    std::vector<Candidate> candidates_;
    TrueTime disturbed_at_{};
    bool had_leader_ = false;
    std::optional<Hit> hit_;
    std::vector<Duration> leaderless_;
    std::vector<Duration> failovers_;
    std::optional<Duration> open_failover_;
};

/// Does the text of a fault say that it stops its target's process without ending it?
[[nodiscard]] bool is_stall(std::string_view what);
/// Does it say that its target's steps take long?
[[nodiscard]] bool is_slowness(std::string_view what);

}  // namespace leasehold::check
