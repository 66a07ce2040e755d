#include "sim/world/hosts.hpp"

#include <algorithm>
#include <string>

#include "model/base/check.hpp"
#include "model/replica/replica.hpp"
#include "sim/peers/client_go.hpp"
#include "sim/peers/libraries.hpp"
#include "sim/world/api_channel.hpp"
#include "sim/world/bucket_channel.hpp"
#include "sim/world/faults.hpp"
#include "sim/world/kubelets.hpp"
#include "sim/world/request_kind.hpp"
#include "sim/world/workload.hpp"

namespace leasehold::sim {
namespace {

/// The scenario's elector of that replica; empty where it is ours.
Peer other_elector(const Scenario& scenario, const PeerStart& start) {
    const ElectorsSpec& electors = scenario.electors;
    if (!scenario.elects()) return Peer{};
    if (std::ranges::binary_search(electors.client_go, start.replica))
        return Peer(ClientGo(electors.client_go_config, start.identity, start.seed));
    for (std::size_t i = 0; i < kLibraries; ++i)
        if (const LibrarySpec& one = electors.libraries.at(i);
            std::ranges::binary_search(one.replicas, start.replica))
            return make_peer(static_cast<Library>(i), one.release, start);
    return Peer{};
}

ReplicaConfig configured(const Scenario& scenario, const PeerStart& start, bool upgraded) {
    ReplicaConfig config;
    if (scenario.elects()) {
        config.election = upgraded ? scenario.upgrade->election : scenario.election;
        config.election->identity = start.identity;
        config.election->seed = start.seed;
    }
    if (scenario.stores()) {
        config.storage = upgraded ? scenario.upgrade->storage : scenario.storage;
        config.storage->ha = scenario.elects();
        config.storage->identity = start.identity;
        config.storage->file_store = scenario.values.file_store;
    }
    return config;
}

}  // namespace

void Hosts::connect(ApiChannel& api, BucketChannel& bucket, Faults& faults, Workload& workload,
                    Kubelets& kubelets) {
    kubelets_ = &kubelets;
    api_ = &api;
    bucket_ = &bucket;
    faults_ = &faults;
    workload_ = &workload;
}

void Hosts::start(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    const Scenario& scenario = context_.scenario;
    CHECK(!host.running());
    ++host.incarnation;
    // POD_NAME and a nonce per start: a restarted pod never inherits its predecessor's record. A
    // real one has 64 bits; of these few, which people can read, none is given out twice.
    Random random = context_.stream("identity", replica * 1000ULL + host.incarnation);
    do {
        host.identity = host.name + "_";
        for (int digit = 0; digit < 4; ++digit)
            host.identity += "0123456789abcdef"[random.below(16)];
    } while (!host.identities.insert(host.identity).second);
    const std::vector<std::uint32_t>& alike = scenario.replicas.same_identity;
    if (std::ranges::binary_search(alike, replica))
        host.identity = replica_name(alike.front()) + "_same";
    PeerStart start{replica, host.identity, random.next(), {}};
    start.config = configured(scenario, start, host.upgraded);
    if (context_.make_peer) host.replica = context_.make_peer(start);
    if (!host.replica) host.replica = other_elector(scenario, start);
    if (!host.replica) host.replica = Peer(Replica(start.config));
    host.paused = host.busy = host.stopping = host.permitted = false;
    host.armed = kNever;
    host.effects.clear();
    host.performed = 0;
    host.role = Role::follower;
    if (!context_.engine.host_on(Context::machine(replica)))
        context_.engine.set_host_on(Context::machine(replica), true);
    ProcessStarted record;
    record.at = context_.now();
    record.replica = replica;
    record.name = host.name;
    record.identity = host.identity;
    record.elects = scenario.elects();
    record.clock = host.clock.piece();
    context_.recorder.started(record);
    kubelets_->started(replica);
    step(replica, Start{});
    if (host.running() && host.replica.takes_workload()) workload_->started(replica);
}

void Hosts::crash(ReplicaIndex replica, Disk disk, Duration age) {
    Host& host = context_.hosts[replica];
    cut_off_files(replica);
    if (disk == Disk::lose) host.disk.erase_all();
    if (disk == Disk::roll_back) host.disk.roll_back(context_.now() - age);
    if (!host.running()) return;
    context_.engine.set_host_on(Context::machine(replica), false);
    end(replica, EndCause::crashed);
}

void Hosts::end(ReplicaIndex replica, EndCause cause) {
    Host& host = context_.hosts[replica];
    host.replica = Peer{};
    host.inbox.clear();
    host.frozen.clear();
    host.effects.clear();
    host.performed = 0;
    host.paused = host.busy = host.stopping = host.permitted = false;
    host.armed = kNever;
    host.role = Role::stopped;
    ++host.arming;
    api_->process_ended(replica);
    ProcessEnded record;
    record.at = context_.now();
    record.replica = replica;
    record.cause = cause;
    context_.recorder.ended(record);
    kubelets_->ended(replica);
    workload_->ended(replica);
    if (cause == EndCause::stopped) faults_->process_stopped(replica);
}

void Hosts::stop(ReplicaIndex replica, Duration within) {
    Host& host = context_.hosts[replica];
    if (!host.running() || host.stopping) return;
    host.stopping = true;
    give(replica, Stop{host.clock.monotonic(context_.now()) + within});
}

void Hosts::pause(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    host.paused = true;
    ++host.halts;
}

void Hosts::resume(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    if (!host.running() || !host.paused) return;
    host.paused = false;
    if (!host.busy) goes_on(replica);
}

void Hosts::slow_step_ends(ReplicaIndex replica, std::uint64_t incarnation) {
    Host& host = context_.hosts[replica];
    if (!host.running() || host.incarnation != incarnation) return;
    host.busy = false;
    if (!host.paused) goes_on(replica);
}

void Hosts::goes_on(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    const std::uint32_t incarnation = host.incarnation;
    perform(replica);
    // What came meanwhile, in its order; a deadline that passed comes after it as a late Timer.
    std::vector<Mail> inbox = std::move(host.inbox);
    host.inbox.clear();
    for (std::size_t i = 0; i < inbox.size(); ++i) {
        if (!host.running() || host.incarnation != incarnation) return;
        if (host.halted()) {
            host.inbox.insert(host.inbox.begin(), inbox.begin() + static_cast<std::ptrdiff_t>(i),
                              inbox.end());
            return;
        }
        step(replica, inbox[i].event);
    }
    if (host.running() && !host.halted()) arm(replica);
}

void Hosts::give(ReplicaIndex replica, Event event) {
    Host& host = context_.hosts[replica];
    if (!host.running()) return;
    if (host.halted()) {
        Mail letter;
        letter.event = std::move(event);
        letter.incarnation = host.incarnation;
        host.inbox.push_back(std::move(letter));
        return;
    }
    step(replica, event);
}

bool Hosts::reaches(ReplicaIndex replica, Mail& letter) {
    Host& host = context_.hosts[replica];
    if (!host.running() || letter.incarnation != host.incarnation) return false;
    if (letter.timeout && host.clock.monotonic(context_.now()) < letter.deadline) {
        // The clock was slowed or frozen since the time-out was computed.
        const TrueTime due = host.clock.reaches(letter.deadline);
        if (due == TrueTime::max())
            host.frozen.push_back(std::move(letter));
        else
            context_.post(due, replica, std::move(letter));
        return false;
    }
    return letter.via == Via::here || api_->arrives(letter, replica);
}

void Hosts::deliver(ReplicaIndex replica, std::uint64_t handle) {
    Mail& letter = *context_.mail.find(handle);  // it stays in its place while it is read
    if (reaches(replica, letter)) {
        Host& host = context_.hosts[replica];
        if (host.halted())
            host.inbox.push_back(std::move(letter));
        else
            step(replica, letter.event);
    }
    context_.mail.drop(handle);
}

void Hosts::wake(ReplicaIndex replica, std::uint64_t arming) {
    Host& host = context_.hosts[replica];
    if (!host.running() || arming != host.arming) return;
    host.armed = kNever;
    if (host.halted()) return;  // goes_on() arms it anew
    // Deadlines mostly move later: the wake of an old one only arms the present one.
    if (host.clock.monotonic(context_.now()) < host.replica.next_deadline()) {
        arm(replica);
        return;
    }
    step(replica, Timer{});
}

void Hosts::arm(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    const Instant deadline = host.replica.next_deadline();
    if (deadline >= host.armed) return;
    const TrueTime due = host.clock.reaches(deadline);
    if (due == TrueTime::max()) return;
    host.armed = deadline;
    context_.at(due, Kind::wake, replica, ++host.arming);
}

void Hosts::step(ReplicaIndex replica, const Event& event) {
    Host& host = context_.hosts[replica];
    CHECK(host.running() && host.performed == host.effects.size());
    const TrueTime at = context_.now();
    const Now now = host.clock.read(at);
    host.effects.clear();
    host.performed = 0;
    host.replica.step(now, event, host.effects);
    context_.recorder.stepped(at, replica, now, event, host.effects);
    onlooker_.stepped(replica, now.monotonic, event);
    if (!host.effects.empty()) perform(replica);
    if (!host.running() || host.paused) return;
    if (host.step_takes > Duration(0)) {
        host.busy = true;
        context_.at(at + host.step_takes, Kind::slow_step_ends, replica, host.incarnation);
        return;
    }
    arm(replica);
}

void Hosts::perform(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    const std::uint32_t incarnation = host.incarnation;
    while (host.performed < host.effects.size()) {
        // Taken out: a fault fired by this effect may end the process and clear the buffer.
        Effect effect = std::move(host.effects[host.performed]);
        const bool done = std::visit([&](const auto& one) { return on(replica, one); }, effect);
        if (!host.running() || host.incarnation != incarnation) return;
        if (done) {
            ++host.performed;
            faults_->performed(replica);
            if (!host.running() || host.incarnation != incarnation) return;
        } else {
            host.effects[host.performed] = std::move(effect);
        }
        if (!done || host.paused) return;  // the rest waits for the resume
    }
}

// The request has its permit; a milestone fault may fire before it is on the wire. A process
// paused there sends on resume without asking again: only the bucket can stop that.
bool Hosts::leaves(ReplicaIndex replica, RequestKind kind) {
    Host& host = context_.hosts[replica];
    if (host.permitted) {
        host.permitted = false;
        return true;
    }
    const std::uint32_t incarnation = host.incarnation;
    faults_->sending(replica, kind);
    if (!host.running() || host.incarnation != incarnation) return false;
    if (host.paused) {
        host.permitted = true;
        return false;
    }
    return true;
}

bool Hosts::on(ReplicaIndex replica, const SendLease& request) {
    if (!leaves(replica, kind_of(request.verb))) return false;
    api_->send(replica, request);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const WatchLease& request) {
    if (!leaves(replica, RequestKind::watch_lease)) return false;
    api_->watch(replica, request);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const SendBucket& request) {
    const Host& host = context_.hosts[replica];
    const bool mutates = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
    if (mutates && !host.permitted) {
        RequestLeft record;
        record.at = context_.now();
        record.replica = replica;
        record.request = request.request;
        record.verb = request.verb;
        record.permitted = host.replica.permit(host.clock.monotonic(record.at), request.request);
        context_.recorder.left(record);
        if (!record.permitted) {
            bucket_->refuse(replica, request.request);
            return true;
        }
    }
    if (!leaves(replica, kind_of(request.verb))) return false;
    bucket_->send(replica, request);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const StopWatch& stop) {
    api_->stop_watch(replica, stop.watch);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const WatchHolder& watch) {
    kubelets_->watch(replica, watch.container);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const StopHolderWatch&) {
    kubelets_->stop_watch(replica);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const AbortBucket& abort) {
    bucket_->abort(replica, abort.request);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const ResumeBucket& resume) {
    bucket_->resume(replica, resume.request);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const SendFile& request) {
    send_file(replica, request);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const RoleChanged& role) {
    context_.hosts[replica].role = role.role;
    workload_->role_changed(replica, role.role);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const Mark& mark) {
    faults_->reached(replica, mark.mark);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const ReadDone& done) {
    workload_->read_done(replica, done);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const WriteDone& done) {
    workload_->write_done(replica, done);
    return true;
}

bool Hosts::on(ReplicaIndex replica, const QueryDone& done) {
    workload_->query_done(replica, done);
    return true;
}

bool Hosts::on(ReplicaIndex, const GateMoved&) {
    return true;
}

bool Hosts::on(ReplicaIndex replica, const Stopped&) {
    end(replica, EndCause::stopped);
    return true;
}

void Hosts::clock_changed(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    if (!host.running()) return;
    ClockChanged record;
    record.at = context_.now();
    record.replica = replica;
    record.clock = host.clock.piece();
    context_.recorder.clock_changed(record);
    std::vector<Mail> frozen = std::move(host.frozen);
    host.frozen.clear();
    for (Mail& letter : frozen)
        context_.post(record.at, replica, std::move(letter));
    host.armed = kNever;  // computed with the old rate
    if (!host.halted()) arm(replica);
}

ReplicaIndex Hosts::leader() const {
    for (ReplicaIndex i = 0; i < context_.replicas(); ++i) {
        const Host& host = context_.hosts[i];
        if (host.running() && host.replica.gate_open(host.clock.monotonic(context_.now())))
            return i;
    }
    return kNobody;
}

}  // namespace leasehold::sim
