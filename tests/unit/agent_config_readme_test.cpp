// agent/README.md against the program: flags, variables, endpoints and metrics, none missing and
// none invented.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "agent/config/settings.hpp"
#include "agent/http/route.hpp"
#include "tests/unit/agent_config_support.hpp"

namespace leasehold::agent {
namespace {

using Names = std::set<std::string>;

Names matches(const std::string& text, const char* pattern, std::size_t group = 0) {
    const std::regex regex(pattern);
    Names found;
    for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
        found.insert((*at)[group].str());
    return found;
}

/// What the first cells of the tables below a heading of the README hold.
std::string first_cells(const std::string& heading) {
    std::istringstream readme(test::slurp("agent/README.md"));
    std::string cells;
    bool inside = false;
    for (std::string line; std::getline(readme, line);) {
        if (line.starts_with("## ")) inside = line == "## " + heading;
        if (inside && line.starts_with("| `")) cells += line.substr(0, line.find('|', 1)) + "\n";
    }
    EXPECT_FALSE(cells.empty()) << "no table below " << heading;
    return cells;
}

std::string help_of(const test::Words& arguments) {
    return std::get<AgentExit>(read_config(arguments, {})).out;
}

TEST(AgentReadme, FlagsAreThoseOfTheHelp) {
    constexpr const char* kFlag = "--[a-z][a-z-]*[a-z]";
    Names printed = matches(help_of({"--help"}), kFlag);
    printed.merge(matches(help_of({"record-world", "--help"}), kFlag));
    EXPECT_EQ(matches(first_cells("Flags"), kFlag), printed);
}

TEST(AgentReadme, FlagsOfRecordWorldAreMarked) {
    std::istringstream readme(test::slurp("agent/README.md"));
    Names marked;
    for (std::string line; std::getline(readme, line);)
        if (line.starts_with("| `--") && line.find("| **R** ") != std::string::npos)
            marked.merge(matches(line.substr(0, line.find('|', 1)), "--[a-z][a-z-]*[a-z]"));
    marked.insert("--record-poll");  // is its own alone
    EXPECT_EQ(marked, matches(help_of({"record-world", "--help"}), "--[a-z][a-z-]*[a-z]"));
}

TEST(AgentReadme, VariablesAreThoseThatAreRead) {
    Names known(kOtherVariables.begin(), kOtherVariables.end());
    for (const Setting& setting : all_settings())
        if (!setting.variable.empty()) known.emplace(setting.variable);
    Names tabled = matches(first_cells("Environment"), "`([A-Z_]+)`", 1);
    // Read by the bucket's client and by the C++ library.
    std::erase_if(tabled, [](const std::string& name) {
        for (const char* const one : {"TMPDIR", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG",
                                      "GCE_METADATA_HOST", "STORAGE_EMULATOR_HOST"})
            if (name == one) return true;
        return name.starts_with("AWS_") || name.starts_with("AZURE_");
    });
    EXPECT_EQ(tabled, known);
}

TEST(AgentReadme, EndpointsAreThoseThatAreServed) {
    Names served;
    for (std::size_t i = 0; i < static_cast<std::size_t>(Route::none); ++i)
        served.emplace(route_name(static_cast<Route>(i)));
    EXPECT_EQ(matches(first_cells("Endpoints"), "`([^`]+)`", 1), served);
}

TEST(AgentReadme, MetricsAreThoseOfTheCatalogue) {
    const Names defined =
        matches(test::slurp("agent/metrics/catalogue.cpp"), "\"((leasehold|process)_[a-z_]+)\"", 1);
    EXPECT_GT(defined.size(), 10U);
    EXPECT_EQ(matches(first_cells("Metrics"), "`([a-z_]+)`", 1), defined);
}

}  // namespace
}  // namespace leasehold::agent
