// Kubeconfigs as tools and people write them (tests/agent/kubeconfigs): what becomes of each here
// stands on its first line, beside what clientcmd of client-go v0.34.4 made of it when it was run.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "agent/lease/api_access.hpp"

namespace leasehold::agent::testing {
namespace {

/// Taken by clientcmd and refused here: credentials that would be sent in the open or dropped in
/// silence, what the agent can't serve, what nobody means.
const std::set<std::string> kStricter{"impersonation",         "password",  "token-to-http",
                                      "server-without-scheme", "key-twice", "terminal-wanted"};

TEST(AgentKubeconfigTable, IsReadAsClientcmdReadsItOrRefusedForAReason) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator("tests/agent/kubeconfigs")) {
        const std::string name = entry.path().stem();
        std::ifstream in(entry.path());
        std::string first;
        std::getline(in, first);
        const bool taken = first.starts_with("# leasehold: A");
        const bool clientcmd = first.find("clientcmd: A") != std::string::npos;
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const auto access = kubeconfig_access(entry.path(), "");
        EXPECT_EQ(access.has_value(), taken) << name << (access ? "" : ": " + access.error());
        EXPECT_EQ(!taken && clientcmd, kStricter.contains(name)) << name;
        const bool plugin = text.find(" exec:") != std::string::npos;
        if (access) {
            EXPECT_EQ(access->exec.has_value(), plugin && access->token.empty()) << name;
        }
        ++files;
    }
    EXPECT_GE(files, 34U);
}

}  // namespace
}  // namespace leasehold::agent::testing
