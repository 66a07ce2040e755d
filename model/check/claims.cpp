#include "model/check/claims.hpp"

#include <algorithm>
#include <string_view>

namespace leasehold::check {

namespace {

constexpr std::string_view kEpochKey = ".ha/epoch";

}  // namespace

void Claims::lease_sent(const ReplicaStepped& step, const SendLease& request) {
    if (!request.lease) return;
    Station& own = station(step.replica);
    own.sent[own.next] = Sent{request.lease->record.nonce, {step.number, step.now.monotonic}};
    own.next = (own.next + 1) % own.sent.size();
}

void Claims::lease_answered(const ReplicaStepped& step, const LeaseAnswered& answer) {
    if (!answer.reply.lease) return;
    Station& own = station(step.replica);
    for (const Sent& sent : own.sent)
        if (sent.step.number > own.renewed.number && sent.nonce == answer.reply.lease->record.nonce)
            own.renewed = sent.step;
}

void Claims::bucket_answered(const ReplicaStepped& step, const BucketAnswered& answer) {
    Station& own = station(step.replica);
    if (answer.request == own.read) own.known = {step.number, step.now.monotonic};
}

void Claims::bucket_sent(const ReplicaStepped& step, const SendBucket& request) {
    if (request.key.view() != kEpochKey) return;
    Station& own = station(step.replica);
    if (request.verb == BucketVerb::get) {
        own.read = request.request;
        return;
    }
    if (request.verb != BucketVerb::put || !facts_.settings.elects) return;
    const bool since = own.renewed.number != 0 && own.renewed.now >= own.known.now;
    if (own.known.number != 0 && since) return;
    if (!facts_.fresh(Id::epochs_increase)) return;
    facts_.violate(Id::epochs_increase, step.at,
                   facts_.name(step.replica) + " claims an epoch at " + words(step.at) +
                       " without having renewed the Lease since it read the one before",
                   {own.known.number, own.renewed.number, step.number});
}

void Claims::process_ended(ReplicaIndex index) {
    if (index < stations_.size()) stations_[index] = Station{};
}

}  // namespace leasehold::check
