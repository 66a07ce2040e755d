// The server side of the Lease API: one Lease, its rules, its watch events.
//
// Specification: what a real kube-apiserver 1.34.4 answers, refusal by refusal in its order, on
// etcd or on kine; tests/conformance asks it the same. No time, no network: the channel
// (api_channel) brings requests here and carries the answers.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "model/base/random.hpp"
#include "model/protocol/lease.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// One change of the Lease, as a watch tells it.
struct LeaseChange {
    Version version;  ///< of the object, or of the deletion
    LeasePtr before;  ///< null = created
    LeasePtr after;   ///< null = deleted
};

class LeaseApi {
  public:
    explicit LeaseApi(std::uint64_t seed, ApiProfile profile = ApiProfile::etcd)
        : random_(seed), profile_(profile) {}

    /// Applies a request and answers it. `change` is set when something was written.
    LeaseReply handle(LeaseVerb verb, const LeasePtr& body, std::optional<LeaseChange>& change);

    /// By an operator: DELETE without preconditions.
    std::optional<LeaseChange> remove();
    /// By an operator: POST of a Lease with an empty spec. Nothing when there is one.
    std::optional<LeaseChange> create_empty();
    /// By an operator: an edit with the right resourceVersion. Nothing when it changes nothing.
    std::optional<LeaseChange> edit(LeaseEdit edit);

    /// The store of an earlier time comes back, and the server starts anew: no change before is
    /// known. With `bump` its revision goes on far above any that was given out.
    std::optional<LeaseChange> restore(const LeasePtr& lease, Version revision, bool bump);
    /// The server forgets the changes up to now: who asks for them is answered 410.
    void compact();

    [[nodiscard]] const LeasePtr& lease() const { return lease_; }
    [[nodiscard]] Version revision() const { return revision_; }
    /// A creation is answered with a version that need not be the object's: kine, after a deletion.
    [[nodiscard]] bool misnames_creations() const {
        return profile_ == ApiProfile::kine && deleted_;
    }
    /// Changes newer than `from`, oldest first; nothing when they are no longer known (410). From
    /// version 0: the present Lease, as if it had just been made.
    [[nodiscard]] std::optional<std::vector<LeaseChange>> changes_since(Version from) const;

  private:
    std::string draw_uid();
    LeaseReply created(LeaseReply reply);
    LeaseChange commit(std::shared_ptr<Lease> after);
    Version next_revision();

    Random random_;
    ApiProfile profile_;
    bool deleted_ = false;  ///< the Lease, some time
    LeasePtr lease_;
    LeasePtr released_;  ///< the newest record with the mark of a release
    Version revision_{1000};
    Version compacted_{1000};  ///< changes up to here are no longer in the watch cache
    std::deque<LeaseChange> changes_;
};

}  // namespace leasehold::sim
