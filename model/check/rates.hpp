// Rates: requests.bounded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// No process sends requests without measure: towards the Lease API three in a retryPeriod at
/// most, towards one object one in a retryMin beyond what was asked of it, bursts apart. And the
/// Retry-After of a throttled write is waited out, as far as the work can wait.
class Rates {
  public:
    explicit Rates(Facts& facts) : facts_(facts) {}

    void lease_sent(const ReplicaStepped& step, const ReplicaFacts& self, const SendLease& request);
    void lease_answered(const ReplicaStepped& step, const LeaseAnswered& answer);
    /// Somebody else's hand on the Lease is looked at, undone, and renewed after; what a process
    /// that is told to stop hands over is taken, or looked at by who came too late.
    void lease_touched();
    /// So much may be sent once more by one that was told of its holder's end.
    void holder_ended(ReplicaIndex index);
    /// `free`: a query's own request, or one that fetches what the process was told of.
    void bucket_sent(const ReplicaStepped& step, const SendBucket& request, bool free);
    void bucket_answered(const ReplicaStepped& step, const BucketAnswered& answer);
    /// A pipeline's call about the key came: it may cost a request at once.
    void asked(const ReplicaStepped& step, const ObjectKey& key);
    void process_ended(ReplicaIndex index);

  private:
    /// So many requests at once; one more for each `cost` that passes.
    struct Allowance {
        Duration spent{0};
        Instant at{};
        Instant since{};          ///< it was whole
        std::uint64_t first = 0;  ///< event that took of it then
        std::uint32_t taken = 0;  ///< since
        void pass(Instant now);
        /// So much of it may be spent once more.
        void give_back(Duration what) { spent = std::max(Duration(0), spent - what); }
        /// Takes one; false: there was none left.
        [[nodiscard]] bool take(const ReplicaStepped& step, Duration cost, std::int64_t burst);
    };
    struct Object {
        Allowance puts;
        Allowance gets;
        Instant not_before = Instant::min();   ///< a Retry-After
        BucketVerb told_of = BucketVerb::put;  ///< to such a request; others are other work
        std::uint64_t told = 0;                ///< event that said so
        std::uint32_t era = 0;                 ///< ReplicaFacts::era of what was told
        std::uint32_t probed = 0;              ///< ReplicaFacts::era of the last probe
        std::uint32_t got_in = 0;              ///< and of the last GET
    };
    struct Change {
        RequestId request;
        BucketVerb verb = BucketVerb::put;
        ObjectKey key;
        std::uint32_t era = 0;  ///< ReplicaFacts::era when it was sent
    };
    struct Station {
        Allowance lease;
        Instant lease_sent{};                   ///< of the last write
        RequestId lease_write;                  ///< the last write
        LeaseVerb lease_verb = LeaseVerb::get;  ///< of it
        bool lease_release = false;             ///< whether it was a release
        std::uint32_t lease_era = 0;            ///< ReplicaFacts::era of then
        Instant lease_not_before = Instant::min();
        std::uint64_t lease_told = 0;
        std::map<ObjectKey, Object> objects;
        std::vector<Change> changes;
    };
    [[nodiscard]] Station& station(ReplicaIndex index) { return part_of(stations_, index); }
    void too_many(const ReplicaStepped& step, const std::string& what, const Allowance& of);
    void too_early(const ReplicaStepped& step, const std::string& what, Instant allowed,
                   std::uint64_t told);

    Facts& facts_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
