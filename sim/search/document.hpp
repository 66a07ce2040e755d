// A scenario as a tree of text that can lose and change its parts: what the shrinker works on.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/tree.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::search {

/// The way to a part of a tree: positions in maps and lists.
using Path = std::vector<std::size_t>;

/// The resolved form of `scenario` as a tree; defaults are in it.
[[nodiscard]] config::Node document_of(const sim::Scenario& scenario);
/// The tree as scenario files are written: a block a line where it fits, one fault a line.
[[nodiscard]] std::string document_text(const config::Node& document);

/// Every single value.
[[nodiscard]] std::vector<Path> values_of(const config::Node& document);
[[nodiscard]] config::Node& at(config::Node& document, const Path& path);
[[nodiscard]] const config::Node& at(const config::Node& document, const Path& path);
/// The document without the part.
[[nodiscard]] config::Node without(config::Node document, const Path& path);
/// Its keys, such as "workload.windows", of the part; items have none.
[[nodiscard]] std::string name_of_part(const config::Node& document, const Path& path);

/// `document` as a scenario; none if it isn't one (a name that nobody binds any more).
[[nodiscard]] std::optional<sim::Scenario> scenario_of(const config::Node& document);

/// Is a smaller document still what it was?
using Keeps = std::function<bool(const config::Node&)>;
/// `document` without each part that can go by itself: later parts first, outer before inner ones.
/// Its name, why and seeds stay.
[[nodiscard]] config::Node pruned(config::Node document, const Keeps& keeps);

/// The scenario in the fewest lines: without whatever the reader fills in by itself.
[[nodiscard]] config::Node least_document(const sim::Scenario& scenario);

}  // namespace leasehold::search
