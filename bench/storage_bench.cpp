// What the storage controller's steps cost when there is much of something: keys, readers, writes.
//
// The worst step is that of one event: a driver's loop is deaf for as long as it takes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/allocations.hpp"
#include "bench/measured.hpp"
#include "bench/storage_bed.hpp"
#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold::bench {
namespace {

using namespace std::chrono_literals;

Fate hold_lists(const SendBucket& request) {
    return request.verb == BucketVerb::list ? Fate::hold : Fate::answer;
}

// Pipelines that wait for the next version of what they have: nothing is there for any of them.
void BM_ReadsOfOneKey(benchmark::State& state) {
    StorageBed bed;
    bed.populate(1, true);
    bed.start();
    const auto n = static_cast<std::uint64_t>(state.range(0));
    std::vector<Event> reads;
    for (std::uint64_t i = 0; i < n; ++i)
        reads.emplace_back(BackupRead{bed.next_call(), key_of(0), etag_of(0), kNever});
    measured([&] {
        for (auto _ : state)
            for (const Event& read : reads)
                bed.step(read);
    });
    CHECK(bed.reads_done == 0);
    bed.put_object(key_of(0), 1);
    bed.advance(60s);
    CHECK_MSG(bed.reads_done == n, "a new version answers all of them");
}
BENCHMARK(BM_ReadsOfOneKey)
    ->Name("Storage/ReadsOfOneKey")
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// A PUT that hangs, and behind it all that pipelines write to the same key within one instant.
void BM_WritesOfOneKey(benchmark::State& state) {
    const auto n = static_cast<std::uint64_t>(state.range(0));
    StorageBed bed;
    bed.start();
    bed.lead(100);
    bed.advance(10s);
    bed.fate = [](const SendBucket& request) {
        const bool write = request.verb == BucketVerb::put && request.key == key_of(0);
        return write ? Fate::hang : Fate::answer;
    };
    bed.watch_steps();
    double accepting = 0;
    double later = 0;
    for (auto _ : state) {
        for (std::uint64_t i = 0; i < n; ++i)
            bed.play(BackupWrite{bed.next_call(), key_of(0),
                                 std::make_shared<const Blob>(Blob{100 + i, {i, ~i}, nullptr})});
        accepting = bed.take_worst_ms();
        measured([&] { bed.advance(130s); });
        later = bed.take_worst_ms();
    }
    CHECK_MSG(bed.writes_done == n && bed.committed == 0, "each is answered at its deadline");
    state.counters["worst_accept_ms"] = accepting;
    state.counters["worst_step_ms"] = later;
}
BENCHMARK(BM_WritesOfOneKey)
    ->Name("Storage/WritesOfOneKey")
    ->Arg(40'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// Each phase's longest step: the index of the files; passes of a follower that has them all; the
// epoch's claim; the leader's LIST and what follows from it; the end of the leadership.
void BM_WorstStep(benchmark::State& state) {
    StorageBed bed;
    bed.populate(static_cast<std::uint64_t>(state.range(0)), true);
    bed.watch_steps();
    double worst = 0;
    const auto phase = [&](const char* name) {
        const double ms = bed.take_worst_ms();
        worst = std::max(worst, ms);
        state.counters[name] = ms;
    };
    for (auto _ : state) {
        measured([&] {
            bed.fate = hold_lists;
            bed.start();
            phase("index_ms");
            bed.release();
            bed.advance(60s);
            phase("passes_ms");
            bed.fate = hold_lists;
            bed.lead(100);
            phase("claim_ms");
            bed.release();
            bed.advance(60s);
            phase("reconcile_ms");
            bed.follow();
            phase("demotion_ms");
        });
    }
    CHECK(bed.data_gets == 0 && bed.lists >= 3);
    state.counters["worst_step_ms"] = worst;
}
BENCHMARK(BM_WorstStep)
    ->Name("Storage/WorstStep")
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// A follower's query of a key that it has: two steps, the query and the file's answer. The caller's
// text is its own, as it is when a query comes by HTTP.
void BM_QueryAndAnswer(benchmark::State& state) {
    constexpr std::uint64_t kAsked = 1 << 16;  // more than the caches hold
    const auto n = static_cast<std::uint64_t>(state.range(0));
    StorageBed bed;
    bed.populate(n, true);
    bed.start();
    std::vector<Query> queries;
    std::vector<FileReply> replies;
    Random random(7);
    for (std::uint64_t i = 0; i < kAsked; ++i) {
        const ObjectKey key = key_of(random.below(n));
        queries.push_back(Query{{}, key, bed.now() + 5s});
        replies.push_back({FileStatus::ok, std::make_shared<const FileList>(1, bed.files.at(key))});
    }
    std::uint64_t asked = 0;
    measured([&] {
        for (auto _ : state) {
            const std::uint64_t i = asked++ % kAsked;
            queries[i].call = bed.next_call();
            bed.step(queries[i]);
            bed.step(FileAnswered{bed.take_file_request(), replies[i]});
        }
    });
    CHECK_MSG(bed.queries_with_data == asked, "each query is answered from the file");
}
BENCHMARK(BM_QueryAndAnswer)
    ->Name("Storage/QueryAndAnswer")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Iterations(200'000);

// Readers wait for the files of keys that have changed meanwhile: the pass can fetch none of them,
// and a query of another key has nothing to do with it.
void BM_QueryWhileFilesLoad(benchmark::State& state) {
    const auto n = static_cast<std::uint64_t>(state.range(0));
    StorageBed bed;
    bed.populate(n, true);
    bed.start();
    bed.files_rest = true;
    for (std::uint64_t i = 0; i < n; ++i) {
        bed.play(BackupRead{bed.next_call(), key_of(i), etag_of(n), kNever});
        bed.put_object(key_of(i), n + 1 + i);
    }
    bed.advance(60s);
    const ObjectKey other = key_of(n);
    measured([&] {
        for (auto _ : state)
            bed.step(Query{bed.next_call(), other, bed.now() + 5s});
    });
    CHECK(bed.queries_done == static_cast<std::uint64_t>(state.iterations()));
}
BENCHMARK(BM_QueryWhileFilesLoad)
    ->Name("Storage/QueryWhileFilesLoad")
    ->Arg(10'000)
    ->Iterations(100);

// What a follower keeps of each key that it has listed and holds a file of. The world is the
// bed's, and freed before the count.
void BM_MemoryPerKey(benchmark::State& state) {
    const auto n = static_cast<std::uint64_t>(state.range(0));
    double bytes = 0;
    for (auto _ : state) {
        StorageBed bed;
        const std::uint64_t before = allocated_bytes();
        bed.populate(n, true);
        bed.start();
        bed.advance(60s);
        CHECK(bed.lists >= 2 && bed.machine().index("etl/").size() == n);
        bed.forget_world();
        bytes = static_cast<double>(allocated_bytes() - before);
    }
    state.counters["bytes_per_key"] = bytes / static_cast<double>(n);
}
BENCHMARK(BM_MemoryPerKey)
    ->Name("Storage/MemoryPerKey")
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// Promotion while pipelines wait, each for a key of its own.
void BM_PromotionWithReads(benchmark::State& state) {
    const auto n = static_cast<std::uint64_t>(state.range(0));
    StorageBed bed;
    bed.populate(n, true);
    bed.start();
    for (std::uint64_t i = 0; i < n; ++i)
        bed.play(BackupRead{bed.next_call(), key_of(i), etag_of(i), kNever});
    bed.watch_steps();
    for (auto _ : state)
        measured([&] { bed.lead(100); });
    CHECK_MSG(bed.reads_done == n, "a leader answers each by a GET of its own");
    state.counters["worst_step_ms"] = bed.take_worst_ms();
}
BENCHMARK(BM_PromotionWithReads)
    ->Name("Storage/PromotionWithReads")
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace
}  // namespace leasehold::bench

BENCHMARK_MAIN();
