// Refused: a mistake of the configuration on its way to read_config's door. Internal.
#pragma once

#include <string>
#include <utility>

namespace leasehold::agent {

/// Never leaves this folder.
struct Refused {
    std::string message;
};

[[noreturn]] inline void refuse(std::string message) {
    throw Refused{std::move(message)};
}

}  // namespace leasehold::agent
