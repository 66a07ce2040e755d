// ParkedReads: the backup reads that a follower keeps waiting until there is data.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// Waiters stand together by the version that they know: ten thousand callers that have the present
/// one cost a new one nothing, and a delivery touches only those that it is for.
class ParkedReads {
  public:
    void park(CallId call, KeyId key, const ETag& known);
    /// The call was answered elsewhere or will be: its caller waits here no longer.
    void detach(CallId call, KeyId key, const ETag& known);
    /// A GET of the leadership that ended is still on its way, with those who ride on it: it left
    /// after they came. Nobody else may be answered by it.
    void ride(KeyId key, RequestId flight, std::set<CallId> riders);

    /// Does anybody wait for another version than `etag`?
    [[nodiscard]] bool wait_for_other(KeyId key, const ETag& etag) const;
    [[nodiscard]] bool waiting(KeyId key) const { return keys_.contains(key); }
    /// Data of that version is here: all who know another one have it, or, with `before`, only
    /// those who know that one or none.
    void deliver(KeyId key, const Stamp& stamp, const ETag& etag, const Blob& payload, Desk& desk,
                 const ETag* before = nullptr);
    /// The local copy is what the bucket holds: whoever waits for it gets it from there.
    void serve_local(const Sight& sight, KeyId key, Desk& desk);
    /// False if the file could not be read.
    bool step(const Sight& sight, const ReadLoad& owner, const FileReply& reply, Desk& desk);
    void step(const LateRead& owner, const Found& found, Desk& desk);

    /// All that waits, to become leader reads; late flights are given up.
    struct Waiter {
        CallId call;
        KeyId key{};
    };
    std::vector<Waiter> release(Desk& desk);
    /// Each load and each late GET that a key waits for is in flight.
    void check(const Sight& sight) const;

    friend bool operator==(const ParkedReads&, const ParkedReads&) = default;

  private:
    struct Waiting {
        std::map<ETag, std::set<CallId>> by_known;
        bool loading = false;  ///< a load of the local copy is on its way
        RequestId late;        ///< GET of an earlier leadership; 0 = none
        std::set<CallId> riders;
        friend bool operator==(const Waiting&, const Waiting&) = default;
    };
    void answer(CallId call, KeyId key, const Stamp& stamp, const ETag& etag, const Blob& payload,
                Desk& desk);
    void tidy(KeyId key);

    std::map<KeyId, Waiting> keys_;
    std::size_t loads_ = 0;  ///< keys that are `loading`
    std::size_t lates_ = 0;  ///< keys with a `late` flight
};

}  // namespace leasehold::storage
