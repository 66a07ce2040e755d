// EpochClaim: one compare-and-swap on `.ha/epoch` between a leadership and its first write.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "model/storage/desk.hpp"
#include "model/storage/leader/second_look.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// GET the object, complete a Lease renewal sent after that GET, then swap in
/// max(term, stored + 1, highest known + 1). The renewal proves that no later leader had claimed
/// when the GET was answered: a later one acquires after the Lease ran out, so it GETs after our
/// renewal was applied and finds our number, or makes our swap fail.
///
/// A bucket must not multiply the load on the API server: at most one renewal is asked for in each
/// retryPeriod, and between them the regular ones serve.
class EpochClaim {
  public:
    void begin(const Sight& sight, Desk& desk);
    void step(const Sight& sight, const ClaimLook& owner, const Flight& flight,
              BucketOutcome outcome, const BucketReply& reply, Desk& desk);
    void step(const Sight& sight, const ClaimSwap& owner, const Flight& flight,
              BucketOutcome outcome, const BucketReply& reply, Desk& desk);
    /// An object carries a higher epoch: either we no longer lead, which the renewal will show, or
    /// the numbers were set back, or another group writes here; ours is raised above it.
    void raise(const Sight& sight, const HigherEpoch& fact, Desk& desk);
    /// Goes on: a renewal came, a back-off ended.
    void proceed(const Sight& sight, Desk& desk);

    /// Ours; none while nothing may be written.
    [[nodiscard]] std::optional<Epoch> epoch() const;
    /// The newest that this leadership claimed, for the tag of a file; 0 = none yet.
    [[nodiscard]] Epoch last() const { return history_.last; }
    /// Held back, whatever the bucket does, until what a dead leader sent can land no more.
    [[nodiscard]] bool awaits_landing(const Sight& sight) const;
    [[nodiscard]] Instant next_deadline() const;
    /// What the state waits for is in flight, or is a renewal, or an instant that lies ahead.
    void check(const Sight& sight) const;

    friend bool operator==(const EpochClaim&, const EpochClaim&) = default;

  private:
    // Each state holds what only it needs, so a swap can't be made from what an earlier look found.
    struct Looking {
        friend bool operator==(const Looking&, const Looking&) = default;
    };
    struct Renewing {
        Epoch stored;
        ETag etag;  ///< of the object; empty = missing
        Instant answered_at{};
        Instant renewed_before{};
        friend bool operator==(const Renewing&, const Renewing&) = default;
    };
    struct Swapping {
        Epoch epoch;
        ETag etag;  ///< the swap's condition
        friend bool operator==(const Swapping&, const Swapping&) = default;
    };
    struct Waiting {
        Instant until{};
        friend bool operator==(const Waiting&, const Waiting&) = default;
    };
    struct Claimed {
        Epoch epoch;
        friend bool operator==(const Claimed&, const Claimed&) = default;
    };
    struct Idle {
        friend bool operator==(const Idle&, const Idle&) = default;
    };
    using State = std::variant<Idle, Looking, Renewing, Swapping, Waiting, Claimed>;
    /// What this leadership's claims have met.
    /// Outlives the states: a claim is made of several looks and swaps, and a leadership of several
    /// claims.
    struct History {
        Epoch floor;  ///< a higher epoch found on an object
        Epoch last;   ///< claimed before
        std::uint64_t first_write =
            0;                        ///< smallest write id of the running claim's swaps; 0 = none
        std::optional<ETag> refused;  ///< condition of the swap that met 412
        std::uint32_t contradictions = 0;
        SecondLook unreadable;
        std::uint32_t raises = 0;
        Instant wished{};  ///< when a renewal was asked for last
        bool ever_wished = false;
        friend bool operator==(const History&, const History&) = default;
    };
    void look(const Sight& sight, Desk& desk);
    void wait(const Sight& sight, Duration retry_after);
    void failed(const Sight& sight, const Flight& flight, Duration retry_after, Desk& desk);
    void wish_renewal(const Sight& sight, Desk& desk);
    void swap(const Sight& sight, const Renewing& found, Duration timeout, Desk& desk);
    void claimed(Epoch epoch, Desk& desk);
    [[nodiscard]] bool contradicts(const ETag& shown) const;

    State state_;
    History history_;
    Backoff failures_;
};

}  // namespace leasehold::storage
