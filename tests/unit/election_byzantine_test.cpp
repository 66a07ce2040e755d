// Answers that no server should give: whatever comes, no CHECK falls.
#include <array>

#include "model/base/random.hpp"
#include "tests/unit/election_bench.hpp"

namespace leasehold::election_test {
namespace {

TEST(Byzantine, AGetThatShowsAnOwnWriteUnderTheVersionAlreadyKnownCostsLeases) {
    Bench bench;
    bench.start_as_leader();
    bench.watch_delivers = false;
    const LeasePtr before = bench.api.lease;
    bench.net = Net::drop;
    bench.advance(14'890ms);  // renewals are lost until the gate's end
    ASSERT_FALSE(bench.leads());
    bench.net = Net::hold;
    while (!bench.pending || bench.pending->request.verb != LeaseVerb::update) {
        if (bench.pending) bench.answer(FakeApi::with(200, before));
        bench.advance(1ms);
    }
    auto odd = std::make_shared<Lease>(*bench.pending->request.lease);
    odd->version = before->version;
    bench.answer(LeaseReply{});  // its own record, taken: outcome unknown
    ASSERT_TRUE(bench.pending && bench.pending->request.verb == LeaseVerb::get);
    EXPECT_NO_THROW(bench.answer(FakeApi::with(200, odd)));
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::restored_cluster), 1) << "it looks like a restored cluster";
    bench.net = Net::up;
    bench.advance(14s);
    EXPECT_FALSE(bench.leads());
    bench.advance(20s);
    EXPECT_TRUE(bench.leads()) << "the true record, found again, looks like another";
}

TEST(Byzantine, AGrantUnderTheVersionThatTheWatchShowedOtherwiseIsNone) {
    Bench bench;
    bench.start_as_follower();
    bench.net = Net::hold;
    while (!bench.pending || bench.pending->request.verb != LeaseVerb::update)
        bench.advance(1ms);
    auto granted = std::make_shared<Lease>(*bench.pending->request.lease);
    granted->version = Version(bench.api.lease->version.value() + 1);
    auto shown = std::make_shared<Lease>(*bench.api.lease);
    shown->version = granted->version;
    shown->record = peer_record(7);
    bench.watched(WatchKind::seen, shown->version, shown);
    bench.answer(FakeApi::with(200, granted));
    EXPECT_FALSE(bench.leads());
}

// Found by a campaign: the store, set back, had come to the known version again, with a Lease made
// anew in between. Every PUT named the old one, and met a conflict, for ever.
TEST(Restored, AnotherRecordUnderTheKnownVersionIsOfARestoredStore) {
    for (const bool deleted : {true, false}) {
        Bench bench;
        bench.start_as_follower();
        Lease other = *bench.api.lease;
        if (deleted) {
            other.uid = "uid-of-another";
            other.record = LeaseRecord{};
        } else {
            other.record.nonce += 1;
        }
        bench.api.restore(std::make_shared<Lease>(other), other.version.value());
        bench.watched(WatchKind::ended);
        bench.advance(2s);
        EXPECT_EQ(bench.marks(MarkId::restored_cluster), 1);
        bench.advance(13s);
        EXPECT_FALSE(bench.leads());
        bench.advance(4s);
        EXPECT_TRUE(bench.leads());
    }
}

/// One elector whose server lies at random: versions that stand still or go back, records of its
/// own writes under other versions and uids, outcomes that contradict each other.
class Liar {
  public:
    explicit Liar(std::uint64_t seed) : random_(seed), elector_(config(seed)) {
        version_ = 100 + random_.below(5);
    }

    void run(int steps) {
        step(Start{});
        for (int i = 0; i < steps; ++i) {
            now_ += chance(5) ? Duration(20s) : Duration(std::chrono::milliseconds(below(1500)));
            if (chance(30)) now_ = std::max(now_, std::min(elector_.next_deadline(), now_ + 16s));
            act();
        }
    }
    [[nodiscard]] int leaderships() const { return leaderships_; }

  private:
    static ElectorConfig config(std::uint64_t seed) {
        ElectorConfig made = bench_config();
        made.seed = seed;
        made.client_go_peers = seed % 2 == 0;
        return made;
    }
    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
    bool chance(std::uint64_t percent) { return below(100) < percent; }

