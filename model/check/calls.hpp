// Calls: read.one-outcome, query.within-deadline, promotion.releases-all, stop.bounded, and the
// part of follower.reads-never-stack that concerns queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// Keeps the open reads and queries of each process, in no order. Every deadline is one of the
/// process's own clock; being late is excused in the first step after a pause.
class Calls {
  public:
    explicit Calls(Facts& facts) : facts_(facts) {}

    // events
    void read(const ReplicaStepped& step, ReplicaFacts& self, const BackupRead& read);
    void query(const ReplicaStepped& step, ReplicaFacts& self, const Query& query);
    void stop(const ReplicaStepped& step, ReplicaFacts& self, const Stop& stop);
    // effects, in their order; `position` of the effect within its step
    void role_changed(const ReplicaStepped& step, ReplicaFacts& self, const RoleChanged& role,
                      std::size_t position);
    void read_done(const ReplicaStepped& step, const ReplicaFacts& self, const ReadDone& done);
    void query_done(const ReplicaStepped& step, const ReplicaFacts& self, const QueryDone& done);
    void get_sent(const ReplicaStepped& step, const ReplicaFacts& self, const SendBucket& request);
    void stopped(const ReplicaStepped& step, ReplicaFacts& self);
    // after the effects of a step whose event was ...
    void after_query(const ReplicaStepped& step, const ReplicaFacts& self, const Query& query,
                     bool writes);
    void after_answer(const ReplicaStepped& step, RequestId request);
    void after_cancel(const ReplicaStepped& step, CallId call);
    /// The own clock has reached next_check.
    void deadlines(const ReplicaStepped& step, ReplicaFacts& self);

    /// An open call: its key, and the event that brought it. Null key: there is none of that id.
    struct Asking {
        const ObjectKey* key = nullptr;
        std::uint64_t number = 0;
        std::uint32_t gets = 0;  ///< of its key, sent since a leader has it
    };
    [[nodiscard]] Asking asking(ReplicaIndex index, CallId call, bool is_query) {
        const Call* found = find(index, call, is_query);
        return found == nullptr ? Asking{} : Asking{&found->key, found->number, found->gets};
    }
    /// Is it the own request of an open query?
    [[nodiscard]] bool own_of_query(ReplicaIndex index, RequestId request) const;
    /// How many of a process are open.
    struct Open {
        std::size_t reads = 0;
        std::size_t queries = 0;
    };
    [[nodiscard]] Open open(ReplicaIndex index) const;
    /// Each open backup read of a process: its id, its key, and the version that its caller has.
    template <class Each>
    void each_read(ReplicaIndex index, const Each& each) const {
        if (index >= stations_.size()) return;
        for (const Call& call : stations_[index].calls)
            if (!call.is_query) each(call.call, call.key, call.known);
    }
    /// Is a backup read of the key open?
    [[nodiscard]] bool awaited(ReplicaIndex index, const ObjectKey& key) const;
    void process_ended(const ProcessEnded& record, const ReplicaFacts& self);
    void finish(TrueTime end);

  private:
    struct Call {
        CallId call;
        bool is_query = false;
        bool promoted = false;   ///< was pending at the promotion that made this process lead
        std::uint32_t gets = 0;  ///< a read's: of its key, sent since the leader has it
        ObjectKey key;
        ETag known;  ///< a read's: the version that its caller has
        Instant deadline = kNever;
        Instant due = kNever;      ///< a leader's read: must have ended
        RequestId own;             ///< a query's request in flight; 0 = none
        std::uint64_t number = 0;  ///< event that brought it
    };
    struct Station {
        std::vector<Call> calls;
        Instant stop_deadline = kNever;
        std::uint64_t stop_number = 0;
    };

    [[nodiscard]] Station& station(ReplicaIndex index) { return part_of(stations_, index); }
    [[nodiscard]] Call* find(ReplicaIndex index, CallId call, bool is_query);
    void remove(ReplicaIndex index, Call* call);
    [[nodiscard]] Duration release_bound(std::size_t reads) const;
    [[nodiscard]] bool order_is_right(const ReplicaStepped& step, std::size_t position) const;
    [[nodiscard]] std::size_t open_reads(ReplicaIndex index, const ObjectKey& key) const;
    [[nodiscard]] Duration longest(const ReplicaStepped& step, Instant deadline) const;
    void late(Id id, const ReplicaStepped& step, const Call& call);
    void failed(const ReplicaStepped& step, const ReplicaFacts& self, const Call& call);
    void asked_again(const ReplicaStepped& step, const Call& call);
    void outlives(const ReplicaStepped& step, const Call& call, Duration timeout);
    void unasked(const ReplicaStepped& step, const SendBucket& request);
    void overdue(const ReplicaStepped& step, const ReplicaFacts& self, Call& call);
    void stop_late(const ReplicaStepped& step, const ReplicaFacts& self, const Station& own);
    void at_end(TrueTime end, ReplicaIndex index);

    Facts& facts_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
