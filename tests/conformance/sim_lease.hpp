// SimLease: the simulator's Lease API behind the suite's interface.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sim/world/lease_api.hpp"
#include "tests/conformance/lease_server.hpp"

namespace leasehold::conformance {

/// Copyable: a copy goes its own way from here.
class SimLease : public LeaseServer {
  public:
    explicit SimLease(std::uint64_t seed, sim::ApiProfile profile = sim::ApiProfile::etcd)
        : seed_(seed), profile_(profile), api_(seed, profile) {}

    void fresh() override;
    /// One after another.
    std::vector<LeaseAnswer> perform(std::span<const LeaseCall> calls) override;
    LeaseAnswer apply(const LeaseCall& call);
    /// The simulator's `extra` is the label itself.
    [[nodiscard]] std::string label_of(const std::string& extra) const override { return extra; }
    [[nodiscard]] std::string with_label(const std::string& /*extra*/,
                                         const std::string& label) const override {
        return label;
    }

    [[nodiscard]] const LeasePtr& lease() const { return api_.lease(); }
    /// Names the course of changes so far, versions and uids apart.
    [[nodiscard]] std::uint64_t course() const { return course_; }

  private:
    struct Watch {
        Version from;
        std::vector<LeaseEvent> events;
    };
    void note(const sim::LeaseChange& change);
    LeaseAnswer open(const LeaseCall& call);
    LeaseAnswer collect(const LeaseCall& call);

    std::uint64_t seed_;
    sim::ApiProfile profile_;
    sim::LeaseApi api_;
    std::map<std::uint32_t, Watch> watches_;  // by client
    std::uint64_t course_ = 0;
};

}  // namespace leasehold::conformance
