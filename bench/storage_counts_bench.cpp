// What the storage controller asks of a bucket that is slow, full or torn: requests, not seconds.
//
// The figures are simulated and so exact; the time beside them is only what the run took.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>

#include "bench/measured.hpp"
#include "bench/storage_bed.hpp"
#include "model/base/check.hpp"

namespace leasehold::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kGiB = 1ULL << 30;

bool is_data_get(const SendBucket& request) {
    return request.verb == BucketVerb::get && !request.key.view().starts_with(".ha/");
}

// A follower that has nothing fetches everything; when its first GETs are on their way, somebody
// wants the key that stands last. Which GET from then on is it?
void BM_ReadDuringPass(benchmark::State& state) {
    const auto n = static_cast<std::uint64_t>(state.range(0));
    std::uint64_t number = 0;
    for (auto _ : state) {
        StorageBed bed;
        bed.populate(n, false);
        const ObjectKey wanted = key_of(n - 1);
        bool got = false;
        bed.fate = [&](const SendBucket& request) {
            if (!is_data_get(request)) return Fate::answer;
            got = got || request.key == wanted;
            return Fate::hold;
        };
        measured([&] {
            bed.start();
            const std::uint64_t before = bed.data_gets;
            CHECK(before > 0 && !got);
            bed.play(BackupRead{bed.next_call(), wanted, {}, kNever});
            while (!got)
                bed.release_one();
            number = bed.data_gets - before;
        });
        bed.release();
        CHECK(bed.reads_done == 1);
    }
    state.counters["got_as_number"] = static_cast<double>(number);
}
BENCHMARK(BM_ReadDuringPass)
    ->Name("Storage/ReadDuringPass")
    ->Arg(20'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// One object of 1 GiB whose GET takes until its time-out (1,029 s): who learns of other changes?
void BM_SlowGet(benchmark::State& state) {
    std::uint64_t lists = 0;
    for (auto _ : state) {
        StorageBed bed;
        bed.populate(3, false);
        bed.put_object(key_of(3), 3, kGiB);
        bed.fate = [](const SendBucket& request) {
            const bool large = is_data_get(request) && request.key == key_of(3);
            return large ? Fate::hang : Fate::answer;
        };
        measured([&] {
            bed.start();
            bed.advance(1000s);
        });
        CHECK(bed.data_gets >= 4);
        lists = bed.lists;
    }
    state.counters["lists_in_1000_s"] = static_cast<double>(lists);
}
BENCHMARK(BM_SlowGet)->Name("Storage/SlowGet1GiB")->Unit(benchmark::kMillisecond)->Iterations(1);

/// GETs in each of four hours, of which the first and the last are told.
void count_gets(benchmark::State& state, StorageBed& bed) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    measured([&] {
        bed.start();
        bed.advance(1h);
        first = bed.data_gets;
        bed.advance(2h);
        last = bed.data_gets;
        bed.advance(1h);
        last = bed.data_gets - last;
    });
    CHECK(first > 0);
    state.counters["gets_in_first_hour"] = static_cast<double>(first);
    state.counters["gets_in_fourth_hour"] = static_cast<double>(last);
}

// The disk takes nothing.
void BM_FullDisk(benchmark::State& state) {
    for (auto _ : state) {
        StorageBed bed;
        bed.populate(static_cast<std::uint64_t>(state.range(0)), false);
        bed.store_status = FileStatus::no_space;
        count_gets(state, bed);
    }
}
BENCHMARK(BM_FullDisk)
    ->Name("Storage/FullDisk")
    ->Arg(280)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// One object of 1 GiB whose bytes are not what its header says.
void BM_TornObject(benchmark::State& state) {
    for (auto _ : state) {
        StorageBed bed;
        bed.put_object(key_of(0), 0, kGiB);
        ObjectBody torn = *bed.objects.at(key_of(0)).body;
        torn.payload.digest.low ^= 1;
        bed.objects.at(key_of(0)).body = std::make_shared<const ObjectBody>(torn);
        count_gets(state, bed);
        CHECK(bed.files.empty());
    }
}
BENCHMARK(BM_TornObject)
    ->Name("Storage/TornObject1GiB")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// HA off: each backup read brings the object, and its file is there already.
void BM_AloneReads(benchmark::State& state) {
    const auto n = static_cast<std::uint64_t>(state.range(0));
    std::uint64_t stores = 0;
    for (auto _ : state) {
        StorageConfig config = bed_config();
        config.ha = false;
        StorageBed bed(config);
        bed.populate(1, true);
        bed.files.at(key_of(0)).tag = FileTag{{}, etag_of(0), false, false};
        bed.lead_alone();
        bed.play(BackupRead{bed.next_call(), key_of(0), {}, kNever});
        const std::uint64_t before = bed.stores;
        measured([&] {
            for (std::uint64_t i = 0; i < n; ++i)
                bed.play(BackupRead{bed.next_call(), key_of(0), {}, kNever});
        });
        CHECK(bed.reads_done == n + 1);
        stores = bed.stores - before;
    }
    state.counters["stores"] = static_cast<double>(stores);
}
BENCHMARK(BM_AloneReads)
    ->Name("Storage/AloneReads")
    ->Arg(10)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace
}  // namespace leasehold::bench
