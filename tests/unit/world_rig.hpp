// The channels of the world without replicas: requests are sent by hand, answers are collected.
//
// Everything but the processes is the world's own: paths, faults, both channels, both servers.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "model/replica/replica.hpp"
#include "sim/engine/engine.hpp"
#include "sim/world/api_channel.hpp"
#include "sim/world/bucket_channel.hpp"
#include "sim/world/faults.hpp"
#include "sim/world/hosts.hpp"
#include "sim/world/kubelets.hpp"
#include "sim/world/paths.hpp"
#include "sim/world/workload.hpp"

namespace leasehold::sim {

using namespace std::chrono_literals;

inline TrueTime at(Duration since_start) {
    return TrueTime(since_start);
}

inline constexpr Duration kOneWay = 5ms;    ///< a message
inline constexpr Duration kHandling = 2ms;  ///< a request at its server

/// Two replicas; every latency constant, so that each date of an answer is known.
inline Scenario channel_scenario() {
    Scenario scenario;
    scenario.name = "channels";
    scenario.duration = 20min;
    scenario.values.replicas = 2;
    scenario.values.leader_follower = true;
    scenario.values.bucket_secret = "secret";
    scenario.network.latency = LatencySpec{0ns, kOneWay, kOneWay};
    const LatencySpec handling{0ns, kHandling, kHandling};
    scenario.api.latency = handling;
    scenario.bucket.get = scenario.bucket.put = scenario.bucket.list = handling;
    scenario.workload.enabled = false;
    return scenario;
}

/// A fault on replica 0 at `when`.
inline Fault fault_at(Duration when, FaultKind kind, std::optional<Duration> lasts = {}) {
    Fault fault;
    fault.kind = kind;
    fault.trigger.at = when;
    fault.target.kind = TargetKind::replica;
    fault.lasts = lasts;
    return fault;
}
inline Fault request_fault(FaultKind kind, RequestKind request, Duration by = 0s) {
    Fault fault = fault_at(0s, kind);
    fault.requests = {request};
    fault.by = by;
    return fault;
}

/// The one engine of this process.
inline Engine& the_engine() {
    static Engine engine([] {
        PlatformSpec spec;
        for (const char* name : {"api", "bucket", "replica-0", "replica-1"})
            spec.hosts.push_back({name, {}});
        spec.tcp_window_bytes = 64ULL << 20;
        return spec;
    }());
    return engine;
}

class Rig final : public Client, private Observer {
  public:
    /// What a process was told.
    struct Told {
        TrueTime at;
        ReplicaIndex replica = kNobody;
        Instant clock;
        Event event;
    };

    explicit Rig(Scenario scenario)
        : scenario_(std::move(scenario)), run_(*this, scenario_), parts_(scenario_, *this) {}

    /// `act` happens at `when`.
    void script(Duration when, std::function<void()> act) {
        acts_.push_back(std::move(act));
        the_engine().at(TrueTime(when), kScript, 0, acts_.size() - 1);
    }
    void run() {
        parts_.faults.plan();
        the_engine().run();
    }

    void send_at(Duration when, const SendLease& request, ReplicaIndex replica = 0) {
        script(when, [this, request, replica] { parts_.api.send(replica, request); });
    }
    void send_at(Duration when, const SendBucket& request, ReplicaIndex replica = 0) {
        script(when, [this, request, replica] { parts_.bucket.send(replica, request); });
    }

    [[nodiscard]] Host& host(ReplicaIndex replica) { return parts_.context.hosts[replica]; }
    [[nodiscard]] ApiChannel& api() { return parts_.api; }
    [[nodiscard]] BucketChannel& bucket() { return parts_.bucket; }
    [[nodiscard]] Hosts& hosts() { return parts_.hosts; }
    [[nodiscard]] Faults& faults() { return parts_.faults; }
    /// The machine's clock runs at another rate from now on.
    void set_rate(ReplicaIndex replica, std::int64_t rate_ppb) {
        host(replica).paused = rate_ppb == -1'000'000'000;  // as asleep: no timers either
        host(replica).clock.set_rate(the_engine().now(), rate_ppb);
        parts_.hosts.clock_changed(replica);
    }
    [[nodiscard]] Recorder& recorder() { return parts_.context.recorder; }

    std::vector<Told> told;
    std::vector<LeaseCommitted> lease_commits;
    std::vector<ObjectCommitted> object_commits;
    std::vector<FaultTookEffect> effects;
    std::vector<std::pair<TrueTime, PathChanged>> paths;

    /// Answers to that request.
    template <class Answer>
    std::vector<std::pair<Told, Answer>> answers(std::uint64_t request) const {
        std::vector<std::pair<Told, Answer>> found;
        for (const Told& one : told)
            if (const auto* answer = std::get_if<Answer>(&one.event))
                if (answer->request.value() == request) found.emplace_back(one, *answer);
        return found;
    }
    std::vector<std::pair<Told, LeaseWatched>> watched() const {
        std::vector<std::pair<Told, LeaseWatched>> found;
        for (const Told& one : told)
            if (const auto* event = std::get_if<LeaseWatched>(&one.event))
                found.emplace_back(one, *event);
        return found;
    }

  private:
    static constexpr std::uint32_t kScript = 1000;

