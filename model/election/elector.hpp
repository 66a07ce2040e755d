// Elector: one candidate for a Kubernetes Lease, as a pure state machine.
//
// Wire-compatible with client-go on the same Lease; what differs in substance is argued at each
// clause in the .cpp files. Inputs: events and Now. Outputs: effects and next_deadline().
//
// What is known of the Lease (observe.cpp) is common to all roles; what is done about it is the
// role's: following (follow.cpp), leading (lead.cpp), releasing and done (release.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/base/random.hpp"
#include "model/base/time.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/leadership.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold {

struct ElectorConfig {
    std::string identity;  ///< holderIdentity; unique per process start
    Duration lease_duration = std::chrono::seconds(15);  ///< whole seconds >= 1 (the wire's unit)
    std::optional<Duration> renew_deadline;  ///< none = auto: lease*(1-2*drift) - margin
    Duration retry_period = std::chrono::seconds(2);
    std::int64_t drift_ppm = 2000;  ///< bound on any clock's rate error, in ppm
    Duration margin = std::chrono::milliseconds(50);
    bool client_go_peers = false;  ///< renewTimes then differ by whole seconds
    std::uint64_t seed = 0;        ///< of the nonces

    /// The renewDeadline in force: the one given, or `auto` in whole nanoseconds, rounded down.
    [[nodiscard]] Duration effective_renew_deadline() const;
    /// How long one attempt may take: at least three fit between a renewal and the gate's end.
    [[nodiscard]] Duration attempt_timeout() const;
    /// What is wrong, each message naming both values; empty when valid.
    [[nodiscard]] std::vector<std::string> problems() const;

