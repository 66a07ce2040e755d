// Step costs of the production machines, and what a leader's read or write pays at the gate.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/allocations.hpp"
#include "bench/measured.hpp"
#include "bench/protocol.hpp"
#include "model/base/check.hpp"
#include "model/replica/replica.hpp"

namespace leasehold::bench {
namespace {

using namespace std::chrono_literals;

// Fixed numbers, so that two builds do the same and their instructions can be compared.
constexpr int kGateChecks = 10'000'000;
constexpr int kCalls = 500'000;

/// One replica against a Lease API and a bucket that answer every request at once.
class Bed {
  public:
    explicit Bed(bool storage) {
        ElectorConfig election;
        election.identity = "bench_1";
        election.seed = 7;
        ReplicaConfig config{election, {}};
        if (storage) {
            config.storage.emplace();
            config.storage->identity = election.identity;
            config.storage->prefix = ObjectKey("etl/");
        }
        replica_.emplace(config);
    }
    Replica& replica() { return *replica_; }
    [[nodiscard]] Now now() const { return Now{Instant(now_), WallTime(now_ / 1000 * 1000)}; }
    void advance(Duration by) { now_ += by; }

    void step(const Event& event) {
        effects_.clear();
        replica_->step(now(), event, effects_);
        for (const Effect& effect : effects_)
            if (const auto* request = std::get_if<SendLease>(&effect)) sent_ = *request;
    }
    /// A foreign leader's record, renewed at each call.
    LeasePtr foreign() {
        auto lease = std::make_shared<Lease>();
        lease->version = Version(++version_);
        lease->uid = "uid";
        lease->record.holder = "other_1";
        lease->record.duration_seconds = 15;
        lease->record.renew_time = WallTime(Duration(static_cast<std::int64_t>(version_) * 1000));
        lease->record.nonce = version_;
        lease->record.acquisition = 1;
        return lease;
    }
    void follow() {
        step(Start{});
        LeaseReply reply;
        reply.status = 200;
        reply.lease = foreign();
        step(LeaseAnswered{sent_.request, reply});
    }
    /// Takes a Lease that another replica has released.
    void lead() {
        step(Start{});
        LeaseReply reply;
        reply.status = 200;
        auto free = std::make_shared<Lease>();
        free->version = Version(++version_);
        free->uid = "uid";
        free->record.duration_seconds = 1;
        free->record.released = release_mark(free->uid, free->record);
        reply.lease = free;
        step(LeaseAnswered{sent_.request, reply});
        accept();
        CHECK(replica_->gate_open(now().monotonic));
    }
    /// Answers the write that was sent last: 200, with a new version.
    void accept() {
        CHECK(sent_.verb == LeaseVerb::update);
        auto stored = std::make_shared<Lease>(*sent_.lease);
        stored->version = Version(++version_);
        LeaseReply reply;
        reply.status = 200;
        reply.lease = std::move(stored);
        step(LeaseAnswered{sent_.request, reply});
    }
    [[nodiscard]] const Effects& effects() const { return effects_; }

  private:
    std::optional<Replica> replica_;
    Duration now_{1h};
    std::uint64_t version_ = 100;
    SendLease sent_;
    Effects effects_;
};

void BM_FollowerSeesRenewal(benchmark::State& state) {
    Bed bed(state.range(0) != 0);
    bed.follow();
    std::vector<Event> renewals;  // made beforehand: the server's work is not the follower's
    for (int i = 0; i < 20'000; ++i)
        renewals.emplace_back(LeaseWatched{WatchId(1), WatchKind::seen, Version{}, bed.foreign()});
    std::size_t next = 0;
    measured([&] {
        for (auto _ : state) {
            bed.advance(1ms);
            bed.step(renewals[next++]);
        }
    });
}
BENCHMARK(BM_FollowerSeesRenewal)
    ->Name("Model/FollowerSeesRenewal")
    ->ArgName("storage")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(20000);

void BM_LeaderRenews(benchmark::State& state) {
    Bed bed(state.range(0) != 0);
    bed.lead();
    measured([&] {
        for (auto _ : state) {
            bed.advance(2s);
            bed.step(Timer{});
            bed.accept();
        }
    });
    CHECK(bed.replica().gate_open(bed.now().monotonic));
}
BENCHMARK(BM_LeaderRenews)
    ->Name("Model/LeaderRenewal")
    ->ArgName("storage")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(20000);

void BM_GateCheck(benchmark::State& state) {
    Bed bed(true);
    bed.lead();
    const Instant now = bed.now().monotonic;
    const std::uint64_t before = allocations();
    measured([&] {
        for (auto _ : state) {
            bool open = bed.replica().gate_open(now);
            benchmark::DoNotOptimize(open);
            CHECK(open);
        }
    });
    state.counters["allocations"] = static_cast<double>(allocations() - before);
}
BENCHMARK(BM_GateCheck)->Name("Model/GateCheckOfRead")->Iterations(kGateChecks);

void BM_Permit(benchmark::State& state) {
    Bed bed(true);
    bed.lead();
    const Instant now = bed.now().monotonic;
    const std::uint64_t before = allocations();
    measured([&] {
        for (auto _ : state) {
            bool may = bed.replica().permit(now, RequestId(1'000'000));
            benchmark::DoNotOptimize(may);
        }
    });
    state.counters["allocations"] = static_cast<double>(allocations() - before);
}
BENCHMARK(BM_Permit)->Name("Model/GateCheckOfWrite")->Iterations(kGateChecks);

void BM_FollowerQueryMiss(benchmark::State& state) {
    Bed bed(true);
    bed.follow();
    const ObjectKey key("etl/bingen/assets/1h/1704067200-1704070800");
    std::uint64_t call = 0;
    measured([&] {
        for (auto _ : state) {
            bed.step(Query{CallId(++call), key, bed.now().monotonic + 2s});
            benchmark::DoNotOptimize(bed.effects().data());
        }
    });
}
BENCHMARK(BM_FollowerQueryMiss)->Name("Model/FollowerQueryMiss")->Iterations(kCalls);

void BM_FollowerSkipsWrite(benchmark::State& state) {
    Bed bed(true);
    bed.follow();
    const ObjectKey key("etl/bingen/assets/1h/1704067200-1704070800");
    const auto payload = std::make_shared<const Blob>(Blob{2 << 20, {1, 2}, nullptr});
    std::uint64_t call = 0;
    measured([&] {
        for (auto _ : state)
            bed.step(BackupWrite{CallId(++call), key, payload});
    });
}
BENCHMARK(BM_FollowerSkipsWrite)->Name("Model/FollowerSkipsWrite")->Iterations(kCalls);

}  // namespace
}  // namespace leasehold::bench

BENCHMARK_MAIN();
