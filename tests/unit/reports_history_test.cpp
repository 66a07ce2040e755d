#include <sstream>

#include <gtest/gtest.h>

#include "reports/history_codec.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

std::string recorded() {
    std::string text;
    HistoryWriter writer([&](std::string_view line) { text += line; });
    samples::play(writer);
    return text;
}

// Compares what comes back with what went in, value by value.
class StepKeeper : public Observer {
  public:
    void on(const ReplicaStepped& record) override {
        events.push_back(*record.event);
        effects.emplace_back(record.effects.begin(), record.effects.end());
        nows.push_back(record.now);
    }
    std::vector<Event> events;
    std::vector<std::vector<Effect>> effects;
    std::vector<Now> nows;
};

std::string error_of(const std::string& text) {
    Observer nobody;
    std::istringstream input(text);
    const auto read = read_history(input, nobody);
    return read ? "read" : read.error().to_string();
}

TEST(HistoryCodec, AHistoryOfEverythingReadsBackAndWritesTheSameBytes) {
    const std::string first = recorded();
    std::string second;
    HistoryWriter writer([&](std::string_view line) { second += line; });
    std::istringstream input(first);
    const auto count = read_history(input, writer);
    ASSERT_TRUE(count) << count.error().to_string();
    EXPECT_EQ(*count, samples::events().size() + 10);
    EXPECT_EQ(first, second);
}

TEST(HistoryCodec, ARecordingsHeaderReadsBack) {
    HistoryHeader header;
    header.boot = "8f0c";
    header.replicas = {"replica-0", "replica-1"};
    header.settings.emplace();
    header.settings->election.emplace();
    header.settings->election->identity = "replica-0_a";
    header.settings->election->renew_deadline = std::chrono::seconds(10);
    header.settings->storage.emplace();
    header.settings->storage->format = ObjectFormat::plain;
    std::string text;
    HistoryWriter writer([&](std::string_view line) { text += line; }, header);
    samples::play(writer);
    std::istringstream input(text);
    HistoryReader reader(input);
    EXPECT_FALSE(reader.error());
    EXPECT_EQ(reader.header(), header);
    EXPECT_TRUE(reader.next_at());
}

TEST(HistoryCodec, ARecordingOfAKilledProcessEndsAtItsLastWholeLine) {
    const std::string whole = recorded();
    std::istringstream input(whole.substr(0, whole.size() - 5));
    HistoryReader reader(input);
    Observer nobody;
    std::uint64_t count = 0;
    while (reader.hand_over(nobody))
        ++count;
    EXPECT_FALSE(reader.error());
    EXPECT_TRUE(reader.cut_off());
    EXPECT_EQ(count, samples::events().size() + 9);
    EXPECT_EQ(error_of(whole.substr(0, whole.size() - 5)),
              "line " + std::to_string(count + 2) + ": cut off: the line does not end");
}

TEST(HistoryCodec, EveryAlternativeOfEventAndEffectIsInTheSample) {
    std::vector<bool> events(std::variant_size_v<Event>);
    std::vector<bool> effects(std::variant_size_v<Effect>);
    for (const Event& event : samples::events())
        events[event.index()] = true;
    for (const Effect& effect : samples::effects())
        effects[effect.index()] = true;
    EXPECT_EQ(std::count(events.begin(), events.end(), false), 0);
    EXPECT_EQ(std::count(effects.begin(), effects.end(), false), 0);
}

TEST(HistoryCodec, ValuesBehindHandlesSurvive) {
    StepKeeper keeper;
    std::istringstream input(recorded());
    ASSERT_TRUE(read_history(input, keeper));
    const std::vector<Event> sent = samples::events();
    ASSERT_EQ(keeper.events.size(), sent.size() + 1);
    EXPECT_EQ(keeper.nows[0].wall, WallTime(std::chrono::nanoseconds(-7)));
    EXPECT_TRUE(keeper.effects.back().empty());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        ASSERT_EQ(keeper.events[i].index(), sent[i].index());
        if (const auto* answer = std::get_if<LeaseAnswered>(&sent[i])) {
            const auto& back = std::get<LeaseAnswered>(keeper.events[i]);
            ASSERT_EQ(back.reply.lease == nullptr, answer->reply.lease == nullptr);
            if (back.reply.lease) {
                EXPECT_EQ(*back.reply.lease, *answer->reply.lease);
            }
        }
        if (const auto* answer = std::get_if<BucketAnswered>(&sent[i])) {
            const auto& back = std::get<BucketAnswered>(keeper.events[i]);
            const auto* body = std::get_if<ObjectBodyPtr>(&answer->reply->content);
            ASSERT_EQ(back.reply->content.index(), answer->reply->content.index());
            if (body != nullptr) {
                EXPECT_EQ(*std::get<ObjectBodyPtr>(back.reply->content), **body);
            }
        }
    }
}

TEST(HistoryCodec, DamageIsAnErrorWithItsLine) {
    const std::string header = "{\"format\":\"leasehold-history\",\"schemaVersion\":1}\n";
    EXPECT_EQ(error_of(""), "an empty history");
    EXPECT_EQ(error_of("hello\n"), "line 1: not JSON at byte 1");
    EXPECT_EQ(error_of("{\"format\":\"leasehold-history\",\"schemaVersion\":2}\n"),
              "line 1: schema version 2; this program reads 1");
    EXPECT_EQ(error_of(header + "{\"record\":\"x\",\"number\":1,\"at\":1,\"of\":{}}\n"),
              "line 2: unknown record 'x'");
    EXPECT_EQ(error_of(header + "{\"record\":\"x\",\"record\":\"y\"}\n"),
              "line 2: duplicate key 'record'");
    EXPECT_EQ(error_of(header + "{\"record\":\"processEnded\",\"number\":1,\"at\":1,"
                                "\"of\":{\"replica\":0,\"cause\":\"bored\"}}\n"),
              "line 2: 'cause': unknown name 'bored'");
    EXPECT_EQ(error_of(header + "{\"record\":\"processEnded\",\"number\":1,\"at\":1,"
                                "\"of\":{\"replica\":4000000000,\"cause\":\"crashed\"}}\n"),
              "line 2: 'replica': expected an index below 4096");
    EXPECT_EQ(error_of(header + "{\"record\":\"processEnded\",\"number\":-1,\"at\":1,\"of\":{}}\n"),
              "line 2: 'number': expected an integer in range");
    std::string cut = recorded();
    cut.pop_back();
    EXPECT_NE(error_of(cut).find("cut off"), std::string::npos) << error_of(cut);
}

TEST(HistoryCodec, EveryByteCutOffIsNoticedOrIsAWholeLine) {
    const std::string whole = recorded();
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        const bool line_end = size > 0 && whole[size - 1] == '\n';
        EXPECT_EQ(error_of(whole.substr(0, size)) == "read", line_end) << size;
    }
}

TEST(HistoryCodec, TimeThatGoesBackIsRefused) {
    std::string text;
    HistoryWriter writer([&](std::string_view line) { text += line; });
    writer.on(PathChanged{{1, TrueTime(std::chrono::seconds(2))}, 0, true, true});
    writer.on(PathChanged{{2, TrueTime(std::chrono::seconds(1))}, 0, true, true});
    EXPECT_EQ(error_of(text), "line 3: time goes back");
}

}  // namespace
}  // namespace leasehold::reports
