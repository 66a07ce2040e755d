// Peer: whatever the world runs as a replica's process, ours or somebody else's elector.
//
// README.md in this folder shows how to bring one's own.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/history.hpp"
#include "model/replica/replica.hpp"

namespace leasehold::sim {

/// A machine that can be hosted: it takes events, hands out effects, and says when it wants a
/// Timer. Where it has them, the world also asks `permit(now, request)`, `gate_open(now)`,
/// `summary()` and `takes_workload()`; otherwise its gate is where its last GateMoved put it.
template <class T>
concept Machine = requires(T machine, const T& same, Now now, const Event& event, Effects& out) {
    machine.step(now, event, out);
    { same.next_deadline() } -> std::same_as<Instant>;
};

/// Any Machine, behind one type. Moves; what was moved from is empty.
class Peer {
  public:
    Peer() = default;  ///< empty: it may only be asked whether it is, and assigned
    template <Machine T>
    explicit Peer(T machine) : hosted_(std::make_unique<Hosted<T>>(std::move(machine))) {}

    [[nodiscard]] explicit operator bool() const { return hosted_ != nullptr; }
    void step(Now now, const Event& event, Effects& out) { hosted_->step(now, event, out); }
    [[nodiscard]] Instant next_deadline() const { return hosted_->next_deadline(); }
    /// May this put or remove leave now?
    [[nodiscard]] bool permit(Instant now, RequestId request) const {
        return hosted_->permit(now, request);
    }
    [[nodiscard]] bool gate_open(Instant now) const { return hosted_->gate_open(now); }
    /// One line for people.
    [[nodiscard]] std::string summary() const { return hosted_->summary(); }
    /// It answers reads, writes and queries: the world gives it the scenario's workload.
    [[nodiscard]] bool takes_workload() const { return hosted_->takes_workload(); }
    /// The production machine, which tells its status to who asks; null: another one.
    [[nodiscard]] const Replica* ours() const { return hosted_->ours(); }

  private:
    struct Door {
        Door() = default;
        Door(const Door&) = delete;
        Door& operator=(const Door&) = delete;
        virtual ~Door() = default;
        virtual void step(Now now, const Event& event, Effects& out) = 0;
        [[nodiscard]] virtual Instant next_deadline() const = 0;
        [[nodiscard]] virtual bool permit(Instant now, RequestId request) const = 0;
        [[nodiscard]] virtual bool gate_open(Instant now) const = 0;
        [[nodiscard]] virtual std::string summary() const = 0;
        [[nodiscard]] virtual bool takes_workload() const = 0;
        [[nodiscard]] virtual const Replica* ours() const = 0;
    };

    template <class T>
    struct Hosted final : Door {
        explicit Hosted(T hosted) : machine(std::move(hosted)) {}

        void step(Now now, const Event& event, Effects& out) override {
            const std::size_t first = out.size();
            machine.step(now, event, out);
            if constexpr (!kKnowsItsGate)
                for (std::size_t i = first; i < out.size(); ++i)
                    if (const auto* gate = std::get_if<GateMoved>(&out[i]))
                        open_until = gate->valid_until;
        }
        [[nodiscard]] Instant next_deadline() const override { return machine.next_deadline(); }
        [[nodiscard]] bool permit(Instant now, RequestId request) const override {
            if constexpr (requires { machine.permit(now, request); })
                return machine.permit(now, request);
            else
                return gate_open(now);
        }
        [[nodiscard]] bool gate_open(Instant now) const override {
            if constexpr (kKnowsItsGate)
                return machine.gate_open(now);
            else
                return now < open_until;
        }
        [[nodiscard]] std::string summary() const override {
            if constexpr (requires { machine.summary(); })
                return machine.summary();
            else
                return "another elector";
        }
        [[nodiscard]] bool takes_workload() const override {
            if constexpr (requires { machine.takes_workload(); })
                return machine.takes_workload();
            else
                return std::same_as<T, Replica>;
        }
        [[nodiscard]] const Replica* ours() const override {
            if constexpr (std::same_as<T, Replica>)
                return &machine;
            else
                return nullptr;
        }

        static constexpr bool kKnowsItsGate = requires(const T& same, Instant now) {
            same.gate_open(now);
        };
        T machine;
        Instant open_until = Instant::min();  ///< where the last GateMoved put the gate's end
    };

    std::unique_ptr<Door> hosted_;
};

/// What a process is told as it starts.
struct PeerStart {
    ReplicaIndex replica = kNobody;
    std::string identity;  ///< its own, of this start alone
    std::uint64_t seed = 0;
    ReplicaConfig config{};  ///< what the scenario configures, identity and seed among it: a
                             ///< Replica of it is the process that the world would run by itself
};
/// Makes the machine of a process; an empty one leaves the choice to the scenario.
using MakePeer = std::function<Peer(const PeerStart&)>;

}  // namespace leasehold::sim
