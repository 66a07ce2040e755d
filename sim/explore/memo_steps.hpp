// How the memo's steps are numbered, and where the slots of what follows come from.
#pragma once

#include <cstdint>

#include "sim/explore/world.hpp"

namespace leasehold::explore {

inline constexpr std::uint8_t kTick = 1;
inline constexpr std::uint8_t kTold = 2;  ///< a process hears that the Lease was written
inline constexpr std::uint8_t step_of(const Action& action) {
    return static_cast<std::uint8_t>(action.what == Happens::fault
                                         ? 32 + static_cast<unsigned>(action.fault)
                                         : 4 + static_cast<unsigned>(action.what));
}

// A slot of what follows: a slot of the first part, one of the second, a new name or version, or
// a name that operators write.
inline constexpr std::uint8_t kInSecond = 72;
inline constexpr std::uint8_t kNew = 144;
inline constexpr std::uint8_t kLiteral = 240;

}  // namespace leasehold::explore
