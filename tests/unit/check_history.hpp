// A history made by hand, fed to all checkers: what the tests of model/check plant their bugs in.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "model/check/check.hpp"
#include "model/protocol/stamp.hpp"
#include "model/replica/told.hpp"

namespace leasehold::check {

using namespace std::chrono_literals;

inline TrueTime at(Duration since_start) {
    return TrueTime(since_start);
}
inline Instant mono(Duration since_start) {
    return Instant(since_start);
}

/// Three replicas, election and storage, defaults, identities that start with their names.
inline Settings test_settings() {
    Settings settings;
    settings.election.identity = "x";
    settings.storage.identity = "x";
    settings.replicas = 3;
    settings.elects = true;
    settings.stores = true;
    settings.api_round_trip = 20ms;
    settings.bucket_request = 500ms;
    settings.transfer = 100ms;
    return settings;
}

class History {
  public:
    explicit History(const Settings& settings = test_settings())
        : settings_(settings), checkers_(settings) {}

    /// Starts all replicas at 0 s with perfect clocks.
    History& start_all() {
        for (ReplicaIndex i = 0; i < settings_.replicas; ++i)
            start(i, 0s);
        return *this;
    }
    std::uint64_t start(ReplicaIndex replica, Duration when, std::int64_t rate_ppb = 0) {
        if (replica >= clocks_.size()) clocks_.resize(replica + std::size_t{1});
        clocks_[replica] = ClockPiece{at(when), mono(when), rate_ppb};
        const std::string name = "replica-" + std::to_string(replica);
        ProcessStarted record;
        base(record, when);
        record.replica = replica;
        record.name = name;
        record.identity = name;
        record.elects = settings_.elects;
        record.clock = clocks_[replica];
        checkers_.on(record);
        return number_;
    }
    std::uint64_t end(ReplicaIndex replica, Duration when, EndCause cause = EndCause::crashed) {
        ProcessEnded record;
        base(record, when);
        record.replica = replica;
        record.cause = cause;
        checkers_.on(record);
        return number_;
    }
    std::uint64_t clock(ReplicaIndex replica, Duration when, std::int64_t rate_ppb) {
        clocks_[replica] = ClockPiece{at(when), clocks_[replica].reading(at(when)), rate_ppb};
        ClockChanged record;
        base(record, when);
        record.replica = replica;
        record.clock = clocks_[replica];
        checkers_.on(record);
        return number_;
    }
    std::uint64_t step(ReplicaIndex replica, Duration when, const Event& event,
                       const std::vector<Effect>& effects = {}) {
        ReplicaStepped record;
        base(record, when);
        record.replica = replica;
        record.now = Now{clocks_[replica].reading(at(when)), WallTime{}};
        record.event = &event;
        record.effects = effects;
        checkers_.on(record);
        return number_;
    }
    /// The step that makes it leader: gate, then role.
    std::uint64_t lead(ReplicaIndex replica, Duration when, std::uint64_t term,
                       Duration valid_until) {
        return step(
            replica, when, Timer{},
            {GateMoved{Term{term}, mono(valid_until)}, RoleChanged{Role::leader, Term{term}}});
    }
    std::uint64_t extend(ReplicaIndex replica, Duration when, std::uint64_t term,
                         Duration valid_until) {
        return step(replica, when, Timer{}, {GateMoved{Term{term}, mono(valid_until)}});
    }
    std::uint64_t follow(ReplicaIndex replica, Duration when, std::uint64_t term = 0) {
        const Instant now = clocks_[replica].reading(at(when));
        return step(replica, when, Timer{},
                    {GateMoved{Term{term}, now}, RoleChanged{Role::follower, Term{}}});
    }
    std::uint64_t left(ReplicaIndex replica, Duration when, bool permitted = true,
                       BucketVerb verb = BucketVerb::put) {
        RequestLeft record;
        base(record, when);
        record.replica = replica;
        record.verb = verb;
        record.permitted = permitted;
        checkers_.on(record);
        return number_;
    }
    std::uint64_t lease(ReplicaIndex writer, Duration when, LeasePtr before, LeasePtr after,
                        bool restored = false) {
        LeaseCommitted record;
        base(record, when);
        record.writer = writer;
        record.before = std::move(before);
        record.after = std::move(after);
        record.restored = restored;
        checkers_.on(record);
        return number_;
    }
    std::uint64_t object(ReplicaIndex writer, Duration when, std::string_view key,
                         std::string_view etag, std::uint64_t epoch, bool tombstone = false) {
        ObjectCommitted record;
        base(record, when);
        record.writer = writer;
        record.key = ObjectKey(std::string(key));
        record.etag = ETag(std::string(etag));
        record.stamp.epoch = Epoch{epoch};
        record.stamp.tombstone = tombstone;
        record.version = ++version_;
        checkers_.on(record);
        return number_;
    }
    /// A commit whose stamp says everything: content `content`, written as `write_id`.
    std::uint64_t store(ReplicaIndex writer, Duration when, std::string_view key,
                        std::string_view etag, std::uint64_t epoch, std::uint64_t write_id,
                        std::uint64_t content) {
        ObjectCommitted record;
        base(record, when);
        record.writer = writer;
        record.key = ObjectKey(std::string(key));
        record.etag = ETag(std::string(etag));
        record.stamp = Stamp{
            Epoch{epoch}, writer + 1ULL, write_id, content, ContentDigest{content, content}, false};
        record.version = ++version_;
        checkers_.on(record);
        return number_;
    }
    std::uint64_t fault(Duration when, std::string_view what, std::vector<ReplicaIndex> targets,
                        bool began = true, std::uint32_t which = 0) {
        FaultTookEffect record;
        base(record, when);
        record.fault = which;
        record.began = began;
        record.what = what;
        record.targets = std::move(targets);
        checkers_.on(record);
        return number_;
    }
    std::uint64_t path(ReplicaIndex replica, Duration when, bool api, bool bucket = true) {
        PathChanged record;
        base(record, when);
        record.replica = replica;
        record.api_healthy = api;
        record.bucket_healthy = bucket;
        checkers_.on(record);
        return number_;
    }

