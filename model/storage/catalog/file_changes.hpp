// FileChanges: one change of a file at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "model/base/backoff.hpp"
#include "model/base/key_table.hpp"
#include "model/storage/desk.hpp"

namespace leasehold::storage {

/// When the file store is asked again after a failure.
struct Retries {
    Instant now;
    BackoffLimits limits;
};

/// What the file of a key is to become. The store may finish two requests in either order, so the
/// second waits for the first; of several that wait only the last matters. A removal that failed is
/// tried again: the next process would take the file for a copy. So is a new tag, for the file's
/// bytes are good. A store that failed is not, for its bytes come again with their object or their
/// write.
class FileChanges {
  public:
    void store(KeyId key, const ObjectKey& name, const Blob& payload, const FileTag& tag,
               Desk& desk);
    void retag(KeyId key, const ObjectKey& name, const FileTag& tag, Desk& desk);
    void remove(KeyId key, const ObjectKey& name, Desk& desk);

    /// What an answered change left behind.
    enum class End : std::uint8_t {
        done,  ///< the file is as it was asked for
        more,  ///< a later change was sent, or this one is to be tried again
        lost   ///< the file is not to be relied upon
    };
    End answered(KeyId key, const ObjectKey& name, FileVerb verb, FileStatus status,
                 const Retries& retries, Desk& desk);

    /// A change whose back-off has ended; none = nothing is due.
    [[nodiscard]] std::optional<KeyId> due(Instant now) const;
    /// Sends the change that is due again.
    void retry(KeyId key, const ObjectKey& name, Desk& desk);
    [[nodiscard]] Instant next_deadline() const {
        return waiting_.empty() ? kNever : waiting_.begin()->first;
    }

    /// A change of the file is on its way or waits.
    [[nodiscard]] bool busy(KeyId key) const { return changes_.contains(key); }
    /// The payload of a store that is not done: queries take it from here. Null = none.
    [[nodiscard]] const Blob* held(KeyId key) const;

    friend bool operator==(const FileChanges&, const FileChanges&) = default;

  private:
    enum class Next : std::uint8_t { none, store, retag, remove };
    /// Of one file: what is on its way to the disk, and what is to become of it after that.
    struct Change {
        // One and not a queue: a hundred writes of a key while the disk is slow are two stores.
        Next next = Next::none;  ///< to be sent after the one in flight
        FileTag tag;
        std::optional<Blob> held;
        bool in_flight = false;
        Backoff failures;
        Instant retry_at = kNever;
        friend bool operator==(const Change&, const Change&) = default;
    };
    void send(KeyId key, const ObjectKey& name, Change& change, Desk& desk);

    std::map<KeyId, Change> changes_;
    std::set<std::pair<Instant, KeyId>> waiting_;  ///< by Change::retry_at
};

}  // namespace leasehold::storage
