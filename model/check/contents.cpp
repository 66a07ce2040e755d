#include "model/check/contents.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

namespace leasehold::check {

namespace {

/// Of one key, so many writes and so many commits are remembered.
constexpr std::size_t kKept = 256;

}  // namespace

bool Rank::older_than(const Rank& other) const {
    if (generation != other.generation) return false;
    return std::tie(epoch, write_id, sequence) <
           std::tie(other.epoch, other.write_id, other.sequence);
}

const Asked* KeyContents::asked_as(const Blob& payload, ReplicaIndex replica) const {
    const auto found = std::find_if(asked.rbegin(), asked.rend(), [&](const Asked& one) {
        return !one.removes && one.payload == payload &&
               (replica == kNobody || one.replica == replica);
    });
    return found == asked.rend() ? nullptr : &*found;
}

const Asked* KeyContents::sent_as(const Stamp& stamp) const {
    const auto found = std::find_if(asked.rbegin(), asked.rend(), [&stamp](const Asked& one) {
        return one.sent.is(stamp.writer, stamp.write_id) &&
               one.payload == Blob{stamp.length, stamp.digest, nullptr};
    });
    return found == asked.rend() ? nullptr : &*found;
}

const Committed* KeyContents::committed_as(const Blob& payload, std::optional<Epoch> epoch) const {
    const Committed* best = nullptr;
    for (const Committed& one : commits)
        if (!one.absent && one.payload == payload && (!epoch || one.rank.epoch == *epoch) &&
            (!best || !one.rank.older_than(best->rank)))
            best = &one;
    if (best == nullptr || best->origin == 0) return best;
    // Where a PUT of unknown outcome was sent again and both were applied, one write has two
    // versions. Bytes that name none may be of either: no version of it is older than they are.
    return &*std::find_if(commits.begin(), commits.end(), [best](const Committed& one) {
        return !one.absent && one.payload == best->payload && one.origin == best->origin &&
               one.rank.generation == best->rank.generation;
    });
}

const Committed* KeyContents::committed_as(const ETag& etag) const {
    const auto found = std::find_if(commits.rbegin(), commits.rend(),
                                    [&etag](const Committed& one) { return one.etag == etag; });
    return found == commits.rend() ? nullptr : &*found;
}

const Committed* KeyContents::committed_as(const ETag& etag, Epoch epoch) const {
    const auto found =
        std::find_if(commits.rbegin(), commits.rend(), [&etag, epoch](const Committed& one) {
            return one.etag == etag && one.rank.epoch == epoch;
        });
    return found == commits.rend() ? committed_as(etag) : &*found;
}

Asked* KeyContents::asked_by(ReplicaIndex replica, CallId call) {
    const auto found = std::find_if(asked.rbegin(), asked.rend(), [&](const Asked& one) {
        return one.replica == replica && one.call == call && one.open;
    });
    return found == asked.rend() ? nullptr : &*found;
}

void Contents::add(KeyContents& key, Asked asked) {
    if (key.asked.size() == kKept) {
        key.asked.pop_front();
        key.forgot_asked = true;
    }
    key.asked.push_back(std::move(asked));
}

void Contents::asked(const ReplicaStepped& step, CallId call, const ObjectKey& key,
                     const std::shared_ptr<const Blob>& payload, bool removes) {
    KeyContents& held = keys_[key];
    Asked asked;
    if (payload) asked.payload = without_bytes(*payload);
    asked.removes = removes;
    asked.open = true;
    asked.replica = step.replica;
    asked.call = call;
    asked.number = step.number;
    asked.base = held.sequence;
    asked.before = part_of(sent_, step.replica);
    const Gate& own = facts_.replicas[step.replica].gate;
    for (const ReplicaFacts& other : facts_.replicas)
        asked.alone =
            asked.alone &&
            (&other.gate == &own || (!other.gate_open(step.at) && other.gate.opened <= own.opened));
    add(held, std::move(asked));
    part_of(open_, step.replica).push_back(Open{call, key});
}

void Contents::files_listed(const ReplicaStepped& step, const FileReply& reply) {
    for (const FileEntry& entry : *reply.entries) {
        KeyContents& key = keys_[entry.key];
        // What was written too long ago to be remembered is not of before the history.
        if (key.forgot_asked || key.asked_as(entry.payload) != nullptr ||
            key.committed_as(entry.payload) != nullptr)
            continue;
        Asked asked;
        asked.payload = without_bytes(entry.payload);
        asked.replica = step.replica;
        asked.base = key.sequence;
        add(key, std::move(asked));
    }
}

void Contents::file_sent(const ReplicaStepped& step, const SendFile& file) {
    if (file.verb != FileVerb::store || step.replica >= open_.size()) return;
    for (const Open& open : open_[step.replica]) {
        if (open.key != file.key) continue;
        Asked* asked = keys_[file.key].asked_by(step.replica, open.call);
        if (asked != nullptr && asked->payload == without_bytes(file.payload))
            asked->epoch = std::max(asked->epoch, file.tag.epoch);
    }
}

void Contents::put_sent(const ReplicaStepped& step, const SendBucket& request) {
    if (!request.body) return;
    std::optional<Stamp> stamp = decode_header(request.body->head);
    if (!stamp) stamp = decode_metadata(request.body->metadata);
    if (!stamp) return;
    Stamped& newest = part_of(sent_, step.replica);
    if (newest.writer != stamp->writer || newest.write_id < stamp->write_id)
        newest = Stamped{stamp->writer, stamp->write_id};
    if (!tracked(request.key)) return;
    KeyContents& key = keys_[request.key];
    const auto again = std::find_if(key.asked.begin(), key.asked.end(), [&stamp](const Asked& one) {
        return one.sent.is(stamp->writer, stamp->write_id);
    });
    if (again != key.asked.end()) {
        again->denied = false;  // of its local file, perhaps, after it was told that it failed
        return;
    }
    // A write that waits is overtaken by a later one of its key, but not once it is being looked
    // up: of equal contents the newest is sent, or one that was asked before.
    Asked* newer = nullptr;
    for (auto one = key.asked.rbegin(); one != key.asked.rend(); ++one) {
        if (!one->open || one->replica != step.replica || one->sent.write_id != 0 ||
            one->removes != stamp->tombstone || !(one->payload == request.body->payload))
            continue;
        // An upload of the same bytes that was on its way as the write came.
        if (one->before.writer == stamp->writer && stamp->write_id <= one->before.write_id)
            continue;
        if (newer == nullptr) {
            one->sent = Stamped{stamp->writer, stamp->write_id};
            one->epoch = std::max(one->epoch, stamp->epoch);
        } else {
            newer->twin = one->number;
        }
        newer = &*one;
    }
}

const Committed& Contents::committed(const ObjectCommitted& record) {
    KeyContents& key = keys_[record.key];
    const bool foreign = record.writer == kNobody;
    if (foreign) ++key.generation;
    Committed commit;
    commit.rank = Rank{key.generation, record.stamp.epoch, record.stamp.write_id, ++key.sequence};
    commit.etag = record.etag;
    commit.repeats = key.committed_as(record.etag) != nullptr;
    commit.payload = Blob{record.stamp.length, record.stamp.digest, nullptr};
    commit.absent = record.etag.empty() || record.stamp.tombstone;
    commit.writer = record.writer;
    commit.stamp_writer = record.stamp.writer;
    commit.at = record.at;
    commit.number = record.number;
    if (foreign)
        commit.origin = record.number;
    else if (const Asked* sent = key.sent_as(record.stamp); sent && !commit.absent)
        commit.is(*sent);
    else if (const Asked* asked = key.asked_as(commit.payload); asked && !commit.absent)
        commit.is(*asked);
    else if (const Committed* earlier = key.committed_as(commit.payload); earlier && !commit.absent)
        std::tie(commit.origin, commit.epoch) = std::tie(earlier->origin, earlier->epoch);
    commit.rank.origin = commit.origin;
    if (key.absent && !commit.absent) {
        key.became_present = record.number;
        key.present_since = record.at;
    }
    key.absent = commit.absent;
    // A stamp that the history does not know, or a damaged object: any content may be its.
    if (!commit.absent && commit.payload == Blob{}) {
        key.forgot_commits = true;
        commit.torn = foreign;
    }
    if (foreign) key.acknowledged = Acknowledged{};
    if (key.commits.size() == kKept) {
        key.commits.pop_front();
        key.forgot_commits = true;
    }
    key.commits.push_back(std::move(commit));
    return key.commits.back();
}

const ObjectKey* Contents::key_of(ReplicaIndex index, CallId call) const {
    if (index >= open_.size()) return nullptr;
    const auto found = std::find_if(open_[index].begin(), open_[index].end(),
                                    [call](const Open& one) { return one.call == call; });
    return found == open_[index].end() ? nullptr : &found->key;
}

KeyContents* Contents::close(ReplicaIndex index, CallId call) {
    if (index >= open_.size()) return nullptr;
    std::vector<Open>& open = open_[index];
    const auto found = std::find_if(open.begin(), open.end(),
                                    [call](const Open& one) { return one.call == call; });
    if (found == open.end()) return nullptr;
    KeyContents& key = keys_[found->key];
    *found = std::move(open.back());
    open.pop_back();
    return &key;
}

void Contents::forget(ReplicaIndex index, CallId call) {
    KeyContents* key = close(index, call);
    if (key == nullptr) return;
    if (Asked* asked = key->asked_by(index, call)) asked->open = false;
}

void Contents::never_was(ReplicaIndex index, CallId call) {
    KeyContents* key = close(index, call);
    if (key == nullptr) return;
    // Mostly skipped in the step that brought it: it is among the newest, which come last.
    const auto found = std::find_if(key->asked.rbegin(), key->asked.rend(), [&](const Asked& one) {
        return one.replica == index && one.call == call && one.open;
    });
    if (found != key->asked.rend()) key->asked.erase(std::next(found).base());
}

void Contents::process_ended(ReplicaIndex index) {
    if (index >= open_.size()) return;
    while (!open_[index].empty())
        forget(index, open_[index].back().call);
}

}  // namespace leasehold::check
