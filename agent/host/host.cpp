#include "agent/host/host.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/base/clock.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "agent/host/identity.hpp"
#include "agent/host/log.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kFileThreads = 4;
/// How long a process that has stopped waits for its last Event on the Lease to be answered.
constexpr Duration kLastEvent = std::chrono::seconds(1);

ReplicaConfig replica_config(const AgentConfig& config, const std::string& identity) {
    ReplicaConfig replica;
    if (config.elects) {
        replica.election = config.election;
        replica.election->identity = identity;
        replica.election->seed = random_word();
    }
    if (config.stores) {
        replica.storage = config.storage;
        replica.storage->ha = config.elects;
        replica.storage->identity = identity;
        replica.storage->lease_duration = config.election.lease_duration;
        replica.storage->file_store = !config.store_directory.empty();
    }
    return replica;
}

reports::HistoryHeader header_of(const std::string& name, const ReplicaConfig& replica) {
    reports::HistoryHeader header;
    header.boot = boot_id();
    header.replicas = {name};
    header.settings.emplace();
    header.settings->election = replica.election;
    header.settings->storage = replica.storage;
    return header;
}

// Answers of a host that has stopped, or has no bucket.
ReadDone no_read(bool stopped) {
    ReadDone done;
    done.outcome = stopped ? ReadOutcome::shutdown : ReadOutcome::failed;
    return done;
}
WriteDone no_write(bool stopped) {
    return WriteDone{{}, stopped ? WriteAck::fenced : WriteAck::failed, {}, {}};
}
QueryDone no_query(bool stopped) {
    QueryDone done;
    done.outcome = stopped ? QueryOutcome::shutdown : QueryOutcome::not_available_yet;
    return done;
}

/// Calls and forgets the callback of `call`, if there is one.
template <class Done>
void answer(std::map<CallId, std::function<void(const Done&)>>& waiting, const Done& done) {
    const auto found = waiting.find(done.call);
    if (found == waiting.end()) return;
    const auto callback = std::move(found->second);
    waiting.erase(found);
    callback(done);
}

/// Answers all that wait.
template <class Done>
void answer_all(std::map<CallId, std::function<void(const Done&)>>& waiting, Done done) {
    while (!waiting.empty()) {
        done.call = waiting.begin()->first;
        answer(waiting, done);
    }
}

}  // namespace

Host::Host(asio::io_context& loop, const AgentConfig& config, Metrics& metrics)
    : loop_(loop),
      metrics_(metrics),
      name_(config.pod_name),
      identity_(make_identity(config.pod_name)),
      elects_(config.elects),
      configured_(replica_config(config, identity_)),
      pool_(loop, kFileThreads),
      watchdog_(gate_, uploads_),
      duties_(log_duty),
      log_(config.storage.store_not_atomic),
      replica_(configured_),
      timer_(loop, [this] { give(Timer{}); }) {
    const auto deliver = [this](Event event) { give(std::move(event)); };
    if (config.stores) {
        std::string spool = config.http.spool_directory;
        if (!config.store_directory.empty()) {
            files_ =
                std::make_unique<FileStore>(loop, pool_, config.store_directory, deliver, &duties_);
            spool = files_->spool_directory();
        }
        CHECK_MSG(config.bucket.has_value(), "storage without a bucket");
        bucket_ = make_bucket(*config.bucket,
                              BucketContext{loop, pool_, config.elects ? &gate_ : nullptr,
                                            &uploads_, spool, &duties_},
                              deliver);
    }
    if (config.elects) {
        CHECK_MSG(config.api.has_value(), "an election without an API server");
        lease_ = std::make_unique<LeaseClient>(loop, *config.api, config.lease, deliver, &duties_);
        if (config.leader_events)
            leader_events_ = std::make_unique<LeaderEvents>(
                loop, *lease_, config.lease, identity_,
                [](const std::string& line) { spdlog::warn("{}", line); },
                [this](EventOutcome outcome) { metrics_.leader_event(outcome); });
    }
    if (config.elects && config.election.believe_ended_holder) look_at_pods(config, deliver);
    if (config.storage.store_not_atomic) metrics_.store_not_atomic();
    if (!config.record_file.empty())
        recorder_ = std::make_unique<Recorder>(config.record_file, header_of(name_, configured_));
}

/// Where the end of a holder's container is believed: what it is known by, and who is asked.
void Host::look_at_pods(const AgentConfig& config, const LeaseClient::Deliver& deliver) {
    holder_watch_ = std::make_unique<PodWatch>(loop_, *lease_, config.place.pod.namespace_name,
                                               config.place.container, deliver, duties_);
    // own_container() takes readiness for a sign of age.
    const Now now = read_now();
    const WallTime started = process_started();
    ready_from_ = now.monotonic + std::max(kReadyNotBefore - (now.wall - started), Duration(0));
    if (!config.place.uid.empty())
        own_pod_ =
            std::make_unique<OwnPod>(loop_, *lease_, config.place, started, deliver, duties_);
}

