// Owners: whose request it is. The answer goes to the owner's machine and to nobody else.
//
// One type for each reason to ask, with what its machine needs to know again. The controller visits
// them: a reason without a receiver doesn't compile.
#pragma once

#include <cstdint>
#include <variant>

#include "model/base/key_table.hpp"
#include "model/base/strong.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::storage {

/// A write, removal or upload that a leader works on; its value is the write id of its stamp.
using JobId = StrongId<struct JobIdTag>;

// Of a follower.
/// A page names no key: it is the one LIST that its machine has under way.
struct PollPage {
    friend bool operator==(const PollPage&, const PollPage&) = default;
};
struct Fetch {
    KeyId key{};
    friend bool operator==(const Fetch&, const Fetch&) = default;
};
/// A leader's read whose leadership ended while it was in flight.
struct LateRead {
    KeyId key{};
    friend bool operator==(const LateRead&, const LateRead&) = default;
};

// Of a leader.
struct LeaderRead {
    KeyId key{};
    friend bool operator==(const LeaderRead&, const LeaderRead&) = default;
};
/// Of the epoch's two requests at most one is in flight, so neither has to say which it is.
struct ClaimLook {
    friend bool operator==(const ClaimLook&, const ClaimLook&) = default;
};
struct ClaimSwap {
    friend bool operator==(const ClaimSwap&, const ClaimSwap&) = default;
};
/// A write's three requests. Each holds the job's place while it is in flight.
struct Attempt {
    JobId job;
    friend bool operator==(const Attempt&, const Attempt&) = default;
};
/// Whose write is it that the key holds?
struct AttemptLook {
    JobId job;
    friend bool operator==(const AttemptLook&, const AttemptLook&) = default;
};
/// Is `.ha/epoch` still ours, so that a missing key may be created?
struct EpochLook {
    JobId job;
    friend bool operator==(const EpochLook&, const EpochLook&) = default;
};
struct ProbeRequest {
    std::uint32_t number = 0;  ///< of a pair: 1 or 2; else 0
    friend bool operator==(const ProbeRequest&, const ProbeRequest&) = default;
};
struct HealthPut {
    friend bool operator==(const HealthPut&, const HealthPut&) = default;
};
/// The only DELETE of data: of a tombstone, under its ETag.
struct Purge {
    KeyId key{};
    friend bool operator==(const Purge&, const Purge&) = default;
};
struct ReconcilePage {
    friend bool operator==(const ReconcilePage&, const ReconcilePage&) = default;
};
struct ReconcileLook {
    KeyId key{};
    friend bool operator==(const ReconcileLook&, const ReconcileLook&) = default;
};

// Of either.
/// Names the call: a query has one request of its own, and its answer is nobody else's.
struct QueryLook {
    CallId call;
    KeyId key{};
    friend bool operator==(const QueryLook&, const QueryLook&) = default;
};
/// A put or remove that was given up: no permit, and its answer changes nothing.
struct GivenUp {
    friend bool operator==(const GivenUp&, const GivenUp&) = default;
};

using BucketOwner = std::variant<PollPage, Fetch, LateRead, LeaderRead, ClaimLook, ClaimSwap,
                                 Attempt, AttemptLook, EpochLook, ProbeRequest, HealthPut, Purge,
                                 ReconcilePage, ReconcileLook, QueryLook, GivenUp>;

// Of the file store.
struct FileIndex {
    friend bool operator==(const FileIndex&, const FileIndex&) = default;
};
/// The verb, because a removal that failed means something else than a store that failed.
struct FileChange {
    KeyId key{};
    FileVerb verb = FileVerb::store;
    friend bool operator==(const FileChange&, const FileChange&) = default;
};
struct ReadLoad {
    KeyId key{};
    friend bool operator==(const ReadLoad&, const ReadLoad&) = default;
};
struct QueryLoad {
    CallId call;
    KeyId key{};
    ContentDigest file;  ///< what was known of the file when it was asked for
    friend bool operator==(const QueryLoad&, const QueryLoad&) = default;
};
struct ReconcileLoad {
    KeyId key{};
    friend bool operator==(const ReconcileLoad&, const ReconcileLoad&) = default;
};
/// A load whose machine is gone.
struct Forgotten {
    friend bool operator==(const Forgotten&, const Forgotten&) = default;
};

using FileOwner =
    std::variant<FileIndex, FileChange, ReadLoad, QueryLoad, ReconcileLoad, Forgotten>;

}  // namespace leasehold::storage
