// Gates: leader.at-most-one and leader.term-increases; keeps every replica's write gate.
#pragma once

#include <cstdint>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// Follows the gates exactly and cheaply: a gate closes by time alone, so whether it is open is
/// read off its owner's clock when somebody asks, and nothing is computed while one leads.
class Gates {
  public:
    explicit Gates(Facts& facts) : facts_(facts) {}

    /// What a GateMoved meant.
    enum class Move : std::uint8_t { opened, extended, closed };
    Move moved(const ReplicaStepped& step, ReplicaFacts& self, const GateMoved& gate);
    /// The clock is about to become `record.clock`: what closed on the old one keeps its end.
    void clock_changed(const ClockChanged& record, ReplicaFacts& self);
    void process_ended(TrueTime at, ReplicaFacts& self);
    void became_leader(const ReplicaStepped& step, const RoleChanged& role);
    /// Terms may start again from an older revision.
    void restored() { last_term_ = Term{}; }

    /// Is any gate open at `at`?
    [[nodiscard]] bool any_open(TrueTime at) const;
    /// Is any gate but `self`'s open at `at`?
    [[nodiscard]] bool other_open(TrueTime at, const ReplicaFacts& self) const;
    /// When none is open at `at`: the end of the last open one (the start of the history before
    /// the first).
    [[nodiscard]] TrueTime last_end(TrueTime at) const;

  private:
    void close(TrueTime at, ReplicaFacts& self);
    void check_alone(TrueTime at, std::uint64_t number, const ReplicaFacts& self);

    Facts& facts_;
    std::uint32_t held_ = 0;  ///< gates that were not closed explicitly
    TrueTime last_end_{};     ///< newest end of the gates that are no longer held
    Term last_term_;
    std::uint64_t last_term_number_ = 0;
    ReplicaIndex last_leader_ = kNobody;
};

}  // namespace leasehold::check
