// State: the machines of the storage, by role, and one step over them.
//
// Plain data. The machines know nothing of each other; the arrows between them are in arrows.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "model/base/time.hpp"
#include "model/storage/calls.hpp"
#include "model/storage/catalog/catalog.hpp"
#include "model/storage/config.hpp"
#include "model/storage/desk.hpp"
#include "model/storage/follower/fetch_queue.hpp"
#include "model/storage/follower/parked_reads.hpp"
#include "model/storage/follower/poller.hpp"
#include "model/storage/leader/bucket_health.hpp"
#include "model/storage/leader/epoch_claim.hpp"
#include "model/storage/leader/graveyard.hpp"
#include "model/storage/leader/leader_reads.hpp"
#include "model/storage/leader/reconciler.hpp"
#include "model/storage/leader/store_probe.hpp"
#include "model/storage/leader/writer.hpp"
#include "model/storage/queries/queries.hpp"
#include "model/storage/requests.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// Not started.
struct Idle {
    friend bool operator==(const Idle&, const Idle&) = default;
};

/// A follower polls, fetches, and keeps its readers waiting.
/// Each role owns what only it needs, so nothing of one leadership is left over for the next: no
/// queue, no claim, no verdict about the store.
struct Following {
    Poller poller;
    FetchQueue fetches;
    ParkedReads reads;
    /// Keys still to be compared with the newest complete LIST.
    struct Unlisted {
        std::uint32_t number = 0;
        std::uint32_t at = 0;
        friend bool operator==(const Unlisted&, const Unlisted&) = default;
    };
    std::optional<Unlisted> unlisted;
    friend bool operator==(const Following&, const Following&) = default;
};

/// A leader claims, writes, reads through.
/// All of it is made anew by a promotion. In particular the store is asked anew, for the bucket may
/// have been exchanged since; and the number is claimed anew, for another may have written.
struct Leading {
    explicit Leading(const StorageConfig& config, const Tenure& began)
        : tenure(began), writer(config), reads(config) {}
    Tenure tenure;
    EpochClaim claim;
    Writer writer;
    LeaderReads reads;
    Reconciler reconciler;
    Graveyard graves;
    BucketHealth health;
    StoreProbe probe;
    friend bool operator==(const Leading&, const Leading&) = default;
};

/// Stopped: every call was answered.
struct Ended {
    friend bool operator==(const Ended&, const Ended&) = default;
};

using Role = std::variant<Idle, Following, Leading, Ended>;

/// What is asked of the elector.
struct Wishes {
    bool renewal = false;
    bool give_up = false;
    friend bool operator==(const Wishes&, const Wishes&) = default;
};

/// The process.
/// What outlives roles. Patience does: it counts the leaderships that were given up in vain. So
/// does the age of what may yet land: a put of the last leadership is still this process's.
struct Life {
    std::uint64_t writer = 0;  ///< hash of the identity, for stamps
    bool started = false;
    bool stopping = false;
    Wishes wishes;
    Patience patience;
    Instant unresolved_until{};  ///< a put of unknown outcome may land until then
    /// What the last leadership had in flight as it ended, or had no answer to, was to be applied
    /// by then: the end of its validity. It may have ended before.
    Instant left_until{};
    Instant settled_at{};  ///< newest `now`
    friend bool operator==(const Life&, const Life&) = default;
};

struct State {
    explicit State(const StorageConfig& given) : config(given) {}
    StorageConfig config;
    Catalog catalog;
    Calls calls;
    Requests requests;
    Queries queries;
    Role role;
    Life life;

    [[nodiscard]] Following* following() { return std::get_if<Following>(&role); }
    [[nodiscard]] Leading* leading() { return std::get_if<Leading>(&role); }
    [[nodiscard]] const Following* following() const { return std::get_if<Following>(&role); }
    [[nodiscard]] const Leading* leading() const { return std::get_if<Leading>(&role); }
    /// What a machine may look at, at `now`.
    [[nodiscard]] Sight sight(Instant now) const;
    /// How long what was sent may land where no condition stops it.
    [[nodiscard]] Instant landing_until(Instant now) const;

    friend bool operator==(const State&, const State&) = default;
};

/// One step: its clock, its effects, and the facts that are still to be told.
/// One step is one instant: nothing in it reads a clock, and all machines see the same `now`.
struct Step {
    State& s;
    Instant now;
    Effects& out;
    std::vector<Fact> facts{};

    [[nodiscard]] Sight sight() const { return s.sight(now); }
    [[nodiscard]] Desk desk() { return {out, s.requests, s.calls, facts}; }
};

}  // namespace leasehold::storage
