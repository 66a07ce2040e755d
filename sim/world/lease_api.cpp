#include "sim/world/lease_api.hpp"

#include <memory>
#include <string>
#include <vector>

#include "sim/world/lease_rules.hpp"

namespace leasehold::sim {
namespace {

constexpr std::size_t kWatchCache = 64;  // changes; far more than any watch here lags behind

}  // namespace

LeaseReply LeaseApi::handle(LeaseVerb verb, const LeasePtr& body,
                            std::optional<LeaseChange>& change) {
    LeaseRuling ruling = rule(lease_, verb, body);
    if (!ruling.write) return ruling.reply;
    if (ruling.creates) ruling.write->uid = draw_uid();
    change = commit(std::move(ruling.write));
    ruling.reply.lease = lease_;
    return ruling.creates ? created(std::move(ruling.reply)) : ruling.reply;
}

// kine 0.17.5 answers a creation over a deletion with its log's revision at the time of the answer,
// which is mostly that of the object (findings/kine-create-version.sh): one too low now and then,
// or above it when something else of the cluster was written in between.
LeaseReply LeaseApi::created(LeaseReply reply) {
    if (!misnames_creations()) return reply;
    const std::uint64_t dice = random_.below(4);
    if (dice > 1) return reply;
    auto misnamed = std::make_shared<Lease>(*lease_);
    misnamed->version = Version(lease_->version.value() - 1);
    if (dice == 1) misnamed->version = next_revision();
    reply.lease = std::move(misnamed);
    return reply;
}

std::optional<LeaseChange> LeaseApi::remove() {
    if (!lease_) return std::nullopt;
    return commit(nullptr);
}

std::optional<LeaseChange> LeaseApi::create_empty() {
    if (lease_) return std::nullopt;
    auto fresh = std::make_shared<Lease>();
    fresh->uid = draw_uid();
    return commit(std::move(fresh));
}

std::optional<LeaseChange> LeaseApi::edit(LeaseEdit edit) {
    std::shared_ptr<Lease> after = lease_ ? edited(*lease_, edit, released_) : nullptr;
    if (!after) return std::nullopt;
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

std::string LeaseApi::draw_uid() {
    return "uid-" + std::to_string(random_.below(1'000'000'000));
}

// The revision is etcd's: every other write of the cluster takes numbers too.
Version LeaseApi::next_revision() {
    revision_ = Version(revision_.value() + 1 + (random_.next() & 3U));
    return revision_;
}

}  // namespace leasehold::sim
