// Requests: what was sent and not answered, with its owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

#include "model/base/key_table.hpp"
#include "model/base/time.hpp"
#include "model/protocol/effects.hpp"
#include "model/storage/owner.hpp"

namespace leasehold::storage {

/// A request of the bucket in flight.
struct Flight {
    BucketOwner owner;
    BucketVerb verb = BucketVerb::get;
    std::optional<KeyId> key{};    ///< of data; the keys under `.ha/` are in no table
    std::uint32_t generation = 0;  ///< the key's when the request left
    Instant sent{};
    Duration timeout{0};
    bool conditional = false;  ///< put, remove: under If-Match or If-None-Match
    friend bool operator==(const Flight&, const Flight&) = default;
};

/// Gives ids, keeps the flights, and knows which keys have a request under way.
///
/// Two rules are CHECKed here for all machines: a purge is never in flight beside another change of
/// its key (three real stores let a DELETE and a PUT under If-Match of one version both succeed,
/// and the acknowledged object is gone), and what a follower or a query GETs is not being got
/// already (reads never stack).
class Requests {
  public:
    /// Appends the request to `out` under a new id.
    RequestId send(Instant now, SendBucket request, Flight flight, Effects& out);
    RequestId send(SendFile request, FileOwner owner, Effects& out);

    /// The flight of an answer, which ends with this; none if nobody asked.
    std::optional<Flight> take(RequestId request);
    std::optional<FileOwner> take_file(RequestId request);
    /// Here, because each request asks for its permit by it as it leaves.
    [[nodiscard]] const Flight* find(RequestId request) const {
        const auto found = bucket_.find(request);
        return found == bucket_.end() ? nullptr : &found->second;
    }

    /// Nobody waits for it any more: AbortBucket. A GET or LIST is forgotten; a put or remove is
    /// kept as GivenUp until it is answered, for it may yet be stored.
    void abandon(RequestId request, Effects& out);
    /// The same for each flight whose owner `gone` says is gone.
    template <class Gone>
    void abandon_all(const Gone& gone, Effects& out) {
        std::vector<RequestId> ids;
        for (const auto& [id, flight] : bucket_)
            if (gone(flight.owner)) ids.push_back(id);
        for (const RequestId id : ids)
            abandon(id, out);
    }
    /// The answers of such loads find nobody.
    template <class Gone>
    void forget_loads(const Gone& gone) {
        for (auto& [id, owner] : files_)
            if (gone(owner)) give_to(owner, Forgotten{});
    }
    /// Another machine owns the answer from now on.
    void hand_over(RequestId request, BucketOwner owner);

    /// A GET of the key is in flight, for whomever.
    [[nodiscard]] bool getting(KeyId key) const { return getting_.contains(key); }
    /// A put or remove of the key is in flight (given up ones too).
    [[nodiscard]] bool changing(KeyId key) const { return changing_.contains(key); }
    /// Puts and removes in flight, over all keys.
    [[nodiscard]] std::size_t changes() const { return changes_; }
    /// Requests in flight of that owner: what a machine believes to have asked must be as many.
    template <class Owner>
    [[nodiscard]] std::size_t count() const {
        if constexpr (std::is_constructible_v<BucketOwner, Owner>)
            return owned_.bucket[BucketOwner{Owner{}}.index()];
        else
            return owned_.files[FileOwner{Owner{}}.index()];
    }
    /// A write id that this process has not used.
    std::uint64_t next_write() { return ++last_write_; }

    friend bool operator==(const Requests&, const Requests&) = default;

  private:
    /// How many requests each type of owner has in flight.
    struct Owned {
        std::array<std::size_t, std::variant_size_v<BucketOwner>> bucket{};
        std::array<std::size_t, std::variant_size_v<FileOwner>> files{};
        friend bool operator==(const Owned&, const Owned&) = default;
    };
    void forget(const Flight& flight);
    void give_to(Flight& flight, BucketOwner owner);
    void give_to(FileOwner& of, FileOwner owner);

    std::map<RequestId, Flight> bucket_;
    std::map<RequestId, FileOwner> files_;
    Owned owned_;
    std::map<KeyId, std::uint32_t> getting_;
    std::map<KeyId, std::uint32_t> changing_;
    std::size_t changes_ = 0;
    std::uint64_t last_request_ = 0;  ///< even: the elector's are odd
    std::uint64_t last_write_ = 0;
};

}  // namespace leasehold::storage
