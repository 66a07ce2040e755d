// BucketHealth: does what waits to be written get on?
#pragma once

#include <cstdint>
#include <optional>

#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// How long a process bears it that nothing gets on: one lease, and twice as long after each
/// leadership that it gave up without anybody having written since, at most ten minutes. If nobody
/// can write, giving way helps nobody, and each change of leader fences what is queued.
class Patience {
  public:
    [[nodiscard]] Duration span(const StorageConfig& config) const;
    void gave_up() { ++given_up_; }
    [[nodiscard]] std::uint32_t given_up() const { return given_up_; }
    /// Somebody wrote: whoever is next may give way soon again.
    void somebody_wrote() { given_up_ = 0; }

    friend bool operator==(const Patience&, const Patience&) = default;

  private:
    std::uint32_t given_up_ = 0;
};

/// Health is judged by writes alone: reads that succeed say nothing of credentials that may read
/// and not write, and every claim begins with one. A leader whose waiting work (the claim included)
/// has not got on for its patience, although it tried, gives way.
///
/// Writes end unstored at their deadlines, which may be shorter than a lease, and the next ones
/// meet the same bucket: what each of them waited counts together, and the time between them
/// doesn't.
///
/// One long upload whose answer was lost proves nothing: a try that left after the first failure
/// was known must fail too. And one key that the store can't take is no broken bucket: half way
/// through, a small PUT under `.ha/probe/` asks whether others are taken. Where the trouble is
/// confirmed later than that it is asked then, and half as long is borne for the answer.
class BucketHealth {
  public:
    /// A try of what waits failed.
    void failed(const Sight& sight, const TryFailed& fact);
    /// Something that waited is stored.
    void got_on();
    void step(const Sight& sight, const HealthPut& owner, const Flight& flight,
              BucketOutcome outcome, Desk& desk);
    /// `waits`: a write or the claim, and not by rule alone. `claimed`: there is an epoch to write
    /// under.
    void proceed(const Sight& sight, bool waits, bool claimed, const Patience& patience,
                 Desk& desk);

    [[nodiscard]] Instant next_deadline() const { return due_; }
    /// Work that waits in confirmed trouble has an instant at which something is done about it.
    void check(const Sight& sight) const;

    friend bool operator==(const BucketHealth&, const BucketHealth&) = default;

  private:
    /// What failed since something got on.
    struct Trouble {
        Instant since{};             ///< when the first try that failed was sent
        Instant known{};             ///< when that was known
        Instant confirmed = kNever;  ///< when a try that left after that failed too
        friend bool operator==(const Trouble&, const Trouble&) = default;
    };
    /// Nothing waits.
    void rest(Instant now);
    /// Something waits.
    void wait(Instant now, Duration patience);
    void ask(const Sight& sight, Desk& desk);

    std::optional<Trouble> trouble_;
    std::optional<Instant> waiting_since_;
    Duration borne_{};     ///< in this trouble, by what waited before that
    bool asking_ = false;  ///< the small PUT is in flight
    bool asked_ = false;   ///< in this trouble, and not too long ago
    Instant asked_at_{};
    Instant due_ = kNever;
};

}  // namespace leasehold::storage
