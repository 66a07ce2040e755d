// Compact: a state as a few numbers. Each part of it (the Lease, each process, each write that may
// still land) is one of a table of forms; and where parts speak of the same name or version, they
// have the same number for it.
//
// So a state is some 80 bytes, and what can happen to a process, and what then becomes of it, is
// looked up (memo.hpp) instead of played: a space of ten million states has a few ten thousand
// forms of processes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

#include "sim/explore/form.hpp"
#include "sim/explore/space.hpp"
#include "sim/explore/world.hpp"

namespace leasehold::explore {

using PartId = std::uint32_t;
inline constexpr PartId kNoPart = UINT32_MAX;
inline constexpr std::size_t kMostLandings = 6;
/// The Lease, the processes, the writes that may land: in this order.
inline constexpr std::size_t kMostParts = 1 + kMostReplicas + kMostLandings;
inline constexpr std::size_t kMostSlots = 248;

/// What is known of a part by its form alone.
struct alignas(64) Part {
    // What every step asks lies in one cache line.
    Fingerprint form;
    std::uint8_t names = 0;
    std::uint8_t versions = 0;
    std::uint8_t identity = 0;  ///< of a process or a write: which of its names; 255 = none
    std::uint8_t watched = 0;   ///< of a process, a container that it wants to know of; likewise
    std::uint8_t left = 0;      ///< and one that it wanted to know of before
    bool present = false;       ///< the Lease: there is one
    bool released = false;      ///< and a release of it that can be replayed
    bool creates = false;       ///< a write: POST
    bool running = false;       ///< a process, and so are all that follow
    bool able = false;          ///< it runs, and neither stands still nor stops
    bool gate_open = false;
    bool due = false;             ///< something happens to it before time goes on
    bool heeds = false;           ///< a change of the Lease changes it
    std::vector<Action> actions;  ///< without the replica
    std::vector<Fault> faults;    ///< that may strike it
    [[nodiscard]] std::size_t slots() const { return std::size_t{names} + versions; }
};

struct Compact {
    Fingerprint fingerprint;
    std::array<PartId, kMostParts> parts;
    std::uint32_t ticks = 0;
    std::uint16_t leaderless = 0;
    std::uint8_t part_count = 0;
    std::uint8_t faults_left = 0;
    std::uint8_t last_term = 0;  ///< a version's number; 0 = none yet
    std::uint8_t names = 0;      ///< numbers 1 to this are in use
    std::uint8_t versions = 0;
    std::uint8_t used = 0;  ///< slots: of each part its names' numbers and then its versions'
    std::array<std::uint8_t, kMostSlots> slots;

    Compact() = default;
    Compact(const Compact& other) { *this = other; }
    // Only what is there is copied.
    Compact& operator=(const Compact& other) {
        std::memcpy(static_cast<void*>(this), &other, offsetof(Compact, slots) + other.used);
        return *this;
    }
};

/// Names that operators write: numbered alike everywhere, for they may come back.
inline constexpr std::uint8_t kFirstLiteral = 240;
/// 0 = it is none.
[[nodiscard]] std::uint8_t literal_of(std::uint64_t name);

/// The table of forms of one thread, and states made of them.
class Parts {
  public:
    explicit Parts(const Space& space) : space_(&space) {}

    [[nodiscard]] const Part& operator[](PartId id) const { return parts_[id]; }
    [[nodiscard]] std::size_t size() const { return parts_.size(); }
    [[nodiscard]] std::uint64_t bytes() const;

    PartId lease_of(World& world);
    PartId process_of(World& world, std::uint8_t replica);
    PartId landing_of(World& world, std::uint8_t index);
    [[nodiscard]] Compact state_of(World& world);

    /// What can happen in it; as World::next has it, in another order.
    void next(const Compact& state, std::vector<Action>& actions) const;
    /// Numbers names by first appearance and versions by rank, and sets the fingerprint: the same
    /// for a world and its mirror image.
    void settle(Compact& state) const;

  private:
    struct ByForm {
        std::size_t operator()(const Fingerprint& form) const {
            return static_cast<std::size_t>(form.low);
        }
    };
    PartId known(const Shape& shape, bool& added);
    void next_ends(const Compact& state, std::uint8_t replica, std::vector<Action>& actions) const;
    struct Places;
    void rank_versions(Compact& state, Places& places) const;
    [[nodiscard]] Fingerprint hashed(const Compact& state, const Places& places,
                                     std::array<std::uint8_t, 256>& numbers) const;

    const Space* space_;
    std::vector<Part> parts_;
    std::unordered_map<Fingerprint, PartId, ByForm> ids_;  // never iterated
};

}  // namespace leasehold::explore
