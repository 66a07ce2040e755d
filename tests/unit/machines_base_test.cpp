// The small types that every machine is made of.
#include <string>

#include "model/base/key_table.hpp"
#include "model/base/slots.hpp"
#include "model/base/stored_etag.hpp"
#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

constexpr BackoffLimits kLimits{200ms, 5s};

TEST(Backoff, DoublesFromTheFirstWaitToTheLongest) {
    Backoff failures;
    for (const Duration wait : {Duration(200ms), Duration(400ms), Duration(800ms), Duration(1600ms),
                                Duration(3200ms), Duration(5s), Duration(5s)})
        EXPECT_EQ(failures.fail(kLimits), wait);
    EXPECT_EQ(failures.tries(), 7U);
}

TEST(Backoff, BeginsAnewAfterASuccess) {
    Backoff failures;
    failures.fail(kLimits);
    failures.fail(kLimits);
    failures.succeed();
    EXPECT_EQ(failures.tries(), 0U);
    EXPECT_EQ(failures.fail(kLimits), 200ms);
}

TEST(Backoff, ARetryAfterLengthensAWaitUpToTheLongestAndNeverShortensOne) {
    Backoff failures;
    EXPECT_EQ(failures.fail(kLimits, 3s), 3s);
    EXPECT_EQ(failures.fail(kLimits, 100ms), 400ms);
    EXPECT_EQ(failures.fail(kLimits, 24h), 5s);
}

TEST(Backoff, CountsOnWithoutOverflowHoweverOftenItFails) {
    Backoff failures;
    for (int i = 0; i < 100'000; ++i) {
        const Duration wait = failures.fail({1ns, Duration::max() / 2});
        ASSERT_GT(wait, 0ns);
        if (i > 70) break;
    }
}

TEST(Slots, ThereAreNoMoreHoldersThanPlaces) {
    Slots<int> places(2);
    places.take(1);
    places.take(2);
    EXPECT_FALSE(places.free());
    EXPECT_THROW(places.take(3), CheckFailure);
}

TEST(Slots, APlaceIsTakenOnceAndGivenBackByName) {
    Slots<int> places(2);
    places.take(1);
    EXPECT_THROW(places.take(1), CheckFailure);
    places.give(9);  // holds none
    EXPECT_EQ(places.held(), 1U);
    places.give(1);
    EXPECT_FALSE(places.holds(1));
    EXPECT_EQ(places.held(), 0U);
}

TEST(KeyTable, AKeyHasOneIdForEverAndIdsAreDense) {
    KeyTable table;
    for (std::uint32_t i = 0; i < 5000; ++i)
        ASSERT_EQ(table.intern(ObjectKey{"k" + std::to_string(i)}), KeyId{i});
    for (std::uint32_t i = 0; i < 5000; ++i) {
        const std::string name = "k" + std::to_string(i);
        ASSERT_EQ(table.intern(ObjectKey{name}), KeyId{i});
        ASSERT_EQ(table.find(name), KeyId{i});
        ASSERT_EQ(table.name(KeyId{i}).view(), name);
    }
    EXPECT_EQ(table.size(), 5000U);
}

TEST(KeyTable, WhatWasNotInternedIsNotFoundNorRemembered) {
    KeyTable table;
    EXPECT_FALSE(table.find("a"));
    table.intern(ObjectKey{"a"});
    EXPECT_FALSE(table.find("b"));
    EXPECT_EQ(table.size(), 1U);
    EXPECT_EQ(table.find(""), std::nullopt);
    EXPECT_EQ(table.intern(ObjectKey{}), KeyId{1}) << "the empty key is a key";
}

TEST(StoredETag, GivesBackTheTextThatItWasMadeOf) {
    for (const char* text : {"", "0123456789abcdef0123456789abcdef",
                             "0123456789ABCDEF0123456789abcdef",  // not MD5's lower case
                             "0123456789abcdef0123456789abcde",   // 31 digits
                             "0123456789abcdef0123456789abcdef-2", "W/x"})
        EXPECT_EQ(StoredETag(ETag{text}).etag().view(), text);
}

TEST(StoredETag, IsEqualExactlyWhenTheTextsAre) {
    const StoredETag lower(ETag{"abcdefabcdefabcdefabcdefabcdefab"});
    EXPECT_EQ(lower, StoredETag(ETag{"abcdefabcdefabcdefabcdefabcdefab"}));
    EXPECT_NE(lower, StoredETag(ETag{"ABCDEFabcdefabcdefabcdefabcdefab"}));
    EXPECT_NE(lower, StoredETag());
    EXPECT_TRUE(StoredETag(ETag{}).empty());
    EXPECT_FALSE(StoredETag(ETag{"0"}).empty());
    EXPECT_NE(StoredETag(ETag{std::string(32, '0')}), StoredETag()) << "sixteen zero bytes";
}

TEST(SharedText, IsComparedByContentAndEmptyByDefault) {
    EXPECT_TRUE(ObjectKey{}.empty());
    EXPECT_TRUE(ObjectKey{""}.empty());
    EXPECT_EQ(ObjectKey{}, ObjectKey{""});
    EXPECT_EQ(ObjectKey{"a"}, ObjectKey{std::string("a")});
    EXPECT_LT(ObjectKey{"a"}, ObjectKey{"ab"});
    EXPECT_LT(ObjectKey{"z"}, ObjectKey{"\xc3\xa9"}) << "UTF-8 bytes are unsigned";
    EXPECT_EQ(ObjectKey{std::string_view("a\0b", 3)}.view().size(), 3U);
}

TEST(SharedText, ACopyOutlivesItsOrigin) {
    ObjectKey copy;
    {
        const ObjectKey origin{"etl/a"};
        copy = origin;
    }
    EXPECT_EQ(copy.view(), "etl/a");
}

}  // namespace
}  // namespace leasehold::storage
