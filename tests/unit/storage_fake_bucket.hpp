// A bucket in memory for the tests of the storage controller, and the ways in which real ones err.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/base/random.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold::rig {

inline ObjectKey key(const std::string& name) {
    return ObjectKey{"etl/" + name};
}
inline Blob blob(std::uint64_t n) {
    return Blob{100 + n, {n, ~n}, nullptr};
}

/// A bucket in memory: an ETag covers content alone, as S3's does. A request is applied in one
/// instant, or, where a test says so, checked at one and stored at another (check, store).
class FakeBucket {
  public:
    struct Object {
        ObjectBody body;
        ETag etag;
    };
    std::map<ObjectKey, Object> objects;
    std::set<ObjectKey> unlisted;  ///< there, but no LIST shows them (field-reports, 14)
    std::size_t page_size = 1000;
    std::vector<std::pair<ObjectKey, Stamp>> commits;

    // The kinds of stores.
    bool ignores_conditions = false;          ///< of PUTs
    bool ignores_if_match = false;            ///< of PUTs; If-None-Match works (moto 5.0)
    bool honours_conditional_delete = false;  ///< MinIO does not
    std::int32_t refuses_conditions = 0;  ///< status of the answer to a condition: 501, 400; 0 = no
    bool checks_before_body = false;      ///< of a stalled PUT at its arrival (s3s-fs)
    bool not_atomic = false;              ///< of each PUT at its arrival (S3Mock, S3Proxy)

    static ETag etag_of(const ObjectBody& body) {
        return ETag{std::to_string(hash_text(body.head) ^ mix64(body.payload.digest.high + 1) ^
                                   mix64(body.payload.size + 99))};
    }
    void put(const ObjectKey& at, const ObjectBody& body) {
        objects[at] = Object{body, etag_of(body)};
        commits.emplace_back(at, stamp_of(body).value_or(Stamp{}));
    }
    /// What a human or another tool writes.
    void put_foreign(const ObjectKey& at, const Blob& payload) {
        put(at, ObjectBody{{}, {}, payload});
    }
    void put_fenced(const ObjectKey& at, const Blob& payload, std::uint64_t epoch,
                    std::uint64_t writer = 1, std::uint64_t write_id = 1) {
        const Stamp stamp{Epoch{epoch}, writer, write_id, payload.size, payload.digest, false};
        put(at, ObjectBody{encode_header(stamp), {}, payload});
    }
    void put_tombstone(const ObjectKey& at, std::uint64_t epoch) {
        put(at, ObjectBody{encode_header(Stamp{Epoch{epoch}, 1, 1, 0, {}, true}), {}, Blob{}});
    }
    /// An object whose second half is missing: its header promises more.
    void put_torn(const ObjectKey& at, const Blob& payload, std::uint64_t epoch) {
        put_fenced(at, payload, epoch);
        objects.at(at).body.payload.size /= 2;
    }
    [[nodiscard]] Stamp stamp(const ObjectKey& at) const {
        return stamp_of(objects.at(at).body).value();
    }
    /// The payload that lies at `at`; an empty one where there is none.
    [[nodiscard]] Blob payload(const ObjectKey& at) const {
        const auto found = objects.find(at);
        return found == objects.end() ? Blob{} : found->second.body.payload;
    }
    [[nodiscard]] std::size_t data_keys() const {
        std::size_t n = 0;
        for (const auto& [at, object] : objects)
            n += at.view().starts_with(".ha/") ? 0U : 1U;
        return n;
    }

    BucketReply apply(const SendBucket& request) {
        if (const auto refused = check(request)) return *refused;
        return store(request);
    }
    /// What the store has against the request's condition; nothing = the condition holds.
    [[nodiscard]] std::optional<BucketReply> check(const SendBucket& request) const {
        const bool put = request.verb == BucketVerb::put;
        const bool remove = request.verb == BucketVerb::remove;
        const bool conditional =
            put ? request.condition != PutCondition::none : remove && !request.etag.empty();
        if (!conditional) return std::nullopt;
        if (refuses_conditions != 0) {
            BucketReply refused = failure(refuses_conditions, BucketCode::not_implemented);
            refused.names_condition = refuses_conditions == 400;
            return refused;
        }
        const auto found = objects.find(request.key);
        const bool exists = found != objects.end();
        const bool same = exists && found->second.etag == request.etag;
        if (remove) {
            if (!honours_conditional_delete || !exists || same) return std::nullopt;
            return failure(412, BucketCode::precondition_failed);
        }
        if (ignores_conditions) return std::nullopt;
        if (request.condition == PutCondition::if_none_match) {
            if (!exists) return std::nullopt;
            return failure(412, BucketCode::precondition_failed);
        }
        if (ignores_if_match || same) return std::nullopt;
        return exists ? failure(412, BucketCode::precondition_failed)
                      : failure(404, BucketCode::no_such_key);
    }
    /// Carries the request out, whatever its condition.
    BucketReply store(const SendBucket& request) {
        BucketReply reply;
        reply.status = 200;
        const auto found = objects.find(request.key);
        switch (request.verb) {
            case BucketVerb::get:
                if (found == objects.end()) return failure(404, BucketCode::no_such_key);
                reply.etag = found->second.etag;
                reply.content = std::make_shared<const ObjectBody>(found->second.body);
                return reply;
            case BucketVerb::put:
                put(request.key, *request.body);
                reply.etag = objects.at(request.key).etag;
                return reply;
            case BucketVerb::remove:
                objects.erase(request.key);
                reply.status = 204;
                return reply;
            case BucketVerb::list:
                return list(request);
        }
        return reply;
    }
    static BucketReply failure(std::int32_t status, BucketCode code = BucketCode::none,
                               Duration retry_after = {}) {
        BucketReply reply;
        reply.status = status;
        reply.code = code;
        reply.retry_after = retry_after;
        return reply;
    }

  private:
    [[nodiscard]] BucketReply list(const SendBucket& request) const {
        auto page = std::make_shared<ListPage>();
        for (const auto& [at, object] : objects) {
            if (at <= request.key || !at.view().starts_with(request.prefix.view())) continue;
            if (unlisted.contains(at)) continue;
            if (page->entries.size() == page_size) {
                page->truncated = true;
                break;
            }
            page->entries.push_back({at, object.etag, object.body.payload.size});
        }
        BucketReply reply;
        reply.status = 200;
        reply.content = ListPagePtr(page);
        return reply;
    }
};

}  // namespace leasehold::rig
