// The verbs of the local store, their order, its layout, and which keys it takes.
#include <algorithm>
#include <array>

#include <sys/stat.h>

#include "agent/base/clock.hpp"
#include "model/base/check.hpp"
#include "tests/unit/agent_files_rig.hpp"

namespace leasehold::agent {
namespace {

constexpr const char* kKey = "etl/bingen/assets/1d/1690761600-1690848000";

TEST(AgentFiles, KeepWhatIsStoredOverARestartInThePlainLayout) {
    const TestFolder folder;
    FilesRig rig(folder.path() / "var" / "db");
    EXPECT_EQ(rig.loaded(kKey), "missing");
    EXPECT_EQ(rig.put(kKey, "one", tag_of(3, "e1", true)), FileStatus::ok);
    EXPECT_EQ(read_file(rig.root() / kKey), "one");
    EXPECT_EQ(rig.loaded(kKey), "3/e1/dirty one");
    EXPECT_EQ(rig.put(kKey, "three", tag_of(4, "e2")), FileStatus::ok);
    EXPECT_EQ(rig.put("empty", "", tag_of(1, "")), FileStatus::ok);
    rig.restart();
    EXPECT_EQ(rig.loaded(kKey), "4/e2 three");
    EXPECT_EQ(rig.loaded("empty"), "1/ ");
    EXPECT_EQ(rig.listed(), "empty 1/ 0\n" + std::string(kKey) + " 4/e2 5\n");
    EXPECT_TRUE(fs::is_empty(rig.own("tmp")));
}

TEST(AgentFiles, AListNamesDigestsOfTaggedAndUntaggedFiles) {
    const TestFolder folder;
    write_file(folder.path() / "etl" / "old", "before HA");
    FilesRig rig(folder.path());
    rig.put("etl/new", "since HA", tag_of(1, "e"));
    const FileReply reply = rig.ask(FileVerb::list);
    ASSERT_EQ(reply.entries->size(), 2U);
    for (const FileEntry& entry : *reply.entries) {
        const bool old = entry.key.view() == "etl/old";
        EXPECT_EQ(entry.payload, blob_of(old ? "before HA" : "since HA"));
        EXPECT_EQ(entry.tag.tagged, !old);
    }
}

TEST(AgentFiles, ARetagChangesTheTagAloneAndLasts) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    EXPECT_EQ(rig.ask(FileVerb::retag, "k", tag_of(1, "e")).status, FileStatus::missing);
    rig.put("k", "text", tag_of(1, "", true));
    EXPECT_EQ(rig.ask(FileVerb::retag, "k", tag_of(2, "e2")).status, FileStatus::ok);
    rig.restart();
    EXPECT_EQ(rig.loaded("k"), "2/e2 text");
    EXPECT_EQ(rig.listed(), "k 2/e2 4\n");
}

TEST(AgentFiles, AFileFromBeforeHaIsUntaggedUntilItIsTagged) {
    const TestFolder folder;
    write_file(folder.path() / "etl" / "old", "before");
    FilesRig rig(folder.path());
    EXPECT_EQ(rig.loaded("etl/old"), "0//untagged before");
    EXPECT_EQ(rig.listed(), "etl/old 0//untagged 6\n");
    EXPECT_EQ(rig.ask(FileVerb::retag, "etl/old", tag_of(7, "e")).status, FileStatus::ok);
    rig.restart();
    EXPECT_EQ(rig.loaded("etl/old"), "7/e before");
    write_file(folder.path() / "etl" / "older", "same");
    EXPECT_EQ(rig.put("etl/older", "changed", tag_of(8, "f")), FileStatus::ok);
    EXPECT_EQ(rig.loaded("etl/older"), "8/f changed");
}

TEST(AgentFiles, ATagWithHaOffSaysUntaggedAfterARestart) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    rig.put("k", "text", FileTag{Epoch(0), ETag("e"), false, false});
    rig.restart();
    EXPECT_EQ(rig.loaded("k"), "0/e/untagged text");
    EXPECT_EQ(rig.listed(), "k 0/e/untagged 4\n");
}

