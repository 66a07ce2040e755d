// The electors of five libraries, for comparison with ours and for groups of both on one Lease.
//
// Each does what its library does, mistakes included. What they leave out: README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/base/random.hpp"
#include "sim/peers/library_config.hpp"
#include "sim/peers/line.hpp"
#include "sim/peers/peer.hpp"

namespace leasehold::sim {

/// Python's LeaderElection with a LeaseLock: no request has a time-out, and the renew deadline is
/// looked at between requests.
class PythonElector {
  public:
    explicit PythonElector(std::string identity);
    void step(Now now, const Event& event, Effects& out);
    [[nodiscard]] Instant next_deadline() const { return line_.stopped() ? kNever : wake_; }
    [[nodiscard]] std::string summary() const { return line_.summary("Python"); }

  private:
    void woke(Now now, Effects& out);
    void answered(Now now, const LeaseReply& reply, Effects& out);
    void found(Now now, const LeasePtr& lease, Effects& out);
    void attempt_ended(Now now, bool succeeded);
    void observe(Now now, const LeaseRecord& record);

    Line line_;
    Instant wake_ = kNever;  ///< end of a sleep
    bool polling_ = false;   ///< inside the inner loop of renew_loop
    WallTime poll_ends_;
    bool writing_ = false;  ///< the request in flight is a write
    LeaseRecord wanted_;
    std::optional<LeaseRecord> observed_;
    WallTime observed_at_;
    WallTime attempted_;
    std::optional<MarkId> gain_;
};

/// LeaderElector of the official Java client.
class OfficialJavaElector {
  public:
    OfficialJavaElector(std::string identity, bool release, std::uint64_t seed);
    void step(Now now, const Event& event, Effects& out);
    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] std::string summary() const { return line_.summary("official Java"); }

  private:
    enum class Phase : std::uint8_t { acquiring, renewing, closing };

    void run(Now now);
    void close(Now now, Effects& out);
    void woke(Now now, Effects& out);
    void answered(Now now, const LeaseReply& reply, Effects& out);
    void found(Now now, const LeasePtr& lease, Effects& out);
    void attempt(Now now, Effects& out);
    void attempt_ended(Now now, bool succeeded);
    void observe(Now now, const LeaseRecord& record);

    Line line_;
    bool release_;
    Random random_;
    Phase phase_ = Phase::acquiring;
    Duration delay_{};             ///< between two attempts to acquire: drawn once in each run
    Instant attempt_at_ = kNever;  ///< of the next attempt
    Instant attempt_by_ = kNever;  ///< the attempt under way is cancelled then
    Instant look_at_ = kNever;     ///< the thread that waits for `acquired_` looks again
    Instant deadline_ = kNever;    ///< of one renewal
    bool acquired_ = false;
    bool renewed_ = false;  ///< the sleep is the one behind a renewal
    bool writing_ = false;
    LeasePtr cached_;
    LeaseRecord wanted_;
    std::optional<LeaseRecord> observed_;
    WallTime observed_at_;
    WallTime attempted_;
    std::optional<MarkId> gain_;
    Term term_;
};

/// fabric8's LeaderElector: it believes the holder's timestamps, and stops when it reads another.
class Fabric8Elector {
  public:
    Fabric8Elector(std::string identity, bool release, std::uint64_t seed);
    void step(Now now, const Event& event, Effects& out);
    [[nodiscard]] Instant next_deadline() const { return line_.stopped() ? kNever : wake_; }
    [[nodiscard]] std::string summary() const { return line_.summary("fabric8"); }

  private:
    enum class Call : std::uint8_t { get, write, release_get, release_write };

    void woke(Now now, Effects& out);
    void answered(Now now, const LeaseReply& reply, Effects& out);
    void found(Now now, const LeasePtr& lease, Effects& out);
    void written(Now now, const LeasePtr& lease, Effects& out);
    void stop_leading(Now now, Effects& out);
    void run_ended(Now now, Effects& out);
    void schedule(Now now);

    Line line_;
    bool release_;
    Random random_;
    Instant wake_ = kNever;
    Instant attempted_ = Instant::min();
    WallTime renew_by_;
    bool stopping_ = false;
    Call call_ = Call::get;
    LeaseRecord wanted_;
    std::optional<MarkId> gain_;
};

/// kubert's LeaseManager: leads until the wall-clock instant that its own record names.
class KubertElector {
  public:
    KubertElector(std::string identity, bool release);
    void step(Now now, const Event& event, Effects& out);
    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] std::string summary() const { return line_.summary("kubert"); }

  private:
    enum class Call : std::uint8_t { init, get, create, acquire, renew, vacate };
    struct Claim {
        std::string holder;
        WallTime expiry;
    };

    void stop(Now now, Effects& out);
    void send(Now now, Call call, LeaseRecord record, Effects& out);
    void answered(Now now, const LeaseReply& reply, Effects& out);
    void read(Now now, const LeasePtr& lease);
    void ensure_claimed(Now now, Effects& out);
    void claimed(Now now, Effects& out);
    void failed(Now now, Effects& out);
    void begin_again(Now now, Effects& out);
    [[nodiscard]] bool mine() const { return claim_ && claim_->holder == line_.identity(); }

    Line line_;
    bool release_;
    Instant wake_ = kNever;
    bool known_ = false;  ///< init has read the Lease
    bool ran_ = false;    ///< spawn has returned: from now on failures are tried again
    int retries_ = 0;
    Call call_ = Call::init;
    LeasePtr lease_;  ///< the state's metadata
    std::optional<Claim> claim_;
    std::optional<MarkId> gain_;
};

/// kube-leader-election's LeaseLock in the loop of its README, every 5 s: errors keep the flag.
class KubeLeaderElectionElector {
  public:
    KubeLeaderElectionElector(std::string identity, bool release);
    void step(Now now, const Event& event, Effects& out);
    [[nodiscard]] Instant next_deadline() const { return line_.stopped() ? kNever : wake_; }
    [[nodiscard]] std::string summary() const { return line_.summary("kube-leader-election"); }

  private:
    enum class Call : std::uint8_t { get, create, patch };
    enum class Patch : std::uint8_t { none, renew, acquire, release };

    void answered(Now now, const LeaseReply& reply, Effects& out);
    void found(Now now, const LeasePtr& lease, Effects& out);
    void patch(Now now, const LeasePtr& lease, Effects& out);
    void ended(Now now);

    Line line_;
    bool release_;
    Instant wake_ = kNever;
    bool stopping_ = false;
    Call call_ = Call::get;
    Patch patch_ = Patch::none;  ///< decided, whatever the Lease says by now: it has no version
    LeaseRecord wanted_;
    std::optional<MarkId> gain_;
};

/// The elector of that library, of a process that starts.
[[nodiscard]] Peer make_peer(Library library, bool release, const PeerStart& start);

}  // namespace leasehold::sim
