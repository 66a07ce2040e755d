// status.truthful: what a replica may tell at some point of a history, and each lie.
#include <functional>

#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kTruthful = "status.truthful";
constexpr std::string_view kKey = "assets/1h";

using storage::Preconditions;

/// A leader with epoch 4, one write in flight, one query open; a follower that fetches.
class CheckStatus : public ::testing::Test {
  protected:
    CheckStatus() {
        history_.start_all();
        history_.lead(0, 1s, 7, 1h);
        history_.object(0, 2s, ".ha/epoch", "e", 4);
        history_.step(0, 3s, bucket_answered(9, 200, "e"),
                      {Mark{MarkId::epoch_claimed}, Mark{MarkId::preconditions_honoured}});
        history_.step(0, 4s, backup_write(1, kKey, 9), {put_of(1, 0, kKey, 4, 1, 9)});
        history_.step(0, 5s, query(2, "other", mono(1h)),
                      {send_bucket(2, BucketVerb::get, "other")});
        history_.step(1, 6s, Timer{}, {send_bucket(1, BucketVerb::get, kKey)});
    }
    /// As the leader would tell it, but for what `changed` makes of it.
    Verdict leader(const std::function<void(ReplicaTold&)>& changed = [](ReplicaTold&) {}) {
        ReplicaTold told;
        told.leadership.role = Role::leader;
        told.leadership.term = Term{7};
        told.leadership.valid_until = mono(1h);
        told.gate_open = true;
        told.storage.epoch = Epoch{4};
        told.storage.store.put = Preconditions::honoured;
        told.storage.keys = 2;
        told.storage.list_pages = 1;
        told.storage.writes_waiting = 1;
        told.storage.puts_in_flight = 1;
        told.summary =
            "leader, term 7, gate open until 3600.000s of its clock; storage: leading, epoch 4, 1 "
            "writes waiting, 1 in flight, 0 reads and 1 queries open, 2 keys";
        return tell(0, told, changed);
    }
    Verdict follower(std::string_view summary) {
        ReplicaTold told;
        told.summary = summary;
        return tell(1, told, [](ReplicaTold&) {});
    }
    Verdict tell(ReplicaIndex replica, ReplicaTold told,
                 const std::function<void(ReplicaTold&)>& changed) {
        changed(told);
        history_.told(replica, 7s, told);
        return history_.verdict(kTruthful, 1min);
    }

    History history_;
};

TEST_F(CheckStatus, TheTruthPasses) {
    EXPECT_TRUE(passes(leader()));
    EXPECT_TRUE(passes(
        follower("follower; storage: following, polling, 1 objects to fetch, 0 reads and 0 queries "
                 "open, 0 keys")));
}

TEST_F(CheckStatus, NobodyWhoAsksIsNoMaterial) {
    EXPECT_TRUE(has_status(history_.verdict(kTruthful, 1min), Status::not_applicable));
}

/// One thing that is not so.
struct Lie {
    std::string_view name;
    std::function<void(ReplicaTold&)> tell;
};

TEST(CheckStatusLies, EachIsFound) {
    const std::vector<Lie> lies{
        {"role", [](auto& told) { told.leadership.role = Role::follower; }},
        {"gate", [](auto& told) { told.gate_open = false; }},
        {"term", [](auto& told) { told.leadership.term = Term{6}; }},
        {"end of the gate", [](auto& told) { told.leadership.valid_until = mono(2h); }},
        {"draining", [](auto& told) { told.leadership.draining = true; }},
        {"no epoch", [](auto& told) { told.storage.epoch = Epoch{}; }},
        {"another epoch", [](auto& told) { told.storage.epoch = Epoch{5}; }},
        {"conditions", [](auto& told) { told.storage.store.put = Preconditions::ignored; }},
        {"lost trust", [](auto& told) { told.storage.store.put = Preconditions::not_atomic; }},
        {"deletes", [](auto& told) { told.storage.store.remove = Preconditions::honoured; }},
        {"no writes", [](auto& told) { told.storage.writes_waiting = 0; }},
        {"no put", [](auto& told) { told.storage.puts_in_flight = 0; }},
        {"more puts than writes", [](auto& told) { told.storage.puts_in_flight = 2; }},
        {"the line says nothing", [](auto& told) { told.summary = "leader"; }},
        {"the line drains",
         [](auto& told) {
             told.summary =
                 "leader, term 7, gate open until 3600.000s of its clock, draining; storage: "
                 "leading, epoch 4, 1 writes waiting, 1 in flight, 0 reads and 1 queries open, 2 "
                 "keys";
         }},
        {"another count in the line",
         [](auto& told) {
             told.summary =
                 "leader, term 7, gate open until 3600.000s of its clock; storage: leading, epoch "
                 "4, 1 writes waiting, 1 in flight, 1 reads and 1 queries open, 2 keys";
         }},
    };
    for (const Lie& lie : lies) {
        struct Teller : CheckStatus {
            void TestBody() override {}
            void finds(const Lie& told) {
                EXPECT_TRUE(violated(leader(told.tell), history_.number())) << told.name;
            }
        } teller;
        teller.finds(lie);
    }
}

