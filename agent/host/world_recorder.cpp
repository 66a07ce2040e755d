#include "agent/host/world_recorder.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "agent/host/log.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/travel.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAttempt = 5s;
constexpr Duration kAttemptPerMib = 1s;
constexpr Duration kRetry = 200ms;
constexpr Duration kLongestPutOff = 5min;
/// What a server asks for beyond this would leave a hole in the history.
constexpr Duration kMostObeyed = 30s;
/// Of a key in one round: one that is written all the while keeps no other waiting.
constexpr int kMostLooks = 4;

/// How long the server wants to hear nothing.
Duration asked_for(Duration retry_after) {
    return std::min<Duration>(retry_after, kMostObeyed);
}

reports::HistoryHeader header() {
    reports::HistoryHeader header;
    header.boot = boot_id();
    return header;
}

}  // namespace

WorldRecorder::WorldRecorder(asio::io_context& loop, const AgentConfig& config)
    : pool_(loop, 2),
      period_(config.record_poll),
      spool_(config.http.spool_directory),
      recorder_(config.record_file, header()),
      duties_(log_duty),
      timer_(loop, [this] { due(); }) {
    const auto deliver = [this](const Event& event) { take(event); };
    if (config.api)
        lease_client_ =
            std::make_unique<LeaseClient>(loop, *config.api, config.lease, deliver, &duties_);
    if (config.bucket)
        bucket_ =
            make_bucket(*config.bucket,
                        BucketContext{loop, pool_, nullptr, nullptr, spool_, &duties_}, deliver);
}

WorldRecorder::~WorldRecorder() = default;

void WorldRecorder::start() {
    if (lease_client_) look_at_lease();
    if (bucket_) list(ObjectKey{});
}

void WorldRecorder::due() {
    const Instant now = boottime();
    if (look_at_ <= now) {
        look_at_ = kNever;
        look_at_lease();
    }
    if (list_at_ <= now) {
        list_at_ = kNever;
        list(ObjectKey{});
    }
    timer_.arm(std::min(look_at_, list_at_));
}

void WorldRecorder::take(const Event& event) {
    if (const auto* answer = std::get_if<LeaseAnswered>(&event)) on_lease(*answer);
    if (const auto* watched = std::get_if<LeaseWatched>(&event)) on_watch(*watched);
    if (const auto* answer = std::get_if<BucketAnswered>(&event)) on_bucket(*answer);
    timer_.arm(std::min(look_at_, list_at_));
}

// ---- the Lease ----------------------------------------------------------------------------------

void WorldRecorder::look_at_lease() {
    if (looking_ || watching_) return;
    looking_ = true;
    looked_at_ = boottime();
    SendLease get;
    get.request = RequestId{++requests_};
    get.timeout = kAttempt;
    lease_client_->send(get);
}

void WorldRecorder::on_lease(const LeaseAnswered& answer) {
    looking_ = false;
    const LeaseOutcome outcome = classify(LeaseVerb::get, answer.reply);
    if (outcome == LeaseOutcome::found) {
        lease_is(answer.reply.lease);
        watching_ = true;
        lease_client_->watch(WatchLease{WatchId{++watches_}, answer.reply.lease->version});
        return;
    }
    if (outcome == LeaseOutcome::missing) lease_is(nullptr);
    look_at_ = boottime() + std::max(kRetry, asked_for(answer.reply.retry_after));
}

void WorldRecorder::on_watch(const LeaseWatched& watched) {
    if (watched.watch != WatchId{watches_}) return;
    if (watched.kind == WatchKind::seen) lease_is(watched.lease);
    if (watched.kind == WatchKind::deleted) lease_is(nullptr);
    if (watched.kind != WatchKind::ended) return;
    watching_ = false;
    // At once after a watch that lasted; a server that ends each as it begins is not besieged.
    look_at_ = looked_at_ + kRetry;
}

void WorldRecorder::lease_is(const LeasePtr& lease) {
    const bool same = lease_ && lease ? lease_->version == lease->version : lease_ == lease;
    if (same) return;
    recorder_.lease_committed(boottime(), lease_, lease);
    lease_ = lease;
}

// ---- the bucket ---------------------------------------------------------------------------------

void WorldRecorder::list(const ObjectKey& after) {
    if (after.empty()) {
        listed_.clear();
        changed_.clear();
        round_failed_ = false;
    }
    SendBucket request;
    request.verb = BucketVerb::list;
    request.key = after;
    request.timeout = kAttempt;
    getting_ = {};
    bucket_request_ = request.request = RequestId{++requests_};
    bucket_->send(request);
}