// A client's late answer must find nobody.
Host::~Host() {
    stopped_ = true;
    gate_.publish(Instant::min());
}

void Host::start() {
    started_ = true;
    const Instant now = boottime();
    if (recorder_) recorder_->started(now, name_, identity_, elects_);
    spdlog::info("starts as {}{}", identity_, elects_ ? "" : ", works alone");
    give(Start{});
    if (own_pod_) own_pod_->start();
}

bool Host::ready() const {
    return started_ && !stopping_ && boottime() >= ready_from_;
}

void Host::stop(Instant deadline, std::function<void()> stopped) {
    if (stopping_) return;
    stopping_ = true;
    stop_by_ = deadline;
    on_stopped_ = std::move(stopped);
    spdlog::info("stops: admits nothing, drains, releases");
    give(Stop{deadline});
}

// A callback may ask for more in the midst of a step: that is a step of its own, after it.
void Host::give(Event event) {
    if (stopped_) return;
    events_.push_back(std::move(event));
    if (stepping_) return;
    stepping_ = true;
    while (!events_.empty() && !stopped_) {
        const Event next = std::move(events_.front());
        events_.pop_front();
        step(next);
    }
    events_.clear();
    stepping_ = false;
    if (!stopped_) return timer_.arm(replica_.next_deadline());
    // What came in the midst of the last step was never handed over.
    answer_all(reads_, no_read(true));
    answer_all(writes_, no_write(true));
    answer_all(queries_, no_query(true));
}

void Host::step(const Event& event) {
    const Now now = read_now();
    effects_.clear();
    try {
        replica_.step(now, event, effects_);
    } catch (const CheckFailure&) {
        gate_.publish(Instant::min());  // nothing may leave while the process ends
        watchdog_.gate_moved();
        throw;
    }
    // Before anything else: other threads ask it for each chunk.
    for (const Effect& effect : effects_)
        if (const auto* gate = std::get_if<GateMoved>(&effect)) gate_.publish(gate->valid_until);
    if (recorder_) recorder_->stepped(now, event, effects_);
    metrics_.stepped(now.monotonic, event, effects_);
    log_.stepped(now, event, effects_);
    count_bytes(event);
    for (const Effect& effect : effects_)
        perform(effect);
    // Last: the caller has its answer before the disk gets what gave way to the upload.
    const auto* answer = std::get_if<BucketAnswered>(&event);
    if (answer != nullptr && files_) files_->upload_answered(answer->request);
}

void Host::perform(const Effect& effect) {
    std::visit([this](const auto& one) { on(one); }, effect);
}

void Host::count_bytes(const Event& event) {
    while (interventions_ < watchdog_.interventions()) {
        ++interventions_;
        metrics_.watchdog_closed();
    }
    const auto* answer = std::get_if<BucketAnswered>(&event);
    if (answer == nullptr) return;
    const auto* body = std::get_if<ObjectBodyPtr>(&answer->reply->content);
    if (body != nullptr && *body) metrics_.received_bytes((*body)->payload.size);
}

void Host::on(const RoleChanged& change) {
    if (leader_events_) leader_events_->changed(read_now().wall, change.role, took_after_end());
    if (change.role == Role::leader) return;
    // A follower writes neither: what failed of that is past.
    duties_.rest(Duty::bucket_writes);
    duties_.rest(Duty::lease, LeaseClient::kRenewal);
}

/// Did this very step take the Lease of a holder that was proven to have ended?
bool Host::took_after_end() const {
    return std::any_of(effects_.begin(), effects_.end(), [](const Effect& effect) {
        const auto* mark = std::get_if<Mark>(&effect);
        return mark != nullptr && mark->mark == MarkId::takeover_after_end;
    });
}

void Host::on(const GateMoved&) {
    watchdog_.gate_moved();
}

void Host::on(const Stopped&) {
    stopped_ = true;
    if (recorder_) recorder_->ended(boottime());
    timer_.arm(kNever);
    if (!on_stopped_) return;
    if (!leader_events_) return asio::post(loop_, std::exchange(on_stopped_, {}));
    leader_events_->when_told(std::min(stop_by_, saturating_add(boottime(), kLastEvent)),
                              std::exchange(on_stopped_, {}));
}

void Host::on(const SendLease& request) {
    lease_->send(request);
}
void Host::on(const WatchLease& request) {
    lease_->watch(request);
}
void Host::on(const StopWatch& request) {
    lease_->stop(request);
}
void Host::on(const WatchHolder& request) {
    if (holder_watch_) holder_watch_->watch(request);
}
void Host::on(const StopHolderWatch&) {
    if (holder_watch_) holder_watch_->stop();
}

