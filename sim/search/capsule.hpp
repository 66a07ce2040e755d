// Capsule: one run in one file, to be played again to the bit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/check/result.hpp"

namespace leasehold::search {

inline constexpr std::uint32_t kCapsuleVersion = 1;

/// Everything that a run is made of, and what came of it.
struct Capsule {
    std::string program = "leasehold";
    std::uint32_t version = kCapsuleVersion;  ///< of this format
    std::string build;                        ///< build_id() of the program that wrote it
    std::string name;                         ///< of the scenario
    std::string scenario;                     ///< the scenario file
    std::uint64_t seed = 0;
    std::string digest;  ///< sixteen hexadecimal digits
    check::Outcome outcome = check::Outcome::inconclusive;
    std::string signature;
};

/// The sources that this program was built of, as a name: equal sources have equal ones, whatever
/// the machine and the compiler.
[[nodiscard]] std::string_view build_id();

[[nodiscard]] std::string capsule_text(const Capsule& capsule);
/// The capsule in `text`; a message where it is none, was cut off, or has a format that this
/// program doesn't know.
[[nodiscard]] Result<Capsule, std::string> parse_capsule(std::string_view text);

}  // namespace leasehold::search
