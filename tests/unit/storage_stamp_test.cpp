#include <gtest/gtest.h>

#include <limits>

#include "model/base/random.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold {
namespace {

Stamp sample() {
    return Stamp{Epoch{7}, 11, 13, 4096, {17, 19}, false};
}

TEST(StorageStamp, AHeaderRoundTripsEveryField) {
    Random random(5);
    for (int i = 0; i < 1000; ++i) {
        const Stamp stamp{
            Epoch{random.next()},           random.next(),       random.next(), random.next(),
            {random.next(), random.next()}, random.below(2) == 1};
        const std::string head = encode_header(stamp);
        ASSERT_EQ(head.size(), kHeaderSize);
        ASSERT_TRUE(head.starts_with(kHeaderMagic));
        EXPECT_EQ(decode_header(head), stamp);
        EXPECT_EQ(decode_metadata(encode_metadata(stamp)), stamp);
    }
}

TEST(StorageStamp, AHeaderIsLittleEndianAtFixedPlaces) {
    const std::string head = encode_header(Stamp{Epoch{0x0102}, 3, 4, 5, {6, 7}, true});
    EXPECT_EQ(head[8], 1) << "version";
    EXPECT_EQ(head[12], 1) << "flags: tombstone";
    EXPECT_EQ(head[16], 2);
    EXPECT_EQ(head[17], 1);
    EXPECT_EQ(head[24], 3);
    EXPECT_EQ(head[32], 4);
    EXPECT_EQ(head[40], 5);
    EXPECT_EQ(head[48], 6);
    EXPECT_EQ(head[56], 7);
}

TEST(StorageStamp, AnyFlippedBitOrCutOfAHeaderIsDamage) {
    const std::string head = encode_header(sample());
    for (std::size_t i = 0; i < head.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = head;
            bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
            EXPECT_FALSE(decode_header(bad)) << "byte " << i;
        }
        EXPECT_FALSE(decode_header(head.substr(0, i)));
    }
}

/// An agent of tomorrow wrote it: taken for a plain object, its header would be served as data, and
/// it would have no epoch that holds anybody back.
TEST(StorageStamp, AnUnknownVersionOrFlagIsAnErrorAndNeverAPlainObject) {
    const Blob payload{4096, {17, 19}, nullptr};
    const std::string good = encode_header(sample());
    for (const auto& [at, value] : {std::pair<std::size_t, char>{8, 2}, {8, 0}, {11, 1}, {12, 2}}) {
        std::string head = good.substr(0, kHeaderSize - 8);
        head[at] = value;
        // With a checksum that fits.
        for (std::uint64_t word = hash_text(head); head.size() < kHeaderSize; word >>= 8)
            head.push_back(static_cast<char>(static_cast<unsigned char>(word & 0xff)));
        EXPECT_FALSE(decode_header(head)) << at;
        EXPECT_FALSE(stamp_of(ObjectBody{head, {}, payload})) << at;
    }
    EXPECT_FALSE(stamp_of(ObjectBody{{}, "2-7-b-d-1000-11-13-0", payload}));
    EXPECT_FALSE(stamp_of(ObjectBody{std::string(kHeaderMagic), {}, payload})) << "cut off";
}

/// Bytes of somebody else's format, though their checksum is made as ours is.
TEST(StorageStamp, WhatDoesNotBeginAsAHeaderIsNone) {
    std::string head = encode_header(sample()).substr(0, kHeaderSize - 8);
    head[0] = static_cast<char>(head[0] ^ 1);
    for (std::uint64_t word = hash_text(head); head.size() < kHeaderSize; word >>= 8)
        head.push_back(static_cast<char>(static_cast<unsigned char>(word & 0xff)));
    EXPECT_FALSE(decode_header(head));
}

TEST(StorageStamp, MetadataOfAnotherFormIsDamage) {
    EXPECT_EQ(encode_metadata(sample()), "1-7-b-d-1000-11-13-0");
    for (const char* bad :
         {"", "1", "2-7-b-d-1000-11-13-0", "1-7-b-d-1000-11-13", "1-7-b-d-1000-11-13-0-",
          "1-07-b-d-1000-11-13-0", "1-7-B-d-1000-11-13-0", "1-7-b-d-1000-11-13-2",
          "1--b-d-1000-11-13-0", "1-11112222333344445-b-d-1000-11-13-0"})
        EXPECT_FALSE(decode_metadata(bad)) << bad;
}

TEST(StorageStamp, AnObjectWithoutAStampIsPlainAndOfEpochZero) {
    const auto stamp = stamp_of(ObjectBody{{}, {}, Blob{9, {1, 2}, nullptr}});
    ASSERT_TRUE(stamp);
    EXPECT_EQ(*stamp, (Stamp{Epoch{0}, 0, 0, 9, {1, 2}, false}));
}

TEST(StorageStamp, APayloadOfAnotherLengthOrDigestIsCorruptInBothFormats) {
    const Stamp stamp = sample();
    const Blob right{4096, {17, 19}, nullptr};
    const Blob shorter{4095, {17, 19}, nullptr};
    const Blob other{4096, {17, 20}, nullptr};
    EXPECT_EQ(stamp_of(ObjectBody{encode_header(stamp), {}, right}), stamp);
    EXPECT_EQ(stamp_of(ObjectBody{{}, encode_metadata(stamp), right}), stamp);
    for (const Blob& bad : {shorter, other}) {
        EXPECT_FALSE(stamp_of(ObjectBody{encode_header(stamp), {}, bad}));
        EXPECT_FALSE(stamp_of(ObjectBody{{}, encode_metadata(stamp), bad}));
    }
}

TEST(StorageStamp, ATombstoneIsGoodWhateverDigestNothingHas) {
    const Stamp stamp{Epoch{7}, 1, 2, 0, {}, true};
    EXPECT_EQ(stamp_of(ObjectBody{encode_header(stamp), {}, Blob{0, {5, 5}, nullptr}}), stamp);
}

}  // namespace
}  // namespace leasehold
