// A scenario, read and resolved: every default filled in, every name checked.
//
// Plain data, without an engine and without YAML: the reader makes it, the world plays it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/values.hpp"
#include "model/base/marks.hpp"
#include "model/base/time.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/object.hpp"
#include "model/storage/config.hpp"
#include "sim/peers/client_go_config.hpp"
#include "sim/peers/library_config.hpp"

namespace leasehold::sim {

/// A latency: never below `min`, lognormal through p50 and p99; p50 == p99 means constant.
struct LatencySpec {
    Duration min{0};
    Duration p50{0};
    Duration p99{0};
    friend bool operator==(const LatencySpec&, const LatencySpec&) = default;
};

/// One replica's clocks at the start of a run.
struct ClockSpec {
    Duration offset_max{0};          ///< wall clocks are off by a seeded amount in +-offset_max
    std::int64_t drift_ppm_max = 0;  ///< rates are off by a seeded amount in +-drift_ppm_max
    std::int64_t wobble_ppm = 0;     ///< on top: a sine of this amplitude, its phase by the seed
    Duration wobble_period = std::chrono::minutes(1);
    std::vector<std::int64_t> drift_ppm;  ///< per replica, instead (shorter list: the rest 0)
};

/// What is peculiar to some replicas.
struct ReplicasSpec {
    std::vector<std::uint32_t> absent;         ///< don't run until a `restart` starts them
    std::vector<std::uint32_t> same_identity;  ///< name themselves alike, ascending
    std::vector<std::uint32_t> second_group;   ///< have a Lease of their own, ascending
    std::vector<std::uint32_t> upgraded;       ///< run the upgraded configuration from the start
};

/// The configuration that replicas run once they are upgraded, beside those that are not.
struct UpgradeSpec {
    ElectorConfig election;
    StorageConfig storage;
};

/// The local disks.
struct FilesSpec {
    bool given = false;  ///< false: an operation is on disk the instant that it is sent
    LatencySpec latency{Duration(0), std::chrono::microseconds(300),
                        std::chrono::microseconds(300)};  ///< and on disk at its end
};

/// What tells of a machine's containers.
struct KubeletsSpec {
    /// From a change of a container to the Pod's status in the API.
    LatencySpec notice{Duration(0), std::chrono::milliseconds(1200),
                       std::chrono::milliseconds(1500)};
};

/// Which replicas run another elector than ours. Those have no storage.
struct ElectorsSpec {
    std::vector<std::uint32_t> client_go;  ///< ascending
    ClientGoConfig client_go_config;
    std::array<LibrarySpec, kLibraries> libraries;  ///< in the order of Library

