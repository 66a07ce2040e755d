// requests.bounded, its part that looks at local copies.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kBounded = "requests.bounded";
constexpr std::string_view kKey = "assets/1h";

class CheckKeeping : public ::testing::Test {
  protected:
    CheckKeeping() {
        history_.start_all();
        history_.object(0, 1s, kKey, "a", 1);
    }
    std::uint64_t fetched(Duration when) {
        const std::uint64_t request = ++request_;
        history_.step(1, when, Timer{}, {send_bucket(request, BucketVerb::get, kKey)});
        return history_.step(1, when + 1ms, bucket_got(request, "a"));
    }
    std::uint64_t file(Duration when, FileVerb verb, FileStatus status = FileStatus::ok) {
        const std::uint64_t request = ++request_;
        const auto sent = history_.step(1, when, Timer{}, {send_file(request, verb, kKey, "a")});
        history_.step(1, when + 1ms, FileAnswered{RequestId{request}, FileReply{status, nullptr}});
        return sent;
    }
    Verdict verdict() { return history_.verdict(kBounded, 10min); }
    History history_;
    std::uint64_t request_ = 100;
};

TEST_F(CheckKeeping, AVersionThatCanNotBeKeptIsFetchedEverMoreRarely) {
    for (const Duration when : {10s, 40s, 70s, 130s, 250s, 490s}) {
        fetched(when);
        file(when + 1s, FileVerb::store, FileStatus::no_space);
    }
    EXPECT_TRUE(passes(verdict()));
    for (int i = 0; i < 3; ++i)
        fetched(500s + i * 10s);
    const auto tenth = fetched(530s);
    EXPECT_TRUE(violated(verdict(), tenth));
}

// Found by a campaign: an object that was damaged twice is the first one again.
TEST_F(CheckKeeping, AVersionThatComesBackIsAnotherOne) {
    for (int i = 0; i < 4; ++i) {
        fetched(10s + i * 10s);
        fetched(15s + i * 10s);
        history_.object(0, 16s + i * 10s, kKey, "b", 1);
        history_.object(0, 17s + i * 10s, kKey, "a", 1);
    }
    EXPECT_TRUE(passes(verdict()));
}

TEST_F(CheckKeeping, WhoLedInBetweenFollowsAnew) {
    for (int i = 0; i < 3; ++i)
        fetched(10s + i * 1s);
    history_.lead(1, 14s, 5, 3s);
    history_.follow(1, 17s);
    for (int i = 0; i < 3; ++i)
        fetched(20s + i * 1s);
    EXPECT_TRUE(passes(verdict()));
    const auto again = fetched(24s);
    EXPECT_TRUE(violated(verdict(), again));
}

TEST_F(CheckKeeping, OneThatWasKeptMayBeFetchedAgain) {
    for (int i = 0; i < 12; ++i) {
        fetched(10s + i * 10s);
        file(11s + i * 10s, FileVerb::store);
        file(12s + i * 10s, FileVerb::load, FileStatus::corrupt);
    }
    EXPECT_TRUE(passes(verdict()));
}

TEST_F(CheckKeeping, AFileIsNotWrittenWithWhatItHolds) {
    file(10s, FileVerb::store);
    file(20s, FileVerb::load);
    EXPECT_NE(verdict().status, Status::violated);
    const auto again = file(30s, FileVerb::store);
    EXPECT_TRUE(violated(verdict(), again));
}

// Found by a campaign: behind it waited a write of the same bytes, which turned out to be unwanted.
TEST_F(CheckKeeping, WhatWaitedBehindAStoreMayBeWhatThatStored) {
    history_.step(1, 10s, Timer{}, {send_file(101, FileVerb::store, kKey, "a")});
    history_.step(1, 11s, FileAnswered{RequestId{101}, FileReply{}},
                  {send_file(102, FileVerb::store, kKey, "a")});
    EXPECT_TRUE(passes(verdict()));
}

TEST_F(CheckKeeping, ATagIsNotWrittenTwice) {
    file(10s, FileVerb::store);
    const auto again = file(30s, FileVerb::retag);
    EXPECT_TRUE(violated(verdict(), again));
}

