// StoreProbe: what does this store do with conditions? Asked by each leadership.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// Asks all that writes depend on, on a key that is only ours: If-None-Match and If-Match on PUT,
/// If-Match on DELETE (four servers of eleven honour one and ignore another); two PUTs under
/// If-Match of one version at the same time, several rounds; and one stalled upload: half of a body
/// under If-Match, another PUT under the same, the rest. A store that looks at the condition before
/// it has read the body takes both, surely, which a race only shows by luck; it is the case of a
/// leader that is paused in the middle of its PUT.
class StoreProbe {
  public:
    void step(const Sight& sight, const ProbeRequest& owner, const Flight& flight,
              BucketOutcome outcome, const BucketReply& reply, Desk& desk);
    void proceed(const Sight& sight, Desk& desk);

    /// What is known so far; `put` when all of it was asked.
    [[nodiscard]] const Capabilities& verdict() const { return verdict_; }
    /// Something that can't be under honoured conditions was seen: from now on time alone counts,
    /// and no later answer of the probe says otherwise.
    void contradicted();
    /// A write's condition was refused by name.
    void refused(Desk& desk);
    [[nodiscard]] Instant next_deadline(const Sight& sight) const;
    /// The requests in flight are those that it waits for, and an open question has an answer to
    /// come or a time to be asked.
    void check(const Sight& sight) const;

    friend bool operator==(const StoreProbe&, const StoreProbe&) = default;

  private:
    enum class Stage : std::uint8_t {
        plant,   ///< PUT without a condition: something to be conditional about
        create,  ///< PUT If-None-Match: 412 expected
        match,   ///< PUT If-Match of another version: 412 expected
        remove,  ///< DELETE If-Match of another version: 412 expected
        race,    ///< two PUTs If-Match at once: at most one stored
        stall,   ///< a stalled PUT and another one: at most one stored
        clean,   ///< DELETE
        done
    };
    /// A pair of PUTs under one condition, and how far they are.
    struct Pair {
        std::array<RequestId, 2> requests{};
        std::uint32_t stored = 0;
        std::uint32_t open = 0;      ///< not answered
        bool unclear = false;        ///< an answer that says neither
        Instant resume_at = kNever;  ///< the stalled one's rest leaves then at the latest
        friend bool operator==(const Pair&, const Pair&) = default;
    };
    [[nodiscard]] RequestId put(const Sight& sight, PutCondition condition, const ETag& etag,
                                bool stalled, std::uint32_t number, Desk& desk);
    void remove(const Sight& sight, const ETag& etag, Desk& desk);
    void send_pair(const Sight& sight, bool stalled, Desk& desk);
    void on_single(const Sight& sight, BucketOutcome outcome, const BucketReply& reply, Desk& desk);
    void on_pair(const Sight& sight, const ProbeRequest& owner, BucketOutcome outcome,
                 const BucketReply& reply, Desk& desk);
    void resume(Desk& desk);
    void fail(const Sight& sight, Duration retry_after);
    void conclude(Preconditions verdict, Desk& desk);
    void conclude_remove(Preconditions verdict, Desk& desk);

    Stage stage_ = Stage::plant;
    Capabilities verdict_;
    bool contradicted_ = false;   ///< a write saw what conditions exclude
    bool remove_denied_ = false;  ///< DELETE may not be, or is not answered: asked no more
    ETag etag_;                   ///< of the planted object
    std::uint32_t round_ = 0;     ///< races run
    std::optional<Pair> pair_;
    Backoff failures_;
    Instant next_ = Instant::min();  ///< kNever: a request is in flight
};

}  // namespace leasehold::storage
