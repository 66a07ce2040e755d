// A directory in a bucket's place: S3's conditions, pages, durability among processes.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/bucket/directory_store.hpp"
#include "model/protocol/stamp.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const std::string kOther(64, '0');  // an ETag that no content here has

BucketConfig directory_config(const std::string& directory, const std::string& prefix = "") {
    BucketConfig config;
    config.type = BucketType::filesystem;
    config.directory = directory;
    config.prefix = prefix;
    return config;
}

std::string file_text(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class AgentDirectoryBucket : public ::testing::Test {
  protected:
    TemporaryFolder folder_;
    BucketRig rig_{directory_config(folder_.file("b"))};

    std::string code(const SendBucket& request) {
        const BucketReply reply = rig_.call(request);
        const std::string codes[] = {
            "",          " NoSuchKey", " NoSuchBucket", " PreconditionFailed", " 409",
            " SlowDown", " denied",    " 501",          " InternalError",      " other"};
        return std::to_string(reply.status) + codes[static_cast<std::size_t>(reply.code)];
    }
};

TEST_F(AgentDirectoryBucket, ConditionsAreThoseOfS3) {
    EXPECT_EQ(code(get_request("a/k")), "404 NoSuchKey");
    EXPECT_EQ(code(put_request("a/k", "1", PutCondition::if_match, kOther)), "404 NoSuchKey");
    const BucketReply first = rig_.call(put_request("a/k", "1", PutCondition::if_none_match));
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.etag.view().size(), 64U);
    EXPECT_EQ(code(put_request("a/k", "1", PutCondition::if_none_match)), "412 PreconditionFailed");
    EXPECT_EQ(code(put_request("a/k", "2", PutCondition::if_match, kOther)),
              "412 PreconditionFailed");
    EXPECT_EQ(content_of(rig_.call(get_request("a/k"))), "1");
    const BucketReply second =
        rig_.call(put_request("a/k", "2", PutCondition::if_match, first.etag.str()));
    EXPECT_EQ(second.status, 200);
    EXPECT_NE(second.etag, first.etag);
    EXPECT_EQ(code(put_request("a/k", "3", PutCondition::if_match, first.etag.str())),
              "412 PreconditionFailed");
    const BucketReply got = rig_.call(get_request("a/k", first.etag.str()));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.etag, second.etag);
    EXPECT_EQ(content_of(got), "2");
    const BucketReply unchanged = rig_.call(get_request("a/k", second.etag.str()));
    EXPECT_EQ(unchanged.status, 304);
    EXPECT_EQ(unchanged.etag, second.etag);
    EXPECT_EQ(code(remove_request("a/k", kOther)), "412 PreconditionFailed");
    EXPECT_EQ(code(remove_request("a/k", second.etag.str())), "204");
    EXPECT_EQ(code(remove_request("a/k", second.etag.str())), "204");
    EXPECT_EQ(code(get_request("a/k")), "404 NoSuchKey");
    EXPECT_FALSE(fs::exists(folder_.file("b/a"))) << "an empty folder stayed";
    EXPECT_EQ(code(put_request("a/k", "4")), "200");
    EXPECT_EQ(code(put_request("a/k", "5")), "200");
    EXPECT_EQ(file_text(folder_.file("b/a/k")), "5");
}

TEST_F(AgentDirectoryBucket, KeysThatCantBeFilesAreRefused) {
    for (const char* key :
         {"../k", "a/../k", "./k", "a//k", "/k", "k/", ".leasehold/lock", ".leasehold"})
        EXPECT_EQ(code(put_request(key, "x")), "400 other") << key;
    EXPECT_EQ(code(put_request(std::string(256, 'k'), "x")), "400 other");
    EXPECT_EQ(code(put_request(std::string(255, 'k'), "x")), "200");
    EXPECT_EQ(code(get_request(".leasehold/lock")), "400 other");
    // A key that is another's folder, and the other way round.
    EXPECT_EQ(code(put_request("f", "x")), "200");
    EXPECT_EQ(code(put_request("f/g", "x")), "400 other");
    EXPECT_EQ(code(put_request("h/i", "x")), "200");
    EXPECT_EQ(code(put_request("h", "x")), "400 other");
    EXPECT_EQ(code(get_request("h")), "404 NoSuchKey");
    EXPECT_EQ(code(get_request("f/g")), "404 NoSuchKey");
}

