// Graveyard: deletion for good. Tombstones go when no request of anybody can bring their key back.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "model/base/slots.hpp"
#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// A missing key has no epoch, so a create (If-None-Match) of a deposed leader passes there, where
/// a tombstone would have refused it. Why a purge is safe all the same: each create leaves in the
/// step of an answer that showed the writer's own number in `.ha/epoch` (its claim, or a look), and
/// is applied within the largest request age of that look, or never. A leader purges a tombstone
/// that it has known, unchanged, for that age since its own claim. Of the creates of the key, those
/// whose look came before the claim are too old by then; a later look shows the claim, and its
/// writer steps down or claims anew above it; and this leader itself knows the tombstone and writes
/// over it under If-Match. What is left is a process that sleeps for longer than that age between
/// look and wire: the age must be set above what a machine may sleep.
///
/// The DELETE must fit wholly inside validity, and never goes beside a write of its key: where the
/// store looks and deletes in two steps, it would take the newer object with it. An ETag of a plain
/// object covers its empty payload alone, so with that format nothing is purged; nor where DELETE
/// ignores its condition. There tombstones stay, and are counted. A replica that was away for all
/// of a tombstone's life and still holds a dirty file of the key will upload it: it can't know.
class Graveyard {
  public:
    Graveyard() : places_(kAtOnce) {}

    /// A claim was made: what is known counts from now, for a rival may have written until then.
    void restart();
    /// The bucket shows a tombstone: from now on it is known, unless it was before.
    void bury(const Sight& sight, KeyId key);
    /// `pipelines_wait`: nobody waits for a purge.
    template <class Busy>
    void proceed(const Sight& sight, bool pipelines_wait, const Busy& busy, Desk& desk) {
        sweep(sight);
        while (const auto key = due(sight, pipelines_wait)) {
            if (busy(*key) || sight.requests.changing(*key))
                put_off(sight, *key);
            else
                purge(sight, *key, desk);
        }
    }
    /// The DELETE was answered. True if the object is gone.
    bool step(const Purge& owner, BucketOutcome outcome, Desk& desk);

    [[nodiscard]] Instant next_deadline(const Sight& sight) const;
    /// A place is a DELETE in flight, each grave stands in the queue, and none that may go is left.
    void check(const Sight& sight, bool pipelines_wait) const;

    friend bool operator==(const Graveyard&, const Graveyard&) = default;

  private:
    static constexpr std::size_t kAtOnce = 2;
    /// A tombstone that waits.
    struct Grave {
        StoredETag etag;
        Instant due{};
        friend bool operator==(const Grave&, const Grave&) = default;
    };
    void sweep(const Sight& sight);
    [[nodiscard]] bool may_purge(const Sight& sight, bool pipelines_wait) const;
    [[nodiscard]] std::optional<KeyId> due(const Sight& sight, bool pipelines_wait);
    void put_off(const Sight& sight, KeyId key);
    void purge(const Sight& sight, KeyId key, Desk& desk);

    std::map<KeyId, Grave> graves_;
    std::set<std::pair<Instant, KeyId>> queue_;
    Slots<KeyId> places_;
    std::uint32_t swept_ = 0;  ///< keys looked at since the claim
    std::uint32_t sweep_end_ = 0;
};

}  // namespace leasehold::storage
