#include "sim/world/onlooker.hpp"

#include <string>

#include "model/replica/replica.hpp"
#include "model/replica/told.hpp"

namespace leasehold::sim {
namespace {

constexpr Duration kFirst = std::chrono::seconds(10);
constexpr Duration kLeast = std::chrono::seconds(10);
constexpr Duration kMost = std::chrono::seconds(60);
constexpr std::uint32_t kIndexEvery = 4;  // rounds: it costs as much as there are keys

}  // namespace

Onlooker::Onlooker(Context& context)
    : context_(context), random_(context.stream("looks")), rounds_(context.hosts.size()) {
    for (Round& round : rounds_)
        round.next = TrueTime(Duration(
            static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(kFirst.count())))));
}

void Onlooker::ask(ReplicaIndex replica, Instant now) {
    Round& round = rounds_[replica];
    round.next = context_.now() + kLeast +
                 Duration(static_cast<std::int64_t>(
                     random_.below(static_cast<std::uint64_t>((kMost - kLeast).count()))));
    const Replica* asked = context_.hosts[replica].replica.ours();
    if (asked == nullptr) return;
    const std::string summary = asked->summary();
    std::vector<IndexEntry> index;
    ReplicaTold told;
    told.at = context_.now();
    told.replica = replica;
    told.leadership = asked->leadership();
    told.gate_open = asked->gate_open(now);
    told.storage = asked->storage_status();
    told.summary = summary;
    if (round.number++ % kIndexEvery == 0) {
        index = asked->index("");
        told.index = &index;
    }
    context_.recorder.told(told);
}

}  // namespace leasehold::sim
