// Where contents repeat: which version bytes are of, and which write a PUT is of.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kRegress = "payload.never-regresses";
constexpr std::string_view kLinear = "bucket.linearizable";
constexpr std::string_view kKey = "assets/1h";

// replica-0 has the file of a write that was never stored; its successor writes the same bytes
// twice, and it fetches the first of these.
TEST(CheckEqualContents, BytesWithoutAVersionAreNotOfAnotherEpochs) {
    for (const bool first_was_equal : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        const std::uint64_t first = first_was_equal ? 7 : 8;
        history.step(0, 10s, backup_write(1, kKey, first));
        history.store(0, 11s, kKey, "a", 5, 1, first);
        history.step(0, 12s, Timer{}, {write_done(1, WriteAck::committed, "a", 5)});
        history.step(0, 20s, backup_write(2, kKey, 7));
        history.follow(0, 21s);
        history.lead(1, 22s, 2, 1h);
        for (const std::uint64_t n : {1U, 2U}) {
            const Duration then = n == 1 ? 30s : 40s;
            history.step(1, then, backup_write(n, kKey, 7));
            history.store(1, then + 1s, kKey, n == 1 ? "b" : "c", 6, n, 7);
        }
        history.step(0, 50s, query(101, kKey), {query_data(101, "", 5, 7)});
        history.step(0, 51s, query(102, kKey), {query_data(102, "b", 6, 7)});
        history.step(0, 52s, query(103, kKey), {query_data(103, "c", 6, 7)});
        EXPECT_TRUE(passes(history.verdict(kRegress, 60s))) << first_was_equal;
        const auto older = history.step(0, 53s, query(104, kKey), {query_data(104, "a", 5, first)});
        EXPECT_TRUE(violated(history.verdict(kRegress, 60s), older)) << first_was_equal;
    }
}

// Plain objects: a follower gives its copy of the first version while the third, of equal bytes, is
// stored; and then the second.
TEST(CheckEqualContents, AnETagThatComesBackIsOfTheOldestThatItMayBe) {
    History history;
    history.start_all();
    history.lead(0, 1s, 1, 1h);
    for (const std::uint64_t n : {1U, 2U, 3U}) {
        const Duration then = 10s * static_cast<std::int64_t>(n);
        history.step(0, then, backup_write(n, kKey, n == 2 ? 8 : 7));
        history.store(0, then + 1s, kKey, n == 2 ? "b" : "a", 5, n, n == 2 ? 8 : 7);
    }
    history.step(1, 32s, query(101, kKey), {query_data(101, "a", 5, 7)});
    history.step(1, 33s, query(102, kKey), {query_data(102, "b", 5, 8)});
    history.step(1, 34s, query(103, kKey), {query_data(103, "a", 5, 7)});
    EXPECT_TRUE(passes(history.verdict(kRegress, 60s)));
    const auto older = history.step(1, 35s, query(104, kKey), {query_data(104, "b", 5, 8)});
    EXPECT_TRUE(violated(history.verdict(kRegress, 60s), older));
}

// Found by a campaign: somebody else writes the same object again, and it is given twice.
TEST(CheckEqualContents, AForeignObjectThatComesBackIsGivenAsOftenAsItIsAskedFor) {
    for (const bool comes_back : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.store(kNobody, 10s, kKey, "f", 0, 0, 9);
        history.step(1, 11s, query(101, kKey), {query_data(101, "f", 0, 9)});
        history.step(0, 20s, backup_write(1, kKey, 7));
        history.store(0, 21s, kKey, "a", 5, 1, 7);
        history.step(1, 22s, query(102, kKey), {query_data(102, "a", 5, 7)});
        if (comes_back) history.store(kNobody, 30s, kKey, "f", 0, 0, 9);
        const auto again = history.step(1, 31s, query(103, kKey), {query_data(103, "f", 0, 9)});
        history.step(1, 32s, query(104, kKey), {query_data(104, "f", 0, 9)});
        const Verdict verdict = history.verdict(kRegress, 60s);
        EXPECT_TRUE(comes_back ? passes(verdict) : violated(verdict, again)) << verdict.what;
    }
}

