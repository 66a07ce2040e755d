// Machines of somebody's own for the harness's tests: right ones, and wrong ones.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "model/replica/replica.hpp"
#include "sim/testing/harness.hpp"

namespace leasehold::testing {

/// Leads from its start on and asks nobody.
class Usurper {
  public:
    void step(Now now, const Event& event, Effects& out) {
        if (std::holds_alternative<Start>(event)) {
            out.emplace_back(GateMoved{Term{1}, now.monotonic + std::chrono::hours(1)});
            out.emplace_back(RoleChanged{Role::leader, Term{1}});
        }
        if (std::holds_alternative<Stop>(event)) out.emplace_back(Stopped{});
    }
    [[nodiscard]] Instant next_deadline() const { return kNever; }
};

/// Follows for ever.
class Idle {
  public:
    void step(Now, const Event& event, Effects& out) {
        if (std::holds_alternative<Stop>(event)) out.emplace_back(Stopped{});
    }
    [[nodiscard]] Instant next_deadline() const { return kNever; }
};

/// The production code with something around it.
class Wrapped {
  public:
    explicit Wrapped(const ReplicaConfig& config) : replica_(config) {}
    void step(Now now, const Event& event, Effects& out) { replica_.step(now, event, out); }
    [[nodiscard]] Instant next_deadline() const { return replica_.next_deadline(); }
    [[nodiscard]] bool permit(Instant now, RequestId id) const { return replica_.permit(now, id); }
    [[nodiscard]] bool gate_open(Instant now) const { return replica_.gate_open(now); }
    [[nodiscard]] std::string summary() const { return replica_.summary(); }
    [[nodiscard]] static bool takes_workload() { return true; }

  private:
    Replica replica_;
};

/// Ends badly the moment that it leads.
class Failing {
  public:
    enum class Way { throws, aborts };
    Failing(const ReplicaConfig& config, Way way) : replica_(config), way_(way) {}
    void step(Now now, const Event& event, Effects& out) {
        const std::size_t first = out.size();
        replica_.step(now, event, out);
        for (std::size_t i = first; i < out.size(); ++i)
            if (const auto* role = std::get_if<RoleChanged>(&out[i]);
                role != nullptr && role->role == Role::leader) {
                if (way_ == Way::aborts) std::abort();
                throw std::out_of_range("no such order");
            }
    }
    [[nodiscard]] Instant next_deadline() const { return replica_.next_deadline(); }

  private:
    Replica replica_;
    Way way_;
};

/// No replica leads more than `most` times.
class LeadsAtMost final : public OwnCheck {
  public:
    explicit LeadsAtMost(std::uint64_t most) : OwnCheck("own.leads-at-most"), most_(most) {}
    void on(const ReplicaStepped& record) override {
        for (const Effect& effect : record.effects)
            if (const auto* role = std::get_if<RoleChanged>(&effect);
                role != nullptr && role->role == Role::leader) {
                looked();
                if (++led_ > most_) violated(record, "somebody leads once too often");
            }
    }

  private:
    std::uint64_t most_;
    std::uint64_t led_ = 0;
};

}  // namespace leasehold::testing
