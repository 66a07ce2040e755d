// bucket.acknowledged-survives where two lead at once: what counts as the older content.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kSurvives = "bucket.acknowledged-survives";
constexpr std::string_view kKey = "assets/1h";

// Found by campaigns: a leader whose clock had stood accepts one unawares, after its successor has;
// and the successor's lands at once, or is uploaded from its file by a later leadership.
TEST(CheckTwoLeaders, WhatTheyAcceptedAtOnceHasTheOrderOfTheirEpochs) {
    enum class Way { lands, uploaded, uploaded_first };  // first: it had never been sent
    for (const bool both_lead : {true, false}) {
        for (const Way way : {Way::lands, Way::uploaded, Way::uploaded_first}) {
            History history;
            history.start_all();
            history.lead(0, 1s, 1, both_lead ? Duration(1h) : Duration(5s));
            history.lead(1, 9s, 2, 1h);
            SendFile file = send_file(6, FileVerb::store, kKey, "");
            file.tag.epoch = Epoch{6};
            file.payload = *backup_write(1, kKey, 1).payload;
            if (way == Way::uploaded_first)
                history.step(1, 10s, backup_write(1, kKey, 1), {file});
            else
                history.step(1, 10s, backup_write(1, kKey, 1), {put_of(7, 1, kKey, 6, 1, 1)});
            if (!both_lead) {
                history.follow(1, 11s, 2);
                history.lead(0, 11s, 1, 1h);  // after the cluster was set back: it leads alone
            }
            history.step(0, 12s, backup_write(2, kKey, 2), {put_of(8, 0, kKey, 5, 2, 2)});
            history.store(0, 13s, kKey, "b", 5, 2, 2);
            history.step(0, 14s, Timer{}, {write_done(2, WriteAck::committed, "b", 5)});
            const auto over = way == Way::lands ? history.store(1, 15s, kKey, "a", 6, 1, 1)
                                                : history.store(1, 15s, kKey, "a", 9, 41, 1);
            const Verdict found = history.verdict(kSurvives, 2min);
            EXPECT_TRUE(both_lead ? passes(found) : violated(found, over)) << static_cast<int>(way);
        }
    }
}

// Likewise where restores of the cluster set the terms back: the later one has no higher term.
TEST(CheckTwoLeaders, LikewiseWhereTermsFellAndOneHadEndedBefore) {
    // It stands beside: the one that is deposed unawares; a third one; one that has ended; nobody.
    enum class Beside { older, open, ended, nobody };
    for (const auto beside : {Beside::older, Beside::open, Beside::ended, Beside::nobody}) {
        for (const std::uint64_t epoch : {6U, 4U}) {
            History history;
            history.start_all();
            if (beside == Beside::older) history.lead(0, 500ms, 3, 1h);
            history.lead(1, 1s, 3, Duration(3s));
            history.step(1, 2s, backup_write(1, kKey, 1), {put_of(7, 1, kKey, epoch, 1, 1)});
            history.follow(1, 3s, 3);
            if (beside != Beside::older) history.lead(0, 4s, 3, 1h);
            if (beside == Beside::open) history.lead(2, 5s, 1, 1h);
            if (beside == Beside::ended) history.lead(2, 5s, 1, Duration(7s));
            if (beside == Beside::ended) history.follow(2, 7s, 1);
            history.step(0, 12s, backup_write(2, kKey, 2), {put_of(8, 0, kKey, 5, 2, 2)});
            history.store(0, 13s, kKey, "b", 5, 2, 2);
            history.step(0, 14s, Timer{}, {write_done(2, WriteAck::committed, "b", 5)});
            const auto over = history.store(1, 15s, kKey, "a", 9, 41, 1);
            const Verdict found = history.verdict(kSurvives, 2min);
            const bool order = beside != Beside::nobody && epoch > 5;
            EXPECT_TRUE(order ? passes(found) : violated(found, over))
                << static_cast<int>(beside) << " " << epoch;
        }
    }
}

}  // namespace
}  // namespace leasehold::check
