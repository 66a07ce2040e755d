// The order of versions: which of two is newer, and that a foreign one has no place in it.
#include <compare>

#include "model/storage/catalog/version.hpp"
#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

VersionId v(std::uint64_t epoch, std::uint64_t write) {
    return {Epoch{epoch}, write};
}

TEST(VersionOrder, TheEpochDecidesAndWithinItTheWriteId) {
    struct Row {
        VersionId a, b;
        std::partial_ordering expected;
    };
    const Row rows[] = {
        {v(7, 1), v(6, 99), std::partial_ordering::greater},
        {v(6, 99), v(7, 1), std::partial_ordering::less},
        {v(7, 2), v(7, 1), std::partial_ordering::greater},
        {v(7, 1), v(7, 1), std::partial_ordering::equivalent},
        {v(0, 5), v(7, 1), std::partial_ordering::unordered},
        {v(7, 1), v(0, 5), std::partial_ordering::unordered},
        {v(0, 1), v(0, 2), std::partial_ordering::unordered},
    };
    for (const Row& row : rows)
        EXPECT_TRUE(order(row.a, row.b) == row.expected)
            << row.a.epoch.value() << "." << row.a.write_id << " and " << row.b.epoch.value() << "."
            << row.b.write_id;
    EXPECT_FALSE(older(v(0, 1), v(7, 1))) << "a foreign object is not older than ours";
}

}  // namespace
}  // namespace leasehold::storage
