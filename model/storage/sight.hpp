// Sight: what every machine of the storage may look at during one step. Nothing in it can be
// changed through it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "model/base/backoff.hpp"
#include "model/protocol/leadership.hpp"
#include "model/storage/capabilities.hpp"
#include "model/storage/catalog/catalog.hpp"
#include "model/storage/config.hpp"
#include "model/storage/requests.hpp"
#include "model/storage/travel.hpp"

namespace leasehold::storage {

/// A leadership as the storage knows it.
struct Tenure {
    Term term;
    Instant began{};
    Instant valid_until{};   ///< the gate's end; kNever with HA off
    Instant renewed_sent{};  ///< when the newest successful renewal was sent
    /// What a dead predecessor sent may land until then, where conditions hold nothing back.
    Instant landing_until{};
    friend bool operator==(const Tenure&, const Tenure&) = default;
};

struct Sight {
    Instant now;
    const StorageConfig& config;
    const Catalog& catalog;
    const Requests& requests;
    std::uint64_t writer = 0;  ///< of our stamps
    bool stopping = false;
    Tenure tenure;               ///< of a leader
    Capabilities store;          ///< as a leader knows them
    std::optional<Epoch> epoch;  ///< claimed; with HA off 0. None: nothing may be written yet

    /// Small objects are retried soon, large ones get the time that their bytes take.
    [[nodiscard]] Duration with_travel(Duration span, std::uint64_t size) const {
        return span + travel_time(size, config.timeout_per_mib);
    }
    /// `least`: bytes that may have to travel, whatever is known of the object.
    [[nodiscard]] Duration get_timeout(KeyId key, std::uint64_t least = 0) const {
        return with_travel(config.get_timeout, std::max(catalog.size_of(key), least));
    }
    /// The same for a key of which no LIST may have told the size, asked for after `failures` tries
    /// in a row. A single install lists nothing: what a new disk is restored from would be cut off
    /// at 5 s, each time, and 100 MiB never come.
    [[nodiscard]] Duration get_timeout_unlisted(KeyId key, std::uint32_t failures) const {
        if (config.ha || catalog.size_of(key) != 0) return get_timeout(key);
        constexpr std::uint32_t kMost = 3;  // of 5 s, 20 s, 80 s and 320 s
        return config.get_timeout * (1 << 2 * std::min(failures, kMost));
    }
    /// The time-out of a put or remove that may start now; nothing when none may. Where conditions
    /// don't fence (or `wholly`) it has to end inside validity, so what is left is the time-out.
    [[nodiscard]] std::optional<Duration> put_timeout(std::uint64_t size,
                                                      bool wholly = false) const {
        const Duration whole = with_travel(config.put_timeout, size);
        if (!config.ha) return whole;
        // The gate ends at 15 s; at 14 s a PUT leaves under a time-out of 5 s; at 15 s another
        // replica leads and writes the key; at 16 s the PUT lands. Where conditions hold, it meets
        // another ETag than it names and is refused, so it only has to *start* in time. Elsewhere
        // it lands over the newer write, so the time-out must end before the gate does.
        if (now >= tenure.valid_until) return std::nullopt;
        if (store.fences() && !wholly) return whole;
        // The request leaves a little later than it is made, and is asked for its permit then.
        const Duration left = tenure.valid_until - now - config.retry_min;
        // With next to nothing left the attempt would only end unknown; the next renewal is near.
        if (left < config.retry_min) return std::nullopt;
        // Cut short rather than refused: near the end of validity a small object still fits.
        return std::min(whole, left);
    }
    [[nodiscard]] BackoffLimits retries() const { return {config.retry_min, config.retry_max}; }
};

}  // namespace leasehold::storage
