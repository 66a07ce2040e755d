// What a crash, a power cut or a bad disk leaves: the old content or the new, and nothing torn.
#include <algorithm>
#include <chrono>

#include "agent/base/sha256.hpp"
#include "agent/files/tag_record.hpp"
#include "tests/unit/agent_files_rig.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

fs::path record_of(const FilesRig& rig, const std::string& key) {
    return rig.own("tags") / files::record_name(key);
}

/// Changes a file as a bad disk does: size and time may stay.
void damage(const fs::path& path, const std::string& text) {
    const auto modified = fs::last_write_time(path);
    write_file(path, text);
    fs::last_write_time(path, modified);
}

TEST(AgentFilesDamage, TornContentIsCorruptAndTheNextStoreMendsIt) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    for (const std::string torn : {"hello worle", "hello worl", "", "hello world!"}) {
        for (const bool time_too : {false, true}) {
            rig.put("k", "hello world", tag_of(1, "e"));
            if (time_too) {
                std::this_thread::sleep_for(1ms);
                write_file(rig.root() / "k", torn);
            } else {
                damage(rig.root() / "k", torn);
            }
            EXPECT_EQ(rig.loaded("k"), "corrupt") << torn;
            rig.restart();
            EXPECT_EQ(rig.loaded("k"), "corrupt") << torn;
        }
    }
    rig.put("k", "whole", tag_of(2, "f"));
    EXPECT_EQ(rig.loaded("k"), "2/f whole");
}

TEST(AgentFilesDamage, AListLeavesOutWhatItSeesToBeCorrupt) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    rig.put("kept", "hello", tag_of(1, "e"));
    for (const std::string key : {"shorter", "changed", "record", "unseen"})
        rig.put(key, "hello", tag_of(1, "e"));
    damage(rig.root() / "shorter", "hell");
    write_file(rig.root() / "changed", "jello");
    fs::last_write_time(rig.root() / "changed", fs::file_time_type::clock::now() + 1h);
    write_file(record_of(rig, "record"), "not a record");
    damage(rig.root() / "unseen", "cello");  // same size and time: only a load looks
    EXPECT_EQ(rig.listed(), "kept 1/e 5\nunseen 1/e 5\n");
    for (const std::string key : {"shorter", "changed", "record", "unseen"})
        EXPECT_EQ(rig.loaded(key), "corrupt") << key;
}

TEST(AgentFilesDamage, AnyFlippedByteOfARecordIsSeen) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    rig.put("k", "hello", tag_of(12, "etag", true));
    const std::string whole = read_file(record_of(rig, "k"));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string text = whole;
        text[at] = static_cast<char>(text[at] ^ 1);
        EXPECT_FALSE(files::decode(text)) << at;
        EXPECT_FALSE(files::decode(whole.substr(0, at))) << at;
    }
    EXPECT_TRUE(files::decode(whole));
    EXPECT_EQ(rig.ask(FileVerb::retag, "k", tag_of(13, "f")).status, FileStatus::ok);
    write_file(record_of(rig, "k"), whole.substr(0, whole.size() / 2));
    EXPECT_EQ(rig.ask(FileVerb::retag, "k", tag_of(13, "f")).status, FileStatus::corrupt);
}

/// As programs of before write ids wrote it, byte for byte.
TEST(AgentFilesDamage, ARecordWithoutAWriteIsTheOldestOfItsEpoch) {
    const std::string line =
        R"({"contents":[{"digest":"2cf24dba5fb0a30e26e83b2ac5b9e29e","dirty":true,"epoch":12,)"
        R"("etag":"e","modified":5,"size":5,"tagged":true}],"format":1,"key":"k"})";
    Sha256 hash;
    hash.add(line);
    const auto record = files::decode(to_hex(hash.finish()).substr(0, 32) + "\n" + line + "\n");
    ASSERT_TRUE(record);
    ASSERT_EQ(record->size(), 1U);
    FileTag expected = tag_of(12, "e", true);
    expected.write_id = 0;
    EXPECT_EQ(record->front().tag, expected);
    EXPECT_EQ(files::decode(files::encode(*record, "k")), record);
}

/// The payload and the record as each step of a store leaves them.
struct Cut {
    std::string old_text;
    std::string new_text;
    bool coarse_clock = false;
};

class AgentFilesCut : public testing::TestWithParam<Cut> {};

