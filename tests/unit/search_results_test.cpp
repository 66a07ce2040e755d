// Results of campaigns: what a SIGKILL leaves, and what may be united.
#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "sim/search/guide.hpp"
#include "sim/search/results.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;

/// Three batches of 256 each, of one shard.
Header header(std::uint64_t shard = 1, std::uint64_t shards = 1, std::uint64_t last = 768) {
    Header header;
    header.build = "b";
    header.first = 1;
    header.last = last;
    header.shard = shard;
    header.shards = shards;
    return header;
}

Batch batch(std::uint64_t number, std::vector<std::string> signatures = {}) {
    Batch one;
    one.number = number;
    one.runs = kBatchRuns;
    one.simulated = 20min;
    one.passed = kBatchRuns - signatures.size();
    one.features = {"feature " + std::to_string(number % 2)};
    for (const std::string& signature : signatures)
        one.failures.push_back(
            {signature, check::Outcome::liveness, "0 7", 7, number * kBatchRuns + 1});
    return one;
}

std::string text_of(const Header& header, const std::vector<Batch>& batches) {
    std::string text = header_line(header);
    for (const Batch& one : batches)
        text += batch_line(one);
    return text;
}

TEST(Results, ReadBackAndCount) {
    const auto read = parse_results(
        text_of(header(), {batch(0, {"a: x"}), batch(1), batch(2, {"b: y", "a: x"})}), Tail::whole);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->runs(), 768U);
    EXPECT_EQ(read->passed(), 765U);
    EXPECT_EQ(read->features(), 2U);
    EXPECT_EQ(read->simulated(), 1h);
    const auto groups = read->groups();
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].signature, "a: x");
    EXPECT_EQ(groups[0].count, 2U);
    EXPECT_EQ(groups[0].first.run, 1U);
    EXPECT_EQ(read->outcome(), check::Outcome::liveness);
}

TEST(Results, ALineThatIsCutOffIsDroppedByResumeAloneAndRefusedElsewhere) {
    const std::string text = text_of(header(), {batch(0), batch(1)});
    const std::size_t whole = text_of(header(), {batch(0)}).size();
    for (std::size_t size = whole + 1; size < text.size(); size += 5) {
        const auto resumed = parse_results(std::string_view(text).substr(0, size), Tail::resumed);
        ASSERT_TRUE(resumed) << resumed.error();
        EXPECT_EQ(resumed->batches.size(), 1U);
        const auto refused = parse_results(std::string_view(text).substr(0, size), Tail::whole);
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().find("line 3"), std::string::npos) << refused.error();
    }
    EXPECT_FALSE(parse_results(std::string_view(text).substr(0, 20), Tail::resumed));
    EXPECT_FALSE(parse_results("", Tail::resumed));
    EXPECT_FALSE(parse_results("{}\n", Tail::resumed));
    std::string damaged = text;
    damaged[whole + 3] = '#';
    EXPECT_FALSE(parse_results(damaged, Tail::resumed));
}

TEST(Results, AFileThatLostALineOrCountsMoreThanItTellsIsNoRecord) {
    const auto refused = [](const std::vector<Batch>& batches) {
        const auto read = parse_results(text_of(header(), batches), Tail::resumed);
        return read ? std::string() : read.error();
    };
    EXPECT_EQ(refused({batch(0), batch(1)}), "");
    EXPECT_NE(refused({batch(1)}).find("line 2: is batch 1, expected batch 0"), std::string::npos);
    EXPECT_NE(refused({batch(0), batch(0)}).find("line 3"), std::string::npos);
    Batch more = batch(0);
    more.runs = 999'999;
    EXPECT_NE(refused({more}).find("999999 runs, and tells the ends of 256"), std::string::npos);
}

