#include "sim/world/lease_api.hpp"

#include <memory>
#include <string>
#include <vector>

#include "model/base/check.hpp"

namespace leasehold::sim {
namespace {

constexpr std::size_t kWatchCache = 64;  // changes; far more than any watch here lags behind

LeaseReply failure(std::int32_t status, StatusReason reason, bool about_lease = true) {
    LeaseReply reply;
    reply.status = status;
    reply.reason = reason;
    reply.about_lease = about_lease;
    return reply;
}

LeaseReply success(std::int32_t status, LeasePtr lease) {
    LeaseReply reply;
    reply.status = status;
    reply.lease = std::move(lease);
    return reply;
}

bool whole_microseconds(const std::optional<WallTime>& time) {
    return !time || time->time_since_epoch().count() % 1000 == 0;
}

// MicroTime has exactly six digits: anything else is no Lease, and is refused unread (400).
bool malformed(const LeaseRecord& record) {
    return !whole_microseconds(record.acquire_time) || !whole_microseconds(record.renew_time);
}

// What the server's validation refuses (422): of a POST before all else, of a PUT once the uid and
// the version are right.
bool invalid(const LeaseRecord& record) {
    return record.duration_seconds <= 0 || record.transitions < 0;
}

// Its details name the kind "Lease" and not the resource "leases".
LeaseReply refused_as_invalid() {
    return failure(422, StatusReason::invalid, false);
}

}  // namespace

LeaseReply LeaseApi::handle(LeaseVerb verb, const LeasePtr& body,
                            std::optional<LeaseChange>& change) {
    CHECK((verb == LeaseVerb::get) == (body == nullptr));
    if (body && malformed(body->record)) return failure(400, StatusReason::bad_request, false);
    switch (verb) {
        case LeaseVerb::get:
            return get();
        case LeaseVerb::create:
            return create(body, change);
        case LeaseVerb::update:
            return update(body, change);
    }
    check_failed("known verb", __FILE__, __LINE__, "");
}

LeaseReply LeaseApi::get() const {
    if (!lease_) return failure(404, StatusReason::not_found);
    return success(200, lease_);
}

LeaseReply LeaseApi::create(const LeasePtr& body, std::optional<LeaseChange>& change) {
    if (invalid(body->record)) return refused_as_invalid();
    if (body->version.value() != 0) return failure(500, StatusReason::none, false);
    if (lease_) return failure(409, StatusReason::already_exists);
    auto after = std::make_shared<Lease>(*body);
    after->uid = "uid-" + std::to_string(random_.below(1'000'000'000));
    return created(std::move(after), change);
}

// kine 0.17.5 answers a creation over a deletion with its log's revision at the time of the answer,
// which is mostly that of the object (findings/kine-create-version.sh): one too low now and then,
// or above it when something else of the cluster was written in between.
LeaseReply LeaseApi::created(std::shared_ptr<Lease> after, std::optional<LeaseChange>& change) {
    change = commit(std::move(after));
    if (!misnames_creations()) return success(201, lease_);
    const std::uint64_t dice = random_.below(4);
    if (dice > 1) return success(201, lease_);
    auto misnamed = std::make_shared<Lease>(*lease_);
    misnamed->version = Version(lease_->version.value() - 1);
    if (dice == 1) misnamed->version = next_revision();
    return success(201, std::move(misnamed));
}

LeaseReply LeaseApi::update(const LeasePtr& body, std::optional<LeaseChange>& change) {
    if (!lease_) {
        // A PUT with a uid is refused; without one it creates (Lease allows create on update).
        if (!body->uid.empty()) return failure(409, StatusReason::conflict);
        auto fresh = std::make_shared<Lease>(*body);
        fresh->version = Version{};
        return create(fresh, change);
    }
    if (!body->uid.empty() && body->uid != lease_->uid) return failure(409, StatusReason::conflict);
    if (body->version.value() == 0) return failure(422, StatusReason::invalid);
    if (body->version != lease_->version) return failure(409, StatusReason::conflict);
    if (invalid(body->record)) return refused_as_invalid();
    if (body->record == lease_->record && body->extra == lease_->extra)
        return success(200, lease_);  // equal content: nothing is written, no event
    auto after = std::make_shared<Lease>(*body);
    after->uid = lease_->uid;
    change = commit(std::move(after));
    return success(200, lease_);
}

std::optional<LeaseChange> LeaseApi::remove() {
    if (!lease_) return std::nullopt;
    return commit(nullptr);
}

std::optional<LeaseChange> LeaseApi::create_empty() {
    if (lease_) return std::nullopt;
    auto fresh = std::make_shared<Lease>();
    fresh->uid = "uid-" + std::to_string(random_.below(1'000'000'000));
    return commit(std::move(fresh));
}

std::optional<LeaseChange> LeaseApi::edit(LeaseEdit edit) {
    if (!lease_) return std::nullopt;
    auto after = std::make_shared<Lease>(*lease_);
    switch (edit) {
        case LeaseEdit::clear_holder:
            after->record.holder.clear();
            break;
        case LeaseEdit::steal_holder:
            after->record.holder = "operator";
            break;
        case LeaseEdit::shorten_duration:
            after->record.duration_seconds = 1;
            break;
        case LeaseEdit::label:
            after->extra += "e";
            break;
        case LeaseEdit::recreate_empty:
            return std::nullopt;  // two requests: remove() and create_empty()
        case LeaseEdit::lengthen_duration:
            after->record.duration_seconds = 60;
            break;
        case LeaseEdit::renew_holder:
            if (!after->record.renew_time) return std::nullopt;
            *after->record.renew_time += std::chrono::seconds(1);
            break;
        case LeaseEdit::replay_release:
            if (!released_ || released_->uid != lease_->uid) return std::nullopt;
            after->record = released_->record;
            break;
    }
    if (after->record == lease_->record && after->extra == lease_->extra) return std::nullopt;
    return commit(std::move(after));
}

std::optional<std::vector<LeaseChange>> LeaseApi::changes_since(Version from) const {
    std::vector<LeaseChange> newer;
    if (from == Version{}) {
        // From nowhere: what there is, and what comes.
        if (lease_) newer.push_back({lease_->version, nullptr, lease_});
        return newer;
    }
    // A version that has not come yet is no error: the stream is open, and silent.
    if (from < compacted_) return std::nullopt;
    for (const LeaseChange& change : changes_)
        if (change.version > from) newer.push_back(change);
    return newer;
}

std::optional<LeaseChange> LeaseApi::restore(const LeasePtr& lease, Version revision, bool bump) {
    constexpr std::uint64_t kBump = 1'000'000'000;  // etcdutl's --bump-revision as documented
    if (revision == revision_ && !bump) return std::nullopt;
    LeaseChange change{revision, lease_, lease};
    revision_ = Version(bump ? revision_.value() + kBump : revision.value());
    lease_ = lease;
    compact();
    return change;
}

void LeaseApi::compact() {
    changes_.clear();
    compacted_ = revision_;
}

LeaseChange LeaseApi::commit(std::shared_ptr<Lease> after) {
    LeaseChange change{next_revision(), lease_, nullptr};
    if (after) {
        after->version = change.version;
        change.after = std::move(after);
        if (change.after->record.holder.empty() && change.after->record.released != 0)
            released_ = change.after;
    }
    lease_ = change.after;
    if (!lease_) deleted_ = true;
    changes_.push_back(change);
    if (changes_.size() > kWatchCache) {
        compacted_ = changes_.front().version;
        changes_.pop_front();
    }
    return change;
}

// The revision is etcd's: every other write of the cluster takes numbers too.
Version LeaseApi::next_revision() {
    revision_ = Version(revision_.value() + 1 + (random_.next() & 3U));
    return revision_;
}

}  // namespace leasehold::sim