TEST_P(AgentFilesCut, LeavesTheOldFileOrTheNewOne) {
    const Cut cut = GetParam();
    const TestFolder folder;
    FilesRig rig(folder.path() / "root");
    const fs::path payload = rig.root() / "k";
    const fs::path saved = folder.path() / "saved";
    const auto same_time = fs::file_time_type::clock::now();
    rig.put("k", cut.old_text, tag_of(1, "old"));
    const std::string old_record = read_file(record_of(rig, "k"));
    fs::rename(payload, saved);  // keeps its time, as the untouched old file does
    fs::copy_file(saved, payload);
    fs::last_write_time(payload, fs::last_write_time(saved));
    std::this_thread::sleep_for(10ms);  // another tick of the kernel's clock
    rig.put("k", cut.new_text, tag_of(2, "new", true));
    const std::string new_record = read_file(record_of(rig, "k"));
    const std::string new_state = "2/new/dirty " + cut.new_text;
    const std::string old_state = "1/old " + cut.old_text;

    EXPECT_EQ(rig.loaded("k"), new_state);  // after step 3
    rig.restart();
    EXPECT_EQ(rig.loaded("k"), new_state);
    // Between steps 2 and 3: the old payload under the new record.
    fs::rename(saved, payload);
    rig.restart();
    EXPECT_EQ(rig.loaded("k"), old_state);
    EXPECT_EQ(rig.listed(), "k 1/old " + std::to_string(cut.old_text.size()) + "\n");
    // The same where times say nothing (a copied tree).
    fs::last_write_time(payload, same_time + 1h);
    const bool same = cut.old_text == cut.new_text;
    EXPECT_EQ(rig.loaded("k"), same ? new_state : old_state);
    // From there the next store, again cut between its steps, leaves what this one would.
    EXPECT_EQ(rig.put("k", "the next", tag_of(3, "next")), FileStatus::ok);
    write_file(payload, cut.old_text);
    EXPECT_EQ(rig.loaded("k"), same ? new_state : old_state);
    // Before step 2.
    write_file(record_of(rig, "k"), old_record);
    EXPECT_EQ(rig.loaded("k"), old_state);
}

INSTANTIATE_TEST_SUITE_P(Contents, AgentFilesCut,
                         testing::Values(Cut{"old text", "another one"},
                                         Cut{"same size", "same SIZE"},
                                         Cut{"same text", "same text"}, Cut{"", "not empty"},
                                         Cut{"not empty", ""}));

TEST(AgentFilesDamage, ACutOverAnUntaggedFileLeavesItUntagged) {
    const TestFolder folder;
    write_file(folder.path() / "k", "from before");
    FilesRig rig(folder.path());
    rig.put("k", "since", tag_of(2, "new"));
    write_file(folder.path() / "k", "from before");  // the record came, the payload did not
    rig.restart();
    EXPECT_EQ(rig.loaded("k"), "0//untagged from before");
    EXPECT_EQ(rig.listed(), "k 0//untagged 11\n");
}

TEST(AgentFilesDamage, AFirstStoreThatWasCutLeavesNothing) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    rig.put("a/k", "text", tag_of(2, "new"));
    fs::remove(rig.root() / "a" / "k");
    EXPECT_EQ(rig.loaded("a/k"), "missing");
    rig.restart();
    EXPECT_EQ(rig.listed(), "");
    EXPECT_TRUE(fs::is_empty(rig.own("tags")));
}

TEST(AgentFilesDamage, OrphansOfAnEarlierCrashAreRemovedAtStart) {
    const TestFolder folder;
    FilesRig rig(folder.path());
    rig.put("k", "text", tag_of(1, "e"));
    write_file(rig.own("tmp") / "17", std::string(100'000, 'x'));
    write_file(rig.own("spool") / ".spool-abcdef", "half an upload");
    write_file(rig.own("tags") / "0123456789abcdef0123456789abcdef", "left by a removal");
    rig.restart();
    EXPECT_TRUE(fs::is_empty(rig.own("tmp")));
    EXPECT_TRUE(fs::is_empty(rig.own("spool")));
    EXPECT_EQ(std::distance(fs::directory_iterator(rig.own("tags")), {}), 1);
    EXPECT_EQ(rig.loaded("k"), "1/e text");
}

TEST(AgentFilesDamage, ATreeThatWasCopiedWithoutItsTimesIsAsGood) {
    const TestFolder folder;
    FilesRig rig(folder.path() / "one");
    rig.put("a/k", "text", tag_of(1, "e", true));
    fs::copy(folder.path() / "one", folder.path() / "two", fs::copy_options::recursive);
    FilesRig copy(folder.path() / "two");
    fs::last_write_time(copy.root() / "a" / "k", fs::file_time_type::clock::now() + 1h);
    EXPECT_EQ(copy.listed(), "a/k 1/e/dirty 4\n");
    EXPECT_EQ(copy.loaded("a/k"), "1/e/dirty text");
}

}  // namespace
}  // namespace leasehold::agent
