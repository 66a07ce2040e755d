// What a bucket and its readers are promised, for the random worlds of the storage controller.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {

inline const ObjectKey kEpochKey{".ha/epoch"};
/// ContentDigest::low of bytes that are written again and again: they name no write.
inline constexpr std::uint64_t kEqual = 8;

/// What may go wrong beside requests that are lost, late or refused.
struct Kind {
    enum class Store { honours, ignores, refuses, not_atomic };
    /// A store with conditional DELETE, and reigns that outlast the largest request age.
    bool purges = false;
    /// File stores take time and fail, processes crash and come back with their disk, and some
    /// writes have the bytes of others.
    bool rough = false;
    Store store = Store::honours;
};

struct Node {
    explicit Node(const StorageConfig& settings) : config(settings), machine(settings) {}
    StorageConfig config;
    int life = 0;  ///< processes so far; what an earlier one asked for is answered to nobody
    RWStorageController machine;
    Leadership leadership;
    Instant paused_until{};
    std::deque<std::function<void()>> inbox;  ///< what came in a pause
    std::map<ObjectKey, FileEntry> files;
    std::map<CallId, Event> open;
    std::set<RequestId> unanswered;
    std::map<RequestId, SendBucket> stalled;  ///< puts whose second half was not sent yet
    Instant timer = kNever;
    /// The newest version of each key that a call of this process was given.
    std::map<ObjectKey, Stamp> given;

    /// What the disk does.
    FileReply perform(const SendFile& request) {
        auto list = std::make_shared<FileList>();
        const auto found = files.find(request.key);
        switch (request.verb) {
            case FileVerb::list:
                for (const auto& [at, file] : files)
                    list->push_back(file);
                break;
            case FileVerb::load:
                if (found == files.end()) return {FileStatus::missing, nullptr};
                list->push_back(found->second);
                break;
            case FileVerb::store:
                files[request.key] = FileEntry{request.key, request.tag, request.payload};
                break;
            case FileVerb::retag:
                if (found == files.end()) return {FileStatus::missing, nullptr};
                found->second.tag = request.tag;
                break;
            case FileVerb::remove:
                files.erase(request.key);
                break;
        }
        return {FileStatus::ok, list};
    }
};

/// Watches what is stored and what is answered.
class Promises {
  public:
    Promises(const Kind& kind, const FakeBucket& bucket) : kind_(kind), bucket_(bucket) {}

    int committed = 0;
    int given = 0;      ///< answers with a version of the bucket
    int overtaken = 0;  ///< committed by a newer write of their key

    /// No call of a process is given an older version of a key than one before it was.
    template <class Done>
    void check_given(Node& node, const Done& done) {
        // A dirty file is no version of the bucket. Elsewhere a leader has to give in.
        if (done.etag.empty() || kind_.store != Kind::Store::honours) return;
        ASSERT_TRUE(etags_.contains(done.etag)) << "a version that was never stored";
        ASSERT_TRUE(node.open.contains(done.call));
        const ObjectKey where = std::visit(
            [](const auto& event) {
                if constexpr (requires { event.key; })
                    return event.key;
                else
                    return ObjectKey{};
            },
            node.open.at(done.call));
        const Stamp& stamp = etags_.at(done.etag);
        EXPECT_EQ(done.epoch, stamp.epoch);
        EXPECT_EQ(done.payload.digest, stamp.digest) << "another version's bytes";
        const auto [known, first] = node.given.try_emplace(where, stamp);
        if (!first &&
            (stamp.epoch < known->second.epoch ||
             (stamp.epoch == known->second.epoch && stamp.write_id < known->second.write_id)))
            ADD_FAILURE() << "an older version of " << where.str() << " after a newer one";
        known->second = stamp;
        ++given;
    }

    void check_ack(Node& node, const WriteDone& done) {
        ASSERT_TRUE(node.open.contains(done.call)) << "answered twice or never asked";
        const Event event = node.open.at(done.call);
        node.open.erase(done.call);
        const auto* write = std::get_if<BackupWrite>(&event);
        if (done.ack == WriteAck::committed) {
            ++committed;
            EXPECT_TRUE(etags_.contains(done.etag)) << "committed, but never stored";
        }
        if (write == nullptr || write->payload->digest.low == kEqual) return;
        const bool stored = stored_.contains(write->payload->digest.high);
        if (done.ack == WriteAck::committed) {
            // Or overtaken, unsent, by a newer write of its key, which is the one stored.
            overtaken += stored ? 0 : 1;
        } else if (done.ack != WriteAck::unknown) {
            EXPECT_FALSE(stored) << "answered as certainly not stored";
        }
        if (done.ack == WriteAck::fenced)
            fenced_.emplace(write->payload->digest.high, bucket_.objects.contains(kEpochKey)
                                                             ? bucket_.stamp(kEpochKey).epoch
                                                             : Epoch{});
    }

    /// The four promises about what lands, whenever it lands.
    void check_commit(const SendBucket& request, const BucketReply& result) {
        const Stamp stamp = bucket_.commits.back().second;
        etags_.emplace(result.etag, stamp);
        if (request.key.view().starts_with(".ha/probe")) return;
        // Elsewhere only time fences, and a request here lands long after its time-out.
        if (kind_.store != Kind::Store::honours) return;
        const auto newest = newest_.find(request.key);
        if (newest != newest_.end()) {
            EXPECT_LE(newest->second.epoch, stamp.epoch)
                << "a stale commit to " << request.key.str();
            if (request.key == kEpochKey) {
                EXPECT_LT(newest->second.epoch, stamp.epoch) << "claimed twice";
            }
            if (newest->second.epoch == stamp.epoch) {
                EXPECT_EQ(newest->second.writer, stamp.writer) << "two writers in one epoch";
                EXPECT_LT(newest->second.write_id, stamp.write_id)
                    << "an older write landed on a newer";
            }
        }
        newest_[request.key] = stamp;
        if (stamp.tombstone || request.key == kEpochKey || stamp.digest.low == kEqual) return;
        stored_.insert(stamp.digest.high);
        if (const auto fenced = fenced_.find(stamp.digest.high); fenced != fenced_.end()) {
            EXPECT_GT(stamp.epoch, fenced->second) << "a fenced write landed in its own epoch";
        }
    }

  private:
    const Kind& kind_;
    const FakeBucket& bucket_;
    std::map<ObjectKey, Stamp> newest_;
    std::map<ETag, Stamp> etags_;
    std::set<std::uint64_t> stored_;
    std::map<std::uint64_t, Epoch> fenced_;
};

}  // namespace leasehold::rig
