// Marks: names of the interesting points that a run reached.
//
// A mark is an effect without consequence. Tests and scenarios (`expect: reached:`) count them, so
// that a run which never met the thing it is about is inconclusive and not green.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leasehold {

// X(identifier, "text-name", "what was reached")
#define LEASEHOLD_ELECTION_MARKS(X)                                                               \
    X(acquired_free_lease, "acquired-free-lease", "took a Lease that was released or never held") \
    X(takeover_after_expiry, "takeover-after-expiry",                                             \
      "took a Lease whose holder had let it expire")                                              \
    X(takeover_lost_race, "takeover-lost-race",                                                   \
      "the conditional PUT at expiry met a newer record")                                         \
    X(created_lease, "created-lease", "created the missing Lease and waits with its gate closed") \
    X(opened_created_lease, "opened-created-lease", "opened the gate on a Lease that it created") \
    X(recreated_lease, "recreated-lease",                                                         \
      "a leader with an open gate re-created its deleted Lease")                                  \
    X(retook_own_lease, "retook-own-lease",                                                       \
      "found its own expired record and took it as a new term")                                   \
    X(renewal_unknown, "renewal-unknown", "a renewal's outcome is unknown; resolved by GET")      \
    X(renewal_resolved, "renewal-resolved",                                                       \
      "GET showed that a renewal of unknown outcome counted")                                     \
    X(renewal_unchanged, "renewal-unchanged", "a 200 whose resourceVersion did not change")       \
    X(renewal_throttled, "renewal-throttled", "a 429 delayed a renewal")                          \
    X(gate_expired, "gate-expired", "the write gate closed because its validity ended")           \
    X(woke_with_expired_lease, "woke-with-expired-lease",                                         \
      "the first step after a stall found the gate's end in the past")                            \
    X(stepped_down_foreign, "stepped-down-foreign", "saw a foreign holder and stopped leading")   \
    X(stepped_down_abdicated, "stepped-down-abdicated", "gave the Lease up of its own will")      \
    X(adopted_metadata_edit, "adopted-metadata-edit",                                             \
      "adopted the version of a foreign metadata edit")                                           \
    X(released_lease, "released-lease", "wrote the release of its own leadership")                \
    X(release_retried, "release-retried",                                                         \
      "a release met a conflict or no answer and was repeated")                                   \
    X(empty_holder_waited, "empty-holder-waited",                                                 \
      "an empty holder without the mark is waited out")                                           \
    X(lease_too_long, "lease-too-long",                                                           \
      "a record's lease is longer than longestLease: damage, waited as that bound")               \
    X(restored_cluster, "restored-cluster", "an authoritative answer carried a lower version")    \
    X(watch_lost, "watch-lost", "the watch ended or kept silent about a change; polling instead") \
    X(stale_watch_event, "stale-watch-event",                                                     \
      "a watch event older than what is known was dropped")                                       \
    X(stale_answer, "stale-answer", "an answer that no longer matters was dropped")               \
    X(late_grant_refused, "late-grant-refused", "an acquiring answer came after its validity")

