// RWStorageController: the gate between the pipelines and the backup bucket, as a pure machine.
//
// A follower parks backup reads until polling brings data, skips writes, and never parks a query.
// A leader reads and writes through, each write fenced by an epoch and a per-key precondition.
// Promotion and demotion are one step each. The rules are argued in the .cpp files, one idea each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/leadership.hpp"
#include "model/storage/config.hpp"
#include "model/storage/parts.hpp"

namespace leasehold {

class RWStorageController {
  public:
    /// CHECKs that `config` can work: HA needs a file store, all limits are positive.
    explicit RWStorageController(const StorageConfig& config);

    /// Takes one event: Start, Timer, Stop, BucketAnswered, FileAnswered, BackupRead, BackupWrite,
    /// BackupRemove, Query, Cancel; others only settle time. Deadlines that `now` has passed are
    /// settled first.
    void step(Now now, const Event& event, Effects& out);
    /// The election's state changed (each renewal too). Called after the elector's effects, with
    /// the same `now`; promotes or demotes completely.
    void lead(Now now, const Leadership& leadership, Effects& out);
    /// The earliest instant at which a Timer would change anything. O(1).
    [[nodiscard]] Instant next_deadline() const;
    /// May this put or remove leave now? True for every other request.
    [[nodiscard]] bool permit(Instant now, RequestId request) const;
    /// Does the controller want a Lease renewal sent from now on? Reading resets it.
    [[nodiscard]] bool take_renewal_wish();
    /// Does it want to give the leadership up (bucket unusable)? Reading resets it.
    [[nodiscard]] bool take_give_up_wish();
    /// A stop was asked for and nothing is left that needs the gate.
    [[nodiscard]] bool drained() const;
    /// The keys that begin with `prefix`, as they are known now; removed ones are left out.
    [[nodiscard]] std::vector<IndexEntry> index(std::string_view prefix) const;
    /// One line for people: role, epoch, queues.
    [[nodiscard]] std::string summary() const;

    friend bool operator==(const RWStorageController&, const RWStorageController&) = default;

  private:
    /// One step's clock and its effects.
    struct Context {
        Instant now;
        Effects& out;
    };
    using Role = std::variant<storage::Idle, storage::Following, storage::Leading, storage::Ended>;

    // controller.cpp: events, time, roles
    void on(Context& c, const Start&);
    void on(Context& c, const Stop&);
    void on(Context& c, const BucketAnswered& event);
    void on(Context& c, const FileAnswered& event);
    void on(Context& c, const Cancel& event);
    void settle_deadlines(Context& c);
    void fire_timers(Context& c);
    void fire(Context& c, const storage::TimerEntry& timer);
    void pump(Context& c);
    void become_leader(Context& c, const Leadership& leadership);
    void become_follower(Context& c);
    void become_ended(Context& c);
    void leave_leading(Context& c);
    void check_invariants() const;
    [[nodiscard]] storage::Following* following() {
        return std::get_if<storage::Following>(&role_);
    }
    [[nodiscard]] storage::Leading* leading() { return std::get_if<storage::Leading>(&role_); }
    [[nodiscard]] const storage::Leading* leading() const {
        return std::get_if<storage::Leading>(&role_);
    }

    // requests.cpp: sending, answers, health
    RequestId send(Context& c, SendBucket request, storage::Purpose purpose, std::uint64_t owner);
    RequestId send_file(Context& c, SendFile request, storage::Purpose purpose,
                        std::uint64_t owner);
    RequestId send_get(Context& c, const ObjectKey& key, storage::Purpose purpose,
                       std::uint64_t owner, Duration timeout);
    RequestId send_list(Context& c, const ObjectKey& after, storage::Purpose purpose);
    void dispatch(Context& c, const storage::Flight& flight, RequestId request,
                  BucketOutcome outcome, const BucketReply& reply);
    storage::Found examine(Context& c, const storage::Flight& flight, BucketOutcome outcome,
                           const BucketReply& reply);
    void note_health(Context& c, const storage::Flight& flight, BucketOutcome outcome);
    void watch_usable(Context& c);
    void abandon(Context& c, RequestId request);
    void forget(RequestId request) { flights_.erase(request); }
    void mark(Context& c, MarkId id) { c.out.emplace_back(Mark{id}); }
    void arm(Instant at, storage::TimerKind kind, std::uint64_t owner = 0,
             const ObjectKey& key = {});
    [[nodiscard]] Duration backoff(std::uint32_t tries, Duration retry_after = Duration{0}) const;
    [[nodiscard]] std::optional<Duration> attempt_timeout(Instant now, std::uint64_t size) const;
    [[nodiscard]] Duration with_travel(Duration timeout, std::uint64_t size) const;
    [[nodiscard]] bool gate_open(Instant now) const;