TEST_F(CheckStatus, PagesAndKeysAreThoseOfTheIndex) {
    std::vector<IndexEntry> index(1001);
    for (IndexEntry& entry : index)
        entry.etag = etag_of("a");
    EXPECT_TRUE(passes(leader([&](ReplicaTold& told) {
        static const std::vector<IndexEntry> one(1);
        told.index = &one;
        told.storage.tombstones = 3;
    })));
    EXPECT_TRUE(
        violated(leader([&](ReplicaTold& told) { told.index = &index; }), history_.number()));
}

TEST_F(CheckStatus, WhoFetchesSaysSoAndWhoDoesNotIsSilent) {
    EXPECT_TRUE(violated(
        follower("follower; storage: following, polling, 0 reads and 0 queries open, 0 keys"),
        history_.number()));
    History idle;
    idle.start_all();
    ReplicaTold told;
    told.summary =
        "follower; storage: following, 0 objects to fetch, 0 reads and 0 queries open, 0 keys";
    idle.step(0, 1s, Timer{});
    EXPECT_TRUE(violated(
        [&] {
            idle.told(0, 2s, told);
            return idle.verdict(kTruthful, 1min);
        }(),
        idle.number()));
}

TEST_F(CheckStatus, ALeaderThatWasToldToStopSaysThatItDrains) {
    history_.step(0, 6s, Stop{mono(30s)}, {query_done(2, QueryOutcome::shutdown)});
    const auto drains = [](ReplicaTold& told) {
        told.leadership.draining = true;
        told.summary =
            "leader, term 7, gate open until 3600.000s of its clock, draining; storage: leading, "
            "epoch 4, 1 writes waiting, 1 in flight, 0 reads and 0 queries open, 2 keys, stopping";
    };
    EXPECT_TRUE(passes(leader(drains)));
    EXPECT_TRUE(violated(leader(), history_.number()));
}

// Found by a campaign: a PUT that was applied late, over a later write.
TEST_F(CheckStatus, AVersionThatWentBackEndsTheTrustInConditions) {
    history_.step(0, 6s, bucket_answered(8), {Mark{MarkId::version_went_back}});
    EXPECT_TRUE(passes(
        leader([](ReplicaTold& told) { told.storage.store.put = Preconditions::not_atomic; })));
}

TEST_F(CheckStatus, AnEpochIsOfThisLeadershipAlone) {
    history_.follow(0, 6s, 7);
    history_.lead(0, 6s, 8, 1h);
    EXPECT_TRUE(violated(leader([](ReplicaTold& told) {
                             told.leadership.term = Term{8};
                             told.storage.store = {};
                         }),
                         history_.number()));
}

// Found by campaigns: a store that checks nothing, and claims that came late: earlier ones, and
// what the process had sent before it found the first of them.
TEST_F(CheckStatus, ClaimsThatLandOverTheOneThatWasFoundAreNotTheEpochItGoesBy) {
    history_.object(0, 6400ms, ".ha/epoch", "late", 2);
    history_.object(0, 6500ms, ".ha/epoch", "and later", 3);
    history_.object(0, 6600ms, ".ha/epoch", "of the same", 9);
    EXPECT_TRUE(passes(leader()));
    EXPECT_TRUE(violated(leader([](ReplicaTold& told) { told.storage.epoch = Epoch{3}; }),
                         history_.number()));
}

}  // namespace
}  // namespace leasehold::check
