#include "sim/world/workload.hpp"

#include <algorithm>
#include <string>

#include "model/base/check.hpp"
#include "sim/world/bucket_channel.hpp"
#include "sim/world/hosts.hpp"

namespace leasehold::sim {
namespace {

std::string window_name(Duration window) {
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(window).count();
    if (hours >= 24) return std::to_string(hours / 24) + "d";
    if (hours >= 1) return std::to_string(hours) + "h";
    return std::to_string(window.count() / 60'000'000'000) + "m";
}

std::int64_t unix_seconds(Duration since_start) {
    return (kWallEpoch.time_since_epoch() + since_start).count() / 1'000'000'000;
}

}  // namespace

Workload::Workload(Context& context, Hosts& hosts)
    : context_(context),
      hosts_(hosts),
      active_(context.scenario.workload.enabled && context.scenario.stores()),
      random_(context.stream("workload")),
      contents_(context.stream("contents")),
      processes_(context.hosts.size()) {
    const WorkloadSpec& spec = context.scenario.workload;
    keys_.resize(spec.pipelines.size() * spec.windows.size());
    keys_until_.resize(keys_.size(), TrueTime{});
}

// Layout of Kubecost's ETL: etl/bingen/<pipeline>/<resolution>/<start>-<end>, Unix seconds.
ObjectKey Workload::window_key(std::size_t pipeline, std::size_t window, TrueTime at) const {
    const WorkloadSpec& spec = context_.scenario.workload;
    const Duration length = spec.windows[window];
    const std::int64_t number = at.time_since_epoch() / length;
    return ObjectKey("etl/bingen/" + spec.pipelines[pipeline] + "/" + window_name(length) + "/" +
                     std::to_string(unix_seconds(length * number)) + "-" +
                     std::to_string(unix_seconds(length * (number + 1))));
}

const ObjectKey& Workload::current_key(std::size_t slot) {
    const WorkloadSpec& spec = context_.scenario.workload;
    const TrueTime now = context_.now();
    if (now >= keys_until_[slot]) {
        const std::size_t window = slot % spec.windows.size();
        const Duration length = spec.windows[window];
        keys_[slot] = window_key(slot / spec.windows.size(), window, now);
        keys_until_[slot] = TrueTime(length * (now.time_since_epoch() / length + 1));
    }
    return keys_[slot];
}

void Workload::preload(BucketChannel& bucket) {
    const WorkloadSpec& spec = context_.scenario.workload;
    if (!active_) return;
    for (std::uint32_t n = 0; n < spec.preloaded; ++n) {
        const std::size_t pipeline = n % spec.pipelines.size();
        const std::int64_t day = n / static_cast<std::int64_t>(spec.pipelines.size()) + 1;
        auto body = std::make_shared<ObjectBody>();
        body->payload.size = spec.object_size;
        body->payload.digest = ContentDigest{random_.next(), random_.next()};
        const ObjectKey key("etl/bingen/" + spec.pipelines[pipeline] + "/1d/" +
                            std::to_string(unix_seconds(std::chrono::hours(-24 * day))) + "-" +
                            std::to_string(unix_seconds(std::chrono::hours(-24 * (day - 1)))));
        bucket.plant(key, std::move(body));
        expiring_.push_back(key);
    }
    std::reverse(expiring_.begin(), expiring_.end());
}

void Workload::started(ReplicaIndex replica) {
    if (!active_) return;
    const WorkloadSpec& spec = context_.scenario.workload;
    Process& process = processes_[replica];
    process = Process{};
    process.live = true;
    const TrueTime now = context_.now();
    if (spec.restores || spec.pending_reads > 0) {
        const std::size_t loaders = (spec.restores ? keys_.size() : 0) + spec.pending_reads;
        process.loaders.resize(loaders);
        for (std::size_t i = 0; i < loaders; ++i)
            read_next(replica, i, now);
    }
    const auto spread = [&](Duration span) {
        return Duration(
            static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(span.count()))));
    };
    if (!spec.pipelines.empty() && !spec.windows.empty())
        context_.at(now + spread(spec.export_every), Kind::export_due, replica, tag(replica, 0));
    if (spec.queries_per_1000s > 0)
        context_.at(now + spread(std::chrono::seconds(1)), Kind::query_due, replica,
                    tag(replica, 0));
    if (spec.remove_every > Duration(0) && !expiring_.empty())
        context_.at(now + spread(spec.remove_every), Kind::removal_due, replica, tag(replica, 0));
    if (spec.backfill_every > Duration(0) && !expiring_.empty())
        context_.at(now + spread(spec.backfill_every), Kind::backfill_due, replica,
                    tag(replica, 0));
}

