// Values with units: exact integers or a message.
#include <gtest/gtest.h>

#include "config/units.hpp"

namespace leasehold::config {
namespace {

using namespace std::chrono_literals;

TEST(ConfigUnits, DurationsAreExact) {
    EXPECT_EQ(*parse_duration("15s"), 15s);
    EXPECT_EQ(*parse_duration("14.89s"), 14'890ms);
    EXPECT_EQ(*parse_duration("1m30s"), 90s);
    EXPECT_EQ(*parse_duration("1d2h"), 26h);
    EXPECT_EQ(*parse_duration("0s"), 0s);
    EXPECT_EQ(*parse_duration("7ns"), Duration(7));
    EXPECT_EQ(*parse_duration("0.000000001s"), Duration(1));
    EXPECT_EQ(*parse_duration("365d"), 365 * 24h);
    EXPECT_EQ(*parse_signed_duration("-3s"), -3s);
    EXPECT_EQ(*parse_signed_duration("+3s"), 3s);
}

TEST(ConfigUnits, WhatIsNoDurationIsRefused) {
    for (const char* text : {"",
                             "s",
                             "15",
                             "-5s",
                             "--5s",
                             "1.s",
                             ".5s",
                             "1..5s",
                             "5 s",
                             "15sec",
                             "1e3s",
                             "0x10s",
                             "5S",
                             "366d",
                             "365d1ns",
                             "0.5ns",
                             "30s1m",
                             "1s1s",
                             "1s ",
                             "99999999999999999999s",
                             "0.00000000000001s",
                             "1,5s"}) {
        const auto parsed = parse_duration(text);
        EXPECT_FALSE(parsed) << text;
        if (!parsed) {
            EXPECT_FALSE(parsed.error().empty()) << text;
        }
    }
    EXPECT_FALSE(parse_signed_duration("-"));
    EXPECT_FALSE(parse_signed_duration("-+5s"));
}

TEST(ConfigUnits, SizesBandwidthsAndRatesAreExact) {
    EXPECT_EQ(*parse_size("2MiB"), 2ULL << 20);
    EXPECT_EQ(*parse_size("1.5KiB"), 1536U);
    EXPECT_EQ(*parse_size("300B"), 300U);
    EXPECT_EQ(*parse_bandwidth("125MiB/s"), 125ULL << 20);
    EXPECT_EQ(*parse_rate("5/s"), 5000U);
    EXPECT_EQ(*parse_rate("0.5/s"), 500U);
    EXPECT_EQ(*parse_rate("0/s"), 0U);
    for (const char* text : {"2", "2MB", "-2MiB", "0.3B", "2MiB3", "2MiB/s", "9999999999GiB"})
        EXPECT_FALSE(parse_size(text)) << text;
    for (const char* text : {"2MiB", "/s", "0B/s", "2/s", "2MiB/m"})
        EXPECT_FALSE(parse_bandwidth(text)) << text;
    for (const char* text : {"5", "5/m", "-5/s", "/s", "0.0001/s", "10001/s", "5 /s"})
        EXPECT_FALSE(parse_rate(text)) << text;
}

TEST(ConfigUnits, RateErrorsAreWholePartsPerMillion) {
    EXPECT_EQ(*parse_ppm("200ppm"), 200);
    EXPECT_EQ(*parse_ppm("-50ppm"), -50);
    EXPECT_EQ(*parse_ppm("0.2%"), 2000);
    for (const char* text : {"200", "%", "0.5ppm", "0.00001%", "51%", "200 ppm"})
        EXPECT_FALSE(parse_ppm(text)) << text;
}

TEST(ConfigUnits, CountsAreStrict) {
    EXPECT_EQ(*parse_count("0"), 0U);
    EXPECT_EQ(*parse_count("18446744073709551615"), UINT64_MAX);
    for (const char* text : {"", "010", "+1", "-1", "1_000", "1.0", "0x1", "18446744073709551616"})
        EXPECT_FALSE(parse_count(text)) << text;
}

TEST(ConfigUnits, FormattedValuesReadBackAsTheSame) {
    for (const Duration value : {Duration(1), Duration(1500), Duration(14'890ms), Duration(15s),
                                 Duration(90s), Duration(1h), Duration(36h), Duration(48h)})
        EXPECT_EQ(*parse_duration(format_duration(value)), value) << format_duration(value);
    EXPECT_EQ(*parse_signed_duration(format_duration(-90s)), -90s);
    EXPECT_EQ(format_duration(14'890ms), "14890ms");
    EXPECT_EQ(format_duration(0s), "0s");
    for (const std::uint64_t value : {0ULL, 1ULL, 1023ULL, 125'000'000ULL, 2ULL << 20, 3ULL << 30})
        EXPECT_EQ(*parse_size(format_size(value)), value) << format_size(value);
    for (const std::uint64_t value : {0ULL, 5ULL, 50ULL, 500ULL, 1000ULL, 1250ULL})
        EXPECT_EQ(*parse_rate(format_rate(value)), value) << format_rate(value);
}

}  // namespace
}  // namespace leasehold::config