    /// Every replica is ours.
    [[nodiscard]] bool none() const {
        return client_go.empty() &&
               std::ranges::all_of(libraries, &std::vector<std::uint32_t>::empty,
                                   &LibrarySpec::replicas);
    }
};

struct NetworkSpec {
    LatencySpec latency{Duration(0), std::chrono::milliseconds(5),
                        std::chrono::milliseconds(5)};  ///< one way
    std::uint64_t bandwidth = 125'000'000;  ///< of each replica's link, bytes per second
    std::uint64_t bucket_bandwidth = 1'250'000'000;
    std::vector<std::vector<std::string>> zone_members;  ///< parallel to zone_names
    std::vector<std::string> zone_names;
};

/// What keeps the API server's objects, where that shows (tests/conformance compares both).
enum class ApiProfile : std::uint8_t { etcd, kine };

struct ApiSpec {
    ApiProfile profile = ApiProfile::etcd;
    LatencySpec latency{Duration(0), std::chrono::milliseconds(2),
                        std::chrono::milliseconds(20)};  ///< handling
    Duration bookmark_period = std::chrono::seconds(60);
    Duration watch_timeout = std::chrono::minutes(40);  ///< the server ends a watch about so often
};

/// Whose behaviour the store has where servers differ (tests/conformance compares them).
enum class BucketProfile : std::uint8_t {
    aws,
    minio,
    versity,
    gcs,
    azure,
    rclone,
    moto,
    s3proxy,
    s3mock
};

/// What a store does with one kind of condition.
enum class PreconditionRule : std::uint8_t {
    honoured,
    ignored,
    refused,              ///< 501 NotImplemented
    checked_then_stored,  ///< checks, and stores `window` later: others come in between
};
enum class Condition : std::uint8_t { if_none_match, if_match, if_match_on_delete };
/// The three conditions that a store may treat apart.
struct Preconditions {
    PreconditionRule if_none_match = PreconditionRule::honoured;  ///< `*`, on PUT
    PreconditionRule if_match = PreconditionRule::honoured;       ///< on PUT
    PreconditionRule if_match_on_delete = PreconditionRule::honoured;
    Duration window = std::chrono::milliseconds(50);
    friend bool operator==(const Preconditions&, const Preconditions&) = default;
};
/// What a profile's store does with conditions, as it was observed.
[[nodiscard]] Preconditions preconditions_of(BucketProfile profile);

struct BucketSpec {
    BucketProfile profile = BucketProfile::aws;
    LatencySpec get{Duration(0), std::chrono::milliseconds(30), std::chrono::milliseconds(300)};
    LatencySpec put{Duration(0), std::chrono::milliseconds(60), std::chrono::milliseconds(450)};
    LatencySpec list{Duration(0), std::chrono::milliseconds(50), std::chrono::milliseconds(400)};
    Preconditions preconditions;
    std::uint32_t page_size = 1000;
    /// A request is refused whose sender's wall clock is further off; none: nobody looks.
    std::optional<Duration> skew_limit;
};

struct WorkloadSpec {
    bool enabled = true;
    std::vector<std::string> pipelines{"assets", "allocations"};
    std::vector<Duration> windows{std::chrono::hours(1), std::chrono::hours(24)};
    Duration export_every = std::chrono::minutes(1);  ///< fixed delay after the last has ended
    std::uint32_t writers = 1;                        ///< write each window at once in an export
    std::uint64_t object_size = 2ULL << 20;           ///< bytes
    /// A window's payload is one of so many, drawn each time; 0: none ever repeats.
    std::uint32_t contents = 0;
    std::uint64_t queries_per_1000s = 1000;  ///< rate on every replica (1/s = 1000)
    std::uint32_t cancel_every = 0;  ///< the asker of each such query goes away at once; 0 = none
    Duration query_deadline = std::chrono::seconds(2);
    bool restores = true;       ///< loaders read every current window's backup
    Duration read_deadline{0};  ///< of each backup read, which is then asked anew; 0 = none
    /// A leader's loaders read their windows again so long after an answer; 0 = never.
    Duration read_every{0};
    std::uint32_t pending_reads = 0;  ///< further reads of windows that never come
    std::uint32_t preloaded = 0;      ///< older windows in the bucket at the start
    Duration remove_every{0};         ///< retention removes one of those so often; 0 = never
    Duration backfill_every{0};       ///< one that was removed is computed anew; 0 = never
};

enum class TargetKind : std::uint8_t { replica, leader, follower, followers, all, zone, bound };
/// Whom a fault meets; roles are bound when it is injected. `bound`: what `as: name` bound.
struct Target {
    TargetKind kind = TargetKind::all;
    std::string name;           ///< of the replica, zone or binding
    std::uint32_t replica = 0;  ///< replica
};

/// Names legal in `sends:` and in the faults of single requests.
enum class RequestKind : std::uint8_t {
    get_lease,
    create_lease,
    update_lease,
    watch_lease,
    get_object,
    put_object,
    remove_object,
    list_objects
};
[[nodiscard]] std::string_view request_kind_name(RequestKind kind);  // "updateLease" ...

enum class TriggerKind : std::uint8_t { at, every, sends, reaches, performs };
struct Trigger {
    TriggerKind kind = TriggerKind::at;
    Duration at{0};       ///< at; every: first time
    Duration at_most{0};  ///< at: drawn by the seed from `at` to this, if that is later
    Duration every{0};
    Duration until = Duration::max();  ///< every: not later than this
    Target replica;                    ///< sends, reaches, performs: whose
    RequestKind sends = RequestKind::update_lease;
    MarkId reaches{};
    std::uint32_t nth = 1;       ///< sends, reaches, performs: counted from `after`
    std::uint32_t nth_most = 1;  ///< drawn by the seed from nth to this
    Duration after{0};           ///< sends, reaches: don't count before this
};

enum class FaultKind : std::uint8_t {
    crash,    ///< process gone at once; `keep_disk`; restarts after `lasts` if given
    restart,  ///< a crashed or stopped replica starts again
    stop,     ///< graceful; `within` is its deadline; restarts `lasts` after it ended if given
    pause,    ///< SIGSTOP: clocks go on, nothing runs, until resume or `lasts`
    resume,
    suspend,  ///< the machine sleeps for `lasts`; `frozen`: its monotonic clock stands still
    cut,      ///< no traffic between target and `peers` in `direction`, for `lasts` or until heal
    heal,     ///< ends what `as` name began (target.kind bound); "all": everything
    delay,    ///< adds `by` one way between target and `peers`
    outage,   ///< `api` or `bucket` of `peers` answers nothing, applies nothing
    drop_request,       ///< `requests` of target: not applied, no answer; `times` or `lasts`
    lose_answer,        ///< likewise: applied, answer lost
    apply_late,         ///< likewise: applied `by` later, answered then
    answer_error,       ///< likewise: not applied (or `applied`), answered `status`
    delete_lease,       ///< by an operator
    edit_lease,         ///< by an operator: `edit`
    step_wall_clock,    ///< by `by` (may be negative)
    set_drift,          ///< of target to `drift_ppm`, from now on
    freeze,             ///< a server handles nothing for `lasts`, then all that came
    break_watch,        ///< the open watches of target: `watch_break`
    restore_lease,      ///< the API's store is set back by `age`, its revision too unless `bump`
    set_preconditions,  ///< the bucket treats `conditions` by `rule`, for `lasts` or for good
    omit_keys,          ///< each LIST leaves out `share_ppm` of its keys
    damage_answer,      ///< GETs of target: `answer_damage`; `times` or `lasts`
    damage_object,      ///< objects of the bucket, chosen by `objects`: `object_damage`
    fail_files,         ///< `file_verbs` of target: answered `file_status`; `times` or `lasts`
    slow,               ///< each step of target takes `by`
    kill_node,          ///< machine and kubelet of target gone at once; back after `lasts` if given
    kubelet_stops,      ///< the kubelet of target tells the API nothing, for `lasts` or for good
    force_delete_pod,   ///< the Pod of target is removed from the API; its process runs on
    edit_pod            ///< somebody writes `pod_edit` into the status of target's Pod
};
[[nodiscard]] std::string_view fault_kind_name(
    FaultKind kind);  // the scenario's key: "crash", "loseAnswer" ...

enum class Disk : std::uint8_t { keep, lose, roll_back };
enum class WatchBreak : std::uint8_t {
    ended,    ///< closed by the server
    expired,  ///< and the changes before are no longer known: 410 to whoever asks for them
    silent    ///< half open: nothing comes any more, and nobody says so
};
enum class AnswerDamage : std::uint8_t {
    ended,      ///< the connection breaks half way through the body
    truncated,  ///< a whole answer with half the bytes
    corrupt     ///< as many bytes, others
};
enum class ObjectDamage : std::uint8_t {
    truncated,
    corrupt,
    removed,   ///< as a lifecycle rule does
    archived,  ///< a GET is answered 403 InvalidObjectState
    foreign    ///< another program, or an operator, writes an object of its own over it
};
enum class ObjectChoice : std::uint8_t {
    newest,  ///< the window that was written last
    epoch,   ///< `.ha/epoch`
    all
};

enum class Direction : std::uint8_t { both, send, receive };  ///< as the target sees it
/// What an operator, or somebody's tool, does to the Lease.
enum class LeaseEdit : std::uint8_t {
    clear_holder,
    steal_holder,  ///< writes a stranger, who never renews
    label,         ///< metadata only
    shorten_duration,
    replay_release,    ///< applies a backup: the newest release record, word for word
    recreate_empty,    ///< deletes it and creates it anew with an empty spec
    renew_holder,      ///< another program renews the record that isn't its own
    lengthen_duration  ///< to a minute, as a peer with another configuration writes it
};

/// What those write into a Pod's status who do not see its processes.
enum class PodEdit : std::uint8_t {
    phase_failed,    ///< as the garbage collection of Pods does
    not_ready,       ///< the readiness flaps, as with a node that is not ready
    status_unknown,  ///< a kubelet that does not find the container
    exit_unknown,    ///< a runtime that lost track of it: exit code 255
    other_ended,     ///< another container of the Pod has ended
    earlier_end      ///< an earlier restart of this one has ended
};

struct Fault {
    std::uint32_t line = 0;  ///< in the scenario file
    Trigger trigger;
    FaultKind kind = FaultKind::crash;
    Target target;
    std::string as;                 ///< binds the target met (and names the fault for heal)
    std::optional<Duration> lasts;  ///< `for:`
    Disk disk = Disk::keep;
    Duration within = std::chrono::seconds(30);
    bool upgrade = false;  ///< crash, restart, stop: it then runs the upgraded configuration
    bool frozen = false;
    bool api = true;  ///< peers: cut, delay, outage
    bool bucket = true;
    bool replicas = false;
    Direction direction = Direction::both;
    Duration by{0};
    std::vector<RequestKind> requests;  ///< of the faults of single requests
    std::uint32_t times = 1;
    std::int32_t status = 503;
    Duration retry_after{0};
    bool applied = false;     ///< answer_error: and yet it was applied
    bool plain_text = false;  ///< answer_error: no Status object, so no reason
    WatchBreak watch_break = WatchBreak::ended;
    Duration age{0};
    bool bump = false;
    PreconditionRule rule = PreconditionRule::honoured;
    std::vector<Condition> conditions;
    Duration window = std::chrono::milliseconds(50);
    std::int64_t share_ppm = 500'000;
    AnswerDamage answer_damage = AnswerDamage::ended;
    ObjectChoice objects = ObjectChoice::newest;
    ObjectDamage object_damage = ObjectDamage::truncated;
    std::vector<FileVerb> file_verbs;
    FileStatus file_status = FileStatus::io_error;
    LeaseEdit edit = LeaseEdit::label;
    PodEdit pod_edit = PodEdit::phase_failed;
    std::int64_t drift_ppm = 0;
};

struct ExpectSpec {
    std::vector<MarkId> reached;
    std::optional<Duration> failover_p50;  ///< bounds over the seeds of a check
    std::optional<Duration> failover_p99;
    std::optional<Duration> failover_max;
    std::vector<std::string> violates;  ///< exactly these, in every seed
    std::vector<std::string> may_violate;
    std::vector<std::string> not_judged;    ///< may be without material: no reason to doubt a pass
    std::optional<Duration> commits_every;  ///< some write is committed at least so often
};

struct SeedRange {
    std::uint64_t first = 1;
    std::uint64_t last = 20;
};

struct Scenario {
    std::string name;
    std::string why;
    std::string file;  ///< path as given
    Duration duration = std::chrono::minutes(5);
    SeedRange seeds;
    config::ValuesSpec values;
    ElectorConfig election;  ///< identity and seed are set per process
    ReplicasSpec replicas;
    ElectorsSpec electors;
    FilesSpec files;
    KubeletsSpec kubelets;
    StorageConfig storage;  ///< identity likewise
    std::optional<UpgradeSpec> upgrade;
    ClockSpec clocks;
    NetworkSpec network;
    ApiSpec api;
    BucketSpec bucket;
    WorkloadSpec workload;
    std::vector<Fault> faults;
    ExpectSpec expect;

    /// An election takes place: leaderFollower on and more than one replica.
    [[nodiscard]] bool elects() const { return values.leader_follower && values.replicas > 1; }
    [[nodiscard]] bool stores() const { return !values.bucket_secret.empty(); }
};

/// Name of replica i: "replica-0", "replica-1" ...
[[nodiscard]] std::string replica_name(std::uint32_t index);
/// A target as a scenario has it: "leader", "replica-2", "zone a", the name that was bound.
[[nodiscard]] std::string target_name(const Target& target);

}  // namespace leasehold::sim
