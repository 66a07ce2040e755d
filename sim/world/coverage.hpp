// Coverage: which of the things that can happen in a run did, and how often.
//
// Its points are made of the same tables of names as texts, histories and scenario files are, so
// that a new mark, fault or outcome is a point without a word here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/check/result.hpp"
#include "model/protocol/history.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// One thing that can happen: "mark drained", "fault loseAnswer updateLease", "lease update
/// conflict". Its first word is its family.
struct CoveragePoint {
    std::string name;
    std::string meaning;  ///< of a mark; otherwise empty
};

/// All points, family by family, in the order in which they are printed. Pairs that no answer can
/// have (a LIST that wrote an object) are none.
[[nodiscard]] const std::vector<CoveragePoint>& coverage_points();

/// The family of a point: its first word.
[[nodiscard]] std::string_view coverage_family(std::string_view point);

/// Reads one run's history.
class Coverage final : public Observer {
  public:
    /// `scenario` must outlive it.
    explicit Coverage(const Scenario& scenario);

    void on(const ProcessStarted& record) override;
    void on(const ProcessEnded& record) override;
    void on(const ReplicaStepped& record) override;
    void on(const FaultTookEffect& record) override;

    /// What happened, in the order of coverage_points().
    [[nodiscard]] std::vector<check::CoverageCount> counts() const;

  private:
    /// What a process waits for: an answer names its request or call alone.
    struct Open {
        std::uint64_t id = 0;
        std::size_t verb = 0;
    };
    struct Process {
        Role role = Role::follower;
        std::vector<Open> lease;
        std::vector<Open> bucket;
        std::vector<Open> files;
        std::vector<Open> removals;
    };

    void count(std::size_t point) { ++counts_[point]; }
    void event(Process& process, const Event& event);
    void effect(Process& process, const Effect& effect);
    [[nodiscard]] Process& process(ReplicaIndex replica);

    const Scenario& scenario_;
    std::vector<Process> processes_;
    std::vector<std::uint64_t> counts_;
};

}  // namespace leasehold::sim