TEST(AgentFiles, TheWriteOfAContentIsKeptWithIt) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    FileTag tag = tag_of(7, "e", true);
    tag.write_id = ~std::uint64_t{0};
    rig.put("k", "text", tag);
    rig.restart();
    EXPECT_EQ(rig.listed(), "k 7/e/write 18446744073709551615/dirty 4\n");
    EXPECT_EQ(rig.loaded("k"), "7/e/write 18446744073709551615/dirty text");
    tag.write_id = 12;
    tag.dirty = false;
    EXPECT_EQ(rig.ask(FileVerb::retag, "k", tag).status, FileStatus::ok);
    rig.restart();
    EXPECT_EQ(rig.loaded("k"), "7/e/write 12 text");
}

TEST(AgentFiles, ARemovalTakesFileAndTagAndMayComeTwice) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    rig.put("a/b", "text", tag_of(1, "e"));
    EXPECT_EQ(rig.ask(FileVerb::remove, "a/b").status, FileStatus::ok);
    EXPECT_EQ(rig.ask(FileVerb::remove, "a/b").status, FileStatus::ok);
    EXPECT_EQ(rig.ask(FileVerb::remove, "never/was").status, FileStatus::ok);
    EXPECT_EQ(rig.loaded("a/b"), "missing");
    EXPECT_TRUE(fs::is_empty(rig.own("tags")));
    write_file(rig.root() / "a" / "b", "put by hand");
    EXPECT_EQ(rig.loaded("a/b"), "0//untagged put by hand");
}

TEST(AgentFiles, LargeContentComesFromASpoolFileAndGoesOutWithoutMemory) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    std::string text(kSpoolInMemory + 54'321, 'x');
    for (std::size_t i = 0; i < text.size(); i += 1009)
        text[i] = static_cast<char>('a' + i % 23);
    Spool spool(rig.store().spool_directory());
    spool.append(text);
    EXPECT_EQ(rig.ask(FileVerb::store, "big", tag_of(1, "e"), spool.finish()).status,
              FileStatus::ok);
    EXPECT_TRUE(rig.loaded("big") == "1/e " + text);
    const FileReply reply = rig.ask(FileVerb::load, "big");
    EXPECT_TRUE(bytes_of(reply.entries->front().payload)->view().empty());
}

std::uint64_t inode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_ino;
}

TEST(AgentFiles, AFileThatContentWasSpooledToBecomesTheKeysAndIsNotCopied) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    const std::string text(kSpoolInMemory + 54'321, 'x');
    Spool spool(rig.store().spool_directory());
    spool.append(text);
    const Blob blob = spool.finish();
    struct stat spooled {};
    ASSERT_EQ(::fstat(bytes_of(blob)->spool_file(), &spooled), 0);
    EXPECT_EQ(rig.ask(FileVerb::store, "one", tag_of(1, "e"), blob).status, FileStatus::ok);
    EXPECT_EQ(inode_of(rig.root() / "one"), spooled.st_ino);
    struct stat named {};
    ASSERT_EQ(::stat((rig.root() / "one").c_str(), &named), 0);
    EXPECT_EQ(named.st_mode & 0444U, 0444U) << "as any file of the store";
    // It has a name by now: whoever stores it again stores a copy, and no second name is left.
    EXPECT_EQ(rig.ask(FileVerb::store, "one", tag_of(2, "f"), blob).status, FileStatus::ok);
    EXPECT_NE(inode_of(rig.root() / "one"), spooled.st_ino);
    EXPECT_EQ(rig.ask(FileVerb::store, "two", tag_of(3, "g"), blob).status, FileStatus::ok);
    EXPECT_TRUE(fs::is_empty(rig.own("tmp")));
    rig.restart();
    EXPECT_TRUE(rig.loaded("one") == "2/f " + text);
    EXPECT_TRUE(rig.loaded("two") == "3/g " + text);
}

