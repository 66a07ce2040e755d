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
namespace {

/// Where a path leads, whatever it is; as it is spelled where that can't be told.
std::filesystem::path place_of(const std::string& path) {
    std::error_code untold;
    const auto place = std::filesystem::weakly_canonical(path, untold);
    return untold ? std::filesystem::path(path) : place;
}

}  // namespace

int refuse(const std::string& message) {
    std::fprintf(stderr, "leasehold: %s\n", message.c_str());
    return kExitUsage;
}

bool spares(const Options& options, const std::string& file) {
    for (const std::string& output : outputs_of(options)) {
        if (output.empty() || place_of(output) != place_of(file)) continue;
        std::fprintf(stderr, "leasehold: %s: is read, and would be written over\n", file.c_str());
        return false;
    }
    return true;
}

bool read_scenarios(const std::vector<std::string>& files, const Options& options,
                    std::vector<sim::Scenario>& scenarios) {
    bool good = true;
    std::set<std::filesystem::path> known;
    for (const std::string& file : files) {
        // By whatever path: a folder and a file of it name that file twice.
        if (!known.insert(place_of(file)).second) continue;
        if (!spares(options, file)) good = false;
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
