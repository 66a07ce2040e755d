// Host: drives one Replica against a real Lease, a real bucket and local files.
//
// It performs effects in their order and turns answers into events; it decides nothing. One loop,
// one thread: every event becomes one step, at the time read for that step.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/base/duties.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/base/socket_set.hpp"
#include "agent/base/timer.hpp"
#include "agent/base/write_gate.hpp"
#include "agent/bucket/bucket_client.hpp"
#include "agent/config/config.hpp"
#include "agent/files/file_store.hpp"
#include "agent/host/recorder.hpp"
#include "agent/host/state_log.hpp"
#include "agent/host/watchdog.hpp"
#include "agent/http/service.hpp"
#include "agent/lease/leader_events.hpp"
#include "agent/lease/lease_client.hpp"
#include "agent/lease/own_pod.hpp"
#include "agent/lease/pod_watch.hpp"
#include "agent/metrics/metrics.hpp"
#include "model/replica/replica.hpp"

namespace leasehold::agent {

class Host final : public Service {
  public:
    /// Opens the files, sets up the clients, starts nothing. Throws std::exception in one line.
    Host(asio::io_context& loop, const AgentConfig& config, Metrics& metrics);
    ~Host() override;

    /// The process begins.
    void start();
    /// Ends in order: drains, releases; `stopped` is called at `deadline` at the latest.
    void stop(Instant deadline, std::function<void()> stopped);

    CallId read(const ObjectKey& key, const ETag& known, Instant deadline,
                std::function<void(const ReadDone&)> done) override;
    CallId write(const ObjectKey& key, Blob payload,
                 std::function<void(const WriteDone&)> done) override;
    CallId remove(const ObjectKey& key, std::function<void(const WriteDone&)> done) override;
    CallId query(const ObjectKey& key, Instant deadline,
                 std::function<void(const QueryDone&)> done) override;
    void cancel(CallId call) override;
    [[nodiscard]] Status status() override;
    [[nodiscard]] std::vector<IndexEntry> index(const std::string& prefix) const override;
    [[nodiscard]] bool ready() const override;

  private:
    template <class Done>
    using Waiting = std::map<CallId, std::function<void(const Done&)>>;

    template <class Done, class MakeEvent>
    CallId ask(Waiting<Done>& waiting, std::function<void(const Done&)> done, Done otherwise,
               const MakeEvent& event);
    void give(Event event);
    void step(const Event& event);
    void perform(const Effect& effect);

    void on(const RoleChanged& change);
    void on(const GateMoved& gate);
    void on(const Stopped&);
    void on(const SendLease& request);
    void on(const WatchLease& request);
    void on(const StopWatch& request);
    void on(const WatchHolder& request);
    void on(const StopHolderWatch&);
    void on(const SendBucket& request);
    void on(const AbortBucket& request);
    void on(const ResumeBucket& request);
    void on(const SendFile& request);
    void on(const ReadDone& done);
    void on(const WriteDone& done);
    void on(const QueryDone& done);
    void on(const Mark&) {}

    void look_at_pods(const AgentConfig& config, const LeaseClient::Deliver& deliver);
    [[nodiscard]] bool took_after_end() const;
    void not_sent(RequestId request);
    [[nodiscard]] bool with_bytes(SendBucket& request) const;
    void count_bytes(const Event& event);

    asio::io_context& loop_;
    Metrics& metrics_;
    std::string name_;
    std::string identity_;
    bool elects_ = false;
    ReplicaConfig configured_;
    FilePool pool_;
    WriteGate gate_;
    SocketSet uploads_;
    Watchdog watchdog_;
    std::uint64_t interventions_ = 0;  ///< of the watchdog, counted so far
    Duties duties_;
    std::unique_ptr<FileStore> files_;
    std::unique_ptr<BucketClient> bucket_;
    std::unique_ptr<LeaseClient> lease_;
    std::unique_ptr<LeaderEvents> leader_events_;
    std::unique_ptr<PodWatch> holder_watch_;  ///< this and the next: where an end is believed
    std::unique_ptr<OwnPod> own_pod_;
    Instant ready_from_ = Instant::min();
    std::unique_ptr<Recorder> recorder_;
    StateLog log_;
    Replica replica_;
    BoottimeTimer timer_;

    std::deque<Event> events_;
    bool stepping_ = false;
    Effects effects_;
    bool started_ = false;
    bool stopping_ = false;
    bool stopped_ = false;
    Instant stop_by_ = kNever;
    std::function<void()> on_stopped_;

    std::uint64_t last_call_ = 0;
    Waiting<ReadDone> reads_;
    Waiting<WriteDone> writes_;
    Waiting<QueryDone> queries_;
};

}  // namespace leasehold::agent