TEST_F(AgentDirectoryBucket, ListsInByteOrderByPages) {
    const std::vector<std::string> keys{"a",
                                        "a b",
                                        "a+b",
                                        "a-b",
                                        "a.b",
                                        "aa/b",
                                        "a~b",
                                        "B/c/d",
                                        ".ha/epoch",
                                        "\xc3\xa9",
                                        "\xf0\x9f\x98\x80"};
    for (const std::string& key : keys)
        ASSERT_EQ(code(put_request(key, "x")), "200") << key;
    std::vector<std::string> sorted = keys;
    std::sort(sorted.begin(), sorted.end());
    std::string expected;
    for (const std::string& key : sorted)
        expected += (expected.empty() ? "" : " ") + key;
    EXPECT_EQ(keys_of(rig_.call(list_request())), expected);
    EXPECT_EQ(keys_of(rig_.call(list_request("a"))), "a a b a+b a-b a.b aa/b a~b");
    EXPECT_EQ(keys_of(rig_.call(list_request("a", "a-b"))), "a.b aa/b a~b");
    EXPECT_EQ(keys_of(rig_.call(list_request("B/c"))), "B/c/d");
    EXPECT_EQ(keys_of(rig_.call(list_request("none/"))), "");
    fs::create_directories(folder_.file("b/many"));
    for (int i = 10000; i < 11001; ++i)
        std::ofstream(folder_.file("b/many/") + std::to_string(i)) << i;
    const BucketReply reply = rig_.call(list_request("many/"));
    const ListPage& page = *std::get<ListPagePtr>(reply.content);
    ASSERT_EQ(page.entries.size(), 1000U);
    EXPECT_TRUE(page.truncated);
    EXPECT_EQ(page.entries.back().size, 5U);
    EXPECT_EQ(keys_of(rig_.call(list_request("many/", page.entries.back().key.str()))),
              "many/11000");
}

/// As PUT and GET do. A link to a folder above would be walked for ever.
TEST_F(AgentDirectoryBucket, AFolderThatIsALinkIsListed) {
    fs::create_directories(folder_.file("volume"));
    fs::create_directory_symlink(folder_.file("volume"), folder_.file("b/etl"));
    ASSERT_EQ(code(put_request("etl/x/k", "1")), "200");
    EXPECT_EQ(keys_of(rig_.call(list_request("etl/"))), "etl/x/k");
    fs::create_directory_symlink("..", folder_.file("volume/x/up"));
    fs::create_directory_symlink(folder_.file("b"), folder_.file("volume/root"));
    fs::create_directory_symlink("nowhere", folder_.file("b/broken"));
    std::ofstream(folder_.file("elsewhere")) << "2";
    fs::create_symlink(folder_.file("elsewhere"), folder_.file("b/etl/file"));
    EXPECT_EQ(keys_of(rig_.call(list_request())), "etl/x/k");
    EXPECT_EQ(code(get_request("etl/file")), "404 NoSuchKey") << "a file that is a link is none";
    EXPECT_EQ(code(remove_request("etl/x/k")), "204");
    EXPECT_EQ(keys_of(rig_.call(list_request())), "");
}

/// The pool's thread may come to it when nobody waits any more, and the loop be late to say so.
TEST(AgentDirectoryStore, AListThatIsOverIsNoEmptyPage) {
    const TemporaryFolder folder;
    DirectoryStore store(folder.file("b"), "");
    Attempt open(kNever, nullptr);
    EXPECT_EQ(store.handle(put_request("etl/k", "x"), open).reply.status, 200);
    EXPECT_EQ(keys_of(store.handle(list_request("etl/"), open).reply), "etl/k");
    Attempt late(boottime() - 1ms, nullptr);
    EXPECT_EQ(classify(BucketVerb::list, store.handle(list_request("etl/"), late).reply),
              BucketOutcome::not_sent);
}

/// As on a disk with bad blocks, or a server of files that has forgotten one.
TEST(AgentDirectoryStore, AFileThatCannotBeLookedAtIsNoneThatHasGone) {
    const TemporaryFolder folder;
    DirectoryStore store(folder.file("b"), "");
    Attempt open(kNever, nullptr);
    ASSERT_EQ(store.handle(put_request("etl/k", "x"), open).reply.status, 200);
    const auto names_alone = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
    fs::permissions(folder.file(""), fs::perms::all);
    fs::permissions(folder.file("b"), fs::perms::all);
    fs::permissions(folder.file("b/etl"), names_alone);
    EXPECT_EXIT(
        {
            constexpr ::uid_t kNobody = 65534;  // root may look at everything
            if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(2);
            const BucketReply reply = store.handle(list_request("etl/"), open).reply;
            ::_exit(classify(BucketVerb::list, reply) == BucketOutcome::page ? 1 : 0);
        },
        ::testing::ExitedWithCode(0), "");
    fs::permissions(folder.file("b/etl"), fs::perms::all);
}