    void act() {
        const std::uint64_t drawn = below(100);
        if (drawn < 55 && !open_.empty()) {
            const SendLease sent = open_.front();
            open_.pop_front();
            step(LeaseAnswered{sent.request, reply(sent)});
        } else if (drawn < 75 && watch_) {
            constexpr std::array kKinds{WatchKind::seen, WatchKind::deleted, WatchKind::bookmark,
                                        WatchKind::ended};
            const WatchKind kind = kKinds.at(chance(60) ? 0 : below(4));
            const LeasePtr lease = kind == WatchKind::seen && !chance(5) ? any_lease() : nullptr;
            step(LeaseWatched{*watch_, kind, lease ? lease->version : Version(any_version()),
                              lease});
        } else if (drawn < 78) {
            wish(&Elector::want_renewal);
        } else if (drawn < 80) {
            wish(&Elector::give_up);
        } else if (drawn == 80 && !stopping_ && chance(30)) {
            stopping_ = true;
            step(Stop{now_ + std::chrono::seconds(below(40))});
            if (chance(70)) wish(&Elector::drained);
        } else {
            step(Timer{});
        }
    }
    std::uint64_t any_version() {
        if (chance(60)) return ++version_;
        if (chance(60)) return version_;
        return chance(50) ? version_ - below(5) : version_ + below(5);
    }
    LeasePtr any_lease() {
        Lease lease;
        if (!seen_.empty() && chance(80))
            lease = *seen_.at(seen_.size() - 1 - below(std::min<std::uint64_t>(seen_.size(), 6)));
        lease.version = Version(any_version());
        if (lease.uid.empty() || chance(5)) lease.uid = "uid-" + std::to_string(below(3));
        LeaseRecord& record = lease.record;
        switch (below(12)) {
            case 0:
                record.holder.clear();
                break;
            case 1:
                record.holder = "peer";
                break;
            case 2:
                record.holder = kMe;
                break;
            case 3:
                record.duration_seconds = static_cast<std::int32_t>(random_.next());
                break;
            case 4:
                record.max_lease_seconds = static_cast<std::int32_t>(random_.next());
                break;
            case 5:
                record.transitions = static_cast<std::int32_t>(random_.next());
                break;
            case 6:
                record.renew_time.reset();
                break;
            case 7:
                record.released = record.acquisition;
                break;
            case 8:
                lease.extra = std::to_string(below(9));
                break;
            default:
                break;
        }
        return std::make_shared<Lease>(lease);
    }
    LeaseReply reply(const SendLease& sent) {
        constexpr std::array kStatuses{0, 200, 201, 404, 409, 422, 429, 500, 503, 504};
        if (chance(55)) {
            auto honest = sent.lease ? std::make_shared<Lease>(*sent.lease)
                                     : std::make_shared<Lease>(*any_lease());
            honest->version = Version(any_version());
            if (honest->uid.empty()) honest->uid = "uid-" + std::to_string(below(3));
            seen_.push_back(honest);
            return FakeApi::with(sent.verb == LeaseVerb::create ? 201 : 200, honest);
        }
        LeaseReply made = FakeApi::status(kStatuses.at(below(kStatuses.size())));
        constexpr std::array kReasons{StatusReason::not_found, StatusReason::already_exists,
                                      StatusReason::conflict, StatusReason::other};
        made.reason = kReasons.at(below(kReasons.size()));
        made.about_lease = chance(80);
        made.not_sent = chance(5);
        if (chance(30)) made.retry_after = std::chrono::seconds(below(100'000));
        if (made.status == 200 || made.status == 201 || chance(5)) made.lease = any_lease();
        return made;
    }
    void step(const Event& event) {
        out_.clear();
        elector_.step({now_, wall()}, event, out_);
        absorb();
    }
    void wish(void (Elector::*what)(Now, Effects&)) {
        step(Timer{});  // wishes come with the Now of a step
        out_.clear();
        (elector_.*what)({now_, wall()}, out_);
        absorb();
    }
    void absorb() {
        for (const Effect& effect : out_) {
            if (const auto* sent = std::get_if<SendLease>(&effect)) {
                open_.push_back(*sent);
                if (sent->lease) seen_.push_back(sent->lease);
            } else if (const auto* opened = std::get_if<WatchLease>(&effect)) {
                watch_ = opened->watch;
            } else if (std::holds_alternative<StopWatch>(effect)) {
                watch_.reset();
            } else if (const auto* role = std::get_if<RoleChanged>(&effect)) {
                leaderships_ += role->role == Role::leader ? 1 : 0;
            }
        }
    }
    WallTime wall() { return WallTime(now_.time_since_epoch() + Duration(below(3'000'000'000))); }

    Random random_;
    Elector elector_;
    Instant now_{5000s};
    std::uint64_t version_ = 100;
    std::deque<SendLease> open_;
    std::vector<LeasePtr> seen_;
    std::optional<WatchId> watch_;
    bool stopping_ = false;
    int leaderships_ = 0;
    Effects out_;
};

TEST(Byzantine, NoAnswerOfAServerLetsACheckFall) {
    int leaderships = 0;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        Liar liar(seed);
        ASSERT_NO_THROW(liar.run(80)) << "seed " << seed;
        leaderships += liar.leaderships();
    }
    EXPECT_GT(leaderships, 15'000) << "electors that never lead prove little";
}

// ---- kine: a create over a deletion is answered with a version that is not the Lease's ----------

/// The API's answer to the create that is held, under a version that is off by `off`.
LeaseReply misnamed(Bench& bench, std::int64_t off) {
    EXPECT_EQ(bench.last().request.verb, LeaseVerb::create);
    LeaseReply reply = bench.apply_held();
    auto lease = std::make_shared<Lease>(*reply.lease);
    lease->version = Version(lease->version.value() + static_cast<std::uint64_t>(off));
    reply.lease = std::move(lease);
    return reply;
}

/// A leader whose Lease was deleted; its create is held.
void recreating(Bench& bench) {
    bench.start_as_leader();
    bench.advance(1s);
    bench.net = Net::hold;
    bench.api.remove();
    bench.step(Timer{});
    ASSERT_TRUE(bench.pending && bench.pending->request.verb == LeaseVerb::get);
    bench.answer(bench.apply_held());
}

TEST(Byzantine, ARecreationAnsweredOneVersionTooLowCostsNothing) {
    for (const bool watched : {true, false}) {
        Bench bench;
        bench.watch_delivers = true;
        recreating(bench);
        const Leadership before = bench.elector.leadership();
        bench.watch_delivers = watched;
        const LeaseReply low = misnamed(bench, -1);
        bench.net = Net::up;
        bench.answer(low);
        EXPECT_TRUE(bench.leads());
        EXPECT_EQ(bench.marks(MarkId::recreated_lease), 1);
        bench.advance(10s);
        EXPECT_TRUE(bench.leads()) << (watched ? "by the watch" : "by a conflict and a GET");
        EXPECT_EQ(bench.elector.leadership().term, before.term);
        EXPECT_EQ(bench.marks(MarkId::restored_cluster), 0);
        EXPECT_GT(bench.valid_until(), before.valid_until + 8s);
    }
}

TEST(Byzantine, ARecreationAnsweredWithAVersionTooHighCostsOneLease) {
    Bench bench;
    recreating(bench);
    const Leadership before = bench.elector.leadership();
    const LeaseReply high = misnamed(bench, 3);
    bench.net = Net::up;
    bench.answer(high);
    EXPECT_TRUE(bench.leads()) << "the answer to its own create, by an open gate";
    bench.advance(3s);
    EXPECT_FALSE(bench.leads()) << "the GET after the conflict looks like a restored cluster";
    EXPECT_EQ(bench.marks(MarkId::restored_cluster), 1);
    EXPECT_TRUE(bench.api.lease && bench.api.lease->record.holder == kMe);
    bench.advance(15'030ms);
    EXPECT_TRUE(bench.leads());
    EXPECT_GT(bench.elector.leadership().term, before.term);
}

TEST(Byzantine, AFollowersCreationUnderAnyVersionOpensNoGateBeforeItsFullWait) {
    for (const std::int64_t off : {-1, 1, 3}) {
        Bench bench;
        bench.start_as_follower();
        bench.net = Net::hold;
        bench.api.remove();
        bench.step(Timer{});
        while (!bench.pending || bench.pending->request.verb != LeaseVerb::create) {
            if (bench.pending) bench.answer(bench.apply_held());
            bench.advance(100ms);
        }
        const LeaseReply answer = misnamed(bench, off);
        bench.net = Net::up;
        bench.answer(answer);
        bench.advance(15'030ms - 1ns);
        EXPECT_FALSE(bench.leads()) << off;
        bench.advance(16s);
        EXPECT_TRUE(bench.leads()) << off;
        EXPECT_LE(bench.elector.leadership().term.value(), bench.api.lease->version.value());
    }
}

// Found by a campaign: a claim's wish sent the very renewal again that a 429 had just put off.
TEST(Leading, AWishDoesNotGoBeforeWhatARefusalAskedFor) {
    for (const bool in_flight : {false, true}) {
        Bench bench;
        bench.start_as_leader();
        bench.net = Net::hold;
        bench.advance(2s);
        const Instant sent = bench.last().at;
        const std::size_t before = bench.sent.size();
        LeaseReply throttled = FakeApi::status(429, StatusReason::too_many_requests);
        throttled.retry_after = 4s;
        if (in_flight) bench.wish(&Elector::want_renewal);
        bench.answer(throttled);
        bench.advance(300ms);
        if (!in_flight) bench.wish(&Elector::want_renewal);
        EXPECT_EQ(bench.sent.size(), before) << "the server asked for 4 s";
        bench.advance(4s);
        ASSERT_GT(bench.sent.size(), before);
        EXPECT_EQ(bench.sent[before].at, sent + 4s);
        bench.answer(bench.apply_held());
        bench.advance(100ms);
        bench.wish(&Elector::want_renewal);
        EXPECT_EQ(bench.last().at, bench.now)
            << "the cadence of one that succeeded is no hindrance";
    }
}

}  // namespace
}  // namespace leasehold::election_test