// An object without a stamp may come damaged, and whole the next time, under one ETag.
TEST_F(CheckKeeping, OtherBytesUnderOneETagAreNotWhatItHeld) {
    for (const std::uint64_t content : {1U, 2U, 2U}) {
        SendFile store = send_file(++request_, FileVerb::store, kKey, "a");
        store.payload = content_of(content);
        EXPECT_NE(verdict().status, Status::violated);
        history_.step(1, 10s, Timer{}, {store});
        history_.step(1, 11s, FileAnswered{store.request, FileReply{}});
    }
    EXPECT_EQ(verdict().status, Status::violated);
}

// Found by a campaign: the list came later than the load that failed.
TEST_F(CheckKeeping, AFileThatCouldNotBeReadMayBeWrittenAnewThoughAListShowsIt) {
    for (const FileStatus loaded : {FileStatus::ok, FileStatus::io_error}) {
        History history;
        history.start_all();
        history.object(0, 1s, kKey, "a", 1);
        history.step(1, 2s, Timer{}, {send_file(1, FileVerb::list, "")});
        history.step(1, 3s, query(5, kKey), {send_file(2, FileVerb::load, kKey)});
        history.step(1, 3s, FileAnswered{RequestId{2}, FileReply{loaded, nullptr}});
        auto files = std::make_shared<FileList>();
        files->push_back(FileEntry{key_of(kKey), FileTag{Epoch{}, etag_of("a")}, Blob{}});
        history.step(1, 4s, FileAnswered{RequestId{1}, FileReply{FileStatus::ok, files}});
        const auto again = history.step(1, 5s, Timer{}, {send_file(3, FileVerb::store, kKey, "a")});
        const Verdict verdict = history.verdict(kBounded, 10min);
        if (loaded == FileStatus::ok)
            EXPECT_TRUE(violated(verdict, again));
        else
            EXPECT_NE(verdict.status, Status::violated) << verdict.what;
    }
}

// What a disk answers while a store is under way is of before.
TEST_F(CheckKeeping, AFileIsNotReadWhileItsNextBytesAreStored) {
    history_.step(1, 10s, Timer{}, {send_file(7, FileVerb::store, kKey, "a")});
    EXPECT_NE(verdict().status, Status::violated);
    file(11s, FileVerb::load);  // of reconciling, in the disk's own order
    EXPECT_NE(verdict().status, Status::violated);
    const auto early =
        history_.step(1, 12s, query(9, kKey), {send_file(200, FileVerb::load, kKey)});
    EXPECT_TRUE(violated(verdict(), early));

    History after;
    after.start_all();
    after.step(1, 10s, Timer{}, {send_file(7, FileVerb::store, kKey, "a")});
    after.step(1, 11s, FileAnswered{RequestId{7}, FileReply{}});
    after.step(1, 12s, query(9, kKey), {send_file(8, FileVerb::load, kKey)});
    EXPECT_NE(after.verdict(kBounded, 10min).status, Status::violated);
}

// Each object would look like one that it lacks.
TEST_F(CheckKeeping, NobodyFetchesUnaskedBeforeItKnowsItsDisk) {
    history_.step(1, 10s, Timer{}, {send_file(7, FileVerb::list, "")});
    history_.step(1, 11s, backup_read(1, kKey), {send_bucket(20, BucketVerb::get, kKey)});
    history_.step(1, 12s, Timer{}, {send_bucket(21, BucketVerb::get, ".ha/epoch")});
    EXPECT_NE(verdict().status, Status::violated);
    const auto blind =
        history_.step(1, 13s, Timer{}, {send_bucket(22, BucketVerb::get, "assets/1d")});
    EXPECT_TRUE(violated(verdict(), blind));
}

TEST_F(CheckKeeping, WhoKnowsItsDiskFetchesWhatItLacks) {
    history_.step(1, 10s, Timer{}, {send_file(7, FileVerb::list, "")});
    history_.step(1, 11s, FileAnswered{RequestId{7}, FileReply{}});
    fetched(12s);
    EXPECT_TRUE(passes(verdict()));
}

}  // namespace
}  // namespace leasehold::check
