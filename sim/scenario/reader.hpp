// The door to scenario files: text in, a resolved Scenario or one clear message out.
//
// YAML stays behind this header. Everything that a person can get wrong in a file, in Helm values
// or in `--set` ends as a Diagnostic with its place, what was expected and the nearest valid name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// What is wrong with the input, and where.
struct Diagnostic {
    std::string file;     ///< as given; "--set" for an option's text
    int line = 0;         ///< 1-based; 0 = unknown (the file as a whole)
    int column = 0;       ///< 1-based, in bytes; 0 = unknown
    std::string message;  ///< one line: what was found, what was expected, the nearest valid name
    /// "file:line:column: message", without the parts that are unknown.
    [[nodiscard]] std::string to_string() const;
};

/// What the command line adds to a scenario's own Helm values; later wins, as with Helm.
struct ReadOptions {
    std::vector<std::string> value_files;  ///< -f, in order
    std::vector<std::string> sets;         ///< --set, after all files: "a.b=c,d=null"
};

/// Reads, validates and resolves the file at `path`.
[[nodiscard]] Result<Scenario, Diagnostic> read_scenario(const std::string& path,
                                                         const ReadOptions& options);
/// The same for a text; `path` names it in messages and must end in "<scenario name>.yaml".
[[nodiscard]] Result<Scenario, Diagnostic> parse_scenario(std::string_view text,
                                                          const std::string& path,
                                                          const ReadOptions& options);

/// The scenario with every default written out; the reader reads it back as the same scenario
/// (of the lines of faults and the count of ignored Helm keys it keeps nothing).
[[nodiscard]] std::string resolved_yaml(const Scenario& scenario);

/// The scenario files among `paths`: files as given, directories searched for *.yaml below them
/// (sorted by path). A missing path and a directory without scenarios are errors.
[[nodiscard]] Result<std::vector<std::string>, Diagnostic> find_scenarios(
    const std::vector<std::string>& paths);

/// The name that `word` was probably meant to be (edit distance, case apart); "" if none is near.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string_view> names);

}  // namespace leasehold::sim