    friend bool operator==(const ElectorConfig&, const ElectorConfig&) = default;
};

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
    [[nodiscard]] Instant next_deadline() const { return deadline_; }
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
    /// The work of a stopping leader has ended: it closes its gate and releases.
    void drained(Now now, Effects& out);

    friend bool operator==(const Elector& a, const Elector& b);

  private:
    /// Why a write was sent.
    enum class WriteKind : std::uint8_t {
        take_free,     ///< PUT on an empty holder that was released
        take_expired,  ///< PUT at the expiry of another's record, the proof of it
        take_own,      ///< PUT on an own record whose gate has closed
        take_created,  ///< PUT on a record that this process created, after the full wait
        create,        ///< POST by a follower: no proof of anything
        recreate,      ///< POST by a leader with an open gate
        renew,
        release
    };
    /// What is in flight.
    struct Request {
        RequestId id;
        LeaseVerb verb = LeaseVerb::get;
        WriteKind kind = WriteKind::renew;  ///< writes only
        std::uint64_t nonce = 0;            ///< writes only
        Instant sent_at{};
        Version known;            ///< known_ when it was sent; a PUT's precondition
        bool was_absent = false;  ///< the Lease was known to be missing then
        friend bool operator==(const Request&, const Request&) = default;
    };
    /// A write of this process that is the present record or may still become it.
    struct OwnWrite {
        std::uint64_t nonce = 0;
        WallTime renew_time;
        Instant sent_at{};
        WriteKind kind = WriteKind::renew;
        Version precondition;  ///< PUT only
        bool counts = true;    ///< may still open or extend a gate: false after a loss, a release
        bool proven = true;    ///< nobody else leads while this is the record: not so for a create
        friend bool operator==(const OwnWrite&, const OwnWrite&) = default;
    };
    /// The newest record seen; its lease is never null.
    struct Observed {
        LeasePtr lease;
        Instant since{};           ///< when this record (its key, not its version) was first seen
        bool quarantined = false;  ///< first seen in a restored cluster: never free at once
        WriteKind take = WriteKind::take_expired;  ///< how to take it
        Instant free_at{};                         ///< from when on
        friend bool operator==(const Observed& a, const Observed& b) {
            return (a.lease == b.lease || *a.lease == *b.lease) && a.since == b.since &&
                   a.quarantined == b.quarantined && a.take == b.take && a.free_at == b.free_at;
        }
    };
    struct Watch {
        WatchId id;
        Instant last_heard{};
        friend bool operator==(const Watch&, const Watch&) = default;
    };

    struct Following {
        Instant sit_out_until{};  ///< contends from then on (abdication)
        friend bool operator==(const Following&, const Following&) = default;
    };
    struct Leading {
        std::uint64_t acquisition = 0;
        WallTime acquire_time;
        std::int32_t transitions = 0;
        bool renewal_wanted = false;
        Instant stop_deadline = kNever;  ///< draining if set
        friend bool operator==(const Leading&, const Leading&) = default;
    };
    struct Releasing {
        bool stopping = false;
        Instant deadline{};       ///< no try after this
        Instant sit_out_until{};  ///< unless stopping
        friend bool operator==(const Releasing&, const Releasing&) = default;
    };
    struct Done {
        friend bool operator==(const Done&, const Done&) = default;
    };
    using RoleState = std::variant<Following, Leading, Releasing, Done>;

    /// What the invariants of a step look at.
    struct Summary {
        std::size_t role = 0;
        Leadership leadership;
        Version known;
    };

    // elector.cpp: the frame of a step, and the only writers of the role
    template <class Action>
    void run(Now now, Effects& out, const Action& action);
    void settle(Now now, Effects& out);
    void pursue(Now now, Effects& out);
    [[nodiscard]] Instant due() const;
    [[nodiscard]] Summary summary() const;
    void check_step(Now now, const Summary& before) const;
    void become_following(Now now, Instant sit_out_until);
    void become_leading(Now now, OwnWrite& write, Effects& out);
    void become_releasing(Now now, const Releasing& releasing);
    void become_done(Effects& out);
    void close_gate(Now now, Effects& out);

    // observe.cpp: what is known of the Lease
    void on(Now now, const LeaseWatched& event, Effects& out);
    void on_looked(Now now, const Request& request, const LeaseReply& reply, Effects& out);
    void on_found(Now now, const Request& request, const LeasePtr& lease, Effects& out);
    void on_missing(Now now, const Request& request, Effects& out);
    void observe(Now now, const LeasePtr& lease, Effects& out);
    void note_history(const Lease& lease);
    void reassess();
    void restored(Now now, const LeasePtr& lease, Effects& out);
    [[nodiscard]] bool released_for_all(const LeaseRecord& record) const;
    [[nodiscard]] OwnWrite* own(const LeaseRecord& record);
    [[nodiscard]] OwnWrite* own_observed();
    void prune_writes();
    void open_watch(Now now, Effects& out);
    void lose_watch(Now now, Effects& out);
    [[nodiscard]] Instant silence_ends() const;

    // send.cpp: requests and their answers
    void send_look(Now now, Effects& out);
    void send_write(Now now, WriteKind kind, Effects& out);
    [[nodiscard]] LeaseRecord record_to_write(Now now, WriteKind kind, std::uint64_t nonce);
    [[nodiscard]] WallTime next_renew_time(WallTime wall);
    [[nodiscard]] Duration timeout(Now now) const;
    [[nodiscard]] Instant retry_at(Now now, const Request& request, const LeaseReply& reply) const;
    void on(Now now, const LeaseAnswered& event, Effects& out);
    void on_write_answered(Now now, const Request& request, const LeaseReply& reply, Effects& out);
    void on_written(Now now, const Request& request, const LeasePtr& lease, Effects& out);
    void on_refused(Now now, const Request& request, const LeaseReply& reply, Effects& out);
    void must_look(Now now);

    // follow.cpp
    void follow(Now now, Effects& out);
    void grant(Now now, OwnWrite& write, Effects& out);
    [[nodiscard]] Instant take_at() const;
    [[nodiscard]] Instant create_at() const;

    // lead.cpp
    void lead(Now now, Effects& out);
    void extend(OwnWrite& write, Effects& out);
    void lose_to_foreign(Now now, Effects& out);

    // release.cpp
    void on(Now now, const Stop& event, Effects& out);
    void release_leadership(Now now, Effects& out);
    void wind_down(Now now, Effects& out);
    void end_release(Now now, Effects& out);

    ElectorConfig config_;
    Duration renew_deadline_;
    Duration attempt_timeout_;

    // The process
    Instant last_now_ = Instant::min();
    Instant deadline_ = kNever;
    bool started_ = false;
    Random random_;
    std::uint64_t requests_ = 0;  ///< sent so far; ids are 2n - 1
    std::uint64_t watches_ = 0;

    // What is known of the Lease
    Version known_;                        ///< newest version seen in an answer or event
    std::optional<Observed> observed_;     ///< none before the first look and while missing
    std::optional<Instant> absent_since_;  ///< first authoritative absence since it was last seen
    Duration largest_duration_{0};         ///< of any record seen
    std::string uid_;                      ///< of the Lease that the next two are about
    bool annotated_ = false;               ///< a record of it carried our annotations
    std::uint64_t stale_mark_ = 0;         ///< a release mark left over on a held record
    std::optional<Watch> watch_;

    // What this process does about it
    std::vector<OwnWrite> writes_;  ///< few, newest last
    std::optional<WallTime> last_renew_time_;
    Instant newest_sent_ = Instant::min();  ///< of the newest own write
    std::optional<Request> in_flight_;
    bool must_look_ = false;              ///< no write before an authoritative GET
    Instant look_at_ = kNever;            ///< next GET
    Instant last_look_ = Instant::min();  ///< when the last GET was sent
    Instant write_at_ = Instant::min();   ///< no write before; a leader's next renewal
    std::optional<Version> refused_;      ///< precondition of the last write that met a conflict
    Term last_term_;

    RoleState role_ = Following{};
    Leadership leadership_;
};

}  // namespace leasehold
