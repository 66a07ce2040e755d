// A v1 Pod as JSON, and what the model wants to know of it.
//
// Foreign bytes: kubelets, controllers and everybody with rights on pods/status write them. What is
// odd makes the whole Pod unreadable, and an unreadable Pod proves nothing.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "agent/lease/watch_lines.hpp"
#include "model/base/result.hpp"
#include "model/protocol/pod.hpp"

namespace leasehold::agent {

/// Which Pod.
struct PodName {
    std::string namespace_name;
    std::string name;
};

/// More of them than a Pod has; what holds more is odd.
inline constexpr std::size_t kMostContainers = 256;
/// containerID: a scheme and a runtime's own name, printable; longer ones are odd.
inline constexpr std::size_t kLongestContainerId = 256;

/// The Pod in `text`, which must be the one named. Or what is wrong with it, in one line without
/// its content.
[[nodiscard]] Result<PodReport, std::string> decode_pod(std::string_view text, const PodName& name);
/// The same for a value that was parsed (strictly) already.
[[nodiscard]] Result<PodReport, std::string> pod_from_json(const nlohmann::json& value,
                                                           const PodName& name);
/// The Pod of one event of its watch: a DELETED one is reported as deleted. Or why there is none.
[[nodiscard]] Result<PodReport, std::string> pod_of_event(const WatchEvent& event,
                                                          const PodName& name);

}  // namespace leasehold::agent
