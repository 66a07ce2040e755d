#include "model/storage/requests.hpp"

#include <utility>
#include <variant>

#include "model/base/check.hpp"

namespace leasehold::storage {

namespace {

bool changes_bucket(BucketVerb verb) {
    return verb == BucketVerb::put || verb == BucketVerb::remove;
}

}  // namespace

RequestId Requests::send(Instant now, SendBucket request, Flight flight, Effects& out) {
    // The driver asks permit() under this id as the request leaves. What the permit is judged by
    // (verb, time-out, condition) is noted here from the request itself, so no machine can claim
    // one thing and send another.
    last_request_ += 2;
    request.request = RequestId{last_request_};
    flight.verb = request.verb;
    flight.sent = now;
    flight.timeout = request.timeout;
    flight.conditional = request.condition != PutCondition::none ||
                         (request.verb == BucketVerb::remove && !request.etag.empty());
    if (changes_bucket(request.verb)) {
        ++changes_;
        if (flight.key) {
            // A PUT under If-Match of version 1 is slow; a DELETE under If-Match of version 1
            // goes beside it. A store that looks and then acts lets both pass: the PUT is answered
            // 200, then the DELETE takes the object. Two PUTs are no better where one of them timed
            // out: the one that was given up may be applied last. So the rule is one change of a
            // key at a time, whoever asks.
            const std::uint32_t others = changing_[*flight.key]++;
            CHECK_MSG(others == 0, "two changes of one key at once");
        }
    } else if (request.verb == BucketVerb::get && flight.key) {
        // A leader's looks may share a key with other GETs: a write must not wait behind a slow
        // reader. Polling and queries never do, or a thousand queries of one large object would
        // each fetch it (reads never stack).
        const bool shares = !std::holds_alternative<Fetch>(flight.owner) &&
                            !std::holds_alternative<QueryLook>(flight.owner);
        CHECK_MSG(getting_[*flight.key]++ == 0 || shares, "two GETs of one key at once");
    }
    // Counted by owner, so that each machine can be held to what it believes to have asked.
    ++owned_.bucket[flight.owner.index()];
    bucket_.emplace(request.request, std::move(flight));
    out.emplace_back(std::move(request));
    return RequestId{last_request_};
}

RequestId Requests::send(SendFile request, FileOwner owner, Effects& out) {
    last_request_ += 2;
    request.request = RequestId{last_request_};
    ++owned_.files[owner.index()];
    files_.emplace(request.request, owner);
    out.emplace_back(std::move(request));
    return RequestId{last_request_};
}

// A flight that ends takes back what it counted for. A count left behind would block its key, or
// a machine's check, for the life of the process; one below zero is two ends of one request.
void Requests::forget(const Flight& flight) {
    --owned_.bucket[flight.owner.index()];
    if (changes_bucket(flight.verb)) {
        CHECK(changes_ > 0);
        --changes_;
        if (!flight.key) return;
        const auto found = changing_.find(*flight.key);
        CHECK(found != changing_.end());
        if (--found->second == 0) changing_.erase(found);
    } else if (flight.verb == BucketVerb::get && flight.key) {
        const auto found = getting_.find(*flight.key);
        CHECK(found != getting_.end());
        if (--found->second == 0) getting_.erase(found);
    }
}

std::optional<Flight> Requests::take(RequestId request) {
    // An unknown id is an answer to what was forgotten, or a driver that answers twice: both
    // legal, and without consequence.
    auto node = bucket_.extract(request);
    if (node.empty()) return std::nullopt;
    forget(node.mapped());
    return std::move(node.mapped());
}

std::optional<FileOwner> Requests::take_file(RequestId request) {
    auto node = files_.extract(request);
    if (node.empty()) return std::nullopt;
    --owned_.files[node.mapped().index()];
    return node.mapped();
}

void Requests::abandon(RequestId request, Effects& out) {
    const auto found = bucket_.find(request);
    CHECK(found != bucket_.end());
    if (std::holds_alternative<GivenUp>(found->second.owner)) return;
    // An abort is a wish: the bytes may be at the store already. A put stays in the books until
    // it is answered, so its key is not changed by anything else of ours in the meantime; it has no
    // permit any more, if it has not left yet. A GET changes nothing and may be forgotten at once:
    // its answer finds nobody.
    out.emplace_back(AbortBucket{request});
    if (changes_bucket(found->second.verb)) {
        give_to(found->second, GivenUp{});
        mark(out, MarkId::put_aborted);
        return;
    }
    forget(found->second);
    bucket_.erase(found);
}

void Requests::hand_over(RequestId request, BucketOwner owner) {
    // The id stays, so the answer finds the new owner: what left before a demotion still serves
    // those who waited for it then.
    give_to(bucket_.at(request), owner);
}

void Requests::give_to(Flight& flight, BucketOwner owner) {
    --owned_.bucket[flight.owner.index()];
    flight.owner = owner;
    ++owned_.bucket[flight.owner.index()];
}

void Requests::give_to(FileOwner& of, FileOwner owner) {
    --owned_.files[of.index()];
    of = owner;
    ++owned_.files[of.index()];
}

}  // namespace leasehold::storage
