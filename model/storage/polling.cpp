// Polling: a follower's passes. LIST, compare ETags, GET what changed; one pass at a time.

#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {

constexpr std::uint32_t kPassErrors = 8;       // tolerated in one pass, within its period
constexpr std::string_view kOwnKeys = ".ha/";  // epoch and probes: nobody's data

}  // namespace

/// The first pass at once, the second after the identity's phase, then each period: followers
/// that start together don't poll together.
void RWStorageController::begin_polling(Context& c) {
    Following* follower = following();
    const auto period = static_cast<std::uint64_t>(config_.poll_period.count());
    const Duration phase{static_cast<Duration::rep>(1 + writer_ % period)};
    follower->began = c.now;
    follower->next_tick = saturating_add(c.now, phase);
    arm(follower->next_tick, TimerKind::pass_tick);
    follower->valid_from = last_list_ + 1;
    // Without the index everything would look changed.
    if (loaded_)
        start_pass(c);
    else
        follower->starts_with_index = true;
}

void RWStorageController::start_pass(Context& c) {
    Following* follower = following();
    CHECK_MSG(!follower->pass, "polling passes overlap");
    if (stopping_) return;
    follower->pass.emplace();
    follower->pass->number = ++last_list_;
    follower->pass->started = c.now;
    pump_pass(c);
}

// A pass is never cut short by a tick, and a tick that was missed (by a long pass or a pause of
// the process) is not made up for: no overlap, no burst. A first pass that outlasts the phase gives
// the phase up: with it, the next pass would begin more than a period after the first.
void RWStorageController::on_tick(Context& c) {
    Following* follower = following();
    const bool busy = follower->pass || follower->starts_with_index;
    if (busy && follower->next_tick < saturating_add(follower->began, config_.poll_period))
        follower->next_tick = follower->began;
    const auto missed = (c.now - follower->next_tick) / config_.poll_period;
    follower->next_tick = saturating_add(follower->next_tick, (missed + 1) * config_.poll_period);
    arm(follower->next_tick, TimerKind::pass_tick);
    if (busy)
        mark(c, MarkId::poll_tick_skipped);
    else
        start_pass(c);
}

void RWStorageController::pump_pass(Context& c) {
    Following* follower = following();
    if (!follower->pass || stopping_) return;
    Pass& pass = *follower->pass;
    if (c.now >= pass.resume_at) {
        if (!pass.listed && pass.list == RequestId{})
            pass.list = send_list(c, pass.after, Purpose::pass_list);
        const std::size_t waiting = pass.queue.size();
        for (std::size_t i = 0; i < waiting && pass.gets.size() < config_.pass_gets_max; ++i) {
            ObjectKey key = std::move(pass.queue.front());
            pass.queue.pop_front();
            if (key_in_flight(key)) {
                pass.queue.push_back(std::move(key));  // one flight per key: after this one
                continue;
            }
            pass.gets.insert(send_get(c, key, Purpose::pass_get, pass.number, config_.get_timeout));
        }
    }
    if (pass.listed && pass.gets.empty() && pass.queue.empty()) end_pass(c);
}

void RWStorageController::on_pass_list(Context& c, BucketOutcome outcome,
                                       const BucketReply& reply) {
    Following* follower = following();
    CHECK(follower != nullptr && follower->pass);
    Pass& pass = *follower->pass;
    pass.list = RequestId{};
    if (outcome != BucketOutcome::page) {
        if (!pass_error(c, pass, outcome, reply.retry_after)) pass.listed = true;
        return;
    }
    const ListPage& page = *std::get<ListPagePtr>(reply.content);
    for (const ListEntry& listed : page.entries)
        take_listed(c, pass, listed);
    pass.listed = !page.truncated;
    if (!page.truncated) return;
    if (page.entries.empty() || page.entries.back().key <= pass.after) {
        // "More follows" without getting further: going on would never end.
        pass.failed = true;
        pass.listed = true;
        return;
    }
    pass.after = page.entries.back().key;
}

