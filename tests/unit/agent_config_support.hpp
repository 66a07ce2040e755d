// Shared by the tests of agent/config.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent::test {

using Words = std::vector<std::string>;

inline constexpr const char* kSamples = "tests/agent/config/";
inline constexpr const char* kObjectStore = "tests/agent/config/good/object-store.yaml";
inline constexpr const char* kHighAvailability = "tests/agent/config/good/high-availability.yaml";

/// The configuration, which must be good; a default one after a failure.
inline AgentConfig good(const Words& arguments, const Environment& environment = {},
                        const std::string& service_account = "no/such/directory") {
    auto read = read_config(arguments, environment, service_account);
    if (auto* exit = std::get_if<AgentExit>(&read)) {
        ADD_FAILURE() << exit->error;
        return {};
    }
    return std::get<AgentConfig>(std::move(read));
}

/// The message of a configuration that must be refused, without the program's name and newline.
inline std::string bad(const Words& arguments, const Environment& environment = {},
                       const std::string& service_account = "no/such/directory") {
    const auto read = read_config(arguments, environment, service_account);
    const auto* exit = std::get_if<AgentExit>(&read);
    if (exit == nullptr) {
        ADD_FAILURE() << "accepted";
        return "accepted";
    }
    constexpr std::string_view kProgram = "leasehold-agent: ";
    EXPECT_EQ(exit->code, 64);
    EXPECT_EQ(exit->out, "");
    EXPECT_TRUE(exit->error.starts_with(kProgram)) << exit->error;
    EXPECT_EQ(exit->error.find('\n'), exit->error.size() - 1) << "one line: " << exit->error;
    if (!exit->error.starts_with(kProgram) || !exit->error.ends_with('\n')) return exit->error;
    return exit->error.substr(kProgram.size(), exit->error.size() - kProgram.size() - 1);
}

/// Alone on a directory, and `more`.
inline Words alone(Words more = {}) {
    more.insert(more.end(), {"--standalone", "--bucket-dir", "no-such-bucket"});
    return more;
}

/// A replica that elects, by flags alone, and `more`.
inline Words electing(Words more = {}) {
    more.insert(more.end(), {"--leader-follower", "--api-server", "https://127.0.0.1:6443",
                             "--namespace", "kubecost", "--bucket-config", kObjectStore});
    return more;
}

inline std::string slurp(const std::string& path) {
    const std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    EXPECT_TRUE(in) << path;
    return text.str();
}

class Folder : public leasehold::test::OwnFolder {
  public:
    /// Writes a file and gives its path.
    std::string file(const std::string& name, const std::string& text = "x") const {
        return write(name, text);
    }
};

}  // namespace leasehold::agent::test
