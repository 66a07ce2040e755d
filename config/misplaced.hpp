// Names that mean something here, found where they mean nothing to the chart. Internal.
#pragma once

#include <string>

#include "config/tree.hpp"

namespace leasehold::config {

/// Refuses such a name at any depth of a value that is not ours, in a map or in a text that is
/// itself YAML (an Argo CD Application holds values so), with the path at which it stands and the
/// one where it belongs; not in what an alias stands for, which is in its place there. `path` is
/// the value's own. Throws InputError.
void refuse_misplaced(const Node& value, const std::string& path);

/// The same for one key of the section at `path` (empty: the top level).
void refuse_misplaced_key(const Node& key, const std::string& path);

}  // namespace leasehold::config
