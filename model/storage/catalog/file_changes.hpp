// FileChanges: one change of a file at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "model/base/key_table.hpp"
#include "model/storage/desk.hpp"

namespace leasehold::storage {

/// What the file of a key is to become. The store may finish two requests in either order, so the
/// second waits for the first; of several that wait only the last matters.
class FileChanges {
  public:
    void store(KeyId key, const ObjectKey& name, const Blob& payload, const FileTag& tag,
               Desk& desk);
    void retag(KeyId key, const ObjectKey& name, const FileTag& tag, Desk& desk);
    void remove(KeyId key, const ObjectKey& name, Desk& desk);

    /// What an answered change left behind.
    enum class End : std::uint8_t {
        done,  ///< the file is as it was asked for
        more,  ///< a later change was sent
        lost   ///< the file is not to be relied upon
    };
    End answered(KeyId key, const ObjectKey& name, FileVerb verb, FileStatus status, Desk& desk);

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
        friend bool operator==(const Change&, const Change&) = default;
    };
    void send(KeyId key, const ObjectKey& name, Change& change, Desk& desk);

    std::map<KeyId, Change> changes_;
};

}  // namespace leasehold::storage
