// Poller: a follower LISTs the bucket by the clock.
#pragma once

#include <cstdint>
#include <optional>

#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// One LIST over all pages (a pass) at once, the next after the identity's phase, then one each
/// period: followers that start together don't poll together. Passes never overlap, and are never
/// cut short by a tick; a tick that was missed is skipped. What a pass finds is fetched by
/// FetchQueue, which outlives it: one slow GET must not stop the looking.
class Poller {
  public:
    /// Begins at `now`; the first pass waits for the file index (else everything looks changed).
    Poller(const Sight& sight, std::uint64_t phase_seed);

    /// What a page of the running pass taught.
    struct Paged {
        ListPagePtr page;          ///< null: none came
        std::uint32_t number = 0;  ///< of the pass
        bool complete = false;     ///< the pass ended with this page, and showed all there is
    };
    Paged step(const Sight& sight, const PollPage& owner, BucketOutcome outcome,
               const BucketReply& reply, Desk& desk);
    /// Starts what is due. `number` gives a fresh number for a LIST.
    template <class Number>
    void proceed(const Sight& sight, const Number& number, Desk& desk) {
        if (tick(sight, desk)) begin(sight, number());
        send(sight, desk);
    }

    [[nodiscard]] Instant next_deadline(const Sight& sight) const;
    /// A pass is running.
    [[nodiscard]] bool busy() const { return pass_.has_value(); }
    /// Listed by a LIST of at least this number = shown by the newest complete pass, or since.
    [[nodiscard]] std::uint32_t valid_from() const { return valid_from_; }
    /// A page in flight is the running pass's, and a pass that has none has a time to go on.
    void check(const Sight& sight) const;

    friend bool operator==(const Poller&, const Poller&) = default;

  private:
    /// From its first page to its last; a time-out or a back-off in between doesn't end it.
    struct Pass {
        std::uint32_t number = 0;
        Instant started{};
        ObjectKey after;    ///< last key of the last page
        RequestId request;  ///< page in flight; 0 = none
        Backoff errors;
        Instant resume_at{};  ///< nothing is sent before
        friend bool operator==(const Pass&, const Pass&) = default;
    };
    [[nodiscard]] bool tick(const Sight& sight, Desk& desk);
    void begin(const Sight& sight, std::uint32_t number);
    void send(const Sight& sight, Desk& desk);
    void fail(const Sight& sight, BucketOutcome outcome, Duration retry_after, Desk& desk);

    std::optional<Pass> pass_;
    Instant began_{};
    Instant next_tick_{};
    bool first_due_ = true;  ///< the pass at once was not begun yet
    std::uint32_t valid_from_ = 0;
};

}  // namespace leasehold::storage
