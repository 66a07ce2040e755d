// What is damaged at rest, or on its way.
#include <gtest/gtest.h>

#include "sim/world/bucket.hpp"

namespace leasehold::sim {
namespace {

// Found by a campaign: an operator who spoilt an object twice gave it back as it had been.
TEST(Damage, WhatIsSpoiltTwiceIsNotWholeAgain) {
    ObjectBody whole;
    whole.head = "a header";
    for (const std::uint64_t size : {0U, 24U}) {
        whole.payload.size = size;
        ObjectBodyPtr spoilt = damaged(whole, false);
        for (int i = 0; i < 3; ++i) {
            EXPECT_FALSE(*spoilt == whole);
            spoilt = damaged(*spoilt, false);
        }
    }
}

}  // namespace
}  // namespace leasehold::sim
