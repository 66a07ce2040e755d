#include "agent/base/clock.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>

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

WallTime process_started() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    // The second field is the program's name in parentheses, whatever that holds.
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    constexpr int kStartTime = 22;
    std::string field;
    for (int i = 3; i <= kStartTime; ++i)
        fields >> field;
    std::int64_t ticks = -1;
    const char* const end = field.data() + field.size();
    const auto [at, error] = std::from_chars(field.data(), end, ticks);
    CHECK_MSG(error == std::errc() && at == end && ticks >= 0, "/proc/self/stat has another form");
    const std::int64_t rate = sysconf(_SC_CLK_TCK);
    const Duration since_boot = std::chrono::seconds(ticks / rate) +
                                Duration(std::chrono::seconds(1)) * (ticks % rate) / rate;
    const Now now = read_now();
    return now.wall - (now.monotonic.time_since_epoch() - since_boot);
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace leasehold::agent