    /// It is asked behind the step that came last.
    std::uint64_t told(ReplicaIndex replica, Duration when, ReplicaTold told) {
        told.number = number_;
        told.at = at(when);
        told.replica = replica;
        checkers_.on(told);
        return number_;
    }

    [[nodiscard]] Verdict verdict(std::string_view id, Duration end) {
        for (Verdict& verdict : checkers_.finish(at(end)))
            if (verdict.id == id) return std::move(verdict);
        ADD_FAILURE() << "no invariant " << id;
        return {};
    }
    [[nodiscard]] Checkers& checkers() { return checkers_; }
    [[nodiscard]] std::uint64_t number() const { return number_; }

  private:
    void base(RecordBase& record, Duration when) {
        record.number = ++number_;
        record.at = at(when);
    }

    Settings settings_;
    Checkers checkers_;
    std::vector<ClockPiece> clocks_;
    std::uint64_t number_ = 0;
    std::uint64_t version_ = 0;
};

inline LeasePtr lease_of(std::uint64_t version, std::string holder, std::uint64_t nonce,
                         std::uint64_t acquisition) {
    auto lease = std::make_shared<Lease>();
    lease->version = Version{version};
    lease->uid = "uid";
    lease->record.holder = std::move(holder);
    lease->record.duration_seconds = 15;
    lease->record.nonce = nonce;
    lease->record.acquisition = acquisition;
    lease->record.renew_time = WallTime(std::chrono::microseconds(nonce));
    return lease;
}

inline ObjectKey key_of(std::string_view key) {
    return ObjectKey(std::string(key));
}
inline ETag etag_of(std::string_view etag) {
    return ETag(std::string(etag));
}

inline SendBucket send_bucket(std::uint64_t request, BucketVerb verb, std::string_view key = "") {
    SendBucket send;
    send.request = RequestId{request};
    send.verb = verb;
    send.key = key_of(key);
    return send;
}
inline SendFile send_file(std::uint64_t request, FileVerb verb, std::string_view key,
                          std::string_view etag = "", bool dirty = false) {
    SendFile send;
    send.request = RequestId{request};
    send.verb = verb;
    send.key = key_of(key);
    send.tag.etag = etag_of(etag);
    send.tag.dirty = dirty;
    return send;
}
inline BucketAnswered bucket_answered(std::uint64_t request, std::int32_t status = 200,
                                      std::string_view etag = "") {
    auto reply = std::make_shared<BucketReply>();
    reply->status = status;
    reply->etag = etag_of(etag);
    return BucketAnswered{RequestId{request}, std::move(reply)};
}
inline BucketAnswered bucket_got(std::uint64_t request, std::string_view etag) {
    auto reply = std::make_shared<BucketReply>();
    reply->status = 200;
    reply->etag = etag_of(etag);
    reply->content = std::make_shared<const ObjectBody>();
    return BucketAnswered{RequestId{request}, std::move(reply)};
}
inline BucketAnswered bucket_page(std::uint64_t request) {
    auto reply = std::make_shared<BucketReply>();
    reply->status = 200;
    reply->content = std::make_shared<const ListPage>();
    return BucketAnswered{RequestId{request}, std::move(reply)};
}
inline BackupRead backup_read(std::uint64_t call, std::string_view key, Instant deadline = kNever) {
    return BackupRead{CallId{call}, key_of(key), ETag{}, deadline};
}
inline BackupWrite backup_write(std::uint64_t call, std::string_view key) {
    return BackupWrite{CallId{call}, key_of(key), nullptr};
}
inline Blob content_of(std::uint64_t content) {
    return Blob{content, ContentDigest{content, content}, nullptr};
}
inline BackupWrite backup_write(std::uint64_t call, std::string_view key, std::uint64_t content) {
    return BackupWrite{CallId{call}, key_of(key),
                       std::make_shared<const Blob>(content_of(content))};
}
/// The PUT of that write, fenced, as replica `writer` sends it.
inline SendBucket put_of(std::uint64_t request, ReplicaIndex writer, std::string_view key,
                         std::uint64_t epoch, std::uint64_t write_id, std::uint64_t content) {
    SendBucket put = send_bucket(request, BucketVerb::put, key);
    auto body = std::make_shared<ObjectBody>();
    body->payload = content_of(content);
    body->head = encode_header(
        Stamp{Epoch{epoch}, writer + 1ULL, write_id, content, body->payload.digest, false});
    put.body = std::move(body);
    return put;
}
inline Query query(std::uint64_t call, std::string_view key, Instant deadline = kNever) {
    return Query{CallId{call}, key_of(key), deadline};
}
inline ReadDone read_done(std::uint64_t call, ReadOutcome outcome) {
    ReadDone done;
    done.call = CallId{call};
    done.outcome = outcome;
    return done;
}
inline QueryDone query_done(std::uint64_t call,
                            QueryOutcome outcome = QueryOutcome::not_available_yet) {
    QueryDone done;
    done.call = CallId{call};
    done.outcome = outcome;
    return done;
}
inline ReadDone read_data(std::uint64_t call, std::string_view etag, std::uint64_t epoch,
                          std::uint64_t content) {
    ReadDone done;
    done.call = CallId{call};
    done.outcome = ReadOutcome::data;
    done.etag = etag_of(etag);
    done.epoch = Epoch{epoch};
    done.payload = content_of(content);
    return done;
}
inline QueryDone query_data(std::uint64_t call, std::string_view etag, std::uint64_t epoch,
                            std::uint64_t content) {
    QueryDone done;
    done.call = CallId{call};
    done.outcome = QueryOutcome::data;
    done.etag = etag_of(etag);
    done.epoch = Epoch{epoch};
    done.payload = content_of(content);
    return done;
}
inline WriteDone write_done(std::uint64_t call, WriteAck ack, std::string_view etag = "",
                            std::uint64_t epoch = 0) {
    WriteDone done;
    done.epoch = Epoch{epoch};
    done.call = CallId{call};
    done.ack = ack;
    done.etag = etag_of(etag);
    return done;
}

inline ::testing::AssertionResult passes(const Verdict& verdict) {
    if (verdict.status == Status::pass && verdict.checked > 0) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << verdict.id << ": status " << static_cast<int>(verdict.status) << ", " << verdict.what;
}
/// Violated, with `last` as the first wrong event.
inline ::testing::AssertionResult violated(const Verdict& verdict, std::uint64_t last) {
    if (verdict.status == Status::violated && !verdict.evidence.empty() &&
        verdict.evidence.back() == last && !verdict.what.empty())
        return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << verdict.id << ": status " << static_cast<int>(verdict.status) << ", evidence "
           << (verdict.evidence.empty() ? 0 : verdict.evidence.back()) << " for " << last << ", "
           << verdict.what;
}
inline ::testing::AssertionResult has_status(const Verdict& verdict, Status status) {
    if (verdict.status == status && verdict.checked == 0 && !verdict.what.empty())
        return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << verdict.id << ": status " << static_cast<int>(verdict.status) << ", " << verdict.what;
}

inline SendLease send_lease(std::uint64_t request, LeaseVerb verb, std::uint64_t nonce = 0) {
    SendLease send;
    send.request = RequestId{request};
    send.verb = verb;
    if (nonce != 0) send.lease = lease_of(1, "replica-0", nonce, 1);
    return send;
}
inline LeaseAnswered lease_answered(std::uint64_t request, LeasePtr lease,
                                    Duration retry_after = 0s) {
    LeaseReply reply;
    reply.status = lease ? 200 : 429;
    reply.retry_after = retry_after;
    reply.lease = std::move(lease);
    return LeaseAnswered{RequestId{request}, std::move(reply)};
}
/// lease_of, with what a test is about.
inline LeasePtr edited(std::uint64_t version, std::string holder, std::uint64_t nonce,
                       std::uint64_t acquisition, std::int32_t transitions,
                       std::string extra = "x") {
    auto lease = std::make_shared<Lease>(*lease_of(version, std::move(holder), nonce, acquisition));
    lease->record.transitions = transitions;
    lease->extra = std::move(extra);
    return lease;
}

}  // namespace leasehold::check