void WorldRecorder::on_bucket(const BucketAnswered& answer) {
    if (answer.request != bucket_request_) return;
    bucket_request_ = RequestId{};
    const BucketReply& reply = *answer.reply;
    if (!getting_.key.empty()) return on_object(std::exchange(getting_, {}), reply);
    if (classify(BucketVerb::list, reply) == BucketOutcome::page)
        return on_page(*std::get<ListPagePtr>(reply.content));
    round_failed_ = true;
    end_round();
    list_at_ += std::max(Duration(0), asked_for(reply.retry_after) - period_);
}

void WorldRecorder::on_page(const ListPage& page) {
    for (const ListEntry& entry : page.entries) {
        listed_[entry.key] = entry.etag;
        if (!knows(entry.key, entry.etag)) changed_.push_back(entry);
    }
    if (page.truncated && !page.entries.empty()) return list(page.entries.back().key);
    if (page.truncated) round_failed_ = true;  // no client of ours: it is not the end, all the same
    if (!round_failed_) vanished();
    next_object();
}

bool WorldRecorder::knows(const ObjectKey& key, const ETag& etag) const {
    const auto known = known_.find(key);
    return known != known_.end() && known->second == etag;
}

void WorldRecorder::next_object() {
    seen_.reset();
    looks_ = 0;
    while (!changed_.empty()) {
        const ListEntry entry = std::move(changed_.front());
        changed_.pop_front();
        const auto off = put_off_.find(entry.key);
        if (off == put_off_.end() || off->second.until <= boottime()) {
            const auto known = known_.find(entry.key);
            return get(entry, known == known_.end() ? ETag{} : known->second);
        }
    }
    end_round();
}

void WorldRecorder::get(const ListEntry& entry, const ETag& unless) {
    getting_ = entry;
    SendBucket request;
    request.verb = BucketVerb::get;
    request.key = entry.key;
    request.etag = unless;
    request.timeout = kAttempt + travel_time(entry.size, kAttemptPerMib);
    bucket_request_ = request.request = RequestId{++requests_};
    bucket_->send(request);
}

// Versity S3 Gateway answers a GET beside a PUT with the ETag of the old object and the bytes of
// the new one, and a verdict over such a pair blames an acknowledged write. So what was got counts
// only when the store says afterwards that it is that version still: by a 304, or, where it takes
// no notice of the condition, by the same once more.
void WorldRecorder::on_object(const ListEntry& entry, const BucketReply& reply) {
    const BucketOutcome outcome = classify(BucketVerb::get, reply);
    if (outcome == BucketOutcome::unchanged) {
        if (seen_) confirmed(entry.key);  // else it is as known, and a LIST calls it otherwise
    } else if (outcome == BucketOutcome::object && !knows(entry.key, reply.etag)) {
        const ObjectBody& body = *std::get<ObjectBodyPtr>(reply.content);
        const Sighting now{reply.etag, stamp_of(body).value_or(Stamp{})};
        const bool same = seen_ == now;
        seen_ = now;
        if (!same && ++looks_ < kMostLooks) return get(entry, reply.etag);
        if (same)
            confirmed(entry.key);
        else
            put_off(entry.key);
    } else if (outcome != BucketOutcome::object && outcome != BucketOutcome::missing) {
        put_off(entry.key);
    }
    next_object();  // not seen for certain: the next round finds it changed still
}

void WorldRecorder::confirmed(const ObjectKey& key) {
    recorder_.object_committed(boottime(), key, seen_->etag, seen_->stamp);
    known_[key] = seen_->etag;
    listed_[key] = seen_->etag;
    put_off_.erase(key);
}

/// A large object that a store breaks off, or that no spool takes, would be downloaded in each
/// round.
void WorldRecorder::put_off(const ObjectKey& key) {
    PutOff& off = put_off_[key];
    off.wait = std::clamp<Duration>(2 * off.wait, kRetry, kLongestPutOff);
    off.until = boottime() + off.wait;
}

/// Told as the list is complete, and not after the objects that it showed were got: by then the
/// key may long have been written anew.
void WorldRecorder::vanished() {
    std::erase_if(put_off_, [this](const auto& one) { return !listed_.contains(one.first); });
    for (auto at = known_.begin(); at != known_.end();) {
        if (listed_.contains(at->first)) {
            ++at;
            continue;
        }
        recorder_.object_committed(boottime(), at->first, ETag{}, Stamp{});
        at = known_.erase(at);
    }
}

void WorldRecorder::end_round() {
    list_at_ = boottime() + period_;
}

}  // namespace leasehold::agent