TEST(AgentFiles, ContentThatWasSpooledOnAnotherFileSystemIsCopied) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    const std::string text(kSpoolInMemory + 1, 'x');
    Spool spool(fs::exists("/dev/shm") ? "/dev/shm" : folder.path().string());
    spool.append(text);
    EXPECT_EQ(rig.ask(FileVerb::store, "k", tag_of(1, "e"), spool.finish()).status, FileStatus::ok);
    EXPECT_TRUE(rig.loaded("k") == "1/e " + text);
}

TEST(AgentFiles, AStoreGivesWayToTheUploadOfItsKey) {
    const TestFolder folder;
    FilesRig rig(folder.path(), 1);
    rig.send(RequestId(1), FileVerb::store, "k", tag_of(1, "e"), blob_of("1"));
    rig.store().upload_left(RequestId(70), ObjectKey("k"));  // of the same step
    rig.send(RequestId(2), FileVerb::load, "k");
    rig.send(RequestId(3), FileVerb::store, "other", tag_of(1, "e"), blob_of("1"));
    EXPECT_EQ(rig.wait(1).back().request, RequestId(3));
    EXPECT_EQ(rig.answers_before_new_work(), 1U);
    EXPECT_FALSE(fs::exists(rig.root() / "k")) << "answered is what is done";
    rig.store().upload_answered(RequestId(71));
    EXPECT_EQ(rig.answers_before_new_work(), 1U);
    rig.store().upload_answered(RequestId(70));
    EXPECT_EQ(rig.wait(1).back().request, RequestId(1));
    EXPECT_EQ(rig.wait(1).back().request, RequestId(2)) << "in their order";
    // One that left before its file's turn came, and one that takes too long.
    rig.store().upload_left(RequestId(72), ObjectKey("k"));
    const Instant began = boottime();
    EXPECT_EQ(rig.put("k", "2", tag_of(2, "f")), FileStatus::ok);
    EXPECT_GE(boottime() - began, std::chrono::seconds(1));
    EXPECT_LT(boottime() - began, std::chrono::seconds(5));
    rig.store().upload_answered(RequestId(72));
    EXPECT_EQ(rig.loaded("k"), "2/f 2");
}

TEST(AgentFiles, RequestsOfOneKeyAreDoneInTheirOrder) {
    const TestFolder folder;
    FilesRig rig(folder.path(), 4);
    constexpr std::size_t kRounds = 30;
    for (std::uint64_t i = 1; i <= kRounds; ++i) {
        const std::string text = std::to_string(i);
        rig.send(RequestId(3 * i), FileVerb::store, "k", tag_of(i, text), blob_of(text));
        rig.send(RequestId(3 * i + 1), FileVerb::load, "k");
        rig.send(RequestId(3 * i + 2), FileVerb::remove, "k");
    }
    const std::vector<FileAnswered>& answers = rig.wait(3 * kRounds);
    for (std::size_t at = 0; at < answers.size(); ++at) {
        EXPECT_EQ(answers[at].request, RequestId(at + 3));
        ASSERT_EQ(answers[at].reply.status, FileStatus::ok) << at;
        if (at % 3 != 1) continue;
        const std::string text = std::to_string(at / 3 + 1);
        EXPECT_EQ(text_of(*bytes_of(answers[at].reply.entries->front().payload)), text);
    }
}