void Workload::ended(ReplicaIndex replica) {
    processes_[replica] = Process{};
}

void Workload::due(Kind kind, ReplicaIndex replica, std::uint64_t data) {
    if (!processes_[replica].live || data >> 16 != context_.hosts[replica].incarnation) return;
    switch (kind) {
        case Kind::query_due:
            return query_due(replica, data);
        case Kind::export_due:
            return export_due(replica, data);
        case Kind::restore_due:
            return restore_due(replica, data);
        case Kind::removal_due:
            return removal_due(replica, data);
        case Kind::backfill_due:
            return backfill_due(replica, data);
        default:
            CHECK_MSG(false, "not a timer of the workload");
    }
}

std::shared_ptr<Blob> Workload::computed() {
    auto payload = std::make_shared<Blob>();
    payload->size = context_.scenario.workload.object_size;
    payload->digest = ContentDigest{random_.next(), random_.next()};
    return payload;
}

void Workload::read_next(ReplicaIndex replica, std::size_t loader, TrueTime when) {
    context_.at(when, Kind::restore_due, replica, tag(replica, loader));
}

void Workload::restore_due(ReplicaIndex replica, std::uint64_t data) {
    Process& process = processes_[replica];
    const std::size_t index = data & 0xffffU;
    Loader& loader = process.loaders[index];
    const std::size_t windows = context_.scenario.workload.restores ? keys_.size() : 0;
    const ObjectKey key =
        index < windows
            ? current_key(index)
            : ObjectKey("etl/bingen/assets/1h/never-" + std::to_string(index - windows));
    if (loader.reading.value() != 0) {
        if (loader.key == key) return;
        // The window has rolled on: nobody waits for the old one any longer.
        const CallId old = loader.reading;
        hosts_.give(replica, Cancel{old});
        if (!process.live || loader.reading.value() != 0) return;
    }
    if (loader.key != key) loader.known = ETag{};
    loader.key = key;
    loader.reading = next_call(replica);
    const Duration patience = context_.scenario.workload.read_deadline;
    const Instant deadline =
        patience > Duration(0) ? context_.hosts[replica].clock.monotonic(context_.now()) + patience
                               : kNever;
    hosts_.give(replica, BackupRead{loader.reading, key, loader.known, deadline});
}

void Workload::read_done(ReplicaIndex replica, const ReadDone& done) {
    ++context_.recorder.work.reads;
    Process& process = processes_[replica];
    for (std::size_t i = 0; i < process.loaders.size(); ++i) {
        Loader& loader = process.loaders[i];
        if (loader.reading != done.call) continue;
        loader.reading = CallId{};
        if (done.outcome == ReadOutcome::data) loader.known = done.etag;
        // A follower's pipeline waits for what comes next; a leader's computes it itself, and looks
        // at what is there now and then.
        const bool again =
            done.outcome == ReadOutcome::data || done.outcome == ReadOutcome::deadline;
        const Duration pause = context_.scenario.workload.read_every;
        if (context_.hosts[replica].role != Role::follower) {
            if (pause > Duration(0)) read_next(replica, i, context_.now() + pause);
        } else if (again) {
            read_next(replica, i, context_.now());
        }
        return;
    }
}

void Workload::role_changed(ReplicaIndex replica, Role role) {
    Process& process = processes_[replica];
    if (!process.live || role != Role::follower) return;
    for (std::size_t i = 0; i < process.loaders.size(); ++i)
        read_next(replica, i, context_.now());
}

