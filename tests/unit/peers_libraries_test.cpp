// The electors of five libraries, each held to its rows of measurements on a real API server:
// what it takes and when, what it writes, when its user stops to believe.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "sim/peers/libraries.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};
constexpr WallTime kWall{1'700'000'000s};

/// One process, its clock, and an API server that answers at once, or not at all.
class Process {
  public:
    explicit Process(Library library, bool release = false)
        : peer_(make_peer(library, release, PeerStart{0, "me", 7})) {}

    Process& start() {
        give(Start{});
        return *this;
    }
    /// Somebody's record, as the server has it from now on.
    void put(LeaseRecord record) {
        auto made = std::make_shared<Lease>();
        made->version = Version{++version_};
        made->uid = "uid";
        made->record = std::move(record);
        lease = std::move(made);
    }
    void give(const Event& event) {
        Effects effects;
        peer_.step(Now{now_, kWall + (now_ - kStart)}, event, effects);
        for (const Effect& effect : effects) {
            if (const auto* request = std::get_if<SendLease>(&effect)) {
                sent_ = *request;
                sent_at_ = now_;
            }
            if (std::holds_alternative<Stopped>(effect)) stopped = true;
        }
        if (sent_ && !hole) serve();
    }
    /// Goes on for `span`, or until `done`.
    template <class Done>
    void run(Duration span, Done done) {
        const Instant end = now_ + span;
        while (!done() && !stopped) {
            Instant next = peer_.next_deadline();
            const Instant timeout = sent_ ? sent_at_ + sent_->timeout : kNever;
            if (std::min(next, timeout) > end) break;
            now_ = std::max(now_, std::min(next, timeout));
            if (sent_ && timeout <= now_)
                answer(LeaseReply{});
            else
                give(Timer{});
        }
        if (!done()) now_ = std::max(now_, end);
    }
    void run(Duration span) {
        run(span, [] { return false; });
    }
    /// How long until it leads; nothing if not within 45 s.
    std::optional<Duration> leads_after() {
        const Instant from = now_;
        run(45s, [this] { return leads(); });
        if (!leads()) return std::nullopt;
        return now_ - from;
    }
    /// The process sleeps: time goes on, nothing of it runs; then what is due.
    void pause(Duration span) {
        now_ += span;
        give(Timer{});
    }
    [[nodiscard]] bool leads() const { return peer_.gate_open(now_); }
    [[nodiscard]] Duration time() const { return now_ - kStart; }

    bool hole = false;
    bool stopped = false;
    LeasePtr lease;
    int writes = 0;

  private:
    void serve() {
        LeaseReply reply;
        const SendLease request = *sent_;
        if (request.verb == LeaseVerb::get) {
            reply.status = lease ? 200 : 404;
        } else if (request.verb == LeaseVerb::update && request.lease->version != lease->version) {
            reply.status = 409;
        } else {
            ++writes;
            put(request.lease->record);
            reply.status = 200;
        }
        if (reply.status == 200) reply.lease = lease;
        answer(std::move(reply));
    }
    void answer(LeaseReply reply) {
        LeaseAnswered event;
        event.request = sent_->request;
        event.reply = std::move(reply);
        sent_.reset();
        give(event);
    }

    Peer peer_;
    Instant now_ = kStart;
    Instant sent_at_ = kStart;
    std::uint64_t version_ = 0;
    std::optional<SendLease> sent_;
};

constexpr auto kAll = {Library::fabric8, Library::official_java, Library::python, Library::kubert,
                       Library::kube_leader_election};

LeaseRecord held(std::string holder, Duration renewed = 0s) {
    LeaseRecord record;
    record.holder = std::move(holder);
    record.duration_seconds = 15;
    record.transitions = 3;
    record.acquire_time = record.renew_time = kWall + renewed;
    return record;
}

std::optional<double> takes(Library library, const LeaseRecord& record) {
    Process me(library);
    me.put(record);
    const auto after = me.start().leads_after();
    if (!after) return std::nullopt;
    return static_cast<double>(after->count()) / 1e9;
}
constexpr double kNot = -1;  // not within 45 s

/// fabric8, official Java, Python, kubert, kube-leader-election: seconds from and to, or kNot.
struct Row {
    std::string what;
    LeaseRecord record;
    double from[5], to[5];
};

TEST(PeersLibraries, TakeALeaseThatWasThereAsMeasured) {
    LeaseRecord no_renew_time = held("x"), no_duration = held("x"), vacated = held("");
    no_renew_time.renew_time.reset();
    no_duration.duration_seconds = 0;
    vacated.acquire_time.reset();
    vacated.renew_time.reset();
    const Row rows[] = {
        {"holder \"\", renewed now", held(""), {0, 15, 0, 15, 15}, {0, 25, 0, 15.1, 20.1}},
        {"nobody and no times", vacated, {0, 0, 0, 0, kNot}, {0, 2, 0, 0, kNot}},
        {"no renewTime", no_renew_time, {kNot, 0, 0, 0, kNot}, {kNot, 2, 0, 0, kNot}},
        {"no duration", no_duration, {kNot, kNot, 0, 0, kNot}, {kNot, kNot, 0, 0, kNot}},
        {"an hour ahead", held("x", 1h), {kNot, 15, 15, kNot, kNot}, {kNot, 29, 17, kNot, kNot}},
        {"an hour ago", held("x", -1h), {0, 15, 15, 0, 0}, {0, 25, 17, 0, 0}},
    };
    for (const Row& row : rows) {
        for (const Library library : kAll) {
            const auto i = static_cast<std::size_t>(library);
            const double found = takes(library, row.record).value_or(kNot);
            EXPECT_GE(found, row.from[i]) << row.what << ", " << kLibraryNames.at(i);
            EXPECT_LE(found, row.to[i]) << row.what << ", " << kLibraryNames.at(i);
        }
    }
}

TEST(PeersLibraries, WriteWhatTheyWrite) {
    for (const Library library : kAll) {
        Process me(library);
        me.put(held("x", -1h));
        ASSERT_TRUE(me.start().leads_after());
        const auto name = kLibraryNames.at(static_cast<std::size_t>(library));
        EXPECT_EQ(me.lease->record.holder, "me") << name;
        EXPECT_EQ(me.lease->record.duration_seconds, 15) << name;
        EXPECT_EQ(me.lease->record.transitions, library == Library::python ? 3 : 4) << name;
        const int before = me.writes;
        me.run(40s);
        const bool slow = library == Library::kubert;
        const bool middle = library == Library::kube_leader_election;
        EXPECT_NEAR(me.writes - before, slow ? 4 : middle ? 8 : 20, 1) << name;
    }
}

TEST(PeersLibraries, ReleaseAsTheyRelease) {
    for (const Library library : kAll) {
        Process me(library, library != Library::python);
        me.put(held("x", -1h));
        ASSERT_TRUE(me.start().leads_after());
        me.give(Stop{kStart + 1h});
        const LeaseRecord& left = me.lease->record;
        const auto name = kLibraryNames.at(static_cast<std::size_t>(library));
        EXPECT_TRUE(me.stopped) << name;
        const bool keeps = library == Library::python || library == Library::fabric8;
        EXPECT_EQ(left.holder, keeps ? "me" : "") << name;
        const bool whole = library == Library::python || library == Library::official_java;
        EXPECT_EQ(left.duration_seconds, whole ? 15 : 1) << name;
        const bool no_time = library == Library::official_java || library == Library::kubert;
        EXPECT_EQ(left.renew_time.has_value(), !no_time) << name;
    }
}

/// A black hole at the leader, its connections open.
TEST(PeersLibraries, StopInABlackHoleAsMeasured) {
    const double from[] = {10, 10, kNot, 5, kNot}, to[] = {12.1, 12.1, kNot, 15, kNot};
    for (const Library library : kAll) {
        const auto i = static_cast<std::size_t>(library);
        Process me(library);
        ASSERT_TRUE(me.start().leads_after());
        me.run(21s);
        ASSERT_TRUE(me.leads());
        me.hole = true;
        const Duration begin = me.time();
        me.run(75s, [&] { return !me.leads(); });
        const double led =
            me.leads() ? kNot : static_cast<double>((me.time() - begin).count()) / 1e9;
        EXPECT_GE(led, from[i]) << kLibraryNames.at(i);
        EXPECT_LE(led, to[i]) << kLibraryNames.at(i);
        EXPECT_EQ(led == kNot, from[i] == kNot) << kLibraryNames.at(i);
        if (!me.leads()) continue;
        me.hole = false;  // the network heals, and somebody else leads
        me.put(held("x", me.time()));
        // Python goes through its whole deadline yet; the flag turns at the first answer.
        me.run(12s, [&] { return !me.leads(); });
        EXPECT_FALSE(me.leads()) << kLibraryNames.at(i);
    }
}

TEST(PeersLibraries, LeadOnAfterAPauseAsMeasured) {
    const double longest[] = {0.01, 10.1, 10.1, 0.01, 0.03};
    const double shortest[] = {0, 9.9, 9.9, 0, 0};
    for (const Library library : kAll) {
        const auto i = static_cast<std::size_t>(library);
        Process me(library);
        ASSERT_TRUE(me.start().leads_after());
        me.run(20s + 500ms);
        ASSERT_TRUE(me.leads());
        me.put(held("x", me.time() + 18s));
        const Duration woke = me.time() + 18s;
        me.pause(18s);
        me.run(30s, [&] { return !me.leads(); });
        const double led = static_cast<double>((me.time() - woke).count()) / 1e9;
        EXPECT_FALSE(me.leads()) << kLibraryNames.at(i);
        EXPECT_GE(led, shortest[i]) << kLibraryNames.at(i);
        EXPECT_LE(led, longest[i]) << kLibraryNames.at(i);
    }
}

}  // namespace
}  // namespace leasehold::sim
