// leasehold-agent: the production process.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <spdlog/spdlog.h>
#include <boost/asio/signal_set.hpp>

#include "agent/base/clock.hpp"
#include "agent/config/config.hpp"
#include "agent/host/bucket_check.hpp"
#include "agent/host/end_by.hpp"
#include "agent/host/host.hpp"
#include "agent/host/log.hpp"
#include "agent/host/reaper.hpp"
#include "agent/host/signals.hpp"
#include "agent/host/tombstones.hpp"
#include "agent/host/world_recorder.hpp"
#include "agent/http/server.hpp"
#include "agent/metrics/metrics.hpp"
#include "reports/standard_streams.hpp"

namespace leasehold::agent {
namespace {

constexpr int kExitInternal = 70;     ///< a broken belief of the program itself
constexpr int kExitUnavailable = 69;  ///< an address, a file or a store that cannot be had
constexpr int kSecondSignal = 128;    ///< plus the signal: exits at once
/// What is left to a process whose loop has ended, where no deadline says more.
constexpr Duration kLastWork = std::chrono::seconds(1);
constexpr Duration kReap = std::chrono::minutes(1);

/// The first signal that is to end it stops the process in order, the second ends it at once.
class Signals {
  public:
    Signals(asio::io_context& loop, std::function<void()> first)
        : set_(loop), first_(std::move(first)) {
        for (const int signal : kEndingSignals)
            if (!is_ignored(signal)) set_.add(signal);
        wait();
    }
    void cancel() { set_.cancel(); }

  private:
    void wait() {
        set_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            if (!first_) std::_Exit(kSecondSignal + signal);
            std::exchange(first_, {})();
            wait();
        });
    }
    asio::signal_set set_;
    std::function<void()> first_;
};

/// Tells why the process ends; with which exit code.
int report(const std::exception& error) {
    const bool own = dynamic_cast<const CheckFailure*>(&error) != nullptr;
    spdlog::critical("{}{}", own ? "internal error: " : "", error.what());
    return own ? kExitInternal : kExitUnavailable;
}

/// The exit code. The destructors of the caller's objects wait for what their threads are at, by
/// `stop_by` at the latest, which may be set meanwhile.
int run(asio::io_context& loop, EndBy& end, const Instant& stop_by) {
    int code = 0;
    try {
        const Reaper reaper(loop, kReap);
        loop.run();
    } catch (const std::exception& error) {
        code = report(error);
    }
    end.at(std::max(code == 0 ? stop_by : Instant::min(), boottime() + kLastWork), code);
    return code;
}

int serve(const AgentConfig& config) {
    EndBy end;
    Instant stop_by = Instant::min();
    asio::io_context loop(1);
    Metrics metrics;
    Host host(loop, config, metrics);
    ServerOptions http = config.http;
    http.poll_period = config.storage.poll_period;
    Server server(loop, http, host, metrics);
    Signals signals(loop, [&] {
        server.drain();
        stop_by = boottime() + config.stop_deadline;
        host.stop(stop_by, [&] { loop.stop(); });
    });
    spdlog::info("listens on {}:{}", http.address, server.port());
    host.start();
    return run(loop, end, stop_by);
}

int record_world(const AgentConfig& config) {
    EndBy end;
    asio::io_context loop(1);
    WorldRecorder recorder(loop, config);
    const Signals signals(loop, [&] { loop.stop(); });
    recorder.start();
    return run(loop, end, Instant::min());
}

int try_bucket(const AgentConfig& config) {
    const std::vector<BucketFinding> findings = check_bucket(config);
    std::fputs(table_of(findings).c_str(), stdout);
    const bool usable = std::all_of(findings.begin(), findings.end(),
                                    [](const BucketFinding& one) { return one.usable; });
    return usable ? 0 : kExitUnavailable;
}

int clear_tombstones(const AgentConfig& config) {
    const TombstonesRemoved done = remove_tombstones(config, [](const std::string& line) {
        std::printf("%s\n", line.c_str());
        std::fflush(stdout);
    });
    std::printf("removed %zu of %zu tombstones, %zu written anew; %zu objects\n", done.removed,
                done.tombstones, done.written, done.objects);
    if (done.error.empty()) return 0;
    std::fprintf(stderr, "leasehold-agent: %s\n", done.error.c_str());
    return kExitUnavailable;
}

int main_of(const std::vector<std::string>& arguments) {
    const auto read = read_config(arguments, process_environment());
    if (const auto* exit = std::get_if<AgentExit>(&read)) {
        std::fputs(exit->error.c_str(), stderr);
        std::fputs(exit->out.c_str(), stdout);
        return exit->code;
    }
    const auto& config = std::get<AgentConfig>(read);
    if (config.command == AgentCommand::check_config) {
        for (const std::string& warning : config.warnings)
            std::fprintf(stderr, "leasehold-agent: warning: %s\n", warning.c_str());
        std::fputs(describe(config).c_str(), stdout);
        return 0;
    }
    // To stderr: what a command finds is stdout's.
    start_log(config.log_format, config.log_level);
    if (config.command == AgentCommand::check_bucket) return try_bucket(config);
    if (config.command == AgentCommand::remove_tombstones) return clear_tombstones(config);
    for (const std::string& warning : config.warnings)
        spdlog::warn("{}", warning);
    try {
        return config.command == AgentCommand::record_world ? record_world(config) : serve(config);
    } catch (const std::exception& error) {
        return report(error);
    }
}

}  // namespace
}  // namespace leasehold::agent

int main(int argc, char** argv) {
    using namespace leasehold::agent;
    leasehold::reports::hold_standard_streams();
    settle_signals();
    try {
        return main_of(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "leasehold-agent: %s\n", error.what());
        return kExitUnavailable;
    }
}
