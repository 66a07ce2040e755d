// FetchQueue: the objects that a follower has to GET, by urgency.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "model/base/slots.hpp"
#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

enum class Urgency : std::uint8_t {
    awaited,  ///< a backup read waits for it: next free place
    changed   ///< the bucket shows another version than the file
};

/// Who wants a key: a pass that found it changed (a reader may wait for it, too), or a reader.
enum class Asker : std::uint8_t { pass, reader };

/// Each key once, at most pass_gets_max in flight. It outlives passes: a slow GET holds its place
/// and nothing else.
///
/// A GET that fails costs its key a back-off and no other key anything (one archived object, 403,
/// once failed every pass). A version that can't be kept, because the disk is full or the object
/// torn, is got again ever more rarely, up to once an hour, until the key has another version.
class FetchQueue {
  public:
    explicit FetchQueue(const StorageConfig& config) : places_(config.pass_gets_max) {}

    void want(const Sight& sight, KeyId key, Urgency urgency, Asker asker);
    /// The file store could not keep that version.
    void not_kept(const Sight& sight, const NotKept& fact, Desk& desk);
    void step(const Sight& sight, const Fetch& owner, const Found& found, Desk& desk);
    void proceed(const Sight& sight, Desk& desk);

    [[nodiscard]] Instant next_deadline(const Sight& sight) const;
    [[nodiscard]] std::size_t size() const { return items_.size(); }
    /// The key's turn has come and a query's GET of it stood in the way: no other query may begin
    /// one, or a crowd of queries, each too short for a slow GET, keeps the object away for ever.
    [[nodiscard]] bool overdue(KeyId key) const { return overdue_.contains(key); }
    /// A place is a GET in flight, and no key that could take a free one is left waiting.
    void check(const Sight& sight) const;

    friend bool operator==(const FetchQueue&, const FetchQueue&) = default;

  private:
    struct Item {
        Urgency urgency = Urgency::changed;
        std::uint64_t place = 0;      ///< in the order of asking
        Instant not_before = kNever;  ///< backs off until then; kNever = does not
        StoredETag version;           ///< that the last GET was for
        Backoff failures;
        friend bool operator==(const Item&, const Item&) = default;
    };
    /// A version that could not be kept.
    struct Shunned {
        StoredETag version;
        Instant until{};
        Backoff failures;
        bool readable = true;  ///< false: corrupt, so that a reader gains nothing either
        bool next_pass =
            false;  ///< may get it all the same: it may have come damaged, and be whole
        friend bool operator==(const Shunned&, const Shunned&) = default;
    };
    // In the order in which keys are got. The key comes last and only makes it one of a kind.
    using Place = std::tuple<Urgency, std::uint64_t, KeyId>;

    [[nodiscard]] bool shunned(const Sight& sight, KeyId key, Urgency urgency, Asker asker) const;
    /// Why a version is passed over for a while.
    enum class Why : std::uint8_t { not_kept, damaged, below };
    void shun(const Sight& sight, KeyId key, const StoredETag& version, Why why, Desk& desk);
    void enqueue(KeyId key, Item& item);
    void back_off(const Sight& sight, KeyId key, Item& item, const Found& found);

    std::map<KeyId, Item> items_;  ///< wanted: ready, backing off or in flight
    std::set<Place> ready_;
    std::set<std::pair<Instant, KeyId>> waiting_;
    Slots<KeyId> places_;
    // Outlives the items: the next pass finds the key changed again, and must be told that it was
    // tried.
    std::map<KeyId, Shunned> shunned_;
    std::set<KeyId> overdue_;
    std::uint64_t last_place_ = 0;
};

}  // namespace leasehold::storage