void Host::on(const SendBucket& request) {
    const bool mutates = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
    if (!mutates) return bucket_->send(request);
    SendBucket whole = request;
    const bool complete = with_bytes(whole);
    // Asked as late as possible: what follows hands the request to its socket.
    const Instant now = boottime();
    const bool permitted = replica_.permit(now, request.request);
    if (recorder_) recorder_->left(now, request.request, request.verb, permitted);
    metrics_.permit(permitted);
    if (!permitted || !complete) return not_sent(request.request);
    if (whole.body) metrics_.sent_bytes(whole.body->payload.size);
    // Before it is sent: it may be answered as it is.
    if (files_ && whole.verb == BucketVerb::put) files_->upload_left(whole.request, whole.key);
    bucket_->send(whole);
}

/// A payload without bytes is that of the local file. False when the file is not there.
bool Host::with_bytes(SendBucket& request) const {
    if (!request.body || request.body->payload.bytes || request.body->payload.size == 0)
        return true;
    if (!files_) return false;
    BytesPtr bytes = files_->open(request.key);
    if (!bytes || bytes->size() != request.body->payload.size) return false;
    auto body = std::make_shared<ObjectBody>(*request.body);
    body->payload.bytes = std::move(bytes);
    request.body = std::move(body);
    return true;
}

void Host::not_sent(RequestId request) {
    auto reply = std::make_shared<BucketReply>();
    reply->not_sent = true;
    asio::post(loop_, [this, request, reply] { give(BucketAnswered{request, reply}); });
}

void Host::on(const AbortBucket& request) {
    bucket_->abort(request.request);
}
void Host::on(const ResumeBucket& request) {
    bucket_->resume(request.request);
}
void Host::on(const SendFile& request) {
    files_->send(request);
}

void Host::on(const ReadDone& done) {
    answer(reads_, done);
}
void Host::on(const WriteDone& done) {
    answer(writes_, done);
}
void Host::on(const QueryDone& done) {
    answer(queries_, done);
}

/// Hands a call to the replica; without one to ask it is answered at once, with `otherwise`.
template <class Done, class MakeEvent>
CallId Host::ask(Waiting<Done>& waiting, std::function<void(const Done&)> done, Done otherwise,
                 const MakeEvent& event) {
    const CallId call{++last_call_};
    if (stopped_ || !bucket_) {
        otherwise.call = call;
        done(otherwise);
        return call;
    }
    waiting.emplace(call, std::move(done));
    give(event(call));
    return call;
}

CallId Host::read(const ObjectKey& key, const ETag& known, Instant deadline,
                  std::function<void(const ReadDone&)> done) {
    return ask(reads_, std::move(done), no_read(stopped_), [&](CallId call) {
        return BackupRead{call, key, known, deadline};
    });
}

CallId Host::write(const ObjectKey& key, Blob payload, std::function<void(const WriteDone&)> done) {
    return ask(writes_, std::move(done), no_write(stopped_), [&](CallId call) {
        return BackupWrite{call, key, std::make_shared<const Blob>(std::move(payload))};
    });
}

CallId Host::remove(const ObjectKey& key, std::function<void(const WriteDone&)> done) {
    return ask(writes_, std::move(done), no_write(stopped_), [&](CallId call) {
        return BackupRemove{call, key};
    });
}

CallId Host::query(const ObjectKey& key, Instant deadline,
                   std::function<void(const QueryDone&)> done) {
    return ask(queries_, std::move(done), no_query(stopped_), [&](CallId call) {
        return Query{call, key, deadline};
    });
}

void Host::cancel(CallId call) {
    give(Cancel{call});
}

Status Host::status() {
    // A question may come before the timer does, most of all in a process that has just gone on.
    if (started_ && boottime() >= replica_.next_deadline()) give(Timer{});
    Status status;
    status.name = name_;
    status.identity = identity_;
    status.elects = elects_;
    status.leadership = replica_.leadership();
    status.now = boottime();
    status.stopping = stopping_;
    status.holder = log_.holder();
    status.epoch = log_.epoch();
    status.pending_reads = reads_.size();
    status.pending_writes = writes_.size();
    status.pending_queries = queries_.size();
    status.storage = replica_.storage_status();
    status.preconditions = log_.preconditions();
    if (own_pod_ && own_pod_->container()) status.container = own_pod_->container()->id;
    if (holder_watch_ && holder_watch_->holder()) {
        status.holder_container = holder_watch_->holder()->id;
        status.holder_seen = holder_watch_->sees();
    }
    status.duties = duties_.states();
    status.summary = replica_.summary();
    return status;
}

std::vector<IndexEntry> Host::index(const std::string& prefix) const {
    return replica_.index(prefix);
}

}  // namespace leasehold::agent
