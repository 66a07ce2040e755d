#include "model/check/keeping.hpp"

#include <bit>
#include <string>

namespace leasehold::check {

namespace {

/// The first tries: a reader's may come between those of the passes.
constexpr std::uint64_t kTries = 3;

}  // namespace

/// What lies there while a store is under way is of before, and whoever asks is to be given what
/// comes: from memory, however slow the disk is. (Reconciling reads a file that waits for its
/// upload in the disk's own order, and compares what it gets.)
void Keeping::loaded_too_early(const ReplicaStepped& step, const SendFile& file) {
    if (!std::holds_alternative<Query>(*step.event)) return;
    if (!copies_.storing(step.replica, file.key) || !facts_.fresh(Id::requests_bounded)) return;
    facts_.violate(Id::requests_bounded, step.at,
                   facts_.name(step.replica) + " read its file of " + words(file.key) + " at " +
                       words(step.at) + " while it stored a newer one, whose bytes it had",
                   {step.number});
}

void Keeping::file_sent(const ReplicaStepped& step, const SendFile& file) {
    if (file.verb == FileVerb::load) return loaded_too_early(step, file);
    const bool names = !file.tag.dirty && !file.tag.etag.empty();
    if (file.verb != FileVerb::retag && !(file.verb == FileVerb::store && names)) return;
    if (copies_.tag(step.replica, file.key) == nullptr || copies_.changing(step.replica, file.key))
        return;
    facts_.checked(Id::requests_bounded);
    // What waited behind the change that has just landed was decided before that.
    if (copies_.tagged(step.replica, file.key).number == step.number) return;
    if (!copies_.holds(step.replica, file) || !facts_.fresh(Id::requests_bounded)) return;
    facts_.violate(Id::requests_bounded, step.at,
                   facts_.name(step.replica) + " wrote its file of " + words(file.key) + " at " +
                       words(step.at) + " with what it held already",
                   {copies_.tagged(step.replica, file.key).number, step.number});
}

void Keeping::unasked_get(const ReplicaStepped& step, const ObjectKey& key) {
    if (!contents_.tracked(key) || !copies_.blind(step.replica)) return;
    facts_.checked(Id::requests_bounded);
    if (!facts_.fresh(Id::requests_bounded)) return;
    facts_.violate(Id::requests_bounded, step.at,
                   facts_.name(step.replica) + " fetched " + words(key) + " at " + words(step.at) +
                       " although nobody had asked for it, and it did not know yet what lies on "
                       "its disk",
                   {step.number});
}

void Keeping::got(const ReplicaStepped& step, const ObjectKey& key, const ETag& etag) {
    // A tombstone leaves nothing to keep, and a store that leaves keys out of its LISTs shows it as
    // new again and again.
    const Committed* commit = contents_.of(key).committed_as(etag);
    if (commit != nullptr && commit->absent) return;
    Got& got = part_of(stations_, step.replica)[key];
    const std::uint64_t kept = copies_.tagged(step.replica, key).number;
    // Who led in between has looked at what it could not keep, and follows anew.
    const std::uint32_t era = facts_.replicas[step.replica].era;
    // Where a key goes from one content to another and back, its version comes back too.
    const std::uint64_t sequence = commit == nullptr ? 0 : commit->rank.sequence;
    if (got.etag != etag || got.sequence != sequence || got.kept != kept || got.era != era)
        got = Got{etag, sequence, 0, step.now.monotonic, kept, era};
    facts_.checked(Id::requests_bounded);
    const auto waits = static_cast<std::uint64_t>((step.now.monotonic - got.first) /
                                                  (facts_.settings.fastest_poll() / 2));
    if (++got.times <= kTries + std::bit_width(waits)) return;
    if (!facts_.fresh(Id::requests_bounded)) return;
    facts_.violate(Id::requests_bounded, step.at,
                   facts_.name(step.replica) + " fetched one version of " + words(key) + " " +
                       std::to_string(got.times) + " times within " +
                       words(step.now.monotonic - got.first) + ", although it cannot keep it",
                   {step.number});
}

}  // namespace leasehold::check