    /// Opens the engine's run before the parts are made, closes it after them.
    struct OpenRun {
        OpenRun(Client& client, const Scenario& scenario) {
            std::vector<HostLinks> links(4);
            for (HostIndex i = 0; i < 4; ++i) {
                const LinkSpec link{1.25e8, i < 2 ? Duration(0) : kOneWay};
                links[i] = HostLinks{link, link};
            }
            the_engine().begin_run(client, 1, scenario.duration, links);
        }
        ~OpenRun() { the_engine().end_run(); }
        OpenRun(const OpenRun&) = delete;
        OpenRun& operator=(const OpenRun&) = delete;
    };
    struct Parts {
        Parts(const Scenario& scenario, Observer& observer)
            : context{the_engine(), scenario, 1, Recorder{}, machines(), Slab<Mail>{}, {}},
              paths(context),
              hosts(context),
              faults(context, paths, hosts),
              api(context, paths, faults),
              bucket(context, paths, faults),
              workload(context, hosts),
              kubelets(context, paths) {
            hosts.connect(api, bucket, faults, workload, kubelets);
            faults.connect(api, bucket, kubelets);
            api.connect(kubelets);
            kubelets.connect(api);
            context.recorder.add(&observer);
        }
        /// Processes that are there, but are never stepped.
        static std::vector<Host> machines() {
            std::vector<Host> two(2);
            for (ReplicaIndex i = 0; i < 2; ++i) {
                two[i].name = replica_name(i);
                two[i].clock = MachineClock(Instant(std::chrono::seconds(1000 * (i + 1))), 0s, 0);
                ReplicaConfig config;
                config.election.emplace();
                config.election->identity = two[i].name;
                two[i].replica = Peer(Replica(config));
                two[i].incarnation = 1;
            }
            return two;
        }
        Context context;
        Paths paths;
        Hosts hosts;
        Faults faults;
        ApiChannel api;
        BucketChannel bucket;
        Workload workload;
        Kubelets kubelets;
    };

    void due(const Due& event) override {
        switch (static_cast<Kind>(event.kind)) {
            case Kind::mail:
                deliver(event.target, event.data);
                return;
            case Kind::lease_arrives:
                parts_.api.request_arrives(event.data);
                return;
            case Kind::lease_deadline:
                parts_.api.deadline(event.data);
                return;
            case Kind::watch_opens:
                parts_.api.watch_opens(event.data);
                return;
            case Kind::bookmark:
                parts_.api.bookmark(event.data);
                return;
            case Kind::bucket_arrives:
                parts_.bucket.request_arrives(event.data);
                return;
            case Kind::bucket_applies:
                parts_.bucket.upload_applies(event.data);
                return;
            case Kind::bucket_deadline:
                parts_.bucket.deadline(event.data);
                return;
            case Kind::fault_due:
                parts_.faults.due(event.data);
                return;
            case Kind::fault_ends:
                parts_.faults.ends(event.data);
                return;
            case Kind::wake:
                return;  // nobody is stepped here
            default:
                break;
        }
        if (event.kind == kScript) acts_[event.data]();
    }
    void flow_ended(FlowId flow, bool finished) override {
        parts_.bucket.flow_ended(flow, finished);
    }

    // As Hosts::deliver, but for the step.
    void deliver(ReplicaIndex replica, std::uint64_t handle) {
        Mail& letter = *parts_.context.mail.find(handle);
        if (parts_.hosts.reaches(replica, letter)) {
            const Instant clock = host(replica).clock.monotonic(the_engine().now());
            told.push_back({the_engine().now(), replica, clock, std::move(letter.event)});
        }
        parts_.context.mail.drop(handle);
    }

    void on(const LeaseCommitted& record) override { lease_commits.push_back(record); }
    void on(const ObjectCommitted& record) override { object_commits.push_back(record); }
    void on(const FaultTookEffect& record) override {
        effects.push_back(record);
        effects.back().what = {};  // valid during the call only
    }
    void on(const PathChanged& record) override { paths.emplace_back(record.at, record); }

    Scenario scenario_;
    std::vector<std::function<void()>> acts_;
    OpenRun run_;
    Parts parts_;
};

/// Requests by hand.
inline SendLease lease_request(std::uint64_t id, LeaseVerb verb, LeasePtr body = nullptr,
                               Duration timeout = 5s) {
    return SendLease{RequestId{id}, verb, std::move(body), timeout};
}
inline LeasePtr new_lease(std::string holder) {
    auto lease = std::make_shared<Lease>();
    lease->record.holder = std::move(holder);
    lease->record.duration_seconds = 15;
    return lease;
}
inline ObjectBodyPtr object(std::uint64_t digest, std::uint64_t size) {
    auto body = std::make_shared<ObjectBody>();
    body->payload.size = size;
    body->payload.digest = ContentDigest{digest, digest};
    return body;
}
inline SendBucket bucket_request(std::uint64_t id, BucketVerb verb, const std::string& key,
                                 ObjectBodyPtr body = nullptr, Duration timeout = 10s) {
    SendBucket request;
    request.request = RequestId{id};
    request.verb = verb;
    request.key = ObjectKey(key);
    request.body = std::move(body);
    request.timeout = timeout;
    return request;
}

}  // namespace leasehold::sim
