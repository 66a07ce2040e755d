// Memo: what becomes of one part of a state, once played and then looked up.
//
// A process that fires a timer, reads an answer or stands still changes itself alone, whatever the
// others are like; a request changes its sender and the Lease; a change of the Lease changes each
// process that hears of it. So what happens is made of steps with one or two parts, and a step
// depends on the forms of these parts, and on which of their names and versions are the same: that
// is its key. Production code plays each step once, for the first state that needs it, and every
// other such state is what the memo says. What lies between parts is asked anew in each state: may
// two gates be open, is a term larger than the last, is a record that was shown the present one.
// An operator's edits, and a server's restart, are always played.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/explore/compact.hpp"
#include "sim/explore/world.hpp"

namespace leasehold::explore {

class Memo {
  public:
    explicit Memo(const Space& space) : space_(&space), parts_(space), table_(1024) {}

    [[nodiscard]] Parts& parts() { return parts_; }
    /// What `action` makes of `from`, and what it breaks; nothing if that has not been played yet.
    std::optional<Broken> take(const Compact& from, const Action& action, Compact& to);
    /// `action` has made `after` of `before`, and broken nothing.
    void learn(World& before, const Action& action, World& after, const Noted& noted);
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] std::uint64_t steps() const { return entries_.size(); }

  private:
    /// What one step makes of its parts. Slots that follow are those before (of the first part, of
    /// the second), or new.
    struct Entry {
        PartId first = kNoPart;     ///< what the first part becomes
        PartId second = kNoPart;    ///< what the Lease becomes, or the write that it leaves behind
        std::uint32_t refs = 0;     ///< where the slots of both begin
        std::uint8_t term = 0;      ///< a leadership begins: its term, as a slot + 1
        std::uint8_t stranger = 0;  ///< a stranger's record was shown: its version, likewise
        std::uint8_t put_over = 0;  ///< a PUT left: the version that it names, likewise
        bool put_lands = false;     ///< and that was the present one
        bool commits = false;       ///< the Lease was written
        bool takes = false;         ///< by a takeover
        bool gate_open = false;     ///< of the process, in this step
    };
    struct Key {
        std::uint64_t what = 0;  ///< step and parts; 0 = no key
        std::uint64_t pattern = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Slot {
        Key key;
        std::uint32_t entry = 0;
    };
    /// A part of a state that is being made.
    struct Piece {
        PartId id = kNoPart;
        const std::uint8_t* slots = nullptr;
    };
    struct Draft;
    class Learner;

    static Key key_of(std::uint8_t step, PartId a, PartId b, std::uint64_t pattern);
    /// Which names of one are names of the other, and how their versions are ordered.
    [[nodiscard]] std::uint64_t pattern(const Piece& a, const Piece& b) const;
    [[nodiscard]] const Entry* find(const Key& key) const;
    void store(const Key& key, const Entry& entry);
    void grow();
    /// The slots of what a part becomes, written to `out`; returns where the refs go on.
    std::uint32_t resolve(const Compact& from, PartId id, std::uint32_t refs, const Piece& a,
                          const Piece& b, std::uint8_t* out) const;

    [[nodiscard]] std::optional<Broken> tick(const Compact& from, Draft& draft, Compact& to);
    [[nodiscard]] std::optional<Broken> alone(const Compact& from, const Action& action,
                                              Draft& draft, Compact& to);
    [[nodiscard]] std::optional<Broken> at_server(const Compact& from, const Action& action,
                                                  Draft& draft);
    [[nodiscard]] bool tell(const Compact& from, std::size_t but, Draft& draft);
    [[nodiscard]] bool other_gate_open(const Compact& from, std::size_t place) const;
    void finish(Draft& draft, Compact& to) const;

    void learn_alone(std::uint8_t step, std::uint8_t replica, World& before, World& after,
                     const Noted& noted);
    void learn_at_server(const Action& action, World& before, World& after, const Noted& noted);
    void learn_told(std::uint8_t replica, World& before, World& after);

    const Space* space_;
    Parts parts_;
    std::vector<Slot> table_;
    std::vector<Entry> entries_;
    std::vector<std::uint8_t> refs_;
};

}  // namespace leasehold::explore
