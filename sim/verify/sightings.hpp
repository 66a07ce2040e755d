// Sightings: what the recordings show of the Lease and of the bucket, gathered in one pass.
//
// A commit happened at the latest when somebody knew of it, so each is dated by its first
// sighting: the answer to its writer, another's GET, LIST or watch, the recorder of the world.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/protocol/history.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::verify {

/// A state of the Lease, ordered by its version; a deletion seen by the recorder alone has no
/// version of its own and stands right after what it deleted.
struct LeasePlace {
    Version version;
    bool after = false;
    friend auto operator<=>(const LeasePlace&, const LeasePlace&) = default;
};
struct LeaseState {
    LeasePtr lease;  ///< null = deleted
    TrueTime first{};
};

/// One version of an object, by its ETag.
struct ObjectVersion {
    TrueTime first = TrueTime::max();
    std::optional<Stamp> stamp;
};
/// A put or remove that the bucket confirmed, or a remove whose answer never came.
struct ObjectWrite {
    ObjectKey key;
    ETag etag;  ///< empty: removed
    ReplicaIndex writer = kNobody;
    TrueTime sent{};
    TrueTime answered{};
    bool confirmed = false;
};

class Sightings final : public Observer {
  public:
    void on(const ProcessStarted& record) override;
    void on(const ProcessEnded& record) override { ends[record.replica].insert(record.at); }
    void on(const ReplicaStepped& record) override;
    void on(const LeaseCommitted& record) override;
    void on(const ObjectCommitted& record) override;

    std::map<LeasePlace, LeaseState> lease;
    std::map<std::uint64_t, ReplicaIndex> nonces;   ///< of writes of the Lease -> their writer
    std::set<std::string, std::less<>> identities;  ///< of the processes that recorded
    std::map<std::pair<ObjectKey, ETag>, ObjectVersion> objects;
    std::vector<ObjectWrite> writes;
    std::vector<std::pair<TrueTime, ObjectKey>> vanished;  ///< the recorder missed it in a LIST
    std::map<std::uint64_t, ReplicaIndex> writers;         ///< of stamps
    std::uint64_t largest_object = 0;
    std::map<ReplicaIndex, std::set<TrueTime>> starts;  ///< of processes
    std::map<ReplicaIndex, std::set<TrueTime>> ends;    ///< recorded, or declared by who killed it

    /// Is the end of the process that `replica` was at `at` known?
    [[nodiscard]] bool end_is_known(ReplicaIndex replica, TrueTime at) const;

  private:
    struct Sent {
        BucketVerb verb = BucketVerb::get;
        ObjectKey key;
        std::optional<Stamp> stamp;
        TrueTime at{};
    };
    void sent(const ReplicaStepped& record, const SendBucket& request);
    void answered(const ReplicaStepped& record, const BucketAnswered& answer);
    void lease_seen(const LeasePtr& seen, TrueTime at);
    void object_seen(const ObjectKey& key, const ETag& etag, const std::optional<Stamp>& stamp,
                     TrueTime at);

    std::map<std::pair<ReplicaIndex, RequestId>, Sent> flights_;
};

}  // namespace leasehold::verify
