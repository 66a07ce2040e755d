// The server side of the bucket: strongly consistent objects with conditional writes.
//
// Specification: what the servers answered after which the profiles are called (Google's and
// Azure's by fake-gcs-server and Azurite), and what AWS documents; tests/conformance asks the real
// servers the same. No time, no network.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/object.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// What a change of the bucket did, for the history.
struct BucketChange {
    ObjectKey key;
    ETag etag;  ///< empty = deleted
    ObjectBodyPtr body;
    std::uint64_t version = 0;
};

/// What a profile's store does differently from the others.
struct StoreRules {
    bool keys_are_paths = false;      ///< objects are files: none can lie below another
    std::int32_t path_refusal = 400;  ///< such a PUT; 500 is InternalError
    bool conditions_first = false;    ///< its condition is looked at before
    bool folders_exist = false;       ///< to If-None-Match a key that has others below it exists
    bool keeps_folders = false;  ///< DELETE of a key that has others below it is 500, otherwise 204
    bool hides_below = false;    ///< LIST leaves out the keys below an object
    /// A conditional DELETE checks and removes in two steps, and a PUT may come in between (PUTs of
    /// one key are ordered by a lock). Here each request is one step; tests/conformance allows it.
    bool checks_apart = false;
    /// A GET takes the ETag and then opens the file: the ETag of before a PUT may stand before its
    /// bytes. Not played here either.
    bool reads_apart = false;
    bool puts_apart = false;  ///< every DELETE, and no lock orders PUTs of one key
    /// While a key is written or removed, others are told so now and then: a GET or a write of it
    /// fails with 500 or without an answer, a GET says 404, a LIST fails or leaves it out. Not
    /// played here either.
    bool unsettled = false;
    /// Of requests at once an acknowledged PUT is gone now and then, or its ETag stands before
    /// other bytes. Compared is one request after another.
    bool forgets = false;
    /// Generations: each write has a version of its own, whatever its bytes, and a key that comes
    /// back has none of before.
    bool versions_per_write = false;
    bool missing_is_412 = false;  ///< PUT with If-Match on a key that is not there, otherwise 404
    std::int32_t unmatched_missing = 0;  ///< the same of a DELETE; 0: as without If-Match
    bool tells_of_missing = false;  ///< DELETE of a key that is not there is 404, otherwise 204
    /// A LIST is in the order of UTF-16's units, which is that of bytes up to U+FFFF. Here bytes'.
    bool utf16_order = false;
};
[[nodiscard]] StoreRules rules_of(BucketProfile profile);

class Bucket {
  public:
    explicit Bucket(const BucketSpec& spec) : spec_(spec), rules_(rules_of(spec.profile)) {}

    /// Applies a request and answers it. `change` is set when something was written.
    /// `checked`: its conditions were found met before, and are not looked at again.
    BucketReply handle(const SendBucket& request, std::optional<BucketChange>& change,
                       bool checked = false);
    /// The answer to a request whose condition is not met, or not supported; none: go on.
    [[nodiscard]] std::optional<BucketReply> refusal(const SendBucket& request) const;
    /// Its condition is checked, and what it does happens `window` later.
    [[nodiscard]] bool checks_apart(const SendBucket& request) const;
    /// A foreign writer's object, without conditions.
    BucketChange plant(const ObjectKey& key, ObjectBodyPtr body);
    [[nodiscard]] std::size_t size() const { return objects_.size(); }

    [[nodiscard]] const Preconditions& preconditions() const { return spec_.preconditions; }
    void set_preconditions(const Preconditions& rules) { spec_.preconditions = rules; }
    /// The keys that `choice` means now.
    [[nodiscard]] std::vector<ObjectKey> chosen(ObjectChoice choice) const;
    /// Damages one object where it lies, or removes it.
    BucketChange damage(const ObjectKey& key, ObjectDamage how);
    /// An object as it lies there: written anew it is another one.
    using Laid = std::pair<ObjectKey, std::uint64_t>;
    /// A GET of it is refused until it is thawed as often as it was archived, or written anew.
    Laid archive(const ObjectKey& key);
    void thaw(const Laid& object);

  private:
    struct Object {
        ETag etag;
        ObjectBodyPtr body;
        std::uint64_t version = 0;  ///< of the bucket's history
    };
    using Objects = std::map<ObjectKey, Object>;

    /// There are keys below `key`: "key/...".
    [[nodiscard]] bool is_directory(const ObjectKey& key) const;
    /// An object lies on the way to `key`: "a" for "a/b/c".
    [[nodiscard]] bool lies_below_object(const ObjectKey& key) const;
    BucketReply get(const SendBucket& request) const;
    [[nodiscard]] PreconditionRule rule_of(const SendBucket& request) const;
    BucketReply put(const SendBucket& request, std::optional<BucketChange>& change, bool checked);
    BucketReply remove(const SendBucket& request, std::optional<BucketChange>& change,
                       bool checked);
    BucketReply list(const SendBucket& request);
    [[nodiscard]] ListPagePtr make_page(const SendBucket& request) const;

    BucketSpec spec_;
    StoreRules rules_;
    Objects objects_;
    std::map<ObjectKey, std::uint64_t> writes_;    ///< of each key, where versions count them
    std::map<ObjectKey, std::uint32_t> archived_;  ///< how often
    std::uint64_t version_ = 0;
    // The last page made: a poll of an unchanged bucket costs nothing.
    ListPagePtr page_;
    ObjectKey page_prefix_;
    ObjectKey page_after_;
    std::uint64_t page_version_ = ~0ULL;
};

/// The same object with other bytes: half of them, or as many.
[[nodiscard]] ObjectBodyPtr damaged(const ObjectBody& body, bool shorter);
/// What another program writes in its place: a plain object without a stamp of ours.
[[nodiscard]] ObjectBodyPtr foreign(const ObjectBody& body);
/// The ETag of content: S3's is the MD5 of the bytes, so equal bytes have equal tags.
[[nodiscard]] ETag etag_of(const ObjectBody& body);
/// The version of a key's nth write where each has its own: digits, as a generation is.
[[nodiscard]] ETag generation_of(const ObjectKey& key, std::uint64_t nth);

}  // namespace leasehold::sim
