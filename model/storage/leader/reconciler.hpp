// Reconciler: what the local files and the bucket each lack, after a promotion and from time to
// time. The old leader may have stored files whose PUT was lost; a late PUT may have landed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "model/base/backoff.hpp"
#include "model/base/stored_etag.hpp"
#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// LIST, compare in portions, then key by key: GET where the bucket has an object (its version
/// decides), load and upload where it lacks ours. After the claim, again after the largest request
/// age, then hourly. A single install (HA off) does only the documented retroactive backup: once,
/// at start, files that the bucket lacks are uploaded.
class Reconciler {
  public:
    /// The epoch is claimed and the file index is there: the first run, unless it was begun.
    void begin(const Sight& sight);
    /// Nothing more is started.
    void stop();
    /// The key needs a look: its object is older than ours.
    void consider(KeyId key);
    enum class Because : std::uint8_t {
        kept_badly,  ///< the disk could not keep or give its copy, or its object is refused or torn
        refused,     ///< the store does not take its upload
        outage       ///< a look or an upload had no answer, or a server's that is busy
    };
    /// It is looked at again after a back-off of its version, from half a poll period to an hour;
    /// after an outage, within a period. A single install looks again for an upload's sake alone.
    void again(const Sight& sight, KeyId key, Because why = Because::kept_badly,
               Duration retry_after = Duration{0});

    struct Paged {
        ListPagePtr page;  ///< null: none came
        std::uint32_t number = 0;
    };
    Paged step(const Sight& sight, const ReconcilePage& owner, BucketOutcome outcome,
               const BucketReply& reply);
    /// What is to become of the file after a look at its object.
    enum class Verdict : std::uint8_t {
        nothing,
        adopt,  ///< the object is newer
        drop,   ///< the object is gone, and the file is a copy of it
        clean   ///< the object is what the file waits to be
    };
    Verdict step(const Sight& sight, const ReconcileLook& owner, const Found& found, bool busy,
                 Desk& desk);
    /// False if the file could not be read.
    bool step(const Sight& sight, const ReconcileLoad& owner, const FileReply& reply, bool busy,
              Desk& desk);

    /// `number` gives a fresh number for a LIST; `unlisted(key)` hears of keys that a complete one
    /// did not show; `room` says whether an upload would be taken; `busy(key)`, whether it is being
    /// written.
    template <class Number, class Unlisted, class Busy>
    void proceed(const Sight& sight, const Number& number, const Unlisted& unlisted, bool room,
                 const Busy& busy, Desk& desk) {
        if (starts(sight)) list_from(number());
        send_list(sight, desk);
        for (const KeyId key : sweep(sight))
            unlisted(key);
        take_due(sight);
        while (room && has_work(sight)) {
            const KeyId key = keys_.front();
            keys_.pop_front();
            // One that was known before the LIST is found by it again.
            if (busy(key))
                put_off(sight, key);
            else if (!active_.contains(key))
                work_on(sight, key, desk);
        }
    }
    [[nodiscard]] Instant next_deadline(const Sight& sight) const;
    /// `room` as in proceed().
    void check(const Sight& sight, bool room) const;

    friend bool operator==(const Reconciler&, const Reconciler&) = default;

  private:
    // As many as the writer takes of uploads: a file that is loaded and then waits is memory.
    static constexpr std::size_t kAtOnce = 2;
    struct Listing {
        std::uint32_t number = 0;
        ObjectKey after;
        RequestId request;  ///< 0 = none
        Backoff failures;
        Instant resume_at{};
        friend bool operator==(const Listing&, const Listing&) = default;
    };
    /// A complete LIST, being compared.
    struct Sweep {
        std::uint32_t number = 0;
        std::uint32_t at = 0;
        friend bool operator==(const Sweep&, const Sweep&) = default;
    };
    /// A key that is to be looked at again.
    struct Later {
        StoredETag version;  ///< that the failures are about
        Backoff failures;
        Instant due = kNever;  ///< kNever = looked at since, or waiting in `keys_`
        friend bool operator==(const Later&, const Later&) = default;
    };
    [[nodiscard]] bool starts(const Sight& sight);
    [[nodiscard]] bool run_goes_on() const;
    [[nodiscard]] bool has_work(const Sight& sight) const;
    void take_due(const Sight& sight);
    void put_off(const Sight& sight, KeyId key);
    void list_from(std::uint32_t number);
    void send_list(const Sight& sight, Desk& desk);
    [[nodiscard]] std::vector<KeyId> sweep(const Sight& sight);
    [[nodiscard]] static bool differs(const Sight& sight, KeyId key, bool listed);
    void work_on(const Sight& sight, KeyId key, Desk& desk);
    void load(const Sight& sight, KeyId key, Desk& desk);

    std::optional<Listing> listing_;
    std::optional<Sweep> sweep_;
    Instant due_at_ = kNever;
    std::uint32_t runs_ = 0;
    // Keys and no decisions: each is looked at again when its turn comes, for minutes may have
    // passed.
    std::deque<KeyId> keys_;  ///< to be worked on
    /// A look or load is in flight; with a load, the ETag of the object that it was decided over.
    std::map<KeyId, StoredETag> active_;
    std::map<KeyId, Later> later_;
    std::set<std::pair<Instant, KeyId>> due_;  ///< by Later::due
};

}  // namespace leasehold::storage
