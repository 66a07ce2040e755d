// Calls: every one that came in is answered exactly once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "model/base/key_table.hpp"
#include "model/base/time.hpp"
#include "model/protocol/effects.hpp"
#include "model/storage/owner.hpp"

namespace leasehold::storage {

enum class CallKind : std::uint8_t { read, query, write };

/// A call that is not answered.
/// Deadlines are instants of the replica's own monotonic clock. A reader's comes with the call; a
/// write's is set as it is accepted, by its size.
struct Call {
    CallKind kind = CallKind::read;
    KeyId key{};
    Instant deadline = kNever;
    ETag known;  ///< read: the version that its caller has
    JobId job;   ///< write: what it was accepted as
    friend bool operator==(const Call&, const Call&) = default;
};

/// The open calls with their deadlines. Whoever answers one does it here: a second answer, or one
/// of another kind, is a CHECK.
class Calls {
  public:
    void begin(CallId id, Call call);
    [[nodiscard]] const Call* find(CallId id) const;
    [[nodiscard]] const Call& at(CallId id) const;

    void answer(const ReadDone& done, Effects& out);
    void answer(const QueryDone& done, Effects& out);
    void answer(const WriteDone& done, Effects& out);

    /// The earliest deadline; kNever = none.
    [[nodiscard]] Instant next_deadline() const;
    /// A call whose deadline `now` has reached, the earliest first.
    [[nodiscard]] std::optional<CallId> expired(Instant now) const;
    /// The open calls of a kind, in the order of their ids.
    [[nodiscard]] std::vector<CallId> open(CallKind kind) const;
    [[nodiscard]] std::size_t count(CallKind kind) const;
    [[nodiscard]] bool empty() const { return calls_.empty(); }

    friend bool operator==(const Calls&, const Calls&) = default;

  private:
    void end(CallId id, CallKind kind);

    // Two orders of the same calls: by id for answers, by deadline for time. An end touches
    // both, in O(log n), because forty thousand writes may wait on one bucket that is away.
    std::map<CallId, Call> calls_;
    std::set<std::pair<Instant, CallId>> deadlines_;
};

}  // namespace leasehold::storage
