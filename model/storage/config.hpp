// Configuration of the RWStorageController.
#pragma once

#include <cstdint>
#include <string>

#include "model/base/text.hpp"
#include "model/base/time.hpp"

namespace leasehold {

/// How objects are written with HA on (reading understands both).
enum class ObjectFormat : std::uint8_t {
    fenced,  ///< a header before the payload: rewriting equal bytes still changes the ETag
    plain    ///< payload alone, stamp as user metadata: leaves a window (see scenarios)
};

/// Durations are spans on the replica's own monotonic clock, and positive. What can't work is a
/// CHECK of the controller's constructor; relations between them are validated where they are read.
struct StorageConfig {
    bool ha = true;        ///< false: HA off or one replica; plain objects, nothing added
    std::string identity;  ///< names the writer in stamps and the polling phase
    ObjectFormat format = ObjectFormat::fenced;
    ObjectKey prefix;        ///< of tracked keys within the bucket, "etl/" in Kubecost
    bool file_store = true;  ///< keep a local copy (required by HA)
    /// A race shows by luck alone. Where it is known, the probe takes it as told and asks the rest.
    bool store_not_atomic = false;  ///< the store is known to check first and store later
    Duration poll_period = std::chrono::seconds(30);
    /// The elector's. A third of it bounds what a claim backs off, so that at least two tries fit
    /// before a leader gives way.
    Duration lease_duration = std::chrono::seconds(15);  ///< no write got on that long: give up
    Duration retry_period = std::chrono::seconds(2);     ///< at most one extra renewal in each
    /// An attempt's end by time-out is *unknown*, never a failure: the store may apply it later, up
    /// to the largest request age, which is therefore not below put_timeout.
    Duration get_timeout = std::chrono::seconds(5);      ///< per attempt, and timeout_per_mib
    Duration put_timeout = std::chrono::seconds(5);      ///< likewise
    Duration timeout_per_mib = std::chrono::seconds(1);  ///< more for each MiB that has to travel
    Duration list_timeout = std::chrono::seconds(10);
    Duration read_through_timeout = std::chrono::seconds(2);
    /// From acceptance to acknowledgement, and timeout_per_mib: an object that travels for longer
    /// than the deadline of a small one would otherwise never be stored.
    Duration write_deadline = std::chrono::minutes(2);
    Duration retry_min = std::chrono::milliseconds(200);  ///< back-off doubles from here
    Duration retry_max = std::chrono::seconds(5);
    /// Too small, and a late PUT lands on an acknowledged write wherever conditions don't fence;
    /// too large only costs waiting: purges, handing over, the second run of reconciling.
    Duration largest_request_age = std::chrono::seconds(60);  ///< an abandoned PUT may land so late
    /// Requests in flight, each positive but for read_through_max, where 0 means none.
    std::uint32_t leader_reads_max = 16;  ///< leader GETs in flight
    std::uint32_t pass_gets_max = 4;      ///< GETs in flight of what polling found
    std::uint32_t puts_max = 8;           ///< PUTs in flight, over all keys
    std::uint32_t uploads_max = 2;        ///< of these, uploads of reconciling
    std::uint32_t read_through_max = 16;  ///< read-throughs in flight; beyond: NotAvailableYet

    friend bool operator==(const StorageConfig&, const StorageConfig&) = default;
};

}  // namespace leasehold
