// Elector: one candidate for a Kubernetes Lease, as a pure state machine.
//
// Wire-compatible with client-go on the same Lease; what differs in substance is argued at each
// clause where it is decided. Inputs: events and Now. Outputs: effects and next_deadline().
//
// What it knows stands in four types that can be read alone: LeaseView (the Lease, and from when
// on it is free), OwnRecord (its own writes), LeaseWatch and Requests. What it does about it is
// the role's: plan.cpp says what and when, elector.cpp holds the frame of a step and the roles'
// only writers, observe.cpp and send.cpp what comes and what leaves, release.cpp the ends.
#pragma once

#include <algorithm>
#include <optional>
#include <variant>

#include "model/base/time.hpp"
#include "model/election/config.hpp"
#include "model/election/holder_proof.hpp"
#include "model/election/lease_view.hpp"
#include "model/election/lease_watch.hpp"
#include "model/election/own_record.hpp"
#include "model/election/requests.hpp"
#include "model/election/roles.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/leadership.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold {

/// One candidate. Copyable (a copy is a snapshot) and comparable.
///
/// At most one request is in flight at any time; its id is odd (the controller's are even). Each
/// step first ends what time has ended, then takes its event, then does whatever is due.
class Elector {
  public:
    /// CHECKs that `config` has no problems().
    explicit Elector(const ElectorConfig& config);

    /// Takes one event; those of the rest of the replica only settle time. `now.monotonic` never
    /// goes back. Appends to `out`: at a loss GateMoved, RoleChanged, then everything else.
    void step(Now now, const Event& event, Effects& out);
    /// The earliest instant at which a Timer would change anything; kNever = none. It lies after
    /// the last step's now.
    [[nodiscard]] Instant next_deadline() const { return progress_.deadline; }
    /// What the rest of the replica may know; changes only inside the calls of this class.
    [[nodiscard]] const Leadership& leadership() const { return leadership_; }
    /// Does this replica lead at `now`? Closes by time alone, without any step.
    [[nodiscard]] bool gate_open(Instant now) const {
        return leadership_.role == Role::leader && now < leadership_.valid_until;
    }

    // Wishes of the rest of the replica, between steps and with the Now of the last one.

    /// A leader sends a renewal at once, or as soon as what is in flight is answered. It has
    /// counted when leadership().renewed_sent has reached the present now.
    void want_renewal(Now now, Effects& out);
    /// A leader abdicates: closes its gate, releases what is its own, sits out one lease.
    void give_up(Now now, Effects& out);
    /// Before `until` nothing is released, whatever asks for it: what this process sent elsewhere
    /// may land until then. A record that is not released grows old, as after a crash.
    void hold_release(Instant until) { release_held_until_ = until; }
    /// So many leaderships of this process in a row were given up in vain, and nobody has had
    /// success since: it leaves others the time to take the Lease first, up to a retryPeriod.
    void stand_back(std::uint32_t given_up);
    /// The work of a stopping leader has ended: it closes its gate and releases.
    void drained(Now now, Effects& out);

    /// Shows what still matters of the state (StateVisitor, and `lease(LeasePtr)` of one known):
    /// where two electors of one configuration show the same, the same events have the same
    /// effects from there on.
    template <class Visitor>
    void visit(Visitor& visitor) const;

    friend bool operator==(const Elector& a, const Elector& b);

  private:
    // elector.cpp: the frame of a step, and the only writers of the role
    template <class Action>
    void run(Now now, Effects& out, const Action& action);
    void settle(Now now, Effects& out);
    void check_step(Now now, const Leadership& before) const;
    void close_gate(Now now, Effects& out);
    void become_following(Now now, Instant sit_out_until);
    void become_leading(Now now, const election::OwnWrite& write, Effects& out);
    void become_releasing(Now now, const election::Releasing& releasing);
    void become_done(Effects& out);

    // plan.cpp: what each role does next, and what an own record lets it do
    [[nodiscard]] election::Plan plan(Instant now) const;
    void pursue(Now now, Effects& out);
    void confirm(Now now, Effects& out);

    // proof.cpp: the container that holds the Lease, and its end
    void on(const OwnContainer& event);
    void on(const HolderEnded& event, Effects& out);
    void weigh_proof(Effects& out);
    void name_container(Lease& lease, Effects& out) const;

    // observe.cpp: what is learned of the Lease
    void on(Now now, const LeaseWatched& event, Effects& out);
    void on_found(Now now, const election::Request& request, const LeasePtr& lease, Effects& out);
    void on_missing(Now now, const election::Request& request, Effects& out);
    void observe(Now now, const LeasePtr& lease, election::LeaseView::Source source, Effects& out);
    void lost(Now now, Effects& out);
    void restored(Now now, const LeasePtr& lease, Effects& out);
    void open_watch(Now now, Effects& out);
    void lose_watch(Effects& out);

    // send.cpp: requests and their answers
    void send_look(Now now, Effects& out);
    void send_write(Now now, election::WriteKind kind, Effects& out);
    [[nodiscard]] Duration room(Now now) const;
    void on(Now now, const LeaseAnswered& event, Effects& out);
    void on_written(Now now, const election::Request& request, const LeasePtr& lease, Effects& out);

    // release.cpp: stopping and abdicating
    void on(Now now, const Stop& event, Effects& out);
    void end_leadership(Now now, Effects& out);

    ElectorConfig config_;
    election::Progress progress_;
    election::LeaseView view_;
    election::OwnRecord own_;
    election::LeaseWatch watch_;
    election::Requests requests_;
    election::HolderProof proof_;
    ContainerPtr container_;        ///< that this process runs in; null = not known
    Instant landing_until_{};       ///< how long proofs have spared waiting
    Instant release_held_until_{};  ///< of the Lease, by the rest of the replica
    Duration stand_back_{0};        ///< after the Lease is free
    election::RoleState role_ = election::Following{};
    Leadership leadership_;
};

template <class Visitor>
void Elector::visit(Visitor& visitor) const {
    const Duration step = config_.client_go_peers ? Duration(std::chrono::seconds(1))
                                                  : Duration(std::chrono::microseconds(1));
    progress_.visit(visitor);
    std::visit([&](const auto& role) { role.visit(visitor); }, role_);
    view_.visit(visitor, 2 * config_.retry_period,
                config_.client_go_peers || config_.believe_ended_holder);
    own_.visit(visitor, config_.effective_renew_deadline(), step);
    requests_.visit(visitor, config_.retry_period);
    const election::Request* sent = requests_.in_flight();
    const Duration silence = 3 * config_.retry_period;
    watch_.visit(visitor, sent ? std::optional(sent->sent_at) : std::nullopt, silence);
    // Of these three the newest alone is asked about, and while a watch is open.
    if (watch_.open())
        visitor.since(std::max({watch_.last_heard(), view_.since(), requests_.last_look}), silence);
    // Validity counts from that send, so its end says both.
    if (leadership_.role == Role::leader) visitor.until(leadership_.valid_until);
    visitor.value(leadership_.draining);
    visitor.until(release_held_until_);
    visitor.value(stand_back_.count());
    proof_.visit(visitor, view_.lease() ? &view_.lease()->record : nullptr);
    visitor.name(container_ ? container_->id : std::string());
    // What the storage is told of it is of no account to electors alone.
}

}  // namespace leasehold
