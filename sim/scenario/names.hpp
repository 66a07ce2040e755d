// The words of the scenario language: verbs, requests, invariants and the keys of each block.
//
// One place, so that the reader, the "did you mean" of its messages and the test that compares
// README.md and schema.json with the code all see the same lists.
#pragma once

#include <array>
#include <string_view>

namespace leasehold::sim::names {

inline constexpr std::array<std::string_view, 8> kRequests{
    "getLease",  "createLease", "updateLease",  "watchLease",
    "getObject", "putObject",   "removeObject", "listObjects"};  // in order of RequestKind

inline constexpr std::array<std::string_view, 31> kFaults{
    "crash",         "restart",          "stop",        "pause",
    "resume",        "suspend",          "cut",         "heal",
    "delay",         "outage",           "dropRequest", "loseAnswer",
    "applyLate",     "answerError",      "deleteLease", "editLease",
    "stepWallClock", "setDrift",         "freeze",      "breakWatch",
    "restoreLease",  "setPreconditions", "omitKeys",    "damageAnswer",
    "damageObject",  "failFiles",        "slow",        "killNode",
    "kubeletStops",  "forceDeletePod",   "editPod"};  // in order of FaultKind

inline constexpr std::array<std::string_view, 8> kEdits{
    "clearHolder",   "stealHolder",   "label",       "shortenDuration",
    "replayRelease", "recreateEmpty", "renewHolder", "lengthenDuration"};  // LeaseEdit
inline constexpr std::array<std::string_view, 6> kPodEdits{
    "phaseFailed", "notReady", "statusUnknown", "exitUnknown", "otherEnded", "earlierEnd"};
inline constexpr std::array<std::string_view, 3> kWatchBreaks{"ended", "expired", "silent"};
inline constexpr std::array<std::string_view, 3> kAnswerDamages{"ended", "truncated", "corrupt"};
inline constexpr std::array<std::string_view, 5> kObjectDamages{"truncated", "corrupt", "removed",
                                                                "archived", "foreign"};
inline constexpr std::array<std::string_view, 3> kObjects{"newest", "epoch", "all"};
inline constexpr std::array<std::string_view, 4> kPreconditionRules{
    "honoured", "ignored", "refused", "checked-then-stored"};  // PreconditionRule
inline constexpr std::array<std::string_view, 3> kConditions{"ifNoneMatch", "ifMatch",
                                                             "ifMatchOnDelete"};  // Condition
inline constexpr std::array<std::string_view, 5> kFileVerbs{"list", "load", "store", "retag",
                                                            "remove"};  // FileVerb
/// FileStatus from `corrupt` on.
inline constexpr std::array<std::string_view, 3> kFileFailures{"corrupt", "noSpace", "ioError"};
inline constexpr std::array<std::string_view, 3> kDirections{"both", "send", "receive"};
inline constexpr std::array<std::string_view, 3> kPeers{"api", "bucket", "replicas"};
inline constexpr std::array<std::string_view, 2> kOutages{"api", "bucket"};
inline constexpr std::array<std::string_view, 3> kDisks{"keep", "lose", "rollBack"};  // Disk
inline constexpr std::array<std::string_view, 2> kSuspendClocks{"frozen", "running"};
inline constexpr std::array<std::string_view, 2> kFormats{"fenced", "plain"};  // ObjectFormat
inline constexpr std::array<std::string_view, 3> kProfiles{"default", "client-go", "fast"};
inline constexpr std::array<std::string_view, 2> kClientGoVersions{"v0.34", "v0.37"};
inline constexpr std::array<std::string_view, 9> kBucketProfiles{
    "aws",    "minio", "versity", "gcs",   "azure",
    "rclone", "moto",  "s3proxy", "s3mock"};                                    // BucketProfile
inline constexpr std::array<std::string_view, 2> kApiProfiles{"etcd", "kine"};  // ApiProfile
inline constexpr std::array<std::string_view, 4> kRoles{"leader", "follower", "followers", "all"};

/// Ids of the invariants that a scenario may name: those that model/check judges, in its order. A
/// name that nothing judges could never be met, so it is refused. A test compares the lists.
inline constexpr std::array<std::string_view, 26> kInvariants{
    "leader.at-most-one",
    "leader.eventually-one",
    "leader.stable",
    "leader.term-increases",
    "lease.taken-only-when-free",
    "lease.changed-only-by-holder",
    "bucket.epochs-increase",
    "bucket.no-stale-commit",
    "bucket.acknowledged-survives",
    "bucket.linearizable",
    "write.eventually-committed",
    "backup.goes-on",
    "leader.equals-single-install",
    "follower.writes-are-no-ops",
    "follower.reads-never-stack",
    "requests.bounded",
    "query.within-deadline",
    "follower.freshness",
    "payload.never-regresses",
    "replicas.converge",
    "index.complete",
    "status.truthful",
    "read.one-outcome",
    "promotion.releases-all",
    "stop.bounded",
    "run.deterministic",
};

inline constexpr std::array<std::string_view, 19> kTop{
    "scenario", "why",     "duration", "seeds",   "values",  "election", "replicas",
    "electors", "storage", "files",    "clocks",  "network", "api",      "bucket",
    "workload", "faults",  "expect",   "upgrade", "kubelets"};
inline constexpr std::array<std::string_view, 4> kReplicas{"absent", "sameIdentity", "secondGroup",
                                                           "upgraded"};
inline constexpr std::array<std::string_view, 2> kUpgrade{"election", "storage"};
inline constexpr std::array<std::string_view, 1> kFiles{"latency"};
inline constexpr std::array<std::string_view, 1> kKubelets{"notice"};
inline constexpr std::array<std::string_view, 10> kElection{
    "profile", "leaseDuration", "renewDeadline", "retryPeriod",      "drift",
    "margin",  "clientGoPeers", "longestLease",  "maxLeaseDuration", "believeEndedHolder"};
inline constexpr std::array<std::string_view, 6> kElectors{
    "clientGo", "fabric8", "officialJava", "python", "kubert", "kubeLeaderElection"};
inline constexpr std::array<std::string_view, 2> kLibrary{"replicas", "release"};
inline constexpr std::array<std::string_view, 7> kClientGo{
    "replicas",    "version",        "leaseDuration",  "renewDeadline",
    "retryPeriod", "requestTimeout", "releaseOnCancel"};
inline constexpr std::array<std::string_view, 15> kStorage{
    "format",        "pollPeriod",  "getTimeout",         "putTimeout",
    "timeoutPerMib", "listTimeout", "readThroughTimeout", "writeDeadline",
    "retryMin",      "retryMax",    "largestRequestAge",  "leaderReads",
    "passGets",      "puts",        "readThroughs"};
inline constexpr std::array<std::string_view, 5> kClocks{"offset", "drift", "driftOf", "wobble",
                                                         "wobblePeriod"};
inline constexpr std::array<std::string_view, 4> kNetwork{"latency", "bandwidth", "bucketBandwidth",
                                                          "zones"};
inline constexpr std::array<std::string_view, 3> kLatency{"min", "p50", "p99"};
inline constexpr std::array<std::string_view, 4> kApi{"profile", "latency", "bookmarkPeriod",
                                                      "watchTimeout"};
inline constexpr std::array<std::string_view, 7> kBucket{
    "profile", "get", "put", "list", "preconditions", "pageSize", "skewLimit"};
inline constexpr std::array<std::string_view, 4> kPreconditions{"ifNoneMatch", "ifMatch",
                                                                "ifMatchOnDelete", "window"};
inline constexpr std::array<std::string_view, 16> kWorkload{
    "pipelines",    "windows",     "exportEvery",   "writers",      "objectSize",   "contents",
    "queries",      "cancelEvery", "queryDeadline", "restores",     "readDeadline", "readEvery",
    "pendingReads", "preloaded",   "removeEvery",   "backfillEvery"};
inline constexpr std::array<std::string_view, 5> kTriggers{"at", "every", "first", "until", "when"};
inline constexpr std::array<std::string_view, 6> kWhen{"replica",  "sends", "reaches",
                                                       "performs", "nth",   "after"};
inline constexpr std::array<std::string_view, 23> kModifiers{
    "upgrade",   "for", "as",    "of",     "disk",       "within", "clock",   "from",
    "direction", "by",  "times", "status", "retryAfter", "drift",  "applied", "plainText",
    "how",       "age", "bump",  "on",     "window",     "share",  "with"};
inline constexpr std::array<std::string_view, 6> kExpect{"reached",  "failover",   "commits",
                                                         "violates", "mayViolate", "notJudged"};
inline constexpr std::array<std::string_view, 1> kCommits{"every"};
inline constexpr std::array<std::string_view, 3> kFailover{"p50", "p99", "max"};

}  // namespace leasehold::sim::names
