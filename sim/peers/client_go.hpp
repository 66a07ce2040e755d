// ClientGo: the election of Kubernetes' client-go (tools/leaderelection), for comparison with ours
// and for groups of both on one Lease.
//
// It does what client-go does, mistakes included, and is as late as client-go is. Its gate is what
// its user believes: open from OnStartedLeading until the leading context is cancelled, however
// long that takes; client-go has no other notion of validity.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/base/marks.hpp"
#include "model/base/random.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "sim/peers/client_go_config.hpp"

namespace leasehold::sim {

/// One process around LeaderElector.Run: whenever Run returns, and the process was not told to
/// stop, it is called again, with a new elector of the same identity.
class ClientGo {
  public:
    ClientGo(const ClientGoConfig& config, std::string identity, std::uint64_t seed);

    /// Takes one event, as Replica does. Appends to `out`.
    void step(Now now, const Event& event, Effects& out);
    /// The earliest instant at which a Timer would change anything; kNever = none.
    [[nodiscard]] Instant next_deadline() const;
    /// One line for people.
    [[nodiscard]] std::string summary() const;

  private:
    enum class Phase : std::uint8_t { acquiring, renewing, releasing, done };
    /// The request in flight, by the place in client-go's code that waits for it.
    enum class Call : std::uint8_t {
        none,
        fast_update,  ///< tryAcquireOrRenew: PUT over the cached Lease, without a GET
        get,
        create,
        update,
        release_get,
        release_update
    };

    // The loops: Run, acquire, renew, release.
    void run(Now now);
    void settle(Now now, Effects& out);
    void pursue(Now now, Effects& out);
    void cancel(Now now, const Stop& stop, Effects& out);
    void attempt_ended(Now now, bool succeeded, Effects& out);
    void start_leading(Now now, Effects& out);
    void renew_ended(Now now, Effects& out);
    void run_ended(Now now, Effects& out);
    // One attempt: tryAcquireOrRenew.
    void attempt(Now now, Effects& out);
    void found(Now now, const LeasePtr& lease, Effects& out);
    void missing(Now now, Effects& out);
    // tryRelease.
    void release_found(Now now, const LeasePtr& lease, Effects& out);

    void answered(Now now, const LeaseAnswered& answer, Effects& out);
    void send(Now now, Call call, Effects& out);
    void observe_own(Now now, const LeasePtr& lease);
    [[nodiscard]] bool is_leader() const { return observed_.holder == identity_; }
    [[nodiscard]] bool lease_valid(Instant now) const;
    [[nodiscard]] LeasePtr body(Call call) const;

    ClientGoConfig config_;
    std::string identity_;
    Random random_;

    // The elector of this Run.
    Phase phase_ = Phase::acquiring;
    LeasePtr cached_;       ///< LeaseLock's object: what the next PUT is based on
    LeaseRecord observed_;  ///< observedRecord
    std::optional<LeaseRecord> observed_raw_;  ///< observedRawRecord: times in whole seconds
    Instant observed_at_ = Instant::min();     ///< observedTime: after the answer
    bool leads_ = false;                       ///< OnStartedLeading was called
    Term term_;

    // The loops' times.
    Instant next_attempt_ = kNever;  ///< end of a sleep, or the next tick
    bool polling_ = false;           ///< inside one poll of the renew loop
    Instant deadline_ = kNever;      ///< of the poll's or the release's context
    Instant tick_ = kNever;          ///< the poll's ticker: its first tick that is not consumed
    std::optional<Instant> stop_by_;

    // The attempt under way.
    Call call_ = Call::none;
    RequestId request_;
    Instant asked_at_ = Instant::min();  ///< `now` of tryAcquireOrRenew, taken once at its start
    LeaseRecord wanted_;                 ///< the record that it writes
    std::optional<MarkId> gain_;         ///< how it comes to lead, if it does
    bool releases_own_ = false;          ///< the release goes over an own record
};

}  // namespace leasehold::sim
