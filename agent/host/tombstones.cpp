#include "agent/host/tombstones.hpp"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "agent/host/bucket_session.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

struct Tombstone {
    ObjectKey key;
    ETag etag;
};

class Removal {
  public:
    explicit Removal(const AgentConfig& config) : config_(config), bucket_(config) {}

    TombstonesRemoved run(const std::function<void(const std::string&)>& tell) {
        const std::vector<Tombstone> all = find();
        done_.tombstones = all.size();
        if (!done_.error.empty() || all.empty()) return done_;
        const Duration age = config_.storage.largest_request_age;
        tell(std::to_string(all.size()) + " tombstones of " + std::to_string(done_.objects) +
             " objects; waits " +
             std::to_string(std::chrono::ceil<std::chrono::seconds>(age).count()) +
             "s for PUTs that were under way when the replicas ended");
        bucket_.pass(age);
        for (const Tombstone& one : all) {
            if (!done_.error.empty()) break;
            remove(one);
        }
        return done_;
    }

  private:
    void give_up(const std::string& what, const BucketReply& reply) {
        done_.error = what + ": " + bucket_.words(reply);
    }

    std::vector<Tombstone> find() {
        std::vector<Tombstone> all;
        ObjectKey after;
        for (bool more = true; more;) {
            SendBucket list = bucket_.request(BucketVerb::list, after);
            list.prefix = config_.storage.prefix;
            const auto [outcome, reply] = bucket_.insist(list);
            if (outcome != BucketOutcome::page) return give_up("LIST", reply), all;
            const ListPage& page = *std::get<ListPagePtr>(reply.content);
            for (const ListEntry& entry : page.entries) {
                if (entry.key.view().starts_with(".ha/")) continue;
                ++done_.objects;
                // A header alone, or nothing under metadata.
                if (entry.size != 0 && entry.size != kHeaderSize) continue;
                if (const auto etag = tombstone(entry.key)) all.push_back({entry.key, *etag});
                if (!done_.error.empty()) return all;
            }
            more = page.truncated;
            if (!more) continue;
            if (page.entries.empty()) {  // no client of ours gives one: never taken for the end
                done_.error = "LIST: a page without keys that is not the last";
                return all;
            }
            after = page.entries.back().key;
        }
        return all;
    }
    /// The ETag under which a tombstone lies at `key` now.
    std::optional<ETag> tombstone(const ObjectKey& key) {
        const auto [outcome, reply] = bucket_.insist(bucket_.request(BucketVerb::get, key));
        if (outcome == BucketOutcome::missing) return std::nullopt;
        const auto* body = std::get_if<ObjectBodyPtr>(&reply.content);
        if (body == nullptr || *body == nullptr)
            return give_up("GET " + key.str(), reply), std::nullopt;
        const std::optional<Stamp> stamp = stamp_of(**body);
        if (!stamp || !stamp->tombstone) return std::nullopt;
        return reply.etag;
    }
    void remove(const Tombstone& one) {
        const std::optional<ETag> now = tombstone(one.key);
        if (!done_.error.empty()) return;
        if (now != one.etag) {
            ++done_.written;
            return;
        }
        SendBucket request = bucket_.request(BucketVerb::remove, one.key);
        request.etag = one.etag;
        BucketSession::Told told = bucket_.insist(request);
        if (told.outcome == BucketOutcome::refused) {  // a store that knows no such condition
            request.etag = ETag{};
            told = bucket_.insist(request);
        }
        if (told.outcome == BucketOutcome::removed)
            ++done_.removed;
        else if (told.outcome == BucketOutcome::precondition_failed)
            ++done_.written;
        else
            give_up("DELETE " + one.key.str(), told.reply);
    }

    const AgentConfig& config_;
    BucketSession bucket_;
    TombstonesRemoved done_;
};

}  // namespace

TombstonesRemoved remove_tombstones(const AgentConfig& config,
                                    const std::function<void(const std::string&)>& tell) {
    return Removal(config).run(tell);
}

}  // namespace leasehold::agent
