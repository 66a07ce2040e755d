// The leasehold program: see sim/cli.
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "reports/atomic_file.hpp"
#include "reports/html/page.hpp"
#include "reports/standard_streams.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/options.hpp"

namespace leasehold::cli {
namespace {

// stderr, without times of day: the time of a run stands in its lines.
void start_log(const Options& options) {
    auto logger = std::make_shared<spdlog::logger>(
        "leasehold", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
    logger->set_pattern("%^%l%$ %v");
    logger->set_level(spdlog::level::from_str(options.log));
    spdlog::set_default_logger(logger);
}

int dispatch(const Options& options) {
    switch (options.command) {
        case Command::run:
            return run_command(options);
        case Command::check:
            return check_command(options);
        case Command::list:
            return list_command(options);
        case Command::validate:
            return validate_command(options);
        case Command::verify:
            return verify_command(options);
        case Command::explore:
            return explore_command(options);
        case Command::shrink:
            return shrink_command(options);
        case Command::replay:
            return replay_command(options);
        case Command::campaign:
            return campaign_command(options);
        case Command::merge:
            return merge_command(options);
        case Command::bench:
            return bench_command(options);
    }
    return kExitInternal;
}

int main_of(const std::vector<std::string>& arguments) {
    try {
        const auto parsed = parse_options(arguments);
        if (const auto* exit = std::get_if<Exit>(&parsed)) {
            std::fputs(exit->error.c_str(), stderr);
            print(exit->out);
            return exit->code;
        }
        const Options& options = std::get<Options>(parsed);
        start_log(options);
        if (!options.html.empty() && !reports::pages_available()) {
            std::fputs(
                "leasehold: --html: this program was built without pages (its build could "
                "not fetch uPlot; see reports/README.md)\n",
                stderr);
            return kExitUnavailable;
        }
        return dispatch(options);
    } catch (const reports::OutputError& error) {
        std::fprintf(stderr, "leasehold: %s\n", error.what());
        return kExitOutput;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "leasehold: internal error: %s\n", error.what());
        return kExitInternal;
    }
}

}  // namespace
}  // namespace leasehold::cli

int main(int argc, char** argv) {
    leasehold::reports::hold_standard_streams();
    // A pipe whose reader has gone is an error of one write, and no reason to leave files half
    // made.
    std::signal(SIGPIPE, SIG_IGN);
    return leasehold::cli::main_of(
        std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
