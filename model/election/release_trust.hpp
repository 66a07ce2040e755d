// ReleaseTrust: what an empty holder proves (clause 6).
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "model/protocol/lease.hpp"

namespace leasehold::election {

/// Judges each record as it is seen, by what was seen before of the same Lease.
class ReleaseTrust {
  public:
    enum class Proof : std::uint8_t {
        none,     ///< held, or emptied by nobody knows whom: waited out
        marked,   ///< the release of one of ours, which closed its gate first
        foreign,  ///< the release of a foreign elector that was watched while it held the Lease
    };
    struct Judgement {
        Proof proof = Proof::none;
        bool next_holder = false;  ///< it is held, and not by whom the last held record named
        bool replayed = false;     ///< it is held, and lies before a record that was seen already
    };

    explicit ReleaseTrust(bool client_go_peers) : client_go_peers_(client_go_peers) {}

    /// One that has seen nothing.
    [[nodiscard]] ReleaseTrust forgotten() const { return ReleaseTrust(client_go_peers_); }
    /// Takes in the newest record. `before`: the record seen last, null if none since the Lease
    /// was missing. `unbroken`: a watch showed `lease` as the very next record after `before`.
    /// Each record once, in the order of versions.
    Judgement judge(const Lease* before, const Lease& lease, bool unbroken);

    /// Shows what still matters (StateVisitor).
    template <class Visitor>
    void visit(Visitor& visitor) const {
        visitor.name(uid_);
        visitor.value(most_transitions_);
        visitor.name(spent_);
        // Whose record it was is asked of foreign electors alone.
        if (!client_go_peers_) return;
        visitor.name(last_nonce_);
        visitor.name(holder_);
        visitor.value(foreign_);
    }

    friend bool operator==(const ReleaseTrust&, const ReleaseTrust&) = default;

  private:
    [[nodiscard]] Proof proof(const Lease* before, const Lease& lease, bool unbroken) const;
    [[nodiscard]] bool replayed(const Lease* before, const LeaseRecord& record) const;
    [[nodiscard]] bool note(const Lease* before, const LeaseRecord& record);

    bool client_go_peers_;
    std::string uid_;  ///< of the Lease that the rest is about
    std::int32_t most_transitions_ = std::numeric_limits<std::int32_t>::min();
    // A mark is good for the record that it was written with. Seen in a later one, or followed by
    // any other record, it has been used up: foreign electors carry annotations on, and backups
    // bring them back.
    std::uint64_t spent_ = 0;       ///< mark of a release after which a record was seen
    std::uint64_t last_nonce_ = 0;  ///< of the record seen last
    std::string holder_;            ///< of the last held record
    bool foreign_ = false;          ///< that holder is none of ours
};

}  // namespace leasehold::election