TEST(AgentFiles, LoadsOfOneKeySideBySideAreOneLoad) {
    const TestFolder folder;
    FilesRig rig(folder.path(), 1);  // one thread: work is done in the order in which it was begun
    rig.put("k", "1", tag_of(1, "e"));
    rig.send(RequestId(1), FileVerb::load, "k");
    rig.send(RequestId(2), FileVerb::load, "k");
    rig.send(RequestId(3), FileVerb::load, "k");
    rig.send(RequestId(4), FileVerb::store, "k", tag_of(2, "f"), blob_of("2"));
    rig.send(RequestId(5), FileVerb::load, "k");
    rig.send(RequestId(6), FileVerb::load, "k");
    // All three are answered at once; what changes the file, and what came after that, is not done.
    EXPECT_EQ(rig.answers_before_new_work(), 1 + 3U);
    const std::vector<FileAnswered>& answers = rig.wait(3);
    for (std::uint64_t id = 1; id <= 6; ++id) {
        EXPECT_EQ(answers[id].request, RequestId(id));
        if (id == 4) continue;
        const Blob& loaded = answers[id].reply.entries->front().payload;
        EXPECT_EQ(text_of(*bytes_of(loaded)), id < 4 ? "1" : "2") << id;
        const Blob& first = answers[id < 4 ? 1 : 5].reply.entries->front().payload;
        EXPECT_EQ(bytes_of(loaded), bytes_of(first)) << id << " was read again";
    }
}

TEST(AgentFiles, OneKeyWaitsForNoOther) {
    const TestFolder folder;
    FilesRig rig(folder.path(), 2);
    const Blob large = blob_of(std::string(24U << 20, 'x'));
    rig.send(RequestId(1), FileVerb::store, "large", tag_of(1, "e"), large);
    rig.send(RequestId(2), FileVerb::load, "large");
    rig.send(RequestId(3), FileVerb::load, "other");
    EXPECT_EQ(rig.wait(1).front().request, RequestId(3));
    rig.wait(2);
}

TEST(AgentFiles, AnUploadKeepsReadingWhatItOpened) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    EXPECT_EQ(rig.store().open(ObjectKey("k")), nullptr);
    rig.put("k", "the old content", tag_of(1, "e"));
    const BytesPtr old = rig.store().open(ObjectKey("k"));
    rig.put("k", "the new", tag_of(2, "f"));
    EXPECT_EQ(text_of(*old), "the old content");
    EXPECT_EQ(text_of(*rig.store().open(ObjectKey("k"))), "the new");
    rig.ask(FileVerb::remove, "k");
    EXPECT_EQ(text_of(*old), "the old content");
    EXPECT_EQ(rig.store().open(ObjectKey("k")), nullptr);
}

TEST(AgentFiles, NoKeyLeadsOutOfTheStoreOrIntoItsOwnFolder) {
    const TestFolder folder;
    FilesRig rig(folder.path() / "root");
    write_file(folder.path() / "outside", "secret");
    const std::vector<std::string> bad = {
        "",
        "/absolute",
        "..",
        "../outside",
        "a/../../outside",
        "a/./b",
        ".",
        "a//b",
        "a/",
        std::string("a\0b", 3),
        ".leasehold",
        ".leasehold/lock",
        std::string(256, 'x'),
        "a/" + std::string(256, 'x'),
        std::string(600, 'y').replace(200, 1, "/").replace(400, 1, "/") + "/" +
            std::string(200, 'z') + "/" + std::string(250, 'z')};
    for (const std::string& key : bad) {
        for (const FileVerb verb : {FileVerb::load, FileVerb::retag, FileVerb::remove})
            EXPECT_EQ(rig.ask(verb, key).status, FileStatus::io_error) << key;
        EXPECT_EQ(rig.put(key, "x", tag_of(1, "e")), FileStatus::io_error) << key;
        EXPECT_EQ(rig.store().open(ObjectKey(key)), nullptr) << key;
    }
    EXPECT_EQ(read_file(folder.path() / "outside"), "secret");
    const std::vector<std::string> good = {"..a", ".leaseholdx/b", "a/.leasehold",
                                           "a b/\xc3\xa4\n\"", std::string(255, 'x')};
    for (const std::string& key : good)
        EXPECT_EQ(rig.put(key, "x", tag_of(1, "e")), FileStatus::ok) << key;
    EXPECT_EQ(std::ranges::count(rig.listed(), ' '), 2 * 5 + 1);
}

