// The search: every state of a space, depth first; and the shortest way to a broken one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/space.hpp"
#include "sim/explore/world.hpp"

namespace leasehold::explore {

/// What one state takes of memory, at most (visited.hpp).
inline constexpr std::uint64_t kBytesPerState = 24;

struct Limits {
    unsigned threads = 2;
    std::uint64_t states = UINT64_MAX;  ///< seen, at most (each thread may see one more)
    bool memo = true;                   ///< false: every step is played (memo.hpp)
    std::function<bool()> interrupted;  ///< asked now and then, by any thread; may be empty
};

using Schedule = std::vector<Action>;

/// A schedule that breaks an invariant with its last action.
struct Violation {
    Broken broken = Broken::nothing;
    std::string failure;  ///< of a CHECK
    Schedule schedule;
};

enum class Ending : std::uint8_t {
    complete,  ///< every state was seen
    bounded,   ///< as many as the limit allows were
    violated,  ///< the search ended at once
    interrupted
};

struct Found {
    Ending ending = Ending::complete;
    std::uint64_t states = 0;            ///< different ones
    std::uint64_t transitions = 0;       ///< things that happened in them
    std::uint64_t deepest = 0;           ///< actions of the longest schedule that was followed
    std::uint64_t bytes = 0;             ///< of memory for the states seen
    std::uint64_t played = 0;            ///< transitions that production code played
    std::uint64_t forms = 0;             ///< of parts of states, of all threads
    std::uint64_t memo_bytes = 0;        ///< of memory for these, and for what is known of them
    std::optional<Violation> violation;  ///< the first one found, not the shortest
};

/// Depth first, with as many threads as the limits say. States and transitions of a complete search
/// are those of the space, whatever the threads do.
[[nodiscard]] Found explore_all(const Space& space, const Limits& limits);

/// The shortest schedule that breaks an invariant: breadth first, one thread, so that it is the
/// same one each time. None within the limits, or with `most` actions: nothing.
[[nodiscard]] std::optional<Violation> shortest(const Space& space, const Limits& limits,
                                                std::size_t most);

}  // namespace leasehold::explore
