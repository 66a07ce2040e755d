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
    // In (0 s, one period]. Twenty replicas that an upgrade starts at one instant would otherwise
    // LIST at one instant, every period, for ever.
    const Duration phase{static_cast<Duration::rep>(1 + phase_seed % period)};
    next_tick_ = saturating_add(began_, phase);
    // Nothing listed under an earlier role counts as newly seen.
    // It may be gone since, by another leader's hand. To a reader it would be data; so he waits for
    // a page of the first pass.
    valid_from_ = ~0U;
}

// A tick that finds the pass still running is skipped and not made up for: no overlap, no burst. A
// first pass that outlasts the phase gives the phase up: with it, the next pass would begin more
// than a period after the first.
bool Poller::tick(const Sight& sight, Desk& desk) {
    bool due = false;
    // At once, but not before the file index: a pass that sees no files would fetch them all.
    if (first_due_ && sight.catalog.loaded() && !sight.stopping) {
        first_due_ = false;
        due = true;
    }
    if (sight.now < next_tick_) return due;
    // A tick that comes together with the first pass finds it begun: one pass serves both.
    const bool busy = pass_.has_value() || first_due_ || due;
    const Duration period = sight.config.poll_period;
    // The second pass is then due one period after this role began. With the phase kept, a first
    // pass of 10 s and a phase of 9 s would put the second one at 39 s.
    if (busy && next_tick_ < saturating_add(began_, period)) next_tick_ = began_;
    // A process that slept for an hour makes one pass, not a hundred and twenty.
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
    // From the first pass's begin on: a page of it is news, even before the pass has ended.
    if (valid_from_ == ~0U) valid_from_ = number;
}

void Poller::send(const Sight& sight, Desk& desk) {
    if (!pass_ || pass_->request != RequestId{} || sight.now < pass_->resume_at || sight.stopping)
        return;
    SendBucket list;
    list.verb = BucketVerb::list;
    // By the last key and not by a token: a page that is asked for again, or after a failure of
    // minutes, goes on at the same place.
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
    // Answered, whatever it says: a page in flight that had ended would hold up the pass for ever.
    pass_->request = RequestId{};
    if (outcome != BucketOutcome::page) {
        fail(sight, outcome, reply.retry_after, desk);
        return paged;
    }
    pass_->errors.succeed();
    paged.page = std::get<ListPagePtr>(reply.content);
    const std::vector<ListEntry>& entries = paged.page->entries;
    if (!paged.page->truncated) {
        // Only now: what a pass that was cut short did not show may be behind the cut.
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
    // A 403 doesn't pass within seconds. And a pass that goes on past its own period would keep the
    // next one from beginning with a fresh look.
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
    // While a page is in flight its answer, or its time-out, is the next thing to happen.
    if (pass_ && pass_->request == RequestId{}) next = std::min(next, pass_->resume_at);
    return next;
}

void Poller::check(const Sight& sight) const {
    CHECK_MSG(
        sight.requests.count<PollPage>() == (pass_ && pass_->request != RequestId{} ? 1U : 0U),
        "a page in flight that no pass waits for, or the other way round");
    // One page at a time, and between pages a time to go on: a pass without either would be the
    // last.
    if (!pass_ || sight.stopping) return;
    CHECK_MSG(pass_->request != RequestId{} || pass_->resume_at > sight.now,
              "a pass with neither a page in flight nor a time to go on");
}

}  // namespace leasehold::storage
