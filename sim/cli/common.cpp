// What the commands share.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <unistd.h>

#include "reports/atomic_file.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::cli {

bool read_scenarios(const std::vector<std::string>& files, const Options& options,
                    std::vector<sim::Scenario>& scenarios) {
    bool good = true;
    for (const std::string& file : files) {
        auto scenario = sim::read_scenario(file, {options.value_files, options.sets});
        if (scenario) {
            scenarios.push_back(std::move(*scenario));
        } else {
            std::fprintf(stderr, "%s\n", scenario.error().to_string().c_str());
            good = false;
        }
    }
    return good;
}

void print(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || std::fflush(stdout) != 0)
        throw reports::OutputError(std::string("standard output: cannot write: ") +
                                   std::strerror(errno));
}

bool wants_colour(const Options& options) {
    if (options.colour != ColourMode::automatic) return options.colour == ColourMode::always;
    const char* no_colour = std::getenv("NO_COLOR");
    const bool refused = no_colour != nullptr && *no_colour != '\0';
    return !refused && isatty(STDOUT_FILENO) == 1;
}

std::string repeated_arguments(const Options& options) {
    std::string text;
    for (const std::string& file : options.value_files)
        text += " -f " + reports::shell_quoted(file);
    for (const std::string& set : options.sets)
        text += " --set " + reports::shell_quoted(set);
    return text;
}

}  // namespace leasehold::cli
