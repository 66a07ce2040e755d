// Queries: never parked. Each is answered in its step or by one request of its own.
#pragma once

#include <set>

#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// From the local store; else by one bounded read-through, if the key is known to be there and
/// nobody waits for it already; else NotAvailableYet at once. So a crowd of queries costs the
/// bucket at most one GET a key, and none ever waits behind a backup read.
class Queries {
  public:
    /// A query that `desk.calls` has. `awaited`: somebody waits for a GET of its key.
    void begin(const Sight& sight, CallId call, KeyId key, bool awaited, Desk& desk);
    void step(const Sight& sight, const QueryLook& owner, const Found& found, Desk& desk);
    /// False if the file could not be read.
    bool step(const Sight& sight, const QueryLoad& owner, const FileReply& reply, Desk& desk);
    /// Each query that is counted as reading through has its GET in flight, and they are not too
    /// many.
    void check(const Sight& sight) const;

    friend bool operator==(const Queries&, const Queries&) = default;

  private:
    [[nodiscard]] bool may_read_through(const Sight& sight, KeyId key, bool awaited) const;
    void read_through(const Sight& sight, CallId call, KeyId key, Desk& desk);
    void load(const Sight& sight, CallId call, KeyId key, Desk& desk);
    static void answer(CallId call, QueryOutcome outcome, Desk& desk);

    std::set<CallId> through_;  ///< with a GET in flight
};

}  // namespace leasehold::storage
