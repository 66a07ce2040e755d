// Inputs: what flags, environment and Helm values say of each setting, the strongest first.
// Internal.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/command_line.hpp"
#include "agent/config/config.hpp"
#include "agent/config/refused.hpp"
#include "agent/config/values.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

enum class Layer : std::uint8_t { values, environment, flag };

/// What somebody said, and where: "--replicas", "POD_NAME", "kubecostDeployment.replicas".
struct Given {
    std::string text;
    std::string origin;
    Layer layer = Layer::values;
    /// "POD_NAME=x" or "--pod-name x", for messages that name two sides.
    [[nodiscard]] std::string words() const;
};

class Inputs {
  public:
    /// Refuses variables whose names are near misses, and values that are not Helm's.
    Inputs(const CommandLine& line, const Environment& environment);

    /// The strongest word on a flag (without dashes); null when nobody said anything.
    [[nodiscard]] const Given* find(std::string_view flag) const;
    [[nodiscard]] bool typed(std::string_view flag) const;  ///< on the command line
    /// A variable of the environment; null when unset or empty.
    [[nodiscard]] const std::string* variable(std::string_view name) const;
    [[nodiscard]] const HelmValues& values() const { return values_; }
    [[nodiscard]] const std::vector<std::string>& value_files() const { return value_files_; }

    /// Sets `out` if something was said; true if so.
    bool text(std::string_view flag, std::string& out) const;
    bool toggle(std::string_view flag, bool& out) const;
    bool duration(std::string_view flag, Duration& out, Duration least, Duration most) const;
    template <class T>
    bool parsed(std::string_view flag, T& out,
                Result<T, std::string> (*parse)(std::string_view)) const {
        const Given* given = find(flag);
        if (given == nullptr) return false;
        const auto value = parse(given->text);
        if (!value) refuse(given->origin + ": " + value.error());
        out = *value;
        return true;
    }
    /// The index of the word in `names`, or a refusal with the nearest of them.
    [[nodiscard]] std::optional<std::size_t> choice(std::string_view flag,
                                                    std::span<const std::string_view> names) const;
    /// A path that must be a readable file.
    bool file(std::string_view flag, std::string& out) const;

    /// For AgentConfig::origins.
    [[nodiscard]] std::map<std::string, std::string, std::less<>> origins() const;

  private:
    void say(std::string_view flag, Given given);

    std::map<std::string, Given, std::less<>> given_;
    Environment variables_;  ///< those that have a meaning and a value
    HelmValues values_;
    std::vector<std::string> value_files_;
};

/// "true" or "false", strictly.
[[nodiscard]] bool strict_bool(const std::string& origin, const std::string& text);

}  // namespace leasehold::agent
