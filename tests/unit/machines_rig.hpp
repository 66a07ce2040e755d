// A rig for one machine of the storage alone: what it may look at, and a desk to hand things out.
//
// Nothing here answers, wires or tells facts on: a test does that itself, so that each rule is
// shown by the one machine that it belongs to.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/base/check.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/body.hpp"
#include "model/storage/catalog/catalog.hpp"
#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

using namespace std::chrono_literals;

inline constexpr Preconditions kHonoured = Preconditions::honoured;
inline constexpr std::uint64_t kUs = 77;     ///< the writer of our stamps
inline constexpr std::uint64_t kOther = 99;  ///< another replica

/// All that surrounds a machine. The defaults are a leader of epoch 7 whose store is good.
class Alone {
  public:
    StorageConfig config;
    Catalog catalog;
    Requests requests;
    Calls calls;
    Effects out;
    std::vector<Fact> facts;

    Instant now{1000s};
    bool stopping = false;
    Tenure tenure{Term{7}, now, now + 15s, now};
    Capabilities store{kHonoured, kHonoured};
    std::optional<Epoch> epoch{Epoch{7}};

    Alone() {
        config.identity = "replica-0";
        config.prefix = ObjectKey{"etl/"};
    }
    [[nodiscard]] Sight sight() const {
        return {now, config, catalog, requests, kUs, stopping, tenure, store, epoch};
    }
    [[nodiscard]] Desk desk() { return {out, requests, calls, facts}; }
    KeyId key(const std::string& name) { return catalog.key(ObjectKey{"etl/" + name}); }

    // ---- what came out ----
    /// The bucket's requests since the last call.
    std::vector<SendBucket> sent() { return taken<SendBucket>(); }
    /// The one request since the last call.
    SendBucket sent_one() {
        const auto all = sent();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? SendBucket{} : all.back();
    }
    std::vector<SendFile> files() { return taken<SendFile>(); }
    SendFile file_one() {
        const auto all = files();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? SendFile{} : all.back();
    }
    std::vector<ReadDone> reads() { return taken<ReadDone>(); }
    std::vector<WriteDone> writes() { return taken<WriteDone>(); }
    std::vector<QueryDone> queries() { return taken<QueryDone>(); }
    [[nodiscard]] int marked(MarkId id) const {
        int n = 0;
        for (const Effect& one : out)
            if (const auto* mark = std::get_if<Mark>(&one)) n += mark->mark == id ? 1 : 0;
        return n;
    }
    /// The facts of a kind since the last call.
    template <class F>
    std::vector<F> told() {
        std::vector<F> found;
        std::erase_if(facts, [&found](const Fact& fact) {
            const auto* one = std::get_if<F>(&fact);
            if (one != nullptr) found.push_back(*one);
            return one != nullptr;
        });
        return found;
    }

    // ---- calls ----
    CallId call(CallKind kind, KeyId key, Instant deadline = kNever, const ETag& known = {},
                JobId job = {}) {
        const CallId id{++last_call_};
        calls.begin(id, Call{kind, key, deadline, known, job});
        return id;
    }

    // ---- the bucket ----
    /// The key's view becomes what a GET of now would show.
    Found shows(KeyId key, const BucketReply& reply, bool binding = false) {
        Desk at = desk();
        return catalog.show(key, catalog.at(key).generation, classify(BucketVerb::get, reply),
                            reply, binding, at);
    }
    /// The request ends: its flight.
    Flight land(const SendBucket& request) {
        const auto flight = requests.take(request.request);
        EXPECT_TRUE(flight.has_value());
        return flight.value_or(Flight{});
    }
    /// The answer to a GET of a key, shown to the catalog as the controller does it.
    std::pair<Flight, Found> got(const SendBucket& request, const BucketReply& reply,
                                 bool binding = false) {
        const Flight flight = land(request);
        Desk at = desk();
        return {flight, catalog.show(*flight.key, flight.generation, classify(flight.verb, reply),
                                     reply, binding, at)};
    }
    /// A local copy of that version, as the file store's list gives it.
    void index(FileList list) {
        catalog.begin_index(std::make_shared<const FileList>(std::move(list)));
        while (catalog.loading())
            catalog.load_portion();
    }

  private:
    template <class E>
    std::vector<E> taken() {
        std::vector<E> found;
        std::erase_if(out, [&found](const Effect& effect) {
            const auto* one = std::get_if<E>(&effect);
            if (one != nullptr) found.push_back(*one);
            return one != nullptr;
        });
        return found;
    }
    std::uint64_t last_call_ = 0;
};

inline Blob blob(std::uint64_t n) {
    return Blob{100 + n, {n, ~n}, nullptr};
}
inline Stamp stamp(std::uint64_t epoch, std::uint64_t write, const Blob& payload,
                   std::uint64_t writer = kOther) {
    return {Epoch{epoch}, writer, write, payload.size, payload.digest, false};
}
inline Stamp tombstone(std::uint64_t epoch, std::uint64_t write, std::uint64_t writer = kOther) {
    return {Epoch{epoch}, writer, write, 0, {}, true};
}
/// A fenced object under an ETag that only its stamp gives.
inline ETag etag(const Stamp& stamp) {
    return ETag{std::to_string(stamp.epoch.value()) + "-" + std::to_string(stamp.write_id)};
}
inline BucketReply object(const Stamp& stamp, const Blob& payload = {}) {
    BucketReply reply;
    reply.status = 200;
    reply.etag = etag(stamp);
    reply.content = std::make_shared<const ObjectBody>(
        ObjectBody{encode_header(stamp), {}, stamp.tombstone ? Blob{} : payload});
    return reply;
}
/// Version `write` of `epoch`, whose payload is blob(write).
inline BucketReply version(std::uint64_t epoch, std::uint64_t write,
                           std::uint64_t writer = kOther) {
    return object(stamp(epoch, write, blob(write), writer), blob(write));
}
inline BucketReply failure(std::int32_t status, BucketCode code = BucketCode::none,
                           Duration retry_after = {}) {
    BucketReply reply;
    reply.status = status;
    reply.code = code;
    reply.retry_after = retry_after;
    return reply;
}
inline BucketReply missing() {
    return failure(404, BucketCode::no_such_key);
}
inline BucketReply lost() {
    return failure(0);
}
inline BucketReply refused_412() {
    return failure(412, BucketCode::precondition_failed);
}
inline BucketReply written(const std::string& tag) {
    BucketReply reply;
    reply.status = 200;
    reply.etag = ETag{tag};
    return reply;
}
inline BucketReply page(std::vector<ListEntry> entries, bool truncated = false) {
    BucketReply reply;
    reply.status = 200;
    reply.content = std::make_shared<const ListPage>(ListPage{std::move(entries), truncated});
    return reply;
}
/// A clean file of that version, as the file store lists it.
inline FileEntry file(const std::string& name, std::uint64_t epoch, std::uint64_t write,
                      bool dirty = false) {
    const ETag tag = etag(stamp(epoch, write, blob(write)));
    return {ObjectKey{"etl/" + name}, FileTag{Epoch{epoch}, tag, dirty, true, write}, blob(write)};
}
inline FileReply loaded(const FileEntry& one) {
    return {FileStatus::ok, std::make_shared<const FileList>(FileList{one})};
}

}  // namespace leasehold::storage
