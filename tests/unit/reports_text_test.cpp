#include <set>

#include <gtest/gtest.h>

#include "reports/text.hpp"
#include "reports/utf8.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

using namespace std::chrono_literals;

TEST(Text, DurationsAreRoundedToMilliseconds) {
    EXPECT_EQ(format_duration(15127ms), "15.127s");
    EXPECT_EQ(format_duration(1999500us), "2.000s");
    EXPECT_EQ(format_duration(1999499us), "1.999s");
    EXPECT_EQ(format_duration(-250ms), "-0.250s");
    EXPECT_EQ(format_duration(-1ns), "0.000s");
    EXPECT_EQ(format_duration(Duration::min()), "-9223372036.855s");
    EXPECT_EQ(format_time(TrueTime(30s)), "30.000s");
}

TEST(Text, BytesOfNoCharacterAreReplaced) {
    EXPECT_EQ(to_utf8("z\xc3\xa9"), "z\xc3\xa9");
    EXPECT_EQ(to_utf8("a\xff\xc3z"), "a\xef\xbf\xbd\xef\xbf\xbdz");
    EXPECT_TRUE(is_utf8(to_utf8("\xed\xa0\x80")));
    EXPECT_EQ(to_utf8(""), "");
}

TEST(Text, ExactDurationsLoseNothing) {
    EXPECT_EQ(format_exact(14890ms), "14.890s");
    EXPECT_EQ(format_exact(1us), "0.000001s");
    EXPECT_EQ(format_exact(1ns), "0.000000001s");
    EXPECT_EQ(format_exact(Duration::min()), "-9223372036.854775808s");
    EXPECT_EQ(format_instant(kNever), "never");
}

TEST(Text, EventsAndEffectsReadLikeSentences) {
    EXPECT_EQ(to_text(Event(Stop{Instant(30s)})), "stop by 30.000s");
    EXPECT_EQ(to_text(Event(LeaseAnswered{RequestId(2), {}})), "leaseAnswered r2 no-answer");
    EXPECT_EQ(to_text(Event(Query{CallId(4), ObjectKey("k"), Instant(2s)})),
              "query c4 k by 2.000s");
    EXPECT_EQ(to_text(Effect(RoleChanged{Role::leader, Term(12)})), "roleChanged leader term=12");
    EXPECT_EQ(to_text(Effect(GateMoved{Term(12), Instant(14890ms)})),
              "gateMoved term=12 until 14.890s");
    EXPECT_EQ(to_text(Effect(WriteDone{CallId(2), WriteAck::committed, Epoch(3), ETag("e")})),
              "writeDone c2 committed epoch=3 etag=e");
    EXPECT_EQ(to_text(Effect(Mark{MarkId::gate_expired})), "mark gate-expired");
}

TEST(Text, TextsAreOneLineAndTellAllSamplesApart) {
    std::set<std::string> texts;
    for (const Event& event : samples::events())
        EXPECT_TRUE(texts.insert(to_text(event)).second);
    for (const Effect& effect : samples::effects())
        EXPECT_TRUE(texts.insert(to_text(effect)).second);
    for (const std::string& text : texts)
        EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

}  // namespace
}  // namespace leasehold::reports
