// What the commands share.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include <unistd.h>

#include "reports/atomic_file.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::cli {

int refuse(const std::string& message) {
    std::fprintf(stderr, "leasehold: %s\n", message.c_str());
    return kExitUsage;
}

bool read_scenarios(const std::vector<std::string>& files, const Options& options,
                    std::vector<sim::Scenario>& scenarios) {
    bool good = true;
    std::set<std::filesystem::path> known;
    for (const std::string& file : files) {
        // By whatever path: a folder and a file of it name that file twice.
        std::error_code untold;
        const auto place = std::filesystem::weakly_canonical(file, untold);
        if (!known.insert(untold ? std::filesystem::path(file) : place).second) continue;
        auto scenario = sim::read_scenario(file, options.values);
        if (scenario) {
            for (const std::string& note : scenario->values.notes)
                std::fprintf(stderr, "warning: %s\n", note.c_str());
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
    if (written && std::fflush(stdout) == 0) return;
    // Who reads has seen enough (`| head -1`): the files and the exit code are for others.
    if (errno != EPIPE)
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
    const auto add = [&](const char* flag, const std::vector<std::string>& words) {
        for (const std::string& word : words)
            text += std::string(" ") + flag + " " + reports::shell_quoted(word);
    };
    add("-f", options.values.files);
    add("--set-json", options.values.jsons);
    add("--set", options.values.sets);
    add("--set-string", options.values.strings);
    add("--set-file", options.values.from_files);
    add("--set-literal", options.values.literals);
    return text;
}

}  // namespace leasehold::cli