TEST_F(AgentDirectoryBucket, EtagsOfListAndGetAreThoseOfThePut) {
    const BucketReply written = rig_.call(put_request("k", "content"));
    const auto listed = [&] {
        const BucketReply reply = rig_.call(list_request());
        return std::get<ListPagePtr>(reply.content)->entries.at(0).etag;
    };
    EXPECT_EQ(listed(), written.etag);
    EXPECT_EQ(rig_.call(get_request("k")).etag, written.etag);
    // Old enough to be remembered; then somebody's editor: the same size, in place.
    rig_.idle(2100ms);
    EXPECT_EQ(listed(), written.etag);
    std::ofstream(folder_.file("b/k")) << "CONTENT";
    EXPECT_NE(listed(), written.etag);
    EXPECT_EQ(code(put_request("k", "new", PutCondition::if_match, written.etag.str())),
              "412 PreconditionFailed");
}

TEST_F(AgentDirectoryBucket, HeadsAndStampsComeBack) {
    Stamp stamp;
    stamp.epoch = Epoch(3);
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, kSpoolInMemory + 5}) {
        SendBucket request = put_request("k", std::string(size, 'p'));
        auto body = std::make_shared<ObjectBody>(*request.body);
        body->head = encode_header(stamp);
        request.body = body;
        ASSERT_EQ(code(request), "200");
        BucketReply reply = rig_.call(get_request("k"));
        EXPECT_EQ(*std::get<ObjectBodyPtr>(reply.content), *body) << size;
        EXPECT_EQ(content_of(reply), std::string(size, 'p'));
        body->head.clear();
        body->metadata = encode_metadata(stamp);
        ASSERT_EQ(code(request), "200");
        reply = rig_.call(get_request("k"));
        EXPECT_EQ(*std::get<ObjectBodyPtr>(reply.content), *body) << size;
    }
    // Crashed after the stamp was written and before the content: the old ones still go together.
    const auto plain = [&](const std::string& text, const std::string& metadata) {
        SendBucket request = put_request("crash", text);
        auto body = std::make_shared<ObjectBody>(*request.body);
        body->metadata = metadata;
        request.body = body;
        EXPECT_EQ(code(request), "200");
    };
    plain("first", "stamp 1");
    plain("second", "stamp 2");
    std::ofstream(folder_.file("b/crash")) << "first";
    EXPECT_EQ(std::get<ObjectBodyPtr>(rig_.call(get_request("crash")).content)->metadata,
              "stamp 1");
    EXPECT_EQ(code(remove_request("crash")), "204");
    // A plain object that somebody overwrote has nobody's stamp.
    std::ofstream(folder_.file("b/k")) << "foreign";
    EXPECT_EQ(std::get<ObjectBodyPtr>(rig_.call(get_request("k")).content)->metadata, "");
    ASSERT_EQ(code(put_request("k", "without")), "200");
    EXPECT_TRUE(fs::is_empty(folder_.file("b/.leasehold/metadata")));
    EXPECT_TRUE(fs::is_empty(folder_.file("b/.leasehold/tmp")));
}

TEST_F(AgentDirectoryBucket, PrefixIsAFolder) {
    BucketRig inner(directory_config(folder_.file("b"), "etl/base"));
    EXPECT_EQ(inner.call(put_request("w/1", "x")).status, 200);
    EXPECT_EQ(file_text(folder_.file("b/etl/base/w/1")), "x");
    EXPECT_EQ(keys_of(rig_.call(list_request())), "etl/base/w/1");
    EXPECT_EQ(code(put_request("etl/other", "x")), "200");
    EXPECT_EQ(keys_of(inner.call(list_request())), "w/1");
    EXPECT_EQ(keys_of(inner.call(list_request("", "w/0"))), "w/1");
}

TEST_F(AgentDirectoryBucket, AnUnmountedVolumeIsNoEmptyBucket) {
    fs::remove_all(folder_.file("b"));
    fs::create_directory(folder_.file("b"));
    EXPECT_EQ(code(get_request("k")), "404 NoSuchBucket");
    EXPECT_EQ(code(list_request()), "404 NoSuchBucket");
    EXPECT_EQ(code(put_request("k", "x")), "404 NoSuchBucket");
}

TEST_F(AgentDirectoryBucket, AChangedPayloadIsNotStored) {
    SendBucket request = put_request("k", "");
    const std::string path = folder_.write("payload", "what it is now");
    auto body = std::make_shared<ObjectBody>();
    body->payload = blob_of("what it was ..");
    const int file = ::open(path.c_str(), O_RDONLY);
    body->payload.bytes = file_bytes(file, 0, body->payload.size);
    request.body = body;
    EXPECT_TRUE(rig_.call(request).not_sent);
    EXPECT_EQ(code(get_request("k")), "404 NoSuchKey");
}