TEST(Results, ABatchHasTheRunsOfItsPlace) {
    const auto refused = [](const Header& header, std::vector<std::uint64_t> sizes) {
        std::vector<Batch> batches;
        for (const std::uint64_t size : sizes) {
            batches.push_back(batch(batches.size()));
            batches.back().runs = batches.back().passed = size;
        }
        const auto read = parse_results(text_of(header, batches), Tail::resumed);
        return read ? std::string() : read.error();
    };
    EXPECT_EQ(refused(header(1, 1, 300), {256, 44}), "");
    EXPECT_EQ(refused(header(1, 1, 300), {256}), "");
    EXPECT_NE(refused(header(1, 1, 600), {256, 44, 88}).find("line 3: has 44 runs, expected 256"),
              std::string::npos);
    EXPECT_NE(refused(header(1, 1, 1000), {1000}).find("has 1000 runs, expected 256"),
              std::string::npos);
    EXPECT_NE(refused(header(1, 1, 256), {256, 1}).find("line 3: has 1 runs, expected 0"),
              std::string::npos);
    Header united = header(1, 1, 600);
    united.united = true;
    EXPECT_EQ(refused(united, {256, 44, 88}), "");
    EXPECT_NE(refused(united, {1000}).find("expected 1 to 256"), std::string::npos);
    EXPECT_NE(refused(header(1, 0), {}).find("line 1: is shard 1 of 0"), std::string::npos);
    EXPECT_NE(refused(header(1, 1, 0), {}).find("line 1: is of seeds 1..0"), std::string::npos);
}

/// A batch that was ended in the middle: 40 runs of it, the last of them a failure.
Batch unfinished(std::uint64_t number, std::vector<std::string> signatures = {}) {
    Batch one = batch(number, std::move(signatures));
    one.unfinished = true;
    one.runs = 40;
    one.passed = 40 - one.failures.size();
    for (Failure& failure : one.failures)
        failure.run = (number + 1) * kBatchRuns;
    return one;
}

TEST(Results, AnUnfinishedBatchIsTheLastAndCountsButForWhoGoesOn) {
    const std::string whole = text_of(header(), {batch(0)});
    const std::string text = text_of(header(), {batch(0), unfinished(1, {"a: x"})});
    const auto read = parse_results(text, Tail::whole);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->runs(), 296U);
    EXPECT_EQ(read->outcome(), check::Outcome::liveness);
    EXPECT_EQ(read->bytes, text.size());
    for (const std::string& cut : {text, text.substr(0, text.size() - 5)}) {
        const auto resumed = parse_results(cut, Tail::resumed);
        ASSERT_TRUE(resumed) << resumed.error();
        EXPECT_EQ(resumed->runs(), 256U);
        EXPECT_EQ(resumed->bytes, whole.size());
    }
    const auto refused = [](const Header& header, const std::vector<Batch>& batches) {
        const auto wrong = parse_results(text_of(header, batches), Tail::resumed);
        return wrong ? std::string() : wrong.error();
    };
    EXPECT_NE(
        refused(header(), {unfinished(0), batch(1)}).find("line 3: comes after an unfinished"),
        std::string::npos);
    Batch full = batch(0);
    full.unfinished = true;
    EXPECT_NE(refused(header(), {full}).find("has 256 runs, expected 1 to 255"), std::string::npos);
    Header endless = header();
    endless.last = kEndless;
    const Results found{endless, {batch(0), unfinished(1, {"a: x"})}};
    const Results more{endless, {batch(0), unfinished(1)}};
    const Results later{endless, {batch(0), batch(1, {"a: x", "b: y"})}};
    std::vector<std::string> lacking;
    for (const auto& copies : {std::vector{found, more}, std::vector{more, found}}) {
        const auto united = unite(copies, {"one", "two"}, lacking);
        ASSERT_TRUE(united) << united.error();
        EXPECT_EQ(united->groups().size(), 1U) << "what either found is told";
        EXPECT_EQ(header_line(united->header).find("unfinished"), std::string::npos);
    }
    for (const auto& copies : {std::vector{found, later}, std::vector{later, found}}) {
        const auto united = unite(copies, {"one", "two"}, lacking);
        ASSERT_TRUE(united) << united.error();
        EXPECT_EQ(united->runs(), 512U);
        EXPECT_EQ(united->groups().size(), 2U);
    }
}

