#include "model/storage/leader/graveyard.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"

namespace leasehold::storage {

namespace {
constexpr std::uint32_t kPortion = 4096;  // keys looked at by one step
}

void Graveyard::restart() {
    graves_.clear();
    queue_.clear();
    swept_ = 0;
    // The number of keys is read when the sweep begins: those that come later are buried as they
    // come.
    sweep_end_ = ~0U;
}

void Graveyard::sweep(const Sight& sight) {
    if (sweep_end_ == ~0U) sweep_end_ = static_cast<std::uint32_t>(sight.catalog.size());
    const std::uint32_t end = std::min(sweep_end_, swept_ + kPortion);
    // In portions, for a promotion must not hold up a renewal: the rest is due at this same
    // instant.
    for (; swept_ < end; ++swept_)
        bury(sight, KeyId{swept_});
}

void Graveyard::bury(const Sight& sight, KeyId key) {
    if (!sight.config.ha || sight.config.format != ObjectFormat::fenced || !sight.epoch) return;
    // A DELETE whose condition is ignored takes whatever is there: the tombstone stays for good.
    if (sight.store.remove == Preconditions::ignored) return;
    const Entry& known = sight.catalog.at(key);
    // Only what a GET or an own PUT showed to be one: an ETag from a LIST may be anything's.
    if (!known.examined || !known.tombstone || known.view.etag.empty()) return;
    Grave& grave = graves_[key];
    // Known already: seeing it again must not begin its age anew, or a key that is read now and
    // then would never be purged.
    if (grave.etag == known.view.etag) return;
    // Another tombstone than before, if there was one: its key was written in between, so its age
    // begins now.
    queue_.erase({grave.due, key});
    grave = Grave{known.view.etag, saturating_add(sight.now, sight.config.largest_request_age)};
    queue_.emplace(grave.due, key);
}

/// A grave's time has come, and nothing forbids its purge now.
bool Graveyard::may_purge(const Sight& sight, bool pipelines_wait) const {
    if (sight.stopping || !sight.epoch || pipelines_wait || !sight.store.purges()) return false;
    if (queue_.empty() || queue_.begin()->first > sight.now || !places_.free()) return false;
    return sight.put_timeout(0, true).has_value();
}

/// The next grave whose time has come, taken out; none if nothing may be purged now.
std::optional<KeyId> Graveyard::due(const Sight& sight, bool pipelines_wait) {
    if (!may_purge(sight, pipelines_wait)) return {};
    const KeyId key = queue_.begin()->second;
    queue_.erase(queue_.begin());
    return key;
}

/// The key is being written, or an earlier write of it is on its way: if that fails, the tombstone
/// is still there.
void Graveyard::put_off(const Sight& sight, KeyId key) {
    Grave& grave = graves_.at(key);
    // By a whole age again: the write that is on its way may be given up, and land as late as that.
    grave.due = saturating_add(sight.now, sight.config.largest_request_age);
    queue_.emplace(grave.due, key);
}

void Graveyard::purge(const Sight& sight, KeyId key, Desk& desk) {
    const Grave grave = graves_.extract(key).mapped();
    const Entry& known = sight.catalog.at(key);
    // The key has moved on since: what is there now is buried by whoever sees it, under its own
    // age. A higher epoch is another leader's: then this one may not even be the leader any more.
    if (!known.examined || !known.tombstone || known.view.etag != grave.etag ||
        known.view.version.epoch > *sight.epoch)
        return;
    places_.take(key);
    SendBucket remove;
    remove.verb = BucketVerb::remove;
    remove.key = sight.catalog.name(key);
    // Named, so that a write which came between our look and this DELETE makes it fail.
    remove.etag = grave.etag.etag();
    remove.timeout = *sight.put_timeout(0, true);
    Flight flight{Purge{key}};
    // Of data: the requests see to it that no write of the key leaves beside it.
    flight.key = key;
    flight.generation = known.generation;
    desk.requests.send(sight.now, std::move(remove), flight, desk.out);
}

bool Graveyard::step(const Purge& owner, BucketOutcome outcome, Desk& desk) {
    CHECK(places_.holds(owner.key));
    places_.give(owner.key);
    // A 412 says that somebody wrote the key. A time-out says nothing: it is not asked for again
    // from here, and the next reconciling sees what is left.
    if (outcome != BucketOutcome::removed) return false;
    desk.note(MarkId::tombstone_purged);
    return true;
}

Instant Graveyard::next_deadline(const Sight& sight) const {
    if (swept_ < sweep_end_) return sight.now;
    if (queue_.empty() || !sight.store.purges() || sight.stopping) return kNever;
    // Due and not gone: a pipeline's write goes first, or the validity is nearly over. Whatever
    // ends either is a step.
    return queue_.begin()->first > sight.now ? queue_.begin()->first : kNever;
}

void Graveyard::check(const Sight& sight, bool pipelines_wait) const {
    CHECK_MSG(places_.held() == sight.requests.count<Purge>(), "a place without a purge in flight");
    // A grave out of the queue would never be purged; one in it twice would be purged beside
    // itself.
    CHECK_MSG(graves_.size() == queue_.size(), "a grave that stands in the queue not just once");
    CHECK_MSG(!may_purge(sight, pipelines_wait), "a purge could be sent and is not");
}

}  // namespace leasehold::storage
