// What a machine is made of besides its process: the local files, and a clock that wobbles.
#include <algorithm>
#include <array>

#include "sim/world/faults.hpp"
#include "sim/world/hosts.hpp"

namespace leasehold::sim {
namespace {

// A local SSD: an operation with its fsync, and its throughput.
constexpr Duration kFileLatency = std::chrono::microseconds(300);
constexpr std::int64_t kFileBytesPerSecond = 1'000'000'000;

}  // namespace

Hosts::Hosts(Context& context)
    : context_(context),
      onlooker_(context),
      file_latency_(context.scenario.files.latency),
      file_random_(context.stream("files")) {
    const bool rolls_back = std::ranges::any_of(
        context.scenario.faults, [](const Fault& fault) { return fault.disk == Disk::roll_back; });
    for (Host& host : context.hosts) {
        host.rate = host.clock.piece().rate_ppb;
        if (rolls_back) host.disk.keep_past();
    }
}

void Hosts::send_file(ReplicaIndex replica, const SendFile& request) {
    Host& host = context_.hosts[replica];
    const TrueTime now = context_.now();
    const std::optional<FileStatus> failure = faults_->interfere(replica, request.verb);
    const auto bytes = static_cast<std::int64_t>(request.payload.size);
    const Duration transfer(bytes * 1'000'000'000 / kFileBytesPerSecond);
    if (!context_.scenario.files.given) {
        Mail& letter = context_.post(now + kFileLatency + transfer, replica);
        FileReply& reply = letter.event.emplace<FileAnswered>(request.request).reply;
        if (failure)
            reply.status = *failure;
        else
            reply = host.disk.handle(now, request);
        return;
    }
    FileUnderWay one;
    one.replica = replica;
    one.failure = failure;
    one.request = request;
    one.answer.incarnation = host.incarnation;
    host.disk_free = std::max(host.disk_free, now) + file_latency_(file_random_) + transfer;
    context_.at(host.disk_free, Kind::file_done, replica, files_.put(std::move(one)));
}

void Hosts::file_done(ReplicaIndex replica, std::uint64_t handle) {
    if (files_.find(handle) == nullptr) return;  // a crash came first
    FileUnderWay one = files_.take(handle);
    FileReply reply;
    if (one.failure)
        reply.status = *one.failure;
    else
        reply = context_.hosts[replica].disk.handle(context_.now(), one.request);
    one.answer.event = FileAnswered{one.request.request, std::move(reply)};
    context_.post(context_.now(), replica, std::move(one.answer));
}

// Power is gone: of what was under way nobody knows how far it came, but the old comes before the
// new.
void Hosts::cut_off_files(ReplicaIndex replica) {
    std::vector<std::uint64_t> under_way;
    files_.each([&](std::uint64_t handle, const FileUnderWay& one) {
        if (one.replica == replica) under_way.push_back(handle);
    });
    std::ranges::sort(under_way, {},
                      [&](std::uint64_t handle) { return files_.find(handle)->request.request; });
    const std::size_t done = under_way.empty() ? 0 : file_random_.below(under_way.size() + 1);
    for (std::size_t i = 0; i < under_way.size(); ++i) {
        const FileUnderWay one = files_.take(under_way[i]);
        if (i < done && !one.failure)
            static_cast<void>(context_.hosts[replica].disk.handle(context_.now(), one.request));
    }
}

void Hosts::wobble(ReplicaIndex replica, std::uint64_t position) {
    // A sixteenth of the period each, in thousandths of the amplitude.
    constexpr std::array<std::int64_t, 16> kSine{0, 383,  707,  924,  1000,  924,  707,  383,
                                                 0, -383, -707, -924, -1000, -924, -707, -383};
    Host& host = context_.hosts[replica];
    const ClockSpec& clocks = context_.scenario.clocks;
    if (!host.awake_rate) {  // a frozen clock stays frozen
        host.clock.set_rate(context_.now(),
                            host.rate + clocks.wobble_ppm * kSine[position % kSine.size()]);
        clock_changed(replica);
    }
    context_.at(context_.now() + clocks.wobble_period / std::int64_t{kSine.size()},
                Kind::clock_wobbles, replica, position + 1);
}

}  // namespace leasehold::sim
