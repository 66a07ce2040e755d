// Which Lease.
#pragma once

#include <string>

namespace leasehold::agent {

/// The Lease that is contended for.
struct LeaseName {
    std::string namespace_name;
    std::string name;
};

}  // namespace leasehold::agent
