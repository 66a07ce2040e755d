// A name that no other run has.
#pragma once

#include <unistd.h>

#include <string>

#include "agent/base/clock.hpp"

namespace leasehold::conformance {

/// Lower-case letters, digits and "-".
inline std::string unique_name() {
    return std::to_string(agent::boottime().time_since_epoch().count()) + "-" +
           std::to_string(::getpid());
}

}  // namespace leasehold::conformance