TEST_F(AgentDirectoryBucket, NothingIsChangedWithoutAPermit) {
    const BucketReply written = rig_.call(put_request("k", "1"));
    rig_.gate.publish(boottime());
    EXPECT_TRUE(rig_.call(put_request("k", "2")).not_sent);
    EXPECT_TRUE(rig_.call(remove_request("k")).not_sent);
    EXPECT_EQ(content_of(rig_.call(get_request("k"))), "1");
}

/// Another holder of the bucket's lock.
class Holder {
  public:
    explicit Holder(const std::string& lock) : file_(::open(lock.c_str(), O_RDWR)) {
        EXPECT_EQ(::flock(file_, LOCK_EX), 0);
    }
    ~Holder() { ::close(file_); }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

  private:
    int file_;
};

TEST_F(AgentDirectoryBucket, TimeOutsAndAbortsEndWhatWaits) {
    RequestId aborted;
    {
        const Holder holder(folder_.file("b/.leasehold/lock"));
        const Instant sent = boottime();
        const BucketReply late = rig_.call(put_request("late", "x"), 100ms);
        EXPECT_EQ(late.status, 0);
        EXPECT_GE(boottime() - sent, 100ms);
        EXPECT_LT(boottime() - sent, 5s);
        aborted = rig_.send(put_request("aborted", "x"));
        rig_.idle(30ms);
        rig_.abort(aborted);
        EXPECT_EQ(rig_.wait(aborted).status, 0);
    }
    rig_.idle(100ms);
    EXPECT_EQ(code(get_request("late")), "404 NoSuchKey") << "it was carried out after its end";
    EXPECT_EQ(code(get_request("aborted")), "404 NoSuchKey");
    rig_.abort(aborted);  // long over
}

TEST_F(AgentDirectoryBucket, TheClientMayGoWithWorkUnderWay) {
    rig_.send(put_request("k", "x"));
    rig_.drop_client();
    rig_.idle(50ms);
}

/// What one racer of many sees: how many of `rounds` conditional PUTs it won.
int wins_of(const std::string& directory, int racer, int rounds) {
    BucketRig rig(directory_config(directory));
    int wins = 0;
    for (int round = 0; round < rounds; ++round) {
        const BucketReply reply = rig.call(put_request(
            "round/" + std::to_string(round), std::to_string(racer), PutCondition::if_none_match));
        if (reply.status != 200 && reply.status != 412) return -1;
        wins += reply.status == 200 ? 1 : 0;
    }
    // Then all count up one object, by compare-and-swap.
    for (int round = 0; round < rounds;) {
        const BucketReply now = rig.call(get_request("counter"));
        const int count = now.status == 404 ? 0 : std::stoi(content_of(now));
        const BucketReply reply = rig.call(
            put_request("counter", std::to_string(count + 1),
                        now.status == 404 ? PutCondition::if_none_match : PutCondition::if_match,
                        now.etag.str()));
        if (reply.status != 200 && reply.status != 412) return -1;
        round += reply.status == 200 ? 1 : 0;
    }
    return wins;
}

// Without the fixture: a process that forks while it has threads may leave a child that waits for a
// lock of one of them for ever.
TEST(AgentDirectoryBucketRace, ThreadsAndProcessesRaceAndOneWins) {
    constexpr int kRounds = 40;
    const TemporaryFolder folder;
    const std::string directory = folder.file("b");
    { const BucketRig first(directory_config(directory)); }  // makes the folder; its threads end
    std::vector<pid_t> children;
    for (int racer = 0; racer < 2; ++racer) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const int wins = wins_of(directory, racer, kRounds);
            ::_exit(wins < 0 ? 255 : wins);
        }
        children.push_back(child);
    }
    std::vector<int> wins(2);
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&wins, i, &directory] {
            wins[static_cast<std::size_t>(i)] = wins_of(directory, 2 + i, kRounds);
        });
    for (std::thread& thread : threads)
        thread.join();
    int sum = 0;
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status));
        ASSERT_NE(WEXITSTATUS(status), 255);
        sum += WEXITSTATUS(status);
    }
    for (const int of_thread : wins) {
        ASSERT_GE(of_thread, 0);
        sum += of_thread;
    }
    EXPECT_EQ(sum, kRounds) << "each round has exactly one winner";
    BucketRig last(directory_config(directory));
    EXPECT_EQ(content_of(last.call(get_request("counter"))), std::to_string(4 * kRounds));
}

}  // namespace
}  // namespace leasehold::agent::testing