TEST(AgentFiles, ASymbolicLinkIsNotFollowed) {
    const TestFolder folder;
    FilesRig rig(folder.path() / "root");
    write_file(folder.path() / "outside" / "f", "secret");
    fs::create_directory_symlink(folder.path() / "outside", rig.root() / "dir");
    fs::create_symlink(folder.path() / "outside" / "f", rig.root() / "link");
    EXPECT_EQ(rig.loaded("dir/f"), "missing");
    EXPECT_EQ(rig.loaded("link"), "io_error");
    EXPECT_EQ(rig.put("dir/f", "x", tag_of(1, "e")), FileStatus::io_error);
    EXPECT_EQ(rig.listed(), "");
    EXPECT_EQ(read_file(folder.path() / "outside" / "f"), "secret");
}

TEST(AgentFiles, WhatIsNoRegularFileIsNoEntryAndNeverWaitedFor) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    ASSERT_EQ(::mkfifo((rig.root() / "pipe").c_str(), 0600), 0);
    rig.put("dir/file", "x", tag_of(1, "e"));
    EXPECT_EQ(rig.loaded("pipe"), "missing");
    EXPECT_EQ(rig.loaded("dir"), "missing");
    EXPECT_EQ(rig.put("dir", "x", tag_of(1, "e")), FileStatus::io_error);
    EXPECT_EQ(rig.put("dir/file/below", "x", tag_of(1, "e")), FileStatus::io_error);
    EXPECT_EQ(rig.listed(), "dir/file 1/e 1\n");
}

TEST(AgentFiles, APayloadWithoutBytesIsAMistakeOfTheCaller) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    const Blob nothing{3, ContentDigest{1, 2}, nullptr};
    EXPECT_THROW(rig.send(RequestId(1), FileVerb::store, "k", tag_of(1, "e"), nothing),
                 CheckFailure);
}

TEST(AgentFiles, NothingIsAnsweredOnceTheStoreIsGone) {
    const TestFolder folder;
    asio::io_context loop;
    FilePool pool(loop, 1);
    int answers = 0;
    auto store = std::make_unique<FileStore>(loop, pool, folder.path(),
                                             [&](const Event& /*event*/) { ++answers; });
    SendFile request;
    request.key = ObjectKey("k");
    request.verb = FileVerb::load;
    store->send(request);
    store.reset();
    for (int i = 0; i < 20; ++i)
        loop.run_for(std::chrono::milliseconds(5));
    EXPECT_EQ(answers, 0);
}

/// The model asks again and again for a list that fails, and polls nothing until it has one.
TEST(AgentFiles, AListThatCannotBeReadIsToldOnceAndSaysWhatItStops) {
    const TestFolder folder;
    const fs::path root = folder.path() / "store";
    const fs::path away = folder.path() / "away";
    FilesRig rig(root);
    EXPECT_EQ(rig.put("k", "text", tag_of(1, "e")), FileStatus::ok);
    fs::rename(root, away);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(rig.ask(FileVerb::list).status, FileStatus::io_error);
    ASSERT_EQ(rig.told().size(), 1U);
    EXPECT_TRUE(rig.told()[0].starts_with("local files: listing: ")) << rig.told()[0];
    EXPECT_NE(rig.told()[0].find("no polling"), std::string::npos) << rig.told()[0];
    EXPECT_TRUE(rig.duty().failing);
    EXPECT_EQ(rig.duty().failures, 3U);
    fs::rename(away, root);
    EXPECT_EQ(rig.listed(), "k 1/e 4\n");
    ASSERT_EQ(rig.told().size(), 2U);
    EXPECT_TRUE(rig.told()[1].starts_with("local files: listing works again, after 3 failures"));
    EXPECT_FALSE(rig.duty().failing);
}

}  // namespace
}  // namespace leasehold::agent
