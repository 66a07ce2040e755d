// One elector on a bench: an API at zero latency whose network the test switches, and the log.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/election/record.hpp"
#include "tests/unit/election_api.hpp"

namespace leasehold::election_test {

using namespace std::chrono_literals;

inline constexpr std::string_view kMe = "me/1";

enum class Net {
    up,           ///< applied and answered at once
    drop,         ///< never arrives; the driver's time-out answers
    lose_answer,  ///< applied, then the time-out answers
    hold          ///< waits for answer(), apply_late() or its time-out
};

inline ElectorConfig bench_config() {
    ElectorConfig config;
    config.identity = kMe;
    config.seed = 7;
    return config;
}

/// A record as a peer of ours, or (annotations = false) client-go, writes it.
inline LeaseRecord peer_record(std::uint64_t nonce, bool annotations = true) {
    LeaseRecord record;
    record.holder = "peer";
    record.duration_seconds = 15;
    record.transitions = 4;
    record.acquire_time = WallTime(1000s);
    record.renew_time = WallTime(1000s + std::chrono::seconds(nonce));
    if (annotations) {
        record.nonce = nonce;
        record.acquisition = 77;
    }
    return record;
}

/// The release, by that peer, of the Lease `uid`.
inline LeaseRecord peer_release(std::uint64_t nonce, const std::string& uid = "uid-1") {
    LeaseRecord record = peer_record(nonce);
    record.holder.clear();
    record.duration_seconds = 1;
    record.released = release_mark(uid, record);
    return record;
}

class Bench {
  public:
    struct Sent {
        Instant at;
        SendLease request;
    };

    explicit Bench(ElectorConfig config = bench_config()) : elector(config) {}

    void start() { step(Start{}); }
    /// Starts against a released Lease, so that it leads at once.
    void start_as_leader() {
        api.put(peer_release(5));
        start();
        ASSERT_TRUE(leads());
    }
    void start_as_follower() {
        api.put(peer_record(5));
        start();
        ASSERT_FALSE(leads());
    }

    void step(const Event& event) {
        Effects out;
        elector.step({now, wall()}, event, out);
        absorb(out);
        pump();
    }
    void wish(void (Elector::*what)(Now, Effects&)) {
        Effects out;
        (elector.*what)({now, wall()}, out);
        absorb(out);
        pump();
    }
    /// Runs timers and time-outs up to now + span.
    void advance(Duration span) {
        const Instant target = now + span;
        for (;;) {
            Instant next = elector.next_deadline();
            if (pending) next = std::min(next, pending->at + pending->request.timeout);
            if (next > target) break;
            now = std::max(now, next);
            if (pending && now >= pending->at + pending->request.timeout) {
                answer(LeaseReply{});
            } else {
                step(Timer{});
            }
        }
        now = target;
    }
    /// Passes time without any step: a stall of the process.
    void sleep(Duration span) { now += span; }

    /// Answers what is held, or dropped, with `reply`.
    void answer(const LeaseReply& reply) {
        ASSERT_TRUE(pending.has_value());
        const RequestId id = pending->request.request;
        pending.reset();
        step(LeaseAnswered{id, reply});
    }
    /// Lets the server apply what is held; the answer is the caller's to deliver.
    LeaseReply apply_held() {
        EXPECT_TRUE(pending.has_value());
        return api.apply(pending->request.verb, pending->request.lease);
    }
    void watched(WatchKind kind, Version version = {}, LeasePtr lease = nullptr) {
        ASSERT_TRUE(watch.has_value());
        step(LeaseWatched{*watch, kind, version, std::move(lease)});
    }

    [[nodiscard]] bool leads() const { return elector.gate_open(now); }
    [[nodiscard]] Instant valid_until() const { return elector.leadership().valid_until; }
    [[nodiscard]] int marks(MarkId id) const {
        return static_cast<int>(std::ranges::count_if(log, [&](const auto& entry) {
            const auto* noted = std::get_if<Mark>(&entry.second);
            return noted && noted->mark == id;
        }));
    }
    template <class E>
    [[nodiscard]] int count() const {
        return static_cast<int>(std::ranges::count_if(
            log, [](const auto& entry) { return std::holds_alternative<E>(entry.second); }));
    }
    [[nodiscard]] int sent_of(LeaseVerb verb) const {
        return static_cast<int>(std::ranges::count_if(
            sent, [&](const Sent& entry) { return entry.request.verb == verb; }));
    }
    [[nodiscard]] const Sent& last() const { return sent.back(); }
    /// Position of the first effect of that kind from `from` on, or the log's size.
    template <class E>
    [[nodiscard]] std::size_t position(std::size_t from = 0) const {
        std::size_t i = from;
        while (i < log.size() && !std::holds_alternative<E>(log[i].second))
            ++i;
        return i;
    }
    [[nodiscard]] WallTime wall() const { return WallTime(now.time_since_epoch() + wall_offset); }

    FakeApi api;
    Elector elector;
    Instant now{5000s};
    Duration wall_offset{1'700'000'000s};
    Net net = Net::up;
    bool watch_delivers = true;
    std::optional<Sent> pending;
    std::optional<WatchId> watch;
    std::vector<Sent> sent;
    std::vector<std::pair<Instant, Effect>> log;

  private:
    void absorb(const Effects& out) {
        for (const Effect& effect : out) {
            log.emplace_back(now, effect);
            if (const auto* request = std::get_if<SendLease>(&effect)) {
                EXPECT_FALSE(pending.has_value() && pending->at + pending->request.timeout > now &&
                             pending->request.verb != LeaseVerb::get)
                    << "a write is in flight already";
                sent.push_back({now, *request});
                pending = sent.back();
                if (net == Net::lose_answer) (void)apply_held();
                if (net == Net::up) answers_.push_back({request->request, apply_held()});
                if (net == Net::up) pending.reset();
            } else if (const auto* opened = std::get_if<WatchLease>(&effect)) {
                EXPECT_FALSE(watch.has_value()) << "two watches";
                watch = opened->watch;
                watch_from_ = opened->from;
            } else if (const auto* closed = std::get_if<StopWatch>(&effect)) {
                EXPECT_EQ(watch, closed->watch);
                watch.reset();
            }
        }
    }
    void pump() {
        for (;;) {
            if (!answers_.empty()) {
                const LeaseAnswered answered = answers_.front();
                answers_.pop_front();
                Effects out;
                elector.step({now, wall()}, answered, out);
                absorb(out);
            } else if (told_ < api.changes.size()) {
                const Change change = api.changes[told_++];
                if (!watch || !watch_delivers || change.version <= watch_from_) continue;
                Effects out;
                const WatchKind kind = change.lease ? WatchKind::seen : WatchKind::deleted;
                elector.step({now, wall()},
                             LeaseWatched{*watch, kind, change.version, change.lease}, out);
                absorb(out);
            } else {
                return;
            }
        }
    }

    std::deque<LeaseAnswered> answers_;
    std::size_t told_ = 0;
    Version watch_from_;
};

}  // namespace leasehold::election_test
