// Service: what the HTTP endpoints may ask of the replica's host. Everything runs on the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/duties.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/replica/replica.hpp"

namespace leasehold::agent {

/// What GET /v1/status tells.
struct Status {
    std::string name;      ///< POD_NAME
    std::string identity;  ///< with the nonce of this start
    bool elects = false;
    Leadership leadership;
    Instant now{};
    bool stopping = false;
    std::string holder;  ///< holderIdentity seen last; empty = none or unknown
    Epoch epoch;         ///< of the newest committed write of this process
    std::uint64_t pending_reads = 0;
    std::uint64_t pending_writes = 0;
    std::uint64_t pending_queries = 0;
    StorageStatus storage;
    std::string preconditions;     ///< "honoured", "ignored", "refused", "notAtomic", "unknown"
    std::string container;         ///< that this process runs in; empty = not known (yet)
    std::string holder_container;  ///< whose end is waited for; empty = nobody's
    bool holder_seen = false;      ///< the server shows its Pod
    DutyStates duties;             ///< by Duty
    std::string summary;           ///< one line for people
};

class Service {
  public:
    virtual ~Service() = default;

    /// Each call is answered exactly once by its callback, which may come inside the call. The id
    /// can be cancelled; the callback then comes with `cancelled`.
    virtual CallId read(const ObjectKey& key, const ETag& known, Instant deadline,
                        std::function<void(const ReadDone&)> done) = 0;
    virtual CallId write(const ObjectKey& key, Blob payload,
                         std::function<void(const WriteDone&)> done) = 0;
    virtual CallId remove(const ObjectKey& key, std::function<void(const WriteDone&)> done) = 0;
    virtual CallId query(const ObjectKey& key, Instant deadline,
                         std::function<void(const QueryDone&)> done) = 0;
    virtual void cancel(CallId call) = 0;

    /// As of now: what was due before has been done, so that a leader whose validity has ended
    /// (a process that was stopped and goes on) does not say that it leads.
    [[nodiscard]] virtual Status status() = 0;
    /// What is known of the keys that begin with `prefix`: from the index, never from a request.
    [[nodiscard]] virtual std::vector<IndexEntry> index(const std::string& prefix) const = 0;
    /// Stops admitting: /readyz says so.
    [[nodiscard]] virtual bool ready() const = 0;
};

}  // namespace leasehold::agent
