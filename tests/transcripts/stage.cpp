#include "tests/transcripts/stage.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "config/units.hpp"
#include "reports/text.hpp"
#include "tests/transcripts/answers.hpp"

namespace leasehold::transcripts {

std::string Stage::perform(Command& command) {
    const std::string& verb = command.verb();
    if (verb == "replica") return make_replica(command);
    static constexpr auto kSteps = std::to_array<std::string_view>(
        {"start", "timer", "stop", "lease", "watch", "bucket", "file", "read", "write", "remove",
         "query", "cancel", "permit", "gate", "show", "own", "ended"});
    if (std::find(kSteps.begin(), kSteps.end(), verb) == kSteps.end())
        command.fail("unknown command");
    move_time(command);
    if (verb == "lease") return lease(command);
    if (verb == "watch") return watch(command);
    if (verb == "bucket") return bucket(command);
    if (verb == "file") return file(command);
    if (verb == "permit") return permit(command);
    if (verb == "own" || verb == "ended") return pod(command);
    if (verb == "start" || verb == "timer") {
        command.finish();
        return step(verb == "start" ? Event(Start{}) : Event(Timer{}));
    }
    if (verb == "stop") {
        const Instant deadline = now_.monotonic + duration_of(command, "within");
        command.finish();
        return step(Stop{deadline});
    }
    if (verb == "gate" || verb == "show") {
        command.finish();
        if (verb == "show") return state(true);
        return replica(command).gate_open(now_.monotonic) ? "open\n" : "closed\n";
    }
    return call(command);
}

std::string Stage::make_replica(Command& command) {
    ReplicaConfig config;
    const std::string self = command.required("self");
    const bool elects = command.text("ha", "on") == "on";
    if (elects) {
        ElectorConfig& election = config.election.emplace();
        election.identity = self;
        election.seed = hash_text(self);
        if (command.has("lease")) election.lease_duration = duration_of(command, "lease");
        if (command.has("renew")) election.renew_deadline = duration_of(command, "renew");
        if (command.has("retry")) election.retry_period = duration_of(command, "retry");
        if (command.has("margin")) election.margin = duration_of(command, "margin");
        if (command.has("drift")) {
            const auto drift = config::parse_ppm(command.text("drift"));
            if (!drift) command.fail(drift.error());
            election.drift_ppm = *drift;
        }
        election.client_go_peers = command.text("peers") == "client-go";
        election.believe_ended_holder = command.flag("proofs");
        for (const std::string& problem : election.problems())
            command.fail(problem);
    }
    if (command.text("storage", "off") == "on") {
        StorageConfig& storage = config.storage.emplace();
        storage.ha = elects;
        storage.identity = self;
        storage.prefix = ObjectKey(command.text("prefix", "etl/"));
        if (config.election) storage.lease_duration = config.election->lease_duration;
        if (command.has("poll")) storage.poll_period = duration_of(command, "poll");
        if (command.text("format") == "plain") storage.format = ObjectFormat::plain;
    }
    command.finish();
    *this = Stage();
    replica_.emplace(config);
    return state(false);
}

Replica& Stage::replica(const Command& command) {
    if (!replica_) command.fail("the story has no replica yet");
    return *replica_;
}

void Stage::move_time(Command& command) {
    const Replica& self = replica(command);
    if (command.has("at")) {
        const bool next = command.text("at") == "next";
        const Instant at = next ? self.next_deadline() : Instant(duration_of(command, "at"));
        if (at == kNever) command.fail("the replica waits for nothing");
        if (!next && at < now_.monotonic) command.fail("time doesn't go back");
        // A deadline may be past when a step set it so: time still doesn't go back.
        now_.monotonic = std::max(at, now_.monotonic);
        now_.wall = WallTime(now_.monotonic.time_since_epoch());
    }
    // A clock that is not the monotonic one: steps of it must change no decision.
    if (command.has("wall")) now_.wall = WallTime(duration_of(command, "wall"));
}

std::string Stage::step(const Event& event) {
    effects_.clear();
    replica_->step(now_, event, effects_);
    std::string printed;
    for (const Effect& effect : effects_) {
        remember(effect);
        const auto* mark = std::get_if<Mark>(&effect);
        printed += mark ? "! " + std::string(mark_name(mark->mark)) + "\n"
                        : "> " + reports::to_text(effect) + "\n";
    }
    printed += state(false);
    return printed.empty() ? "(nothing)\n" : printed;
}

void Stage::remember(const Effect& effect) {
    if (const auto* lease = std::get_if<SendLease>(&effect)) {
        newest_lease_ = lease->request;
        leases_.insert_or_assign(lease->request, *lease);
    } else if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
        newest_bucket_ = bucket->request;
        buckets_.insert_or_assign(bucket->request, *bucket);
    } else if (const auto* file = std::get_if<SendFile>(&effect)) {
        newest_file_ = file->request;
        files_.insert_or_assign(file->request, *file);
    } else if (const auto* watch = std::get_if<WatchLease>(&effect)) {
        watch_ = watch->watch;
    }
}