TEST(Results, ATimeThatWasNotPlayedToItsEndHasNotPassed) {
    const auto endless = [](std::uint64_t shard) { return header(shard, 2, kEndless); };
    const auto read = [](const std::string& text, Tail tail = Tail::whole) {
        return parse_results(text, tail);
    };
    const std::string text = text_of(endless(1), {batch(0), unfinished(1)});
    const auto killed = read(text);
    const auto ended = read(text + end_line());
    ASSERT_TRUE(killed && ended) << ended.error();
    EXPECT_EQ(ended->bytes, (text + end_line()).size());
    std::vector<std::string> lacking;
    const auto other = read(text_of(endless(2), {batch(0)}) + end_line());
    const auto whole = unite({*ended, *other}, {"one", "two"}, lacking);
    ASSERT_TRUE(whole && whole->ended && lacking.empty());
    const auto part = unite({*killed, *other}, {"one", "two"}, lacking);
    ASSERT_TRUE(part && !part->ended);
    EXPECT_EQ(lacking, std::vector<std::string>{
                           "shard 1 of 2 was ended before its time was over: 296 runs"});
    // Of two copies the later one, whichever comes first.
    for (const auto& copies : {std::vector{*killed, *ended, *other}, {*ended, *killed, *other}})
        EXPECT_TRUE(unite(copies, {"one", "again", "two"}, lacking)->ended);
    // Who goes on has another time before it.
    for (const std::string& batches : {text, text_of(endless(1), {batch(0)})}) {
        const auto resumed = read(batches + end_line(), Tail::resumed);
        ASSERT_TRUE(resumed && !resumed->ended);
        EXPECT_EQ(resumed->bytes, text_of(endless(1), {batch(0)}).size());
    }
    for (const auto& [bad, needle] :
         {std::pair{text + end_line() + end_line(), "line 5: comes after"},
          {text_of(endless(1), {}) + end_line() + batch_line(batch(0)),
           "line 3: comes after the end of the time"},
          {text_of(header(), {}) + end_line(), "its campaign has seeds"},
          {text + "{\"end\":\"tide\"}\n", "line 4: is damaged"}}) {
        const auto refused = read(bad);
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().find(needle), std::string::npos) << refused.error();
    }
}

TEST(Results, AFailureThatNoRunCanHaveIsNoRecord) {
    const auto refused = [](const std::function<void(Failure&)>& change, bool united = false) {
        Header head = header();
        head.united = united;
        Batch one = batch(0, {"a: x", "b: y"});
        change(one.failures[1]);
        const auto read = parse_results(text_of(head, {one}), Tail::whole);
        return read ? std::string() : read.error();
    };
    EXPECT_EQ(refused([](Failure&) {}), "");
    EXPECT_EQ(refused([](Failure& failure) { failure.run = 500; }, true), "");
    for (const auto& [change, needle] :
         std::vector<std::pair<std::function<void(Failure&)>, const char*>>{
             {[](Failure& f) { f.genome = "xx"; }, "its genome: expected numbers"},
             {[](Failure& f) { f.genome = ""; }, "its genome: it is empty"},
             {[](Failure& f) { f.genome = "3 7"; }, "its first number is that of the base"},
             {[](Failure& f) { f.outcome = check::Outcome::pass; }, "its outcome is 'pass'"},
             {[](Failure& f) { f.seed = 8; }, "its seed is 8, and its genome's 7"},
             {[](Failure& f) { f.genome = "0 769", f.seed = 769; }, "expected 1 to 768"},
             {[](Failure& f) { f.run = 257; }, "its run is 257, expected 1 to 256"}}) {
        const std::string error = refused(change);
        EXPECT_TRUE(error.starts_with("line 2: failure 2: ")) << error;
        EXPECT_NE(error.find(needle), std::string::npos) << error;
    }
    Batch mutated = batch(0);
    mutated.corpus = {"0 7", "1 7"};
    const auto read = parse_results(text_of(header(), {mutated}), Tail::whole);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().find("line 2: corpus: "), std::string::npos) << read.error();
}

