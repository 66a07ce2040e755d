#include "sim/verify/sightings.hpp"

#include <algorithm>

#include "model/base/random.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold::verify {

bool Sightings::end_is_known(ReplicaIndex replica, TrueTime at) const {
    const auto ended = ends.find(replica);
    if (ended == ends.end()) return false;
    const auto end = ended->second.lower_bound(at);
    if (end == ended->second.end()) return false;
    const auto& started = starts.at(replica);
    const auto next = started.upper_bound(at);
    return next == started.end() || *end <= *next;
}

void Sightings::on(const ProcessStarted& record) {
    starts[record.replica].insert(record.at);
    writers[hash_text(record.identity)] = record.replica;
    identities.emplace(record.identity);
    // Requests of the process before are never answered in this one.
    const auto from = flights_.lower_bound({record.replica, RequestId{}});
    const auto to = flights_.lower_bound({record.replica + 1, RequestId{}});
    for (auto at = from; at != to; ++at)
        if (at->second.verb == BucketVerb::remove)
            writes.push_back({at->second.key, {}, record.replica, at->second.at, {}, false});
    flights_.erase(from, to);
}

void Sightings::on(const ReplicaStepped& record) {
    if (const auto* answer = std::get_if<LeaseAnswered>(record.event)) {
        if (answer->reply.lease) lease_seen(answer->reply.lease, record.at);
    } else if (const auto* watched = std::get_if<LeaseWatched>(record.event)) {
        if (watched->lease) lease_seen(watched->lease, record.at);
        if (watched->kind == WatchKind::deleted)
            lease.try_emplace({watched->version, false}, LeaseState{nullptr, record.at});
    } else if (const auto* bucket = std::get_if<BucketAnswered>(record.event)) {
        answered(record, *bucket);
    }
    for (const Effect& effect : record.effects) {
        if (const auto* write = std::get_if<SendLease>(&effect)) {
            if (write->lease) nonces[write->lease->record.nonce] = record.replica;
        } else if (const auto* request = std::get_if<SendBucket>(&effect)) {
            sent(record, *request);
        }
    }
}

void Sightings::sent(const ReplicaStepped& record, const SendBucket& request) {
    Sent flight{request.verb, request.key, std::nullopt, record.at};
    if (request.body) {
        flight.stamp = stamp_of(*request.body);
        largest_object = std::max(largest_object, request.body->payload.size);
    }
    flights_[{record.replica, request.request}] = std::move(flight);
}

void Sightings::answered(const ReplicaStepped& record, const BucketAnswered& answer) {
    const auto found = flights_.find({record.replica, answer.request});
    if (found == flights_.end()) return;
    const Sent flight = std::move(found->second);
    flights_.erase(found);
    const BucketReply& reply = *answer.reply;
    switch (classify(flight.verb, reply)) {
        case BucketOutcome::object:
            object_seen(flight.key, reply.etag, stamp_of(*std::get<ObjectBodyPtr>(reply.content)),
                        record.at);
            break;
        case BucketOutcome::written:
            object_seen(flight.key, reply.etag, flight.stamp, record.at);
            writes.push_back({flight.key, reply.etag, record.replica, flight.at, record.at, true});
            break;
        case BucketOutcome::removed:
            writes.push_back({flight.key, {}, record.replica, flight.at, record.at, true});
            break;
        case BucketOutcome::page:
            for (const ListEntry& entry : std::get<ListPagePtr>(reply.content)->entries)
                object_seen(entry.key, entry.etag, std::nullopt, record.at);
            break;
        default:
            if (flight.verb == BucketVerb::remove)
                writes.push_back({flight.key, {}, record.replica, flight.at, record.at, false});
            break;
    }
}

void Sightings::on(const LeaseCommitted& record) {
    if (record.after) lease_seen(record.after, record.at);
    if (!record.after && record.before)
        lease.try_emplace({record.before->version, true}, LeaseState{nullptr, record.at});
}

void Sightings::on(const ObjectCommitted& record) {
    if (record.etag.empty())
        vanished.emplace_back(record.at, record.key);
    else
        object_seen(record.key, record.etag, record.stamp, record.at);
}

void Sightings::lease_seen(const LeasePtr& seen, TrueTime at) {
    const auto [found, fresh] = lease.try_emplace({seen->version, false}, LeaseState{seen, at});
    if (!fresh) found->second.first = std::min(found->second.first, at);
    if (!fresh && !found->second.lease) found->second.lease = seen;
}

void Sightings::object_seen(const ObjectKey& key, const ETag& etag,
                            const std::optional<Stamp>& stamp, TrueTime at) {
    ObjectVersion& version = objects[{key, etag}];
    version.first = std::min(version.first, at);
    if (stamp) version.stamp = stamp;
}

}  // namespace leasehold::verify