#define LEASEHOLD_STORAGE_MARKS(X)                                                                 \
    X(epoch_claimed, "epoch-claimed", "claimed the bucket's epoch")                                \
    X(epoch_claim_contended, "epoch-claim-contended",                                              \
      "a claim met another writer and started over")                                               \
    X(epoch_raised, "epoch-raised", "raised the epoch above a higher one found on an object")      \
    X(write_resolved, "write-resolved", "GET showed that a write of unknown outcome was stored")   \
    X(write_retried, "write-retried", "a write was sent again after GET showed that it was not")   \
    X(stale_put_refused, "stale-put-refused",                                                      \
      "a PUT met 412 and a higher epoch or came after its leadership, or a higher epoch was "      \
      "shown")                                                                                     \
    X(write_fenced, "write-fenced", "a write was answered Fenced because the gate closed")         \
    X(write_skipped, "write-skipped", "a follower's write was a no-op")                            \
    X(put_not_permitted, "put-not-permitted", "the permit refused a PUT as it was about to leave") \
    X(put_aborted, "put-aborted", "a PUT in flight was aborted because the gate closed")           \
    X(read_parked, "read-parked", "a follower's backup read waits for data")                       \
    X(read_reparked, "read-reparked",                                                              \
      "a NotFound that came after a demotion parked the read again")                               \
    X(read_released, "read-released", "a pending read was released by a promotion")                \
    X(read_delivered, "read-delivered", "a parked read got its data from a polling pass")          \
    X(query_not_available, "query-not-available", "a query was answered NotAvailableYet at once")  \
    X(query_read_through, "query-read-through", "a query used its one bounded read of the bucket") \
    X(query_beside_pending_read, "query-beside-pending-read",                                      \
      "a query was answered while a read of its key was pending")                                  \
    X(pass_completed, "pass-completed", "a polling pass ended")                                    \
    X(pass_failed, "pass-failed", "a polling pass met an error and kept the old index")            \
    X(poll_tick_skipped, "poll-tick-skipped", "a polling tick found the last pass still running")  \
    X(object_corrupt, "object-corrupt", "an object's length or digest was not that of its stamp")  \
    X(tombstone_seen, "tombstone-seen", "read a tombstone as absence")                             \
    X(tombstone_purged, "tombstone-purged", "deleted a tombstone of enough age for good")          \
    X(reconcile_uploaded, "reconcile-uploaded", "reconciling uploaded a dirty local file")         \
    X(reconcile_discarded, "reconcile-discarded",                                                  \
      "reconciling gave up a local file to a newer object")                                        \
    X(preconditions_honoured, "preconditions-honoured",                                            \
      "the probe found that the store honours conditional writes")                                 \
    X(preconditions_ignored, "preconditions-ignored",                                              \
      "the probe found that the store ignores them")                                               \
    X(conditional_delete_honoured, "conditional-delete-honoured",                                  \
      "the probe found that the store honours If-Match on DELETE")                                 \
    X(conditional_delete_ignored, "conditional-delete-ignored",                                    \
      "the probe found that the store deletes in spite of a wrong If-Match")                       \
    X(preconditions_refused, "preconditions-refused",                                              \
      "the store refuses conditional requests: written without conditions from now on")            \
    X(preconditions_not_atomic, "preconditions-not-atomic",                                        \
      "two conditional writes of one version were both stored: only time keeps writers apart")     \
    X(precondition_contradicted, "precondition-contradicted",                                      \
      "the store refused to create a key and said that it does not exist")                         \
    X(version_went_back, "version-went-back",                                                      \
      "an object lies below a version that this process committed or served")                      \
    X(older_version_refused, "older-version-refused",                                              \
      "an older version came after a newer one and was neither kept nor served")                   \
    X(version_not_kept, "version-not-kept",                                                        \
      "a version could not be kept; it is fetched again ever more rarely")                         \
    X(two_groups, "two-groups",                                                                    \
      "a writer that the Lease never named raises the epoch: two groups on one prefix")            \
    X(write_overtaken, "write-overtaken",                                                          \
      "an unsent write was overtaken by a newer one of its key")                                   \
    X(key_refused, "key-refused", "one key's writes fail while the bucket takes others")           \
    X(bucket_unusable, "bucket-unusable", "no usable bucket for a whole lease while work waited")  \
    X(promoted_with_pending_reads, "promoted-with-pending-reads",                                  \
      "was promoted while backup reads were pending")                                              \
    X(drained, "drained", "a stopping leader had no write left when it closed its gate")           \
    X(stop_deadline, "stop-deadline", "a stop ran into its deadline")

// Behind the others, so that a digest of a run without them stays what it was.
#define LEASEHOLD_PROOF_MARKS(X)                                                                   \
    X(holder_ended_believed, "holder-ended-believed",                                              \
      "the Lease is free: the container of its holder has ended, for certain")                     \
    X(takeover_after_end, "takeover-after-end", "took a Lease whose holder was proven to be dead") \
    X(proof_refused, "proof-refused", "an end was told of a container that holds nothing")         \
    X(holder_named, "holder-named", "a write named the container that its holder runs in")         \
    X(writes_await_landing, "writes-await-landing",                                                \
      "a write waits until none of a dead predecessor can land, for conditions may not hold")      \
    X(retook_blanked_lease, "retook-blanked-lease",                                                \
      "took back its record, which somebody had emptied while it led, as a new term")

#define LEASEHOLD_MARKS(X)      \
    LEASEHOLD_ELECTION_MARKS(X) \
    LEASEHOLD_STORAGE_MARKS(X)  \
    LEASEHOLD_PROOF_MARKS(X)

enum class MarkId : std::uint8_t {
#define LEASEHOLD_MARK_ID(id, name, text) id,
    LEASEHOLD_MARKS(LEASEHOLD_MARK_ID)
#undef LEASEHOLD_MARK_ID
};

struct MarkInfo {
    std::string_view name;
    std::string_view meaning;
};

inline constexpr std::array kMarks{
#define LEASEHOLD_MARK_INFO(id, name, text) MarkInfo{name, text},
    LEASEHOLD_MARKS(LEASEHOLD_MARK_INFO)
#undef LEASEHOLD_MARK_INFO
};

inline constexpr std::size_t kMarkCount = kMarks.size();

[[nodiscard]] constexpr std::string_view mark_name(MarkId mark) {
    return kMarks[static_cast<std::size_t>(mark)].name;
}

/// The mark of that name, if there is one.
[[nodiscard]] constexpr std::optional<MarkId> mark_named(std::string_view name) {
    for (std::size_t i = 0; i < kMarkCount; ++i)
        if (kMarks[i].name == name) return static_cast<MarkId>(i);
    return std::nullopt;
}

}  // namespace leasehold
