// LeaderReads: a leader's backup reads, each answered by a GET that left after it came.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "model/base/slots.hpp"
#include "model/storage/desk.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// One GET per key, at most leader_reads_max in flight, in the order in which keys were asked for.
/// Whoever waits when it leaves rides on it; those who come later wait for the next one, so what
/// they get is not older than their call (linearizability).
class LeaderReads {
  public:
    explicit LeaderReads(const StorageConfig& config) : places_(config.leader_reads_max) {}

    void add(CallId call, KeyId key);
    /// The call was answered; the key's flight goes on, for it is nobody's.
    void detach(CallId call, KeyId key);
    void step(const Sight& sight, const LeaderRead& owner, const Found& found, Desk& desk);
    void proceed(const Sight& sight, Desk& desk);

    /// All open reads of a key, and its GET in flight with those who ride on it.
    struct Open {
        KeyId key{};
        std::set<CallId> calls;
        RequestId flight;  ///< 0 = none
        std::set<CallId> riders;
    };
    /// The leadership ended: what waits is handed over, and this is empty.
    std::vector<Open> release();

    [[nodiscard]] bool waiting(KeyId key) const { return keys_.contains(key); }
    [[nodiscard]] Instant next_deadline() const;
    void check(const Sight& sight) const;

    friend bool operator==(const LeaderReads&, const LeaderReads&) = default;

  private:
    /// Its tries are its own: a caller that came late to a key in trouble gets as many as the
    /// first.
    struct Waiter {
        std::uint32_t tries = 0;  ///< GETs sent for it
        bool rides = false;
        friend bool operator==(const Waiter&, const Waiter&) = default;
    };
    struct Reads {
        std::map<CallId, Waiter> calls;
        RequestId flight;
        std::uint64_t turn = 0;     ///< in the queue; 0 = not queued
        Instant retry_at = kNever;  ///< backs off until then
        Backoff failures;
        friend bool operator==(const Reads&, const Reads&) = default;
    };
    void enqueue(KeyId key, Reads& reads);
    void send(const Sight& sight, KeyId key, Reads& reads, Desk& desk);
    [[nodiscard]] bool settle(KeyId key, const Found& found, Reads& reads, Desk& desk);
    void tidy(KeyId key);

    std::map<KeyId, Reads> keys_;
    // Keys and not calls: ten thousand readers of one key are one GET, and one place.
    std::map<std::uint64_t, KeyId> queue_;  ///< by turn
    std::set<std::pair<Instant, KeyId>> retries_;
    Slots<KeyId> places_;
    std::uint64_t last_turn_ = 0;
};

}  // namespace leasehold::storage
