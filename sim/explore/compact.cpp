#include "sim/explore/compact.hpp"

#include <algorithm>
#include <bit>
#include <string_view>

#include "model/base/check.hpp"

namespace leasehold::explore {

namespace {

constexpr std::uint8_t kNone = 255;

/// Which of the part's names is that one?
std::uint8_t place_of(const Shape& shape, const std::string& identity) {
    const std::uint64_t name = FormOf::word_of(identity);
    for (std::size_t i = 0; i < shape.names.size(); ++i)
        if (shape.names[i] == name) return static_cast<std::uint8_t>(i);
    return kNone;
}

/// Numbers in the order of values, from 1 on.
class Ranks {
  public:
    void add(const Shape& shape) {
        for (std::size_t i = 0; i < shape.versions.size(); ++i)
            values_.push_back(shape.versions[i]);
    }
    void add(std::uint64_t value) {
        if (value != 0) values_.push_back(value);
    }
    void sort() {
        std::sort(values_.begin(), values_.end());
        values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
    }
    [[nodiscard]] std::uint8_t of(std::uint64_t value) const {
        if (value == 0) return 0;
        const auto at = std::lower_bound(values_.begin(), values_.end(), value);
        return static_cast<std::uint8_t>(at - values_.begin() + 1);
    }
    [[nodiscard]] std::uint8_t count() const { return static_cast<std::uint8_t>(values_.size()); }