// Found by a campaign: a deposed leader shows what it could not store; its successor brings back
// the bytes of before, as a plain object under the ETag of before.
TEST(CheckEqualContents, AnETagThatComesBackIsNotOfWhatAnOwnWriteHadReplaced) {
    for (const bool comes_back : {true, false}) {
        History history;
        history.start_all();
        history.lead(1, 1s, 1, 1h);
        history.step(1, 10s, backup_write(1, kKey, 7));
        history.store(1, 11s, kKey, "a", 5, 1, 7);
        history.step(1, 12s, Timer{}, {write_done(1, WriteAck::committed, "a", 5)});
        history.step(1, 20s, backup_write(2, kKey, 8));
        history.follow(1, 25s);
        history.step(1, 26s, query(101, kKey), {query_data(101, "", 5, 8)});
        history.lead(0, 30s, 2, 1h);
        if (comes_back) history.store(0, 35s, kKey, "a", 6, 3, 7);
        const Epoch epoch{comes_back ? 6U : 5U};
        const auto given =
            history.step(1, 40s, query(102, kKey), {query_data(102, "a", epoch.value(), 7)});
        const Verdict verdict = history.verdict(kRegress, 60s);
        EXPECT_TRUE(comes_back ? passes(verdict) : violated(verdict, given)) << verdict.what;
    }
}

// Found by a campaign: a frozen store stores each of one write's tries, plain objects of one
// content under as many generations; a read gets the last, and the local file is named after
// another.
TEST(CheckEqualContents, TriesOfOneWriteAreNotOlderThanEachOther) {
    History history;
    history.start_all();
    history.lead(0, 1s, 1, 1h);
    history.step(0, 10s, backup_write(1, kKey, 8));
    history.store(0, 11s, kKey, "1", 0, 0, 8);
    history.step(0, 20s, backup_write(2, kKey, 7));
    history.store(0, 21s, kKey, "2", 0, 0, 7);
    history.store(0, 22s, kKey, "3", 0, 0, 7);
    history.step(0, 30s, query(101, kKey), {query_data(101, "3", 0, 7)});
    history.step(0, 31s, query(102, kKey), {query_data(102, "2", 0, 7)});
    EXPECT_TRUE(passes(history.verdict(kRegress, 60s)));
    const auto older = history.step(0, 32s, query(103, kKey), {query_data(103, "1", 0, 8)});
    EXPECT_TRUE(violated(history.verdict(kRegress, 60s), older));
}

// What it has of its own lands late, with the bytes of the version that it names again.
TEST(CheckEqualContents, BytesWithoutAVersionAreOfTheOneThatWasSaidLast) {
    History history;
    history.start_all();
    history.lead(0, 1s, 1, 1h);
    history.step(0, 10s, backup_write(1, kKey, 7));
    history.store(0, 11s, kKey, "a", 5, 1, 7);
    history.step(0, 12s, Timer{}, {write_done(1, WriteAck::committed, "a", 5)});
    history.step(0, 20s, backup_write(2, kKey, 7), {put_of(4, 0, kKey, 5, 2, 7)});
    history.store(0, 30s, kKey, "b", 5, 2, 7);
    history.step(0, 31s, query(101, kKey), {query_data(101, "", 5, 7)});
    history.step(0, 32s, query(102, kKey), {query_data(102, "a", 5, 7)});
    EXPECT_TRUE(passes(history.verdict(kRegress, 60s)));
}

