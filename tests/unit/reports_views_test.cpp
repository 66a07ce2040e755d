// What one run looks like to other people's viewers, and many runs to a page: the edges that the
// tests in a browser don't reach.
#include <sstream>

#include <gtest/gtest.h>
#include <protozero/pbf_reader.hpp>

#include "reports/html/campaign_page.hpp"
#include "reports/trace/perfetto.hpp"
#include "reports/trace/sequence.hpp"
#include "reports/utf8.hpp"

namespace leasehold::reports {
namespace {

using namespace std::chrono_literals;

RunRecord one_replica() {
    RunRecord record;
    record.lanes.emplace_back().name = "replica-0";
    record.end = TrueTime(100s);
    return record;
}

RecordedEvent& change(RunRecord& record, TrueTime at, std::string text) {
    RecordedEvent& event = record.events.emplace_back();
    event.number = record.events.size();
    event.at = at;
    event.lane = 0;
    event.change = true;
    event.text = std::move(text);
    return event;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

TEST(Diagram, OfManyChangesTheFirstAreShown) {
    RunRecord record = one_replica();
    for (int i = 0; i < 1000; ++i)
        change(record, TrueTime(std::chrono::milliseconds(i)), "change " + std::to_string(i));
    const std::vector<std::string> lines = lines_of(sequence_diagram(record, {}));
    ASSERT_EQ(lines.size(), 63U) << "the heading, the title, the replica, sixty changes";
    EXPECT_EQ(lines[3], "    Note over r0: 0.000s change 0");
    EXPECT_EQ(lines.back(), "    Note over r0: 0.059s change 59");
}

TEST(Diagram, OfABrokenRunTheNearestAreShownAndAllOfTheChain) {
    RunRecord record = one_replica();
    for (int i = 0; i < 1000; ++i)
        change(record, TrueTime(std::chrono::milliseconds(i)), "change " + std::to_string(i));
    check::RunResult result;
    check::Verdict& broken = result.verdicts.emplace_back();
    broken.status = check::Status::violated;
    broken.at = TrueTime(500ms);
    broken.evidence = {5, 501};
    const std::string text = sequence_diagram(record, result);
    EXPECT_NE(text.find("FIRST WRONG STEP<br/>0.500s change 500\n"), std::string::npos);
    EXPECT_NE(text.find("change 4\n"), std::string::npos) << "the chain's";
    EXPECT_NE(text.find("change 480\n"), std::string::npos);
    EXPECT_EQ(text.find("change 400\n"), std::string::npos);
}

TEST(Diagram, TextsStayTexts) {
    RunRecord record = one_replica();
    change(record, TrueTime(1s), "a\nb\tc\x7f # ; <i> %% \xff");
    change(record, TrueTime(2s), std::string(93, 'x') + "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    const std::string text = sequence_diagram(record, {});
    const std::vector<std::string> lines = lines_of(text);
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_EQ(lines[3],
              "    Note over r0: 1.000s a b c  #35; #59; #60;i#62; #37;#37; \xef\xbf\xbd");
    EXPECT_TRUE(is_utf8(text)) << "cut between two characters";
    EXPECT_TRUE(lines[4].ends_with("x...")) << lines[4];
}

TEST(Diagram, NothingIsADiagramToo) {
    EXPECT_NE(sequence_diagram({}, {}).find("participant"), std::string::npos);
}

// (timestamp, type, track) of each event, in the order of the file.
struct Seen {
    std::uint64_t at = 0;
    int type = 0;
    std::uint64_t track = 0;
};

std::vector<Seen> events_of(const std::string& trace) {
    std::vector<Seen> found;
    for (protozero::pbf_reader all(trace); all.next(1);) {
        Seen seen;
        bool event = false;
        for (protozero::pbf_reader packet = all.get_message(); packet.next();) {
            if (packet.tag() == 8) {
                seen.at = packet.get_uint64();
            } else if (packet.tag() == 11) {
                event = true;
                for (protozero::pbf_reader one = packet.get_message(); one.next();) {
                    if (one.tag() == 9)
                        seen.type = one.get_enum();
                    else if (one.tag() == 11)
                        seen.track = one.get_uint64();
                    else
                        one.skip();
                }
            } else {
                packet.skip();
            }
        }
        if (event) found.push_back(seen);
    }
    return found;
}

TEST(Trace, WhatEndsGoesBeforeWhatBeginsAtTheSameInstant) {
    RunRecord record = one_replica();
    record.spans.push_back({SpanKind::leads, 0, TrueTime(5s), TrueTime(9s), 0, {}});
    record.spans.push_back({SpanKind::leads, 0, TrueTime(1s), TrueTime(5s), 0, {}});
    record.spans.push_back({SpanKind::leads, 0, TrueTime(9s), TrueTime(9s), 0, {}});
    std::vector<int> types;
    for (const Seen& seen : events_of(perfetto_trace(record, {}, "1")))
        types.push_back(seen.type);
    EXPECT_EQ(types, (std::vector<int>{1, 2, 1, 2, 3})) << "begin, end, begin, end, an instant";
}

TEST(Trace, RequestsThatOverlapLieOnTracksOfTheirOwn) {
    RunRecord record = one_replica();
    const auto request = [&](TrueTime from, TrueTime to, std::uint64_t answered) {
        Exchange& one = record.exchanges.emplace_back();
        one.replica = 0;
        one.verb = "get";
        one.sent = 1;
        one.sent_at = from;
        one.answered = answered;
        one.answered_at = to;
    };
    request(TrueTime(1s), TrueTime(4s), 7);
    request(TrueTime(2s), TrueTime(5s), 8);
    request(TrueTime(4s), TrueTime(6s), 9);
    request(TrueTime(5s), {}, 0);
    std::vector<std::uint64_t> begun;
    for (const Seen& seen : events_of(perfetto_trace(record, {}, "1")))
        if (seen.type != 2) begun.push_back(seen.track);
    ASSERT_EQ(begun.size(), 4U);
    EXPECT_NE(begun[0], begun[1]);
    EXPECT_EQ(begun[0], begun[2]) << "free again";
    EXPECT_EQ(begun[1], begun[3]) << "what was never answered holds no track";
}

TEST(CampaignTally, OfManyFailoversAsManyRanksAsAreAskedFor) {
    CampaignTally tally;
    check::RunResult run;
    for (int i = 5000; i > 0; --i)
        run.failovers.push_back(std::chrono::seconds(i));
    tally.add(run);
    EXPECT_EQ(tally.runs(), 1U);
    EXPECT_EQ(tally.failovers(10'000).size(), 5000U);
    const std::vector<Duration> chosen = tally.failovers(1000);
    ASSERT_EQ(chosen.size(), 1000U);
    EXPECT_EQ(chosen.front(), 5s);
    EXPECT_EQ(chosen[499], 2500s) << "the median is that of all";
    EXPECT_EQ(chosen.back(), 5000s) << "and so is the longest";
}

}  // namespace
}  // namespace leasehold::reports
