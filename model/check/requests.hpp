// Requests: the part of follower.reads-never-stack that concerns requests in flight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// Keeps each process's bucket requests in flight. As a follower, a process has at most one GET
/// per key that no query asked for, passes that don't overlap, and a bounded rate of passes.
/// What was sent in another role (an era of its own) ends normally and is not held against it.
class Requests {
  public:
    explicit Requests(Facts& facts) : facts_(facts) {}

    /// `own_of_query`: a query's own request, which may run beside the flight of its key.
    void sent(const ReplicaStepped& step, const Tenure& tenure, const SendBucket& request,
              bool own_of_query);
    /// What was answered.
    struct Answered {
        bool of_pass = false;  ///< a request of a follower's pass, sent in the present era
        ObjectKey got;         ///< a GET's key if it brought an object
    };
    Answered answered(ReplicaIndex index, const ReplicaFacts& self, const BucketAnswered& answer);
    void process_ended(ReplicaIndex index);
    /// A process's GETs in flight.
    struct Gets {
        std::size_t all = 0;
        bool of_key = false;
    };
    [[nodiscard]] Gets gets(ReplicaIndex index, const ObjectKey& key) const;
    /// The replica stops waiting for the answer.
    void aborted(ReplicaIndex index, RequestId request);
    /// A process's requests in flight; `puts` and `gets`: those of data that it sent in that era
    /// and still waits for, without the GETs of queries.
    struct Open {
        std::size_t all = 0;
        std::size_t puts = 0;
        std::size_t gets = 0;
    };
    [[nodiscard]] Open open(ReplicaIndex index, std::uint32_t era) const;

  private:
    struct Flight {
        RequestId request;
        BucketVerb verb = BucketVerb::get;
        ObjectKey key;
        bool own_of_query = false;
        std::uint32_t era = 0;
        std::uint64_t number = 0;
        bool aborted = false;
    };
    struct Station {
        std::vector<Flight> flights;
        std::uint32_t era = 0;  ///< in which passes were counted
        std::uint64_t passes = 0;
        Instant first_pass{};
        bool list_failed = false;  ///< the last LIST brought no page: the next may repeat it
    };

    void get(const ReplicaStepped& step, const Tenure& tenure, const SendBucket& request,
             bool own_of_query, const Station& station);
    void list(const ReplicaStepped& step, const Tenure& tenure, const SendBucket& request,
              Station& station);
    void stacked(const ReplicaStepped& step, std::string what, std::uint64_t first);

    Facts& facts_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
