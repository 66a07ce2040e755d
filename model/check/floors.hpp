// Floors: what each process has said of a key, which nothing that it says later may be older than.
// Bookkeeping for the checkers, judges nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/check/contents.hpp"

namespace leasehold::check {

/// A version that a process gave to somebody or committed.
struct Said {
    Rank rank;
    std::uint64_t number = 0;  ///< event that said it first
};

/// A write of its own that a process has given to somebody before the bucket held it.
struct Shown {
    std::uint64_t asked = 0;  ///< Asked::number of that write; 0 = none binds
    Blob payload;
    std::uint64_t base = 0;    ///< the key's newest commit when it was accepted
    Epoch epoch;               ///< with which it was shown
    std::uint64_t number = 0;  ///< event that showed it first
};

/// The newest that a process has said of a key. Calls overlap: one that was asked for before the
/// newest was said is held to what was said before that.
struct Floor {
    std::optional<Said> committed;
    std::optional<Said> before;
    std::optional<Said> acknowledged;  ///< of its writes, the last
    Shown own;

    /// The version was said in `step`.
    void raise(const ReplicaStepped& step, const Committed& commit);
};

class Floors {
  public:
    [[nodiscard]] Floor& of(ReplicaIndex index, const ObjectKey& name);
    /// Null: its process has said nothing of the key.
    [[nodiscard]] const Floor* find(ReplicaIndex index, const ObjectKey& name) const;
    /// Is what its process last said or committed of the key what the bucket holds now: a version,
    /// or that there is none?
    [[nodiscard]] bool saw_present(ReplicaIndex index, const ObjectKey& name,
                                   const KeyContents& key) const;
    [[nodiscard]] bool saw_removed(ReplicaIndex index, const ObjectKey& name,
                                   const KeyContents& key) const;
    void process_ended(ReplicaIndex index);

  private:
    [[nodiscard]] bool is_newest(ReplicaIndex index, const ObjectKey& name,
                                 const KeyContents& key) const;

    std::vector<std::map<ObjectKey, Floor>> floors_;  ///< of each process
};

}  // namespace leasehold::check