void RWStorageController::take_listed(Context& c, Pass& pass, const ListEntry& listed) {
    if (listed.key.view().starts_with(kOwnKeys)) return;
    Tracked& entry = tracked_[listed.key];
    entry.listed = pass.number;
    entry.missed = false;
    entry.remote = listed.etag;
    entry.remote_size = listed.size;
    const bool wanted = waits_for_other(listed.key, listed.etag);
    if (!fetched(entry, listed.etag) || (wanted && entry.local && entry.local->tag.dirty)) {
        if (wanted)
            pass.queue.push_front(listed.key);
        else
            pass.queue.push_back(listed.key);
    } else if (wanted) {
        serve_waiting_from_file(c, listed.key);
    }
}

/// Is there nothing more to learn from a GET of the version `etag`?
bool RWStorageController::fetched(const Tracked& entry, const ETag& etag) {
    if (!entry.local) return entry.tombstone && entry.examined == etag;
    if (!entry.local->tag.tagged) return false;  // the bucket's object is the truth: get it
    if (entry.local->tag.dirty) return entry.examined == etag;
    return entry.local->tag.etag == etag;
}

/// Was the key listed by the newest complete pass of this follower, or by the running one?
bool RWStorageController::of_newest_pass(const Tracked& entry) const {
    const auto* follower = std::get_if<Following>(&role_);
    return follower != nullptr && entry.listed >= follower->valid_from;
}

void RWStorageController::on_pass_get(Context& c, const Flight& flight, RequestId request,
                                      BucketOutcome outcome, const BucketReply& reply) {
    Following* follower = following();
    CHECK(follower != nullptr && follower->pass);
    Pass& pass = *follower->pass;
    CHECK(pass.gets.erase(request) == 1);
    const Found found = examine(c, flight, outcome, reply);
    switch (found.kind) {
        case FoundKind::data:
            adopt(c, flight, found);
            deliver(c, flight.key, found.stamp.epoch, found.etag, found.payload, true);
            break;
        case FoundKind::tombstone:
            adopt(c, flight, found);
            break;
        case FoundKind::missing:
            break;  // the next pass confirms it; nobody is woken by absence
        case FoundKind::corrupt:
            break;  // an error of this key alone; got again by the next pass
        case FoundKind::denied:
        case FoundKind::nothing:
            if (pass_error(c, pass, outcome, reply.retry_after)) pass.queue.push_back(flight.key);
            break;
    }
}

/// Counts an error; true: try again after a back-off, within the pass's period.
bool RWStorageController::pass_error(Context& c, Pass& pass, BucketOutcome outcome,
                                     Duration retry_after) {
    ++pass.errors;
    const Instant resume = saturating_add(c.now, backoff(pass.errors, retry_after));
    if (outcome == BucketOutcome::denied || pass.errors > kPassErrors ||
        resume >= saturating_add(pass.started, config_.poll_period)) {
        pass.failed = true;
        return false;
    }
    pass.resume_at = resume;
    arm(resume, TimerKind::pass_resume);
    return true;
}

void RWStorageController::end_pass(Context& c) {
    Following* follower = following();
    const Pass pass = std::move(*follower->pass);
    follower->pass.reset();
    if (pass.failed) {
        mark(c, MarkId::pass_failed);
        return;
    }
    mark(c, MarkId::pass_completed);
    follower->valid_from = pass.number;
    drop_unlisted(c, pass.number);
}

/// A key that two complete passes in a row don't list is gone, and its clean local copy with it.
/// Files that the bucket may not hold (dirty, untagged) stay.
void RWStorageController::drop_unlisted(Context& c, std::uint64_t number) {
    std::vector<ObjectKey> gone;
    for (auto& [key, entry] : tracked_) {
        if (entry.listed == number) continue;
        if (!std::exchange(entry.missed, true)) continue;
        entry.remote = ETag{};
        entry.examined = ETag{};
        gone.push_back(key);
    }
    for (const ObjectKey& key : gone) {
        const Tracked& entry = tracked_.at(key);
        if (entry.local && !entry.local->tag.dirty && entry.local->tag.tagged) remove_local(c, key);
        drop_if_empty(key);
    }
}

}  // namespace leasehold
