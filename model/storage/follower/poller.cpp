#include "model/storage/follower/poller.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "model/base/check.hpp"

namespace leasehold::storage {

namespace {
constexpr std::uint32_t kErrors = 8;  // tolerated in one pass, within its period
}

Poller::Poller(const Sight& sight, std::uint64_t phase_seed) : began_(sight.now) {
    const auto period = static_cast<std::uint64_t>(sight.config.poll_period.count());
    const Duration phase{static_cast<Duration::rep>(1 + phase_seed % period)};
    next_tick_ = saturating_add(began_, phase);
    // Nothing listed under an earlier role counts as newly seen.
    valid_from_ = ~0U;
}

// A tick that finds the pass still running is skipped and not made up for: no overlap, no burst. A
// first pass that outlasts the phase gives the phase up: with it, the next pass would begin more
// than a period after the first.
bool Poller::tick(const Sight& sight, Desk& desk) {
    bool due = false;
    if (first_due_ && sight.catalog.loaded() && !sight.stopping) {
        first_due_ = false;
        due = true;
    }
    if (sight.now < next_tick_) return due;
    const bool busy = pass_.has_value() || first_due_ || due;
    const Duration period = sight.config.poll_period;
    if (busy && next_tick_ < saturating_add(began_, period)) next_tick_ = began_;
    const auto missed = (sight.now - next_tick_) / period;
    next_tick_ = saturating_add(next_tick_, (missed + 1) * period);
    if (busy) desk.note(MarkId::poll_tick_skipped);
    return due || (!busy && !sight.stopping);
}

void Poller::begin(const Sight& sight, std::uint32_t number) {
    CHECK_MSG(!pass_, "polling passes overlap");
    pass_.emplace();
    pass_->number = number;
    pass_->started = sight.now;
    if (valid_from_ == ~0U) valid_from_ = number;
}

void Poller::send(const Sight& sight, Desk& desk) {
    if (!pass_ || pass_->request != RequestId{} || sight.now < pass_->resume_at || sight.stopping)
        return;
    SendBucket list;
    list.verb = BucketVerb::list;
    list.key = pass_->after;
    list.prefix = sight.config.prefix;
    list.timeout = sight.config.list_timeout;
    pass_->request = desk.requests.send(sight.now, std::move(list), {PollPage{}}, desk.out);
}

Poller::Paged Poller::step(const Sight& sight, const PollPage&, BucketOutcome outcome,
                           const BucketReply& reply, Desk& desk) {
    CHECK(pass_.has_value());
    Paged paged;
    paged.number = pass_->number;
    pass_->request = RequestId{};
    if (outcome != BucketOutcome::page) {
        fail(sight, outcome, reply.retry_after, desk);
        return paged;
    }
    pass_->errors.succeed();
    paged.page = std::get<ListPagePtr>(reply.content);
    const std::vector<ListEntry>& entries = paged.page->entries;
    if (!paged.page->truncated) {
        paged.complete = true;
        valid_from_ = pass_->number;
        pass_.reset();
        desk.note(MarkId::pass_completed);
    } else if (entries.empty() || entries.back().key <= pass_->after) {
        // "More follows" without getting further: going on would never end.
        pass_.reset();
        desk.note(MarkId::pass_failed);
    } else {
        pass_->after = entries.back().key;
    }
    return paged;
}

/// Tries the page again after a back-off, within the pass's period; else the pass has failed, and
/// what it did not show is not missed.
void Poller::fail(const Sight& sight, BucketOutcome outcome, Duration retry_after, Desk& desk) {
    const Instant resume =
        saturating_add(sight.now, pass_->errors.fail(sight.retries(), retry_after));
    if (outcome == BucketOutcome::denied || pass_->errors.tries() > kErrors ||
        resume >= saturating_add(pass_->started, sight.config.poll_period)) {
        pass_.reset();
        desk.note(MarkId::pass_failed);
        return;
    }
    pass_->resume_at = resume;
}

Instant Poller::next_deadline(const Sight& sight) const {
    if (sight.stopping) return kNever;
    Instant next = next_tick_;
    if (pass_ && pass_->request == RequestId{}) next = std::min(next, pass_->resume_at);
    return next;
}

void Poller::check(const Sight& sight) const {
    CHECK_MSG(
        sight.requests.count<PollPage>() == (pass_ && pass_->request != RequestId{} ? 1U : 0U),
        "a page in flight that no pass waits for, or the other way round");
    if (!pass_ || sight.stopping) return;
    CHECK_MSG(pass_->request != RequestId{} || pass_->resume_at > sight.now,
              "a pass with neither a page in flight nor a time to go on");
}

}  // namespace leasehold::storage