    // calls.cpp: one answer for each call
    storage::Call& begin_call(CallId id, storage::Call call);
    storage::Call end_call(CallId id);
    void finish_read(Context& c, CallId id, ReadOutcome outcome, Epoch epoch = {},
                     const ETag& etag = {}, const Blob& payload = {});
    void finish_query(Context& c, CallId id, QueryOutcome outcome, Epoch epoch = {},
                      const ETag& etag = {}, const Blob& payload = {});
    void expire_call(Context& c, CallId id);
    void shut_reads_and_queries(Context& c);

    // files.cpp: the file index
    void on_index(Context& c, const FileReply& reply);
    void store_local(Context& c, const ObjectKey& key, const Blob& payload, const FileTag& tag);
    void retag_local(Context& c, const ObjectKey& key, const FileTag& tag);
    void remove_local(Context& c, const ObjectKey& key);
    void pump_file(Context& c, const ObjectKey& key, storage::Tracked& entry);
    void on_file_change(Context& c, const storage::Flight& flight, FileStatus status);
    void adopt(Context& c, const storage::Flight& flight, const storage::Found& found);
    void drop_if_empty(const ObjectKey& key);
    void lose_local(const ObjectKey& key);

    // reads.cpp: backup reads
    void on(Context& c, const BackupRead& event);
    void release_reads(Context& c);
    void park_reads();
    void enqueue_reads(const ObjectKey& key);
    void pump_reads(Context& c);
    void send_read(Context& c, const ObjectKey& key);
    void on_read_get(Context& c, const storage::Flight& flight, BucketOutcome outcome,
                     const BucketReply& reply);
    void end_leader_reads(Context& c, const ObjectKey& key, const storage::Found& found,
                          Duration retry_after);
    void on_read_load(Context& c, const storage::Flight& flight, const FileReply& reply);
    void deliver(Context& c, const ObjectKey& key, Epoch epoch, const ETag& etag,
                 const Blob& payload, bool from_pass);
    void serve_waiting_from_file(Context& c, const ObjectKey& key);
    [[nodiscard]] bool waits_for_other(const ObjectKey& key, const ETag& etag) const;
    void detach_read(CallId id, const ObjectKey& key);
    void tidy_reads(const ObjectKey& key);

    // queries.cpp
    void on(Context& c, const Query& event);
    void start_query_load(Context& c, CallId id, const ObjectKey& key);
    [[nodiscard]] bool may_read_through(const ObjectKey& key) const;
    [[nodiscard]] bool key_in_flight(const ObjectKey& key) const;
    void on_query_get(Context& c, const storage::Flight& flight, BucketOutcome outcome,
                      const BucketReply& reply);
    void on_query_load(Context& c, const storage::Flight& flight, const FileReply& reply);

    // polling.cpp
    void begin_polling(Context& c);
    void start_pass(Context& c);
    void on_tick(Context& c);
    void on_pass_list(Context& c, BucketOutcome outcome, const BucketReply& reply);
    void on_pass_get(Context& c, const storage::Flight& flight, RequestId request,
                     BucketOutcome outcome, const BucketReply& reply);
    void take_listed(Context& c, storage::Pass& pass, const ListEntry& listed);
    [[nodiscard]] bool pass_error(Context& c, storage::Pass& pass, BucketOutcome outcome,
                                  Duration retry_after);
    void pump_pass(Context& c);
    void end_pass(Context& c);
    void drop_unlisted(Context& c, std::uint64_t number);
    [[nodiscard]] bool of_newest_pass(const storage::Tracked& entry) const;
    [[nodiscard]] static bool fetched(const storage::Tracked& entry, const ETag& etag);

