// Capabilities: what the store is known to do with conditions.
#pragma once

#include <cstdint>

namespace leasehold::storage {

enum class Preconditions : std::uint8_t {
    unknown,    ///< not asked yet in this leadership
    honoured,   ///< each answer fitted, and no race was seen
    ignored,    ///< stored in spite of a condition that did not hold
    refused,    ///< 501, or a 400 that names the condition: it does none
    not_atomic  ///< two conditional writes of one version were both stored
};

/// The probe's verdict. It is asked anew in each leadership: stores are upgraded, gateways and
/// buckets exchanged, and a quorum that is gone takes the conditions with it (minio #21603).
struct Capabilities {
    Preconditions put = Preconditions::unknown;     ///< If-None-Match and If-Match on PUT
    Preconditions remove = Preconditions::unknown;  ///< If-Match on DELETE

    /// May a put that meets a newer version be left to its condition? Everywhere else, and until
    /// that is known, only time keeps writers apart: a request must fit wholly inside validity.
    [[nodiscard]] bool fences() const { return put == Preconditions::honoured; }
    /// Bodies are deleted for good only where a DELETE names the tombstone that it means, and the
    /// store looks and deletes at once.
    [[nodiscard]] bool purges() const { return fences() && remove == Preconditions::honoured; }
    friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

}  // namespace leasehold::storage
