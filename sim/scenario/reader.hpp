// The door to scenario files: text in, a resolved Scenario or one clear message out.
//
// YAML stays behind this header. Everything that a person can get wrong in a file, in Helm values
// or in `--set` ends as a Diagnostic with its place, what was expected and the nearest valid name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/values.hpp"
#include "model/base/result.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// Reads, validates and resolves the file at `path`; `sources` are added to its own Helm values.
[[nodiscard]] Result<Scenario, config::Diagnostic> read_scenario(
    const std::string& path, const config::ValueSources& sources);
/// The same for a text; `path` names it in messages and must end in "<scenario name>.yaml".
[[nodiscard]] Result<Scenario, config::Diagnostic> parse_scenario(
    std::string_view text, const std::string& path, const config::ValueSources& sources);

/// The scenario with every default written out; the reader reads it back as the same scenario
/// (of the lines of faults and the count of ignored Helm keys it keeps nothing).
[[nodiscard]] std::string resolved_yaml(const Scenario& scenario);

/// The scenario files among `paths`: files as given, directories searched for *.yaml below them
/// (sorted by path). A missing path and a directory without scenarios are errors.
[[nodiscard]] Result<std::vector<std::string>, config::Diagnostic> find_scenarios(
    const std::vector<std::string>& paths);

/// "7" or "1..50", as a scenario and a command line give seeds.
[[nodiscard]] Result<SeedRange, std::string> parse_seeds(std::string_view text);

}  // namespace leasehold::sim
