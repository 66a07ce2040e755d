// What is known is looked up: see memo.hpp. learn.cpp writes it down.
#include "sim/explore/memo.hpp"

#include <algorithm>
#include <bit>

#include "sim/explore/memo_steps.hpp"

namespace leasehold::explore {

namespace {

constexpr std::size_t kMostPartSlots = 72;

}  // namespace

/// The state that follows, part by part; slots stand in the state before, or here.
struct Memo::Draft {
    std::array<Piece, kMostParts> pieces;
    std::size_t count = 0;
    std::array<std::uint8_t, kMostPartSlots*(kMostReplicas + 2)> made;
    std::size_t used = 0;
    std::uint8_t last_term = 0;

    explicit Draft(const Compact& from, const Parts& parts) : count(from.part_count) {
        const std::uint8_t* slots = from.slots.data();
        for (std::size_t i = 0; i < count; ++i) {
            pieces[i] = {from.parts[i], slots};
            slots += parts[from.parts[i]].slots();
        }
        last_term = from.last_term;
    }
};

Memo::Key Memo::key_of(std::uint8_t step, PartId a, PartId b, std::uint64_t pattern) {
    CHECK(a < (1U << 28U) && b < (1U << 28U));
    return {std::uint64_t{step} | std::uint64_t{a} << 8U | std::uint64_t{b} << 36U, pattern};
}

std::uint64_t Memo::pattern(const Piece& a, const Piece& b) const {
    const Part& first = parts_[a.id];
    const Part& second = parts_[b.id];
    std::array<std::uint8_t, 256> where{};
    for (std::uint8_t i = 0; i < first.names; ++i)
        where[a.slots[i]] = static_cast<std::uint8_t>(i + 1);
    std::uint64_t hash = 0;
    std::uint64_t word = 1;
    const auto add = [&](std::uint8_t byte) {
        word = word << 8U | byte;
        if ((word >> 56U) == 0) return;
        hash = mix64(hash ^ word) * 0x9e3779b97f4a7c15ULL;
        word = 1;
    };
    for (std::uint8_t i = 0; i < second.names; ++i)
        add(where[b.slots[i]]);
    std::uint64_t versions = 0;
    const std::uint8_t* const of_a = a.slots + first.names;
    const std::uint8_t* const of_b = b.slots + second.names;
    for (std::uint8_t i = 0; i < first.versions; ++i)
        versions |= std::uint64_t{1} << of_a[i];
    for (std::uint8_t i = 0; i < second.versions; ++i)
        versions |= std::uint64_t{1} << of_b[i];
    std::array<std::uint8_t, 64> ranks;
    std::uint8_t count = 0;
    for (std::uint64_t left = versions; left != 0; left &= left - 1)
        ranks[static_cast<std::size_t>(std::countr_zero(left))] = count++;
    for (std::uint8_t i = 0; i < first.versions; ++i)
        add(ranks[of_a[i]]);
    for (std::uint8_t i = 0; i < second.versions; ++i)
        add(ranks[of_b[i]]);
    return mix64(hash ^ word);
}

const Memo::Entry* Memo::find(const Key& key) const {
    const std::size_t mask = table_.size() - 1;
    for (std::size_t at = mix64(key.what ^ key.pattern * 0x9e3779b97f4a7c15ULL) & mask;;
         at = (at + 1) & mask) {
        if (table_[at].key == key) return &entries_[table_[at].entry];
        if (table_[at].key.what == 0) return nullptr;
    }
}

void Memo::store(const Key& key, const Entry& entry) {
    if (entries_.size() * 2 >= table_.size()) grow();
    const std::size_t mask = table_.size() - 1;
    std::size_t at = mix64(key.what ^ key.pattern * 0x9e3779b97f4a7c15ULL) & mask;
    while (table_[at].key.what != 0)
        at = (at + 1) & mask;
    table_[at] = {key, static_cast<std::uint32_t>(entries_.size())};
    entries_.push_back(entry);
}

void Memo::grow() {
    std::vector<Slot> before(table_.size() * 2);
    std::swap(before, table_);
    const std::size_t mask = table_.size() - 1;
    for (const Slot& slot : before) {
        if (slot.key.what == 0) continue;
        std::size_t at = mix64(slot.key.what ^ slot.key.pattern * 0x9e3779b97f4a7c15ULL) & mask;
        while (table_[at].key.what != 0)
            at = (at + 1) & mask;
        table_[at] = slot;
    }
}

std::uint64_t Memo::bytes() const {
    return table_.capacity() * sizeof(Slot) + entries_.capacity() * sizeof(Entry) +
           refs_.capacity() + parts_.bytes();
}

std::uint32_t Memo::resolve(const Compact& from, PartId id, std::uint32_t refs, const Piece& a,
                            const Piece& b, std::uint8_t* out) const {
    const Part& part = parts_[id];
    const std::uint8_t* ref = refs_.data() + refs;
    const auto take = [&](std::size_t count, const std::uint8_t* in_a, const std::uint8_t* in_b,
                          std::uint8_t in_use) {
        for (std::size_t i = 0; i < count; ++i, ++ref) {
            if (*ref < kInSecond)
                *out++ = in_a[*ref];
            else if (*ref < kNew)
                *out++ = in_b[*ref - kInSecond];
            else if (*ref < kLiteral)
                *out++ = static_cast<std::uint8_t>(in_use + 1 + (*ref - kNew));
            else
                *out++ = static_cast<std::uint8_t>(kFirstLiteral + (*ref - kLiteral));
        }
    };
    const std::size_t names_a = a.slots ? parts_[a.id].names : 0;
    const std::size_t names_b = b.slots ? parts_[b.id].names : 0;
    take(part.names, a.slots, b.slots, from.names);
    take(part.versions, a.slots + names_a, b.slots + names_b, from.versions);
    return refs + static_cast<std::uint32_t>(part.slots());
}

// ---- steps ------------------------------------------------------------------------------------

std::optional<Broken> Memo::take(const Compact& from, const Action& action, Compact& to) {
    Draft draft(from, parts_);
    to.ticks = from.ticks;
    to.leaderless = from.leaderless;
    to.faults_left = from.faults_left;
    std::optional<Broken> broken;
    switch (action.what) {
        case Happens::tick:
            broken = tick(from, draft, to);
            break;
        case Happens::arrive:
            broken = at_server(from, action, draft);
            break;
        case Happens::land:
            to.leaderless = 0;
            broken = at_server(from, action, draft);
            break;
        case Happens::fault:
            if (!concerns_one(action.fault)) return std::nullopt;
            --to.faults_left;
            // The release that could be replayed is forgotten with the last fault.
            if (to.faults_left == 0 && parts_[from.parts[0]].released) return std::nullopt;
            to.leaderless = 0;
            broken = alone(from, action, draft, to);
            break;
        default:
            if (action.what == Happens::start || action.what == Happens::resume) to.leaderless = 0;
            broken = alone(from, action, draft, to);
    }
    if (broken == Broken::nothing) finish(draft, to);
    return broken;
}

std::optional<Broken> Memo::tick(const Compact& from, Draft& draft, Compact& to) {
    bool able = false;
    bool led = false;
    for (std::size_t place = 1; place <= space_->replicas; ++place) {
        Piece& piece = draft.pieces[place];
        const Entry* entry = find(key_of(kTick, piece.id, 0, 0));
        if (!entry) return std::nullopt;
        std::uint8_t* const out = draft.made.data() + draft.used;
        resolve(from, entry->first, entry->refs, piece, {}, out);
        piece = {entry->first, out};
        const Part& part = parts_[entry->first];
        draft.used += part.slots();
        able = able || part.able;
        led = led || part.gate_open;
    }
    if (space_->leases != 0) ++to.ticks;
    if (space_->most_leaderless == 0) return Broken::nothing;
    to.leaderless = led || !able ? std::uint16_t{0} : static_cast<std::uint16_t>(to.leaderless + 1);
    return to.leaderless > space_->most_leaderless ? Broken::eventually_one : Broken::nothing;
}

bool Memo::other_gate_open(const Compact& from, std::size_t place) const {
    for (std::size_t i = 1; i <= space_->replicas; ++i)
        if (i != place && parts_[from.parts[i]].gate_open) return true;
    return false;
}

/// A step that changes one process, and may leave a write behind.
std::optional<Broken> Memo::alone(const Compact& from, const Action& action, Draft& draft,
                                  Compact& to) {
    const std::size_t place = 1U + action.replica;
    const Piece before = draft.pieces[place];
    const Entry* entry = find(key_of(step_of(action), before.id, 0, 0));
    if (!entry) return std::nullopt;
    const auto version = [&](std::uint8_t slot) {
        return before.slots[parts_[before.id].names + slot - 1U];
    };
    if (entry->term != 0) {
        if (version(entry->term) <= from.last_term) return Broken::term_increases;
        draft.last_term = version(entry->term);
    }
    if (entry->gate_open && other_gate_open(from, place)) return Broken::at_most_one;
    const Part& lease = parts_[from.parts[0]];
    const auto present = [&](std::uint8_t slot) {
        return lease.present && version(slot) == from.slots[lease.names];
    };
    // A PUT that can be applied no more has another form.
    if (entry->put_over != 0 && present(entry->put_over) != entry->put_lands) return std::nullopt;
    if (entry->stranger != 0 && parts_[entry->first].gate_open && present(entry->stranger))
        return Broken::at_most_one;

    std::uint8_t* const out = draft.made.data() + draft.used;
    const std::uint32_t rest = resolve(from, entry->first, entry->refs, before, {}, out);
    draft.used += parts_[entry->first].slots();
    draft.pieces[place] = {entry->first, out};
    if (entry->second != kNoPart) {
        std::uint8_t* const left = draft.made.data() + draft.used;
        resolve(from, entry->second, rest, before, {}, left);
        draft.used += parts_[entry->second].slots();
        CHECK(draft.count < kMostParts);
        draft.pieces[draft.count++] = {entry->second, left};
    }
    if (entry->second != kNoPart || action.what == Happens::fault) {
        // As World::forget_landing has it; what a PUT names is still the present version.
        const bool keeps = !lease.present || space_->lease_may_go(to.faults_left);
        std::size_t kept = 1U + space_->replicas;
        for (std::size_t i = kept; i < draft.count; ++i)
            if (keeps || !parts_[draft.pieces[i].id].creates)
                draft.pieces[kept++] = draft.pieces[i];
        draft.count = kept;
    }
    return Broken::nothing;
}

/// A request reaches the server, or a write lands.
std::optional<Broken> Memo::at_server(const Compact& from, const Action& action, Draft& draft) {
    const bool lands = action.what == Happens::land;
    const std::size_t place = 1U + action.replica + (lands ? space_->replicas : 0U);
    const Piece before = draft.pieces[place];
    const Piece lease = draft.pieces[0];
    const Entry* entry = find(key_of(step_of(action), before.id, lease.id, pattern(before, lease)));
    if (!entry) return std::nullopt;
    if (entry->takes) {
        std::size_t writer = place;
        if (lands) {
            // Of the process that sent it, if it still runs.
            writer = 0;
            const std::uint8_t identity = before.slots[parts_[before.id].identity];
            for (std::size_t i = 1; i <= space_->replicas; ++i) {
                const Part& part = parts_[draft.pieces[i].id];
                if (part.running && draft.pieces[i].slots[part.identity] == identity) writer = i;
            }
        }
        if (other_gate_open(from, writer)) return Broken::taken_only_when_free;
    }
    std::uint32_t refs = entry->refs;
    if (lands) {
        for (std::size_t i = place; i + 1 < draft.count; ++i)
            draft.pieces[i] = draft.pieces[i + 1];
        --draft.count;
    } else {
        std::uint8_t* const out = draft.made.data() + draft.used;
        refs = resolve(from, entry->first, refs, before, lease, out);
        draft.used += parts_[entry->first].slots();
        draft.pieces[place] = {entry->first, out};
    }
    if (!entry->commits) return Broken::nothing;
    std::uint8_t* const out = draft.made.data() + draft.used;
    resolve(from, entry->second, refs, before, lease, out);
    draft.used += parts_[entry->second].slots();
    draft.pieces[0] = {entry->second, out};
    // A PUT over the version before can land no more.
    const bool keeps = space_->lease_may_go(from.faults_left);
    std::size_t kept = 1U + space_->replicas;
    for (std::size_t i = kept; i < draft.count; ++i)
        if (keeps && parts_[draft.pieces[i].id].creates) draft.pieces[kept++] = draft.pieces[i];
    draft.count = kept;
    if (!tell(from, lands ? 0 : place, draft)) return std::nullopt;
    return Broken::nothing;
}

/// What the others hear of it.
bool Memo::tell(const Compact& from, std::size_t but, Draft& draft) {
    for (std::size_t i = 1; i <= space_->replicas; ++i) {
        Piece& piece = draft.pieces[i];
        if (i == but || !parts_[piece.id].heeds) continue;
        const Piece& lease = draft.pieces[0];
        const Entry* entry = find(key_of(kTold, piece.id, lease.id, pattern(piece, lease)));
        if (!entry) return false;
        std::uint8_t* const out = draft.made.data() + draft.used;
        resolve(from, entry->first, entry->refs, piece, lease, out);
        draft.used += parts_[entry->first].slots();
        piece = {entry->first, out};
    }
    return true;
}

void Memo::finish(Draft& draft, Compact& to) const {
    to.part_count = static_cast<std::uint8_t>(draft.count);
    to.last_term = draft.last_term;
    std::size_t used = 0;
    for (std::size_t i = 0; i < draft.count; ++i) {
        const std::size_t count = parts_[draft.pieces[i].id].slots();
        CHECK(used + count <= kMostSlots);
        to.parts[i] = draft.pieces[i].id;
        std::memcpy(&to.slots[used], draft.pieces[i].slots, count);
        used += count;
    }
    to.used = static_cast<std::uint8_t>(used);
    parts_.settle(to);
}

}  // namespace leasehold::explore
