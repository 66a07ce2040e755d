// A simulated Lease API with one planted bug, in the place of a real server.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/random.hpp"
#include "tests/conformance/sim_lease.hpp"

namespace leasehold::conformance {

enum class LeaseBug : std::uint8_t {
    none,
    equal_put_writes,
    put_of_missing_is_not_found,
    put_of_missing_creates,
    post_overwrites,
    stale_put_lands,
    uid_unchecked,
    uid_survives_deletion,
    label_lost,
    zero_duration_taken,
    missing_not_about_the_lease,
    version_restarts,
    deletion_untold,
    event_told_twice,
    events_out_of_order,
    watch_tells_the_known,
    creation_misnamed,
    race_has_two_winners,
    refused_put_lands
};
inline constexpr std::array<std::string_view, 19> kLeaseBugs{
    "none",
    "equal-put-writes",
    "put-of-missing-is-not-found",
    "put-of-missing-creates",
    "post-overwrites",
    "stale-put-lands",
    "uid-unchecked",
    "uid-survives-deletion",
    "label-lost",
    "zero-duration-taken",
    "missing-not-about-the-lease",
    "version-restarts",
    "deletion-untold",
    "event-told-twice",
    "events-out-of-order",
    "watch-tells-the-known",
    "creation-misnamed",     // after a deletion, as kine does
    "race-has-two-winners",  // only among operations sent at once
    "refused-put-lands"};    // likewise: answered 409, and written

class MutantLease : public LeaseServer {
  public:
    MutantLease(LeaseBug bug, std::uint64_t seed) : bug_(bug), random_(seed), server_(seed) {}

    void fresh() override;
    /// In a seeded order.
    std::vector<LeaseAnswer> perform(std::span<const LeaseCall> calls) override;
    [[nodiscard]] std::string label_of(const std::string& extra) const override { return extra; }
    [[nodiscard]] std::string with_label(const std::string& /*extra*/,
                                         const std::string& label) const override {
        return label;
    }

  private:
    LeaseAnswer one(LeaseCall call, bool at_once);
    void spoil(LeaseCall& call, bool at_once);
    void spoil(const LeaseCall& call, LeaseAnswer& answer, bool at_once);
    void spoil_events(std::vector<LeaseEvent>& events) const;

    LeaseBug bug_;
    Random random_;
    SimLease server_;
    bool deleted_ = false;
    std::map<Version, bool> lost_;  // versions that a write at once has replaced
};

}  // namespace leasehold::conformance