// Which of the open writes of the same bytes a PUT was of, their answers tell.
TEST(CheckEqualContents, OfEqualWritesOneMayBeStoredAndTheOthersDenied) {
    for (const bool lands_late : {false, true}) {
        for (const WriteAck first : {WriteAck::unknown, WriteAck::fenced}) {
            History history;
            history.start_all();
            history.lead(0, 1s, 1, 1h);
            history.step(0, 10s, backup_write(1, kKey, 7));
            history.step(0, 11s, backup_write(2, kKey, 7));
            history.step(0, 11s, backup_write(3, kKey, 7));
            history.step(0, 12s, Timer{}, {put_of(4, 0, kKey, 5, 3, 7)});
            if (!lands_late) history.store(0, 13s, kKey, "a", 5, 3, 7);
            auto wrong = history.step(0, 14s, Timer{},
                                      {write_done(2, WriteAck::fenced),
                                       write_done(3, WriteAck::fenced), write_done(1, first)});
            if (lands_late) wrong = history.store(0, 15s, kKey, "a", 5, 3, 7);
            const Verdict found = history.verdict(kLinear, 2min);
            EXPECT_TRUE(first == WriteAck::unknown ? passes(found) : violated(found, wrong))
                << lands_late;
        }
    }
}

// Found by a campaign: the PUT that passed for the newest's was the first's, which was answered
// with it; of the two others neither is stored.
TEST(CheckEqualContents, WhatAnAnswerHasNamedIsOfNoOtherWrite) {
    for (const bool both_stored : {false, true}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        for (const std::uint64_t call : {1U, 2U, 3U})
            history.step(0, 10s, backup_write(call, kKey, 7));
        history.step(0, 12s, Timer{}, {put_of(4, 0, kKey, 5, 3, 7)});
        history.store(0, 13s, kKey, "a", 5, 3, 7);
        history.step(0, 14s, Timer{},
                     {write_done(1, WriteAck::committed, "a", 5), put_of(6, 0, kKey, 5, 4, 7)});
        if (both_stored) history.store(0, 15s, kKey, "b", 5, 4, 7);
        history.step(0, 16s, Timer{},
                     {write_done(2, WriteAck::fenced), write_done(3, WriteAck::fenced)});
        EXPECT_EQ(history.verdict(kLinear, 2min).status == Status::violated, both_stored);
    }
}

// Found by a campaign: a leader slept over the answer to its removal, and its successor's tombstone
// has the same bytes, and so the same ETag where objects are plain.
TEST(CheckEqualContents, AnAcknowledgementIsOfTheVersionThatCarriesItsEpoch) {
    for (const std::uint64_t epoch : {5U, 7U}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.step(0, 10s, backup_write(1, kKey, 7));
        history.store(0, 11s, kKey, "a", 5, 1, 7);
        history.follow(0, 12s);
        history.lead(1, 13s, 2, 1h);
        history.step(1, 20s, backup_write(2, kKey, 7));
        history.store(1, 21s, kKey, "a", 6, 1, 7);
        const auto said =
            history.step(0, 30s, Timer{}, {write_done(1, WriteAck::committed, "a", epoch)});
        const Verdict verdict = history.verdict(kLinear, 60s);
        EXPECT_TRUE(epoch == 5 ? passes(verdict) : violated(verdict, said));
    }
}

// An earlier version of the same bytes is not what was acknowledged, whatever epoch is named.
TEST(CheckEqualContents, AnAcknowledgementUnderTheEpochOfAnEarlierTombstoneIsFound) {
    for (const std::uint64_t wrong : {6U, 5U}) {
        Settings settings = test_settings();
        settings.storage.format = ObjectFormat::plain;
        History history(settings);
        history.start_all();
        history.lead(0, 500ms, 7, 1h);
        history.object(1, 600ms, kKey, "tomb", 5, true);
        history.store(1, 700ms, kKey, "e5", 5, 2, 5);
        history.step(0, 1s, BackupRemove{CallId{1}, key_of(kKey)});
        history.object(0, 2s, kKey, "tomb", 7, true);
        const auto done =
            history.step(0, 3s, Timer{}, {write_done(1, WriteAck::committed, "tomb", wrong)});
        EXPECT_TRUE(violated(history.verdict(kLinear, 4s), done)) << wrong;
    }
}

}  // namespace
}  // namespace leasehold::check