std::string Stage::state(bool always) {
    const std::string now = "= " + replica_->summary() + ", wake " +
                            reports::format_instant(replica_->next_deadline()) + "\n";
    if (!always && now == last_state_) return {};
    last_state_ = now;
    return now;
}

std::string Stage::call(Command& command) {
    const std::string verb = command.verb();
    const CallId id(number_after(command, command.word("a call such as c1"), 'c'));
    if (verb == "cancel") {
        command.finish();
        return step(Cancel{id});
    }
    const ObjectKey key(command.required("key"));
    Instant deadline = kNever;
    if (command.has("within")) deadline = now_.monotonic + duration_of(command, "within");
    if (verb == "write") {
        auto payload = std::make_shared<const Blob>(blob_of(command.required("payload")));
        command.finish();
        return step(BackupWrite{id, key, std::move(payload)});
    }
    const ETag known(command.text("known"));
    command.finish();
    if (verb == "remove") return step(BackupRemove{id, key});
    if (verb == "query") return step(Query{id, key, deadline});
    return step(BackupRead{id, key, known, deadline});
}

std::string Stage::permit(Command& command) {
    const RequestId request = request_of(command, newest_bucket_);
    if (!buckets_.contains(request)) command.fail("no such request was sent to the bucket");
    command.finish();
    return replica_->permit(now_.monotonic, request) ? "permitted\n" : "refused\n";
}

std::string Stage::lease(Command& command) {
    const RequestId request = request_of(command, newest_lease_);
    LeaseReply reply = lease_reply(command, request, command.word("an answer such as found"));
    command.finish();
    return step(LeaseAnswered{request, std::move(reply)});
}

/// What is learned of Pods: the own container, and the end of another.
std::string Stage::pod(Command& command) {
    const bool own = command.verb() == "own";
    const auto container = std::make_shared<const Container>(
        container_of(command, command.word("a container such as agent-0/uid/c1")));
    Event event = OwnContainer{container};
    if (!own) {
        const WallTime finished(duration_of(command, "finished"));
        event = HolderEnded{container, finished, Version(count_of(command, "version"))};
    }
    command.finish();
    return step(event);
}

std::string Stage::watch(Command& command) {
    const std::string name = command.word("a watch such as w1, or newest");
    LeaseWatched event;
    event.watch = name == "newest" ? watch_ : WatchId(number_after(command, name, 'w'));
    const std::string kind = command.word("seen, deleted, bookmark or ended");
    if (kind == "seen") {
        event.kind = WatchKind::seen;
        event.lease = lease_object(command, nullptr);
        event.version = event.lease->version;
    } else if (kind == "deleted" || kind == "bookmark") {
        event.kind = kind == "deleted" ? WatchKind::deleted : WatchKind::bookmark;
        event.version = Version(count_of(command, "version"));
    } else if (kind != "ended") {
        command.fail("expected seen, deleted, bookmark or ended, not '" + kind + "'");
    }
    command.finish();
    return step(event);
}

std::string Stage::bucket(Command& command) {
    const RequestId request = request_of(command, newest_bucket_);
    BucketReply reply = bucket_reply(command, request, command.word("an answer such as written"));
    command.finish();
    return step(BucketAnswered{request, std::make_shared<const BucketReply>(std::move(reply))});
}

std::string Stage::file(Command& command) {
    const RequestId request = request_of(command, newest_file_);
    if (!files_.contains(request)) command.fail("no such request was sent to the file store");
    FileReply reply;
    reply.status = file_status(command, command.word("ok, missing, corrupt, no-space or io-error"));
    const FileVerb verb = files_.at(request).verb;
    if (reply.status == FileStatus::ok && (verb == FileVerb::list || verb == FileVerb::load))
        reply.entries = std::make_shared<const FileList>(file_entries(command));
    command.finish();
    return step(FileAnswered{request, std::move(reply)});
}

}  // namespace leasehold::transcripts