void Workload::export_due(ReplicaIndex replica, std::uint64_t data) {
    Process& process = processes_[replica];
    const WorkloadSpec& spec = context_.scenario.workload;
    process.exporting = data & 0xffffU;
    const std::size_t writes = spec.windows.size() * spec.writers;
    process.outstanding = static_cast<std::uint32_t>(writes);
    const std::uint32_t incarnation = context_.hosts[replica].incarnation;
    for (std::size_t write = 0; write < writes; ++write) {
        const std::size_t window = write % spec.windows.size();
        auto payload = computed();
        if (spec.contents > 0)
            payload->digest = ContentDigest{process.exporting * spec.windows.size() + window,
                                            contents_.below(spec.contents)};
        const CallId call = next_call(replica);
        process.writes.emplace(call, process.exporting);
        const ObjectKey& key = current_key(process.exporting * spec.windows.size() + window);
        hosts_.give(replica, BackupWrite{call, key, std::move(payload)});
        if (!process.live || context_.hosts[replica].incarnation != incarnation) return;
    }
    // A loader whose window has rolled on looks for the new one.
    for (std::size_t i = 0; i < process.loaders.size() && i < keys_.size() && spec.restores; ++i)
        if (process.loaders[i].reading.value() != 0 && process.loaders[i].key != current_key(i))
            read_next(replica, i, context_.now());
}

void Workload::write_done(ReplicaIndex replica, const WriteDone& done) {
    context_.recorder.work.answered(done.ack);
    Process& process = processes_[replica];
    if (done.call == process.removing) {
        process.removing = CallId{};
        if (done.ack == WriteAck::committed) removed_ = std::max(removed_, process.removes + 1);
        return;
    }
    const auto found = process.writes.find(done.call);
    if (found == process.writes.end()) return;
    process.writes.erase(found);
    if (--process.outstanding > 0) return;
    // Assets first, allocations build on them; then a fixed delay.
    const WorkloadSpec& spec = context_.scenario.workload;
    const bool more = process.exporting + 1 < spec.pipelines.size();
    context_.at(more ? context_.now() : context_.now() + spec.export_every, Kind::export_due,
                replica, tag(replica, more ? process.exporting + 1 : 0));
}

// Retention, as every process runs it: the oldest window that a listing would still show. Only the
// leader's removals do anything; one of unknown outcome is asked for again.
void Workload::removal_due(ReplicaIndex replica, std::uint64_t data) {
    Process& process = processes_[replica];
    if (removed_ == expiring_.size()) return;
    context_.at(context_.now() + context_.scenario.workload.remove_every, Kind::removal_due,
                replica, data);
    if (process.removing.value() != 0) return;
    process.removing = next_call(replica);
    process.removes = removed_;
    hosts_.give(replica, BackupRemove{process.removing, expiring_[removed_]});
}

// A user who wants back what retention took, or whom a retention that was set too short by mistake
// took it from: a window is computed from the monitoring data and written over the removal.
void Workload::backfill_due(ReplicaIndex replica, std::uint64_t data) {
    context_.at(context_.now() + context_.scenario.workload.backfill_every, Kind::backfill_due,
                replica, data);
    if (removed_ == 0) return;
    auto payload = computed();
    hosts_.give(replica, BackupWrite{next_call(replica), expiring_[random_.below(removed_)],
                                     std::move(payload)});
}

void Workload::query_due(ReplicaIndex replica, std::uint64_t data) {
    Process& process = processes_[replica];
    const WorkloadSpec& spec = context_.scenario.workload;
    // Arrivals between half and one and a half times the mean gap.
    const std::uint64_t gap = 1'000'000'000'000ULL / spec.queries_per_1000s;
    context_.at(context_.now() + Duration(static_cast<std::int64_t>(gap / 2 + random_.below(gap))),
                Kind::query_due, replica, data);
    if (keys_.empty()) return;
    // Dashboards look at older windows, too.
    const std::size_t slot = random_.below(keys_.size() + expiring_.size());
    const ObjectKey& key = slot < keys_.size() ? current_key(slot) : expiring_[slot - keys_.size()];
    const Instant deadline =
        context_.hosts[replica].clock.monotonic(context_.now()) + spec.query_deadline;
    const CallId call = next_call(replica);
    hosts_.give(replica, Query{call, key, deadline});
    // Nobody goes away who has the answer.
    if (spec.cancel_every == 0 || !process.live || ++process.asked % spec.cancel_every != 0) return;
    if (process.answered != call) hosts_.give(replica, Cancel{call});
}

void Workload::query_done(ReplicaIndex replica, const QueryDone& done) {
    ++context_.recorder.work.queries;
    processes_[replica].answered = done.call;
}

}  // namespace leasehold::sim
