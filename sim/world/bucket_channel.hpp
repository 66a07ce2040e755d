// BucketChannel: the way between the replicas and the bucket. Objects travel as flows.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "sim/world/api_channel.hpp"
#include "sim/world/bucket.hpp"
#include "sim/world/context.hpp"
#include "sim/world/paths.hpp"
#include "sim/world/server_state.hpp"

namespace leasehold::sim {

class BucketChannel {
  public:
    BucketChannel(Context& context, Paths& paths, Faults& faults);

    void send(ReplicaIndex replica, const SendBucket& request);
    /// No permit: answered by a later event, certainly not sent.
    void refuse(ReplicaIndex replica, RequestId request);
    /// The driver shuts the connection. What has left completely may still be applied.
    void abort(ReplicaIndex replica, RequestId request);
    /// The rest of a stalled put leaves now.
    void resume(ReplicaIndex replica, RequestId request);

    void request_arrives(std::uint64_t handle);
    void upload_applies(std::uint64_t handle);
    void deadline(std::uint64_t handle);
    void flow_ended(FlowId flow, bool finished);
    /// A path was cut, or the store is down: transfers stall, and their time-outs answer.
    void transfers_stall();

    /// Is this machine's wall clock so far off that the store refuses what it signs?
    [[nodiscard]] bool skewed(ReplicaIndex replica) const;
    /// Begins (+1) or ends (-1): the store answers nothing and applies nothing.
    void outage(int by);
    /// Likewise: it does nothing, and when the last one ends all that came.
    void freeze(int by);
    /// Each LIST leaves out this share of its keys, drawn anew; 0: none.
    void omit(std::int64_t ppm) { omitted_ppm_ = ppm; }
    [[nodiscard]] Bucket& store() { return bucket_; }
    /// Damages the objects that `fault` chooses; false if there were none. Those that it archives
    /// are added to `archived`.
    bool damage(const Fault& fault, std::vector<Bucket::Laid>& archived);
    /// An object that was there before the run.
    void plant(const ObjectKey& key, ObjectBodyPtr body);

  private:
    struct Exchange {
        ReplicaIndex replica = kNobody;
        std::uint32_t incarnation = 0;
        SendBucket request;
        Instant deadline = kNever;
        TrueTime deadline_true{};
        Interference interference;
        std::optional<FlowId> flow;
        bool uploaded = false;  ///< a PUT whose bytes have all left
        bool over = false;      ///< applied, or lost for good
        bool answered = false;
        bool checked = false;                      ///< its condition held; it is stored later
        bool skewed = false;                       ///< signed by a clock that is too far off
        std::shared_ptr<const BucketReply> reply;  ///< of a GET whose object is on its way
    };

    void answer(std::uint64_t handle, std::shared_ptr<const BucketReply> reply, TrueTime when);
    void answer_unknown(Exchange& exchange, TrueTime when, bool timeout);
    void stall(std::uint64_t handle);
    void arrive(std::uint64_t handle);
    void apply(std::uint64_t handle);
    BucketReply handle(Exchange& exchange);
    void committed(const BucketChange& change, ReplicaIndex writer);
    [[nodiscard]] ListPagePtr some_of(const ListPage& page);
    void download(std::uint64_t handle, std::shared_ptr<const BucketReply> reply,
                  std::uint64_t bytes);
    const LatencyDraw& handling(BucketVerb verb) const;

    Context& context_;
    Paths& paths_;
    Faults& faults_;
    Bucket bucket_;
    LatencyDraw get_;
    LatencyDraw put_;
    LatencyDraw list_;
    Random random_;
    Slab<Exchange> exchanges_;
    std::map<FlowId, std::uint64_t> flows_;  ///< to the exchange
    Random omissions_;
    std::int64_t omitted_ppm_ = 0;
    ServerState state_;
};

}  // namespace leasehold::sim