TEST(Results, AShardsRunsAreCountedFromItsSeeds) {
    EXPECT_EQ(header(1, 3, 100).planned(), 34U);
    EXPECT_EQ(header(3, 3, 100).planned(), 33U);
    EXPECT_EQ(header(1, 1, 100).planned(), 100U);
    EXPECT_EQ(header(3, 3, 2).planned(), 0U);
    Header last = header();
    last.first = last.last = ~std::uint64_t{0};
    EXPECT_EQ(last.planned(), 1U);
    Header endless = header();
    endless.last = kEndless;
    EXPECT_EQ(endless.planned(), kEndless);
}

TEST(Results, ShardsUniteOnceAndOnlyWithTheirLike) {
    const Results one{header(1, 3, 2100), {batch(0, {"a: x"})}};
    const Results two{header(2, 3, 2100), {batch(0), batch(1)}};
    std::vector<std::string> missing;
    const auto all = unite({one, two, one}, {"one", "two", "again"}, missing);
    ASSERT_TRUE(all) << all.error();
    EXPECT_EQ(all->runs(), 768U);
    EXPECT_TRUE(all->header.united);
    const auto again = parse_results(text_of(all->header, all->batches), Tail::whole);
    ASSERT_TRUE(again) << again.error();
    EXPECT_TRUE(again->header.united);
    EXPECT_EQ(header_line(one.header).find("united"), std::string::npos);
    EXPECT_EQ(missing, (std::vector<std::string>{"shard 1 of 3 is not finished: 256 of 700 runs",
                                                 "shard 2 of 3 is not finished: 512 of 700 runs",
                                                 "shard 3 of 3 is missing"}));
    const auto refused = [&](Results other) {
        const auto united = unite({one, other}, {"one", "other"}, missing);
        return united ? std::string() : united.error();
    };
    Results other = two;
    other.header.build = "c";
    EXPECT_NE(refused(other).find("built of other sources, c, not of b"), std::string::npos);
    other = two;
    other.header.last = 99;
    EXPECT_NE(refused(other).find("of other seeds, 1..99, not 1..2100"), std::string::npos);
    other.header.last = kEndless;
    EXPECT_NE(refused(other).find("1.. until --time ends it, not 1..2100"), std::string::npos);
    other = two;
    other.header.shards = 4;
    EXPECT_NE(refused(other).find("shards"), std::string::npos);
    other = two;
    other.header.guide = false;
    EXPECT_NE(refused(other).find("not guided, and the other is"), std::string::npos);
    other = two;
    other.header.shard = 4;
    EXPECT_NE(refused(other).find("shard 4 of 3"), std::string::npos);
    other = one;
    other.batches[0].simulated += 1s;
    EXPECT_NE(refused(other).find("another copy of shard 1"), std::string::npos);
    other = two;
    other.header.families = {"crash"};
    EXPECT_NE(refused(other).find("of other families, crash, not all"), std::string::npos);
    other = two;
    other.header.bases = {"00ff", "00fe"};
    EXPECT_NE(refused(other).find("of other base scenarios, 00ff, 00fe by their hashes, not none"),
              std::string::npos);
}

TEST(Guide, GoesOnWhereAnEarlierProcessEnded) {
    check::RunResult result;
    result.outcome = check::Outcome::pass;
    Guide whole(true);
    Guide resumed(true);
    for (std::uint64_t i = 0; i < 20; ++i) {
        result.marks.fill(0);
        result.marks[i] = i + 1;
        Batch learnt;
        EXPECT_TRUE(whole.learn(Genome{0, i + 1, {}}, result, learnt));
        EXPECT_FALSE(whole.learn(Genome{0, i + 100, {}}, result, learnt));  // nothing new
        resumed.learn(learnt);
    }
    EXPECT_EQ(whole.features(), resumed.features());
    bool mutated = false;
    for (std::uint64_t seed = 1; seed < 100; ++seed) {
        EXPECT_EQ(whole.next(0, seed), resumed.next(0, seed));
        mutated |= !whole.next(0, seed).mutations.empty();
        EXPECT_EQ(Guide(false).next(0, seed), (Genome{0, seed, {}}));
    }
    EXPECT_TRUE(mutated);
}

}  // namespace
}  // namespace leasehold::search
