// Writes: write.eventually-committed, the deadlines of writes and removals included.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// A write or removal that a leader accepted ends Committed, within a bound, if its leader could
/// work all the time: it ran, led, and reached both servers. An answer that comes by its deadline
/// is owed in any case. Writes that followers skip are nobody's debt.
class Writes {
  public:
    explicit Writes(Facts& facts) : facts_(facts) {}

    /// A BackupWrite (of `size` bytes) or a BackupRemove came to a replica.
    void began(const ReplicaStepped& step, ReplicaFacts& self, CallId call, const ObjectKey& key,
               std::uint64_t size);
    void done(const ReplicaStepped& step, const ReplicaFacts& self, const WriteDone& done);
    /// After the effects of the step that brought it: is it accepted, and thereby owed?
    [[nodiscard]] bool accepted(ReplicaIndex index, CallId call) const;
    /// Of how many keys it has writes without an answer.
    [[nodiscard]] std::size_t open_keys(ReplicaIndex index) const;
    /// Something about this replica may have changed: can it work?
    void changed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    /// Something disturbed it for an instant: what it could do before says nothing of after.
    void disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    /// Somebody else's hand on the Lease: whoever leads may lose it, by its gate's end at the
    /// latest.
    void lease_touched(TrueTime at) { lease_touched_ = at; }
    /// It is told to stop, by then: what it accepted before is drained.
    void stop(const ReplicaStepped& step, Instant deadline);
    /// The own clock has reached next_check, or the true time write_check.
    void check(const ReplicaStepped& step, ReplicaFacts& self);
    void put_sent(const ReplicaStepped& step, RequestId request);
    /// The answer to a PUT; without a status its request may still land.
    void put_answered(TrueTime at, ReplicaIndex index, const BucketAnswered& answer);
    /// Everything came to its end: an open write never had an answer.
    void stopped(const ReplicaStepped& step);
    /// Before its facts change: what was owed until then is judged.
    void process_ended(const ProcessEnded& record);
    void finish(TrueTime end);

    /// Within that a write of `size` bytes commits, if `ahead` others come first, `same_key` of
    /// them on its own key.
    [[nodiscard]] Duration bound(std::uint64_t size, std::size_t ahead, std::size_t same_key) const;
    /// Could this replica carry out writes now, if it led?
    [[nodiscard]] bool able(const ReplicaFacts& replica) const;
    /// Accepted ones, whether judged or not.
    [[nodiscard]] std::uint64_t accepted_count() const { return accepted_; }

  private:
    struct Write {
        CallId call;
        ObjectKey key;
        TrueTime accepted{};
        Duration bound{0};
        Instant deadline = kNever;  ///< own clock: by then it is answered
        std::uint64_t number = 0;   ///< event that brought it
        bool late = false;          ///< found too late already
    };
    struct Put {
        RequestId request;
        TrueTime sent{};
    };
    struct Station {
        bool works = false;
        TrueTime since{};
        TrueTime drains = TrueTime::max();   ///< stopping: since when it could work, still
        TrueTime drained = TrueTime::max();  ///< that, of a leader which ended in this step
        std::uint64_t ended_in = 0;          ///< the step
        Instant stop_deadline = kNever;
        TrueTime settles{};  ///< an old request may land until then, and its key waits for it
        std::vector<Write> writes;
        std::vector<Put> puts;
    };

    [[nodiscard]] Station& station(ReplicaIndex index) { return part_of(stations_, index); }
    [[nodiscard]] TrueTime begin(const Station& own, const Write& write) const;
    void denied(const ReplicaStepped& step, const ReplicaFacts& self, const Station& own,
                const Write& write, WriteAck ack);
    void judge(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void judge_end(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void too_late(const ReplicaFacts& self, Write& write, Instant now, TrueTime at,
                  std::uint64_t number);

    Facts& facts_;
    std::vector<Station> stations_;
    std::uint64_t accepted_ = 0;
    std::optional<TrueTime> lease_touched_;
};

}  // namespace leasehold::check
