// Writer: a leader's writes, each under its key's precondition and the claimed epoch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "model/base/slots.hpp"
#include "model/storage/desk.hpp"
#include "model/storage/leader/job.hpp"
#include "model/storage/sight.hpp"

namespace leasehold::storage {

/// At most puts_max jobs hold a place; of these at most uploads_max are uploads of reconciling, for
/// pipelines write today's data. A job that backs off gives its place back, so that a key which the
/// store can't take costs the others nothing.
///
/// Answers: Committed only for what the bucket was seen to hold; Fenced and Failed only for what
/// certainly is not stored; Unknown for the rest.
class Writer {
  public:
    explicit Writer(const StorageConfig& config)
        : places_(config.puts_max), uploads_(config.uploads_max) {}

    /// A pipeline's write or removal, accepted as `id`.
    void accept(JobId id, CallId call, KeyId key, const Blob& payload, bool tombstone, Desk& desk);
    /// An upload of reconciling, of a key that is not busy(); `over`: the object that it was
    /// decided over.
    void upload(JobId id, KeyId key, const Blob& payload, const StoredETag& over, Desk& desk);

    void step(const Sight& sight, const Attempt& owner, const Flight& flight, BucketOutcome outcome,
              const BucketReply& reply, Desk& desk);
    void step(const Sight& sight, const AttemptLook& owner, const Flight& flight,
              const Found& found, Desk& desk);
    void step(const Sight& sight, const EpochLook& owner, const Flight& flight,
              BucketOutcome outcome, const BucketReply& reply, Desk& desk);
    /// Sends what may be sent.
    void proceed(const Sight& sight, Desk& desk);
    /// A change of the key was answered: whoever waited for that may go on.
    void unblock(KeyId key);
    /// `.ha/epoch` was seen to hold our number in this very step.
    void saw_epoch() { epoch_seen_ = true; }

    /// A write's deadline came.
    void expire(const Sight& sight, CallId call, JobId job, Desk& desk);
    /// The process stops: uploads are nobody's call, the next leader's reconciling makes up.
    void drop_uploads(const Sight& sight, Desk& desk);
    /// The leadership is over.
    void end(const Sight& sight, Desk& desk);

    [[nodiscard]] bool busy(KeyId key) const { return lanes_.contains(key); }
    [[nodiscard]] bool idle() const { return jobs_.empty(); }
    [[nodiscard]] std::size_t size() const { return jobs_.size(); }
    [[nodiscard]] std::size_t in_flight() const { return places_.held(); }
    /// A pipeline's write could start if there were a place.
    [[nodiscard]] bool pipelines_wait() const {
        return !agenda_.ready.empty() && !agenda_.ready.begin()->first.first;
    }
    /// More uploads are taken: no more files are loaded than will be sent soon.
    [[nodiscard]] bool wants_uploads() const { return upload_jobs_ < kUploadsAhead; }
    /// The newest write of each key that has one waiting, for their files' provisional tags. A
    /// removal has no file, and that of an upload is an older write's.
    template <class Visit>
    void each_write(const Visit& visit) const {
        for (const auto& [key, lane] : lanes_) {
            const JobId id = lane.next.value_or(lane.head);
            const Job& job = jobs_.at(id);
            if (!job.upload() && !job.tombstone) visit(key, id);
        }
    }
    [[nodiscard]] Instant next_deadline() const;
    /// A place is a request in flight, and no write that could start is left waiting.
    void check(const Sight& sight) const;

    friend bool operator==(const Writer&, const Writer&) = default;

  private:
    static constexpr std::size_t kUploadsAhead = 2;
    /// Who is to start when.
    /// A job stands in exactly one of the two, or is in flight, or blocked, or behind its lane's
    /// head.
    struct Agenda {
        std::map<std::pair<bool, JobId>, JobId> ready;  ///< by (upload, order): uploads last
        std::set<std::pair<Instant, JobId>> waiting;
        friend bool operator==(const Agenda&, const Agenda&) = default;
    };

    void enter(JobId id, Job job, Desk& desk);
    void overtake(Job& by, JobId id, Desk& desk);
    void queue(JobId id, Job& job);
    void unqueue(JobId id, const Job& job);
    void wait_until(JobId id, Job& job, Instant at);
    void start(const Sight& sight, JobId id, Desk& desk);
    [[nodiscard]] static bool is_unread(const Entry& known, const Job& job);
    [[nodiscard]] Instant held_back_until(const Sight& sight, const Job& job) const;
    void send(const Sight& sight, JobId id, Job& job, Desk& desk);
    void look(const Sight& sight, JobId id, Job& job, bool at_epoch, Desk& desk);
    void fail(const Sight& sight, JobId id, Job& job, NotStored why, Duration retry_after,
              Desk& desk);
    void outdated(const Sight& sight, JobId id, Desk& desk);
    void contradicted(const Sight& sight, const Flight& flight, JobId id, Job& job, Desk& desk);
    void commit(JobId id, Stamp stamp, const ETag& etag, Desk& desk);
    void finish(JobId id, WriteAck ack, const Stamp& stamp, const ETag& etag, Desk& desk);
    void give_up(const Sight& sight, JobId id, WriteAck if_not_stored, Desk& desk);
    Job& landed(JobId id);

    std::map<JobId, Job> jobs_;
    std::map<KeyId, Lane> lanes_;
    Agenda agenda_;
    // Uploads take of both: of the places, like any job, and of their own two, which keep eight
    // files of 1 GiB from holding up today's windows.
    Slots<JobId> places_;
    Slots<JobId> uploads_;
    /// Where conditions don't fence: until when a PUT of the key that timed out may yet land.
    std::map<KeyId, Instant> unresolved_;
    std::size_t upload_jobs_ = 0;
    bool epoch_seen_ = false;
};

}  // namespace leasehold::storage
