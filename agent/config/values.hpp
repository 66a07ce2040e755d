// The chart's values (--values, --set) in terms of the agent's settings. Internal.
#pragma once

#include <string>
#include <vector>

#include "config/values.hpp"

namespace leasehold::agent {

/// What the values say of a setting.
struct HelmSetting {
    std::string flag;  ///< without dashes
    std::string key;   ///< of the chart
    std::string text;
};

struct HelmValues {
    bool given = false;       ///< any file or --set
    config::ValuesSpec spec;  ///< the chart's defaults where nothing was said
    std::vector<HelmSetting> settings;
};

/// Merges and validates as the chart does, in its words; then what the chart lets through and no
/// replica could live with. Refuses with file, line and column.
[[nodiscard]] HelmValues read_helm_values(const config::ValueSources& sources);

}  // namespace leasehold::agent
