// The index that listings are made of: what is known of the keys, without asking anybody.

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

TEST(StorageIndex, ShowsFilesAndObjectsInTheirOrderAndNeitherTombstonesNorStrangers) {
    FakeBucket bucket;
    Rig rig{bucket};
    bucket.put_foreign(key("c"), blob(3));
    bucket.put_tombstone(key("d"), 5);
    rig.seed_file(key("b"), blob(2), FileTag{Epoch{4}, ETag{"old"}, true, true});
    rig.start();
    rig.lead(7);
    rig.write(key("a"), blob(1));
    rig.write(key("e"), blob(5));
    rig.remove(key("e"));

    const std::size_t asked = rig.sent.size();
    const std::vector<IndexEntry> index = rig.machine.index("etl/");
    EXPECT_EQ(rig.sent.size(), asked);
    std::vector<std::string> keys;
    for (const IndexEntry& entry : index)
        keys.push_back(entry.key.str());
    EXPECT_EQ(keys, (std::vector<std::string>{"etl/a", "etl/b", "etl/c"}));
    EXPECT_EQ(index.at(0).etag, bucket.objects.at(key("a")).etag);
    EXPECT_EQ(index.at(0).size, blob(1).size);
    EXPECT_TRUE(index.at(0).local);
    EXPECT_FALSE(index.at(0).dirty);

    EXPECT_EQ(rig.machine.index("etl/b").size(), 1U);
    EXPECT_TRUE(rig.machine.index("etl/x").empty());
    EXPECT_TRUE(rig.machine.index(".ha/").empty()) << "what keeps the order is no backup";
}

TEST(StorageIndex, AFileThatTheBucketLacksIsDirtyUntilItIsCommitted) {
    FakeBucket bucket;
    Rig rig{bucket};
    rig.start();
    rig.lead(7);
    rig.hold(BucketVerb::put);
    rig.write(key("a"), blob(1));
    const auto before = rig.machine.index("");
    ASSERT_EQ(before.size(), 1U);
    EXPECT_TRUE(before[0].local);
    EXPECT_TRUE(before[0].dirty);
    EXPECT_TRUE(before[0].etag.empty());
    rig.answer_all();
    rig.release(BucketVerb::put, key("a"));
    const auto after = rig.machine.index("");
    ASSERT_EQ(after.size(), 1U);
    EXPECT_FALSE(after[0].dirty);
    EXPECT_FALSE(after[0].etag.empty());
}

}  // namespace
}  // namespace leasehold::rig
