#include "agent/base/clock.hpp"

#include <ctime>
#include <fstream>

#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

Duration read_clock(clockid_t clock) {
    timespec time{};
    CHECK(clock_gettime(clock, &time) == 0);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Instant boottime() {
    return Instant(read_clock(CLOCK_BOOTTIME));
}

Now read_now() {
    return Now{boottime(), WallTime(read_clock(CLOCK_REALTIME))};
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace leasehold::agent