    // writes.cpp, write_answers.cpp
    void on(Context& c, const BackupWrite& event);
    void on(Context& c, const BackupRemove& event);
    void accept(Context& c, CallId call, const ObjectKey& key, const Blob& payload, bool tombstone);
    void add_job(Context& c, std::uint64_t id, storage::Job job);
    void drop_unsent_upload(const ObjectKey& key);
    void pump_writes(Context& c);
    [[nodiscard]] bool knows_what_it_replaces(Context& c, std::uint64_t id);
    void send_attempt(Context& c, std::uint64_t id, Duration timeout);
    [[nodiscard]] ObjectBodyPtr make_body(const Blob& payload, Epoch epoch, std::uint64_t write_id,
                                          bool tombstone, bool header) const;
    void on_write_attempt(Context& c, const storage::Flight& flight, BucketOutcome outcome,
                          const BucketReply& reply);
    void on_write_check(Context& c, const storage::Flight& flight, BucketOutcome outcome,
                        const BucketReply& reply);
    void check_write(Context& c, std::uint64_t id);
    void back_off(Context& c, std::uint64_t id, bool check_next, Duration retry_after);
    void requeue(std::uint64_t id);
    void commit(Context& c, std::uint64_t id, const ETag& etag);
    void end_job(Context& c, std::uint64_t id, WriteAck ack, const ETag& etag = {});
    void abandon_job(Context& c, std::uint64_t id, WriteAck if_not_stored);
    [[nodiscard]] bool is_own(const Stamp& stamp, std::uint64_t write_id,
                              const Blob& payload) const;

    // epoch.cpp, probe.cpp
    void start_claim(Context& c);
    void pump_claim(Context& c);
    void on_claim_get(Context& c, BucketOutcome outcome, const BucketReply& reply);
    void on_claim_put(Context& c, BucketOutcome outcome, const BucketReply& reply);
    void retry_claim(Context& c, Duration retry_after);
    void claimed(Context& c);
    void raise_epoch(Context& c, Epoch above);
    [[nodiscard]] bool may_write() const;
    void pump_probe(Context& c);
    void on_probe(Context& c, BucketOutcome outcome, const BucketReply& reply);
    void on_probe_delete(Context& c, BucketOutcome outcome, const BucketReply& reply);
    void retry_probe(Context& c, Duration retry_after);
    void send_probe_delete(Context& c, const ETag& etag, storage::Purpose purpose);

    // reconcile.cpp
    void start_reconcile(Context& c);
    void on_reconcile_due(Context& c);
    void on_reconcile_list(Context& c, BucketOutcome outcome, const BucketReply& reply);
    void collect_differences(Context& c);
    [[nodiscard]] bool differs(const storage::Tracked& entry) const;
    void pump_reconcile(Context& c);
    void reconcile_key(Context& c, const ObjectKey& key);
    void on_reconcile_get(Context& c, const storage::Flight& flight, BucketOutcome outcome,
                          const BucketReply& reply);
    void on_reconcile_load(Context& c, const storage::Flight& flight, const FileReply& reply);

    // purge.cpp: deletion for good
    void bury_known(Context& c);
    void bury(Context& c, const ObjectKey& key);
    void pump_purge(Context& c);
    void on_purge(Context& c, const storage::Flight& flight, BucketOutcome outcome);
    [[nodiscard]] bool may_create(Context& c, std::uint64_t id);
    void on_write_fence(Context& c, const storage::Flight& flight, BucketOutcome outcome,
                        const BucketReply& reply);

    StorageConfig config_;
    std::uint64_t writer_ = 0;  ///< hash of the identity, for stamps
    Role role_;
    std::map<RequestId, storage::Flight> flights_;
    std::map<ObjectKey, storage::Tracked> tracked_;
    std::map<CallId, storage::Call> calls_;
    std::map<ObjectKey, storage::KeyReads> reads_;
    std::set<std::pair<Instant, CallId>> deadlines_;
    std::set<storage::TimerEntry> timers_;
    std::uint64_t last_request_ = 0;  ///< even: the elector's are odd
    std::uint64_t last_write_ = 0;    ///< write ids
    std::uint64_t last_list_ = 0;
    std::uint64_t last_queued_ = 0;
    std::uint64_t last_change_ = 0;      ///< of Tracked::changes
    std::set<ObjectKey> read_throughs_;  ///< keys with a query's GET in flight
    std::uint32_t gate_flights_ = 0;     ///< puts and removes in flight
    bool started_ = false;
    bool loaded_ = false;  ///< the file index is complete
    bool stopping_ = false;
    bool renewal_wish_ = false;
    bool give_up_wish_ = false;
    bool probe_stored_ = false;  ///< the probe's object exists
    storage::Preconditions preconditions_ = storage::Preconditions::unknown;
    storage::Preconditions conditional_delete_ = storage::Preconditions::unknown;
    Instant unresolved_until_{};  ///< a put of unknown outcome may land until then
    Instant settled_at_{};        ///< newest `now`
};

}  // namespace leasehold
