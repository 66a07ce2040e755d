// A single install: no number says which of two is newer, so what lies on its disk must not outlive
// what was acknowledged. (Proved by who read the side of the model that writes.)
#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageSingle : public testing::Test {
  protected:
    static StorageConfig alone() {
        StorageConfig config = Rig::default_config();
        config.ha = false;
        return config;
    }
    FakeBucket bucket;
};

TEST_F(StorageSingle, AStoreThatFailsAfterItsCommitLeavesNoOlderFile) {
    std::map<ObjectKey, FileEntry> disk;
    {
        Rig single(bucket, alone());
        single.lead_alone();
        single.write(key("k"), blob(1));
        single.advance(1s);
        ASSERT_EQ(single.files.at(key("k")).payload, blob(1));
        single.holds_files = true;  // the disk is slower than the bucket
        ASSERT_EQ(single.writes.at(single.write(key("k"), blob(2))).ack, WriteAck::committed);
        single.file_fate = [](const SendFile& file) {  // and full
            return file.verb == FileVerb::store ? FileStatus::no_space : FileStatus::ok;
        };
        while (!single.held_files.empty())
            single.release_file();
        single.holds_files = false;
        EXPECT_EQ(single.queries.at(single.query(key("k"))).payload, blob(2));
        disk = single.files;
    }
    Rig next(bucket, alone());
    next.files = disk;
    next.lead_alone();
    next.advance(10min);
    EXPECT_EQ(next.queries.at(next.query(key("k"))).payload, blob(2));
    EXPECT_EQ(bucket.payload(key("k")), blob(2));
}

// 200 MiB at 20 MiB/s, to a new disk: no LIST has told the size.
TEST_F(StorageSingle, ALargeObjectIsRestored) {
    bucket.put_foreign(key("day"), blob(1));
    Rig single(bucket, alone());
    single.lead_alone();
    single.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::get && r.timeout < 10s ? Fate::lose_request : Fate::answer;
    };
    const CallId read = single.read(key("day"));
    single.advance(1min);
    ASSERT_TRUE(single.reads.contains(read));
    EXPECT_EQ(single.reads.at(read).payload, blob(1));
}

TEST_F(StorageSingle, ARemovalWhileTheDiskIsListedIsNotUndone) {
    bucket.put_foreign(key("k"), blob(1));
    Rig single(bucket, alone());
    single.seed_file(key("k"), blob(1), FileTag{Epoch{}, ETag{}, false, false, 0});
    single.holds_files = true;  // a directory of many files
    single.lead_alone();
    ASSERT_EQ(single.writes.at(single.remove(key("k"))).ack, WriteAck::committed);
    ASSERT_FALSE(bucket.objects.contains(key("k")));
    single.holds_files = false;
    while (!single.held_files.empty())
        single.release_file();
    single.advance(1min);
    EXPECT_FALSE(bucket.objects.contains(key("k")));
    EXPECT_FALSE(single.files.contains(key("k")));
    EXPECT_NE(single.queries.at(single.query(key("k"))).outcome, QueryOutcome::data);
}

TEST_F(StorageSingle, AListThatWasMadeBeforeTheRemovalBringsNothingBack) {
    bucket.put_foreign(key("k"), blob(1));
    Rig single(bucket, alone());
    single.seed_file(key("k"), blob(1), FileTag{Epoch{}, ETag{}, false, false, 0});
    single.holds_files = true;
    single.lead_alone();
    const SendFile list = single.held_files.front();
    ASSERT_EQ(list.verb, FileVerb::list);
    single.held_files.pop_front();
    auto before = std::make_shared<FileList>();
    const FileTag tag{Epoch{}, ETag{}, false, false, 0};
    for (const char* name : {"j", "k"})
        before->push_back(FileEntry{key(name), tag, blob(1)});
    ASSERT_EQ(single.writes.at(single.remove(key("k"))).ack, WriteAck::committed);
    single.holds_files = false;
    while (!single.held_files.empty())
        single.release_file();
    ASSERT_FALSE(single.files.contains(key("k")));
    single.seed_file(key("j"), blob(1), tag);
    single.holds_files = true;
    single.step(FileAnswered{list.request, FileReply{FileStatus::ok, before}});
    EXPECT_EQ(single.machine.index({}).size(), 1U) << "nobody is told that it is there";
    single.holds_files = false;
    while (!single.held_files.empty())
        single.release_file();
    single.advance(1min);
    ASSERT_EQ(bucket.payload(key("j")), blob(1)) << "what is missing is uploaded";
    EXPECT_FALSE(bucket.objects.contains(key("k")));
    EXPECT_NE(single.queries.at(single.query(key("k"))).outcome, QueryOutcome::data);
}

TEST_F(StorageSingle, AFileThatIsWrittenAfterARemovalWhileTheDiskIsListedStays) {
    Rig single(bucket, alone());
    single.seed_file(key("k"), blob(1), FileTag{Epoch{}, ETag{}, false, false, 0});
    single.holds_files = true;
    single.lead_alone();
    single.remove(key("k"));
    single.write(key("k"), blob(2));
    single.holds_files = false;
    while (!single.held_files.empty())
        single.release_file();
    single.advance(1min);
    EXPECT_EQ(single.files.at(key("k")).payload, blob(2));
    EXPECT_EQ(single.queries.at(single.query(key("k"))).payload, blob(2));
    EXPECT_EQ(bucket.payload(key("k")), blob(2));
}

// Its own file has no number, and a read's GET that left before shows one of before HA was off.
TEST_F(StorageSingle, ItsOwnCommittedFileIsGivenThoughAReadWasGivenAnOlderVersion) {
    Rig single(bucket, alone());
    bucket.put_fenced(key("k"), blob(7), 7, 1, 1);
    single.lead_alone();
    single.advance(5s);
    single.hold_data(BucketVerb::get);
    const CallId read = single.read(key("k"));
    const SendBucket get = single.find_held(BucketVerb::get, key("k"));
    const BucketReply old = bucket.apply(get);
    ASSERT_EQ(single.writes.at(single.write(key("k"), blob(9))).ack, WriteAck::committed);
    single.answer(get.request, old);
    ASSERT_TRUE(single.reads.contains(read));
    EXPECT_EQ(single.queries.at(single.query(key("k"))).payload, blob(9)) << "no bucket is asked";
}

}  // namespace
}  // namespace leasehold::rig