  private:
    std::vector<std::uint64_t> values_;
};

}  // namespace

std::uint8_t literal_of(std::uint64_t name) {
    static const std::array<std::uint64_t, 10> literals = [] {
        std::array<std::uint64_t, 10> made{FormOf::word_of(std::string(kStranger))};
        for (std::size_t i = 1; i < made.size(); ++i)
            made[i] = FormOf::word_of(std::string(i, 'e'));  // what a label adds each time
        return made;
    }();
    for (std::size_t i = 0; i < literals.size(); ++i)
        if (literals[i] == name) return static_cast<std::uint8_t>(kFirstLiteral + i);
    return 0;
}

std::uint64_t Parts::bytes() const {
    return parts_.size() * (sizeof(Part) + 64 + sizeof(Fingerprint) + 32);
}

PartId Parts::known(const Shape& shape, bool& added) {
    const auto [at, inserted] =
        ids_.try_emplace(shape.fingerprint, static_cast<PartId>(parts_.size()));
    added = inserted;
    if (!inserted) return at->second;
    Part part;
    part.form = shape.fingerprint;
    part.identity = part.watched = part.left = kNone;
    part.names = static_cast<std::uint8_t>(shape.names.size());
    part.versions = static_cast<std::uint8_t>(shape.versions.size());
    parts_.push_back(std::move(part));
    return at->second;
}

PartId Parts::lease_of(World& world) {
    bool added = false;
    const PartId id = known(world.lease_shape(), added);
    if (!added) return id;
    parts_[id].present = world.lease() != nullptr;
    parts_[id].released = world.released();
    return id;
}

PartId Parts::process_of(World& world, std::uint8_t replica) {
    bool added = false;
    const Shape& shape = world.process_shape(replica);
    const PartId id = known(shape, added);
    if (!added) return id;
    Part& part = parts_[id];
    const World::Process& process = world.processes()[replica];
    part.running = process.life == World::Life::running;
    part.able = part.running && !process.paused && !process.stopping;
    part.gate_open = part.running && process.elector->gate_open(process.clock);
    part.due = world.due(process);
    part.heeds = world.heeds(process);
    part.identity = part.running ? place_of(shape, world.identity_of(replica)) : kNone;
    const auto place = [&](const std::string& container) {
        return part.running && !process.paused && !container.empty() ? place_of(shape, container)
                                                                     : kNone;
    };
    part.watched = place(process.watched);
    part.left = place(process.left);
    world.next_of(replica, part.actions);
    world.faults_of(replica, part.faults);
    return id;
}

PartId Parts::landing_of(World& world, std::uint8_t index) {
    bool added = false;
    const Shape& shape = world.landing_shape(index);
    const PartId id = known(shape, added);
    if (!added) return id;
    const World::Landing& landing = world.landings()[index];
    parts_[id].creates = landing.verb == LeaseVerb::create;
    parts_[id].identity = place_of(shape, landing.identity);
    return id;
}

Compact Parts::state_of(World& world) {
    const std::size_t replicas = world.processes().size();
    CHECK(world.landings().size() <= kMostLandings);
    Compact state;
    std::array<const Shape*, kMostParts> shapes;
    const auto add = [&](PartId id, const Shape& shape) {
        shapes[state.part_count] = &shape;
        state.parts[state.part_count++] = id;
    };
    std::array<Shape, 1 + kMostLandings> own;  // of what is no process
    own[0] = world.lease_shape();
    add(lease_of(world), own[0]);
    for (std::uint8_t i = 0; i < replicas; ++i)
        add(process_of(world, i), world.process_shape(i));
    for (std::uint8_t i = 0; i < world.landings().size(); ++i) {
        own[1U + i] = world.landing_shape(i);
        add(landing_of(world, i), own[1U + i]);
    }
    state.ticks = space_->leases == 0 ? 0 : static_cast<std::uint32_t>(world.ticks());
    state.leaderless = static_cast<std::uint16_t>(world.leaderless());
    state.faults_left = static_cast<std::uint8_t>(world.faults_left());

    Ranks ranks;
    ranks.add(world.last_term());
    std::size_t count = 0;
    for (std::size_t i = 0; i < state.part_count; ++i) {
        ranks.add(*shapes[i]);
        count += shapes[i]->names.size() + shapes[i]->versions.size();
    }
    ranks.sort();
    CHECK(count <= kMostSlots && ranks.count() < 60);
    Seen<kMostSlots> names;
    Numbering numbering;
    for (std::size_t i = 0; i < state.part_count; ++i) {
        const Shape& shape = *shapes[i];
        for (std::size_t k = 0; k < shape.names.size(); ++k) {
            const std::uint8_t literal = literal_of(shape.names[k]);
            state.slots[state.used++] =
                literal != 0
                    ? literal
                    : static_cast<std::uint8_t>(numbering.index_of(names, shape.names[k]) + 1);
        }
        for (std::size_t k = 0; k < shape.versions.size(); ++k)
            state.slots[state.used++] = ranks.of(shape.versions[k]);
    }
    CHECK(names.size() < kFirstLiteral);
    state.last_term = ranks.of(world.last_term());
    settle(state);
    return state;
}

// ---- what can happen --------------------------------------------------------------------------

/// What kubelets may tell it: a container has ended if no process runs in it.
void Parts::next_ends(const Compact& state, std::uint8_t replica,
                      std::vector<Action>& actions) const {
    std::array<const std::uint8_t*, 1 + kMostReplicas> slots;
    const std::uint8_t* at = state.slots.data();
    for (std::size_t i = 0; i <= space_->replicas; ++i) {
        slots[i] = at;
        at += parts_[state.parts[i]].slots();
    }
    const auto add = [&](std::uint8_t place, Happens what) {
        if (place == kNone) return;
        const std::uint8_t container = slots[1U + replica][place];
        for (std::size_t i = 1; i <= space_->replicas; ++i) {
            const Part& part = parts_[state.parts[i]];
            if (part.identity != kNone && slots[i][part.identity] == container) return;
        }
        actions.push_back({.what = what, .replica = replica});
    };
    const Part& own = parts_[state.parts[1U + replica]];
    add(own.watched, Happens::ended);
    add(own.left, Happens::late);
}

void Parts::next(const Compact& state, std::vector<Action>& actions) const {
    actions.clear();
    const auto replicas = static_cast<std::uint8_t>(space_->replicas);
    const Part& lease = parts_[state.parts[0]];
    bool due = space_->leases != 0 && state.ticks >= space_->last_tick();
    for (std::uint8_t i = 0; i < replicas; ++i) {
        const Part& process = parts_[state.parts[1U + i]];
        due = due || process.due;
        for (Action action : process.actions) {
            action.replica = i;
            actions.push_back(action);
        }
        if (space_->pods) next_ends(state, i, actions);
        if (state.faults_left == 0) continue;
        for (const Fault fault : process.faults)
            actions.push_back({.what = Happens::fault, .replica = i, .fault = fault});
    }
    for (std::size_t i = 1U + replicas; i < state.part_count; ++i)
        if (!parts_[state.parts[i]].creates || !lease.present)
            actions.push_back(
                {.what = Happens::land, .replica = static_cast<std::uint8_t>(i - 1 - replicas)});
    if (state.faults_left > 0)
        for (const Fault fault :
             {Fault::api_restart, Fault::lease_deleted, Fault::lease_recreated,
              Fault::holder_cleared, Fault::holder_stolen, Fault::duration_shortened,
              Fault::duration_damaged, Fault::lease_labelled, Fault::release_replayed})
            if (space_->faults.has(fault) && (fault == Fault::api_restart || lease.present) &&
                (fault != Fault::release_replayed || lease.released))
                actions.push_back({.what = Happens::fault, .replica = 0, .fault = fault});
    if (!due) actions.push_back({.what = Happens::tick});
}

// ---- the canonical form -----------------------------------------------------------------------

/// Where the parts' slots begin, and the order in which they are looked at.
struct Parts::Places {
    std::array<std::uint8_t, kMostParts> begins;
    std::array<std::uint8_t, kMostParts> order;
    std::array<const Part*, kMostParts> parts;
};

void Parts::rank_versions(Compact& state, Places& places) const {
    std::uint64_t versions = std::uint64_t{1} << state.last_term;
    std::uint8_t at = 0;
    for (std::size_t i = 0; i < state.part_count; ++i) {
        const Part& part = parts_[state.parts[i]];
        places.parts[i] = &part;
        places.begins[i] = at;
        at = static_cast<std::uint8_t>(at + part.slots());
        for (std::size_t k = std::size_t{at} - part.versions; k < at; ++k)
            versions |= std::uint64_t{1} << state.slots[k];
    }
    versions |= 1;                           // none
    if ((versions & (versions + 1)) == 0) {  // no gap: each is its rank
        state.versions = static_cast<std::uint8_t>(std::countr_one(versions) - 1);
        return;
    }
    std::array<std::uint8_t, 64> ranks;
    std::uint8_t count = 0;
    for (std::uint64_t left = versions; left != 0; left &= left - 1)
        ranks[static_cast<std::size_t>(std::countr_zero(left))] = count++;
    state.versions = static_cast<std::uint8_t>(count - 1);
    state.last_term = ranks[state.last_term];
    for (std::size_t i = 0; i < state.part_count; ++i) {
        const std::size_t first = std::size_t{places.begins[i]} + places.parts[i]->names;
        for (std::size_t k = first; k < first + places.parts[i]->versions; ++k)
            state.slots[k] = ranks[state.slots[k]];
    }
}

namespace {

/// No name has a number yet, but those that are numbered alike everywhere.
constexpr std::array<std::uint8_t, 256> kUnnamed = [] {
    std::array<std::uint8_t, 256> numbers{};
    for (std::size_t i = kFirstLiteral; i < numbers.size(); ++i)
        numbers[i] = static_cast<std::uint8_t>(i);
    return numbers;
}();

}  // namespace

Fingerprint Parts::hashed(const Compact& state, const Places& places,
                          std::array<std::uint8_t, 256>& numbers) const {
    Hash hash;
    hash.add(std::uint64_t{state.faults_left} | std::uint64_t{state.last_term} << 8U |
             std::uint64_t{state.leaderless} << 16U | std::uint64_t{state.ticks} << 32U);
    // Slots are numbered one after the other, and taken in eight at a time.
    std::array<std::uint8_t, kMostSlots + 8> numbered;
    std::uint8_t* out = numbered.data();
    std::uint8_t named = 0;
    numbers = kUnnamed;
    for (std::size_t k = 0; k < state.part_count; ++k) {
        const std::uint8_t place = places.order[k];
        const Part& part = *places.parts[place];
        hash.add(part.form.high);
        hash.add(part.form.low);
        const std::uint8_t* slot = &state.slots[places.begins[place]];
        for (std::size_t i = 0; i < part.names; ++i, ++slot) {
            std::uint8_t& number = numbers[*slot];
            if (number == 0) number = ++named;
            *out++ = number;
        }
        std::memcpy(out, slot, part.versions);
        out += part.versions;
    }
    std::memset(out, 0, 8);
    for (const std::uint8_t* at = numbered.data(); at < out; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        hash.add(word);
    }
    numbers[0] = named;  // no name has the number 0
    return hash.get();
}

void Parts::settle(Compact& state) const {
    Places places;
    rank_versions(state, places);
    // The Lease, the writes, and the processes by their forms.
    const std::size_t replicas = space_->replicas;
    std::size_t ordered = 0;
    places.order[ordered++] = 0;
    for (std::size_t i = 1 + replicas; i < state.part_count; ++i)
        places.order[ordered++] = static_cast<std::uint8_t>(i);
    std::uint8_t* const first = &places.order[ordered];
    const auto before = [&](std::uint8_t a, std::uint8_t b) {
        return places.parts[a]->form < places.parts[b]->form;
    };
    bool alike = false;
    for (std::size_t i = 0; i < replicas; ++i) {
        first[i] = static_cast<std::uint8_t>(i + 1);
        for (std::size_t k = i; k > 0 && before(first[k], first[k - 1]); --k)
            std::swap(first[k], first[k - 1]);
    }
    for (std::size_t i = 1; i < replicas; ++i)
        alike = alike || !before(first[i - 1], first[i]);
    std::array<std::uint8_t, 256> numbers;
    state.fingerprint = hashed(state, places, numbers);
    if (alike) {
        // Two that look the same by themselves may still differ in whose names they speak of:
        // without this a world and its mirror image would have two forms. Which of the numberings
        // is kept says nothing.
        std::array<std::uint8_t, 256> others;
        std::sort(first, first + replicas);
        do {
            if (std::is_sorted(first, first + replicas, before))
                state.fingerprint = std::min(state.fingerprint, hashed(state, places, others));
        } while (std::next_permutation(first, first + replicas));
    }
    state.names = numbers[0];
    for (std::size_t i = 0; i < state.part_count; ++i) {
        std::uint8_t* slot = &state.slots[places.begins[i]];
        for (std::size_t k = 0; k < places.parts[i]->names; ++k, ++slot)
            *slot = numbers[*slot];
    }
}

}  // namespace leasehold::explore
