// Keeping: the part of requests.bounded that looks at local copies.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model/check/contents.hpp"
#include "model/check/copies.hpp"

namespace leasehold::check {

/// No file is written with what it holds already, or read while its next bytes are on their way to
/// the disk. A version that a follower cannot keep (its disk is full, the object damaged) is
/// fetched ever more rarely, the wait doubling; and nobody fetches what nobody asked for before it
/// knows which of it lies on its disk.
class Keeping {
  public:
    Keeping(Facts& facts, const Copies& copies, Contents& contents)
        : facts_(facts), copies_(copies), contents_(contents) {}

    /// To be told before Copies are.
    void file_sent(const ReplicaStepped& step, const SendFile& file);
    /// A GET left for which no query, read or write waits.
    void unasked_get(const ReplicaStepped& step, const ObjectKey& key);
    /// A GET of a follower's pass, for which no read waits, brought that version.
    void got(const ReplicaStepped& step, const ObjectKey& key, const ETag& etag);

  private:
    void loaded_too_early(const ReplicaStepped& step, const SendFile& file);

    /// The version of a key that was fetched last.
    struct Got {
        ETag etag;
        std::uint64_t sequence = 0;  ///< of the commit that brought it; 0 = not known
        std::uint64_t times = 0;
        Instant first{};
        std::uint64_t kept = 0;  ///< event that kept a version of the key, before the first
        std::uint32_t era = 0;   ///< ReplicaFacts::era of the first
    };

    Facts& facts_;
    const Copies& copies_;
    Contents& contents_;
    std::vector<std::map<ObjectKey, Got>> stations_;
};

}  // namespace leasehold::check
