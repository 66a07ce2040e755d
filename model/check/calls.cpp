#include "model/check/calls.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "model/protocol/stamp.hpp"

namespace leasehold::check {

namespace {

std::string call_words(bool is_query, const ObjectKey& key) {
    return (is_query ? "query for " : "backup read of ") + words(key);
}

/// The requests that this step sent for `key` and that a query may call its own, and which is.
struct Sent {
    std::size_t count = 0;
    RequestId own;
    Duration timeout{};  ///< of the last GET
    bool loads = false;  ///< a local copy is among them
};
/// A query's GET takes no longer than `longest`; one of a pass or of reconciling, which may be due
/// in the same step, mostly does.
Sent sent_for(const ReplicaStepped& step, const ObjectKey& key, Duration longest) {
    Sent sent;
    bool fits = false;
    for (const Effect& effect : step.effects) {
        if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
            if (bucket->verb != BucketVerb::get || bucket->key != key) continue;
            ++sent.count;
            sent.timeout = bucket->timeout;
            if (sent.loads || fits) continue;  // a local copy comes before the bucket
            fits = bucket->timeout <= longest;
            sent.own = bucket->request;
        } else if (const auto* file = std::get_if<SendFile>(&effect)) {
            if (file->verb != FileVerb::load || file->key != key) continue;
            ++sent.count;
            sent.loads = true;
            sent.own = file->request;
        }
    }
    return sent;
}

/// Did the step bring an object that has its place in the order of versions?
bool brings_ordered(const ReplicaStepped& step) {
    const auto* answer = std::get_if<BucketAnswered>(step.event);
    if (answer == nullptr || answer->reply->status != 200) return false;
    const auto* body = std::get_if<ObjectBodyPtr>(&answer->reply->content);
    if (body == nullptr || *body == nullptr) return false;
    const std::optional<Stamp> stamp = stamp_of(**body);
    return stamp && !stamp->tombstone && stamp->epoch != Epoch{};
}

}  // namespace

Calls::Call* Calls::find(ReplicaIndex index, CallId call, bool is_query) {
    if (index >= stations_.size()) return nullptr;
    // From the back: queries are short, and lie behind the reads that wait.
    std::vector<Call>& calls = stations_[index].calls;
    for (std::size_t i = calls.size(); i > 0; --i)
        if (calls[i - 1].call == call && calls[i - 1].is_query == is_query) return &calls[i - 1];
    return nullptr;
}

void Calls::remove(ReplicaIndex index, Call* call) {
    std::vector<Call>& calls = stations_[index].calls;
    if (call != &calls.back()) *call = std::move(calls.back());
    calls.pop_back();
}

Duration Calls::release_bound(std::size_t reads) const {
    // A leader's read is tried at most four times, each try a time-out (which grows with the
    // object) and a pause; so many at once run in parallel, and one round may be under way when it
    // comes.
    const StorageConfig& storage = facts_.settings.storage;
    const std::size_t at_once = std::max(1U, storage.leader_reads_max);
    const auto rounds = static_cast<std::int64_t>(2 + reads / at_once);
    const auto mib = static_cast<std::int64_t>(facts_.settings.object_size >> 20U);
    // A single install's grows from try to try, for nobody tells it the size: 1, 4, 16 and 64.
    const Duration attempts = storage.ha
                                  ? 4 * (storage.get_timeout + mib * storage.timeout_per_mib)
                                  : 85 * storage.get_timeout + 4 * mib * storage.timeout_per_mib;
    return rounds * (attempts + 4 * storage.retry_max + facts_.settings.transfer);
}

std::size_t Calls::open_reads(ReplicaIndex index, const ObjectKey& key) const {
    if (index >= stations_.size()) return 0;
    const std::vector<Call>& calls = stations_[index].calls;
    return static_cast<std::size_t>(
        std::count_if(calls.begin(), calls.end(),
                      [&key](const Call& call) { return !call.is_query && call.key == key; }));
}

void Calls::read(const ReplicaStepped& step, ReplicaFacts& self, const BackupRead& read) {
    if (self.stopped) return;
    Station& own = station(step.replica);
    Call call;
    call.call = read.call;
    call.key = read.key;
    call.known = read.known;
    call.deadline = read.deadline;
    call.number = step.number;
    if (self.role == Role::leader) {
        const Duration bound = release_bound(own.calls.size());
        call.due = saturating_add(step.now.monotonic, bound);
        // A read that backs off goes behind those that came since.
        const Duration more = release_bound(own.calls.size() + 1) - bound;
        for (Call& other : own.calls)
            if (other.due != kNever) other.due = saturating_add(other.due, more);
    }
    self.next_check = std::min({self.next_check, call.deadline, call.due});
    own.calls.push_back(std::move(call));
}

void Calls::query(const ReplicaStepped& step, ReplicaFacts& self, const Query& query) {
    if (self.stopped) return;
    facts_.checked(Id::reads_never_stack);
    Call call;
    call.call = query.call;
    call.is_query = true;
    call.key = query.key;
    call.deadline = query.deadline;
    call.number = step.number;
    self.next_check = std::min(self.next_check, call.deadline);
    station(step.replica).calls.push_back(std::move(call));
}

void Calls::stop(const ReplicaStepped& step, ReplicaFacts& self, const Stop& stop) {
    self.stopping = true;
    if (self.stopped) return;
    Station& own = station(step.replica);
    own.stop_deadline = stop.deadline;
    own.stop_number = step.number;
    self.next_check = std::min(self.next_check, stop.deadline);
}

bool Calls::order_is_right(const ReplicaStepped& step, std::size_t position) const {
    bool open = false;
    for (std::size_t i = 0; i < position; ++i) {
        const Effect& effect = step.effects[i];
        if (const auto* gate = std::get_if<GateMoved>(&effect))
            open = gate->valid_until > step.now.monotonic;
        else if (std::holds_alternative<SendBucket>(effect) ||
                 std::holds_alternative<SendFile>(effect) ||
                 std::holds_alternative<ReadDone>(effect) ||
                 std::holds_alternative<WriteDone>(effect))
            return false;
    }
    return open;
}

void Calls::role_changed(const ReplicaStepped& step, ReplicaFacts& self, const RoleChanged& role,
                         std::size_t position) {
    std::vector<Call>& calls = station(step.replica).calls;
    if (role.role != Role::leader) {
        for (Call& call : calls) {
            call.promoted = false;  // parked again
            call.due = kNever;
        }
        return;
    }
    if (!self.elects) return;
    facts_.checked(Id::releases_all);
    if (!order_is_right(step, position) && facts_.fresh(Id::releases_all))
        facts_.violate(Id::releases_all, step.at,
                       facts_.name(step.replica) + " began to lead at " + words(step.at) +
                           " with its write gate closed, or touched storage before it had it "
                           "open",
                       {step.number});
    const Instant due = saturating_add(step.now.monotonic, release_bound(calls.size()));
    for (Call& call : calls) {
        if (call.is_query) continue;
        call.promoted = true;
        call.gets = 0;
        call.due = due;
        self.next_check = std::min(self.next_check, due);
    }
}

/// The one GET of a query takes a place from the others until it is answered, so it ends when the
/// query does.
void Calls::outlives(const ReplicaStepped& step, const Call& call, Duration timeout) {
    if (call.deadline == kNever || saturating_add(step.now.monotonic, timeout) <= call.deadline)
        return;
    if (!facts_.fresh(Id::reads_never_stack)) return;
    facts_.violate(Id::reads_never_stack, step.at,
                   facts_.name(step.replica) + " sent a GET for its " + call_words(true, call.key) +
                       " at " + words(step.at) + " that may take longer than the query",
                   {call.number, step.number});
}

/// The files of a single install are the truth, and it is told of nothing: without somebody who
/// asks there is nothing that a GET could be for.
void Calls::unasked(const ReplicaStepped& step, const SendBucket& request) {
    facts_.checked(Id::reads_never_stack);
    const bool asked = step.replica < stations_.size() &&
                       std::ranges::any_of(stations_[step.replica].calls, [&](const Call& call) {
                           return call.key == request.key;
                       });
    if (asked || !facts_.fresh(Id::reads_never_stack)) return;
    facts_.violate(Id::reads_never_stack, step.at,
                   facts_.name(step.replica) + ", a single install, sent a GET of " +
                       words(request.key) + " at " + words(step.at) +
                       ", which no read and no query waits for",
                   {step.number});
}

void Calls::get_sent(const ReplicaStepped& step, const ReplicaFacts& self,
                     const SendBucket& request) {
    if (!facts_.settings.elects) unasked(step, request);
    if (self.role != Role::leader || step.replica >= stations_.size()) return;
    for (Call& call : stations_[step.replica].calls)
        if (call.key == request.key) ++call.gets;
}

void Calls::late(Id id, const ReplicaStepped& step, const Call& call) {
    if (!facts_.fresh(id)) return;
    const Duration by = step.now.monotonic - call.deadline;
    facts_.violate(id, step.at - by,
                   facts_.name(step.replica) + "'s " + call_words(call.is_query, call.key) +
                       " had not ended " + words(by) + " after its deadline, at " + words(step.at),
                   {call.number, step.number});
}

/// One answer that teaches nothing is no failure: a leader asks again, and a follower waits. A
/// refusal (4xx, but for "later") is one.
void Calls::failed(const ReplicaStepped& step, const ReplicaFacts& self, const Call& call) {
    const auto* answer = step.event != nullptr ? std::get_if<BucketAnswered>(step.event) : nullptr;
    const std::int32_t status = answer != nullptr ? answer->reply->status : 0;
    const bool refused = status >= 400 && status < 500 && status != 408 && status != 429;
    if (self.role == Role::leader && (call.gets > 1 || refused)) return;
    if (!facts_.fresh(Id::one_outcome)) return;
    facts_.violate(Id::one_outcome, step.at,
                   facts_.name(step.replica) + " gave the " + call_words(false, call.key) +
                       " up as failed at " + words(step.at) +
                       (self.role == Role::leader ? ", after one GET" : " without leading"),
                   {call.number, step.number});
}

void Calls::read_done(const ReplicaStepped& step, const ReplicaFacts& self, const ReadDone& done) {
    facts_.checked(Id::one_outcome);
    Call* call = find(step.replica, done.call, false);
    if (call == nullptr) {
        if (!self.stopped && facts_.fresh(Id::one_outcome))
            facts_.violate(Id::one_outcome, step.at,
                           facts_.name(step.replica) + " answered backup read " +
                               std::to_string(done.call.value()) + " at " + words(step.at) +
                               ", which is not open: it was answered before or never asked",
                           {step.number});
        return;
    }
    if (call->number != step.number && facts_.late(self, call->deadline, step.now.monotonic))
        late(Id::one_outcome, step, *call);
    if (done.outcome == ReadOutcome::not_found && self.role != Role::leader &&
        facts_.fresh(Id::one_outcome))
        facts_.violate(Id::one_outcome, step.at,
                       facts_.name(step.replica) + " answered the " + call_words(false, call->key) +
                           " with NotFound at " + words(step.at) + " without leading",
                       {call->number, step.number});
    if (done.outcome == ReadOutcome::data && self.role != Role::leader && !call->known.empty() &&
        done.etag == call->known && facts_.fresh(Id::one_outcome))
        facts_.violate(Id::one_outcome, step.at,
                       facts_.name(step.replica) + " answered the " + call_words(false, call->key) +
                           " at " + words(step.at) + " with the version that its caller has",
                       {call->number, step.number});
    if (done.outcome == ReadOutcome::failed) failed(step, self, *call);
    const bool of_get = done.outcome == ReadOutcome::data ||
                        done.outcome == ReadOutcome::not_found ||
                        done.outcome == ReadOutcome::corrupt;
    if (call->promoted && call->gets == 0 && of_get && facts_.fresh(Id::releases_all))
        facts_.violate(Id::releases_all, step.at,
                       facts_.name(step.replica) + " ended the " + call_words(false, call->key) +
                           " at " + words(step.at) +
                           ", pending at its promotion, without a GET sent as leader",
                       {call->number, step.number});
    remove(step.replica, call);
}

void Calls::query_done(const ReplicaStepped& step, const ReplicaFacts& self,
                       const QueryDone& done) {
    facts_.checked(Id::query_within_deadline);
    Call* call = find(step.replica, done.call, true);
    if (call == nullptr) {
        if (!self.stopped && facts_.fresh(Id::reads_never_stack))
            facts_.violate(Id::reads_never_stack, step.at,
                           facts_.name(step.replica) + " answered query " +
                               std::to_string(done.call.value()) + " at " + words(step.at) +
                               ", which is not open: it was answered before or never asked",
                           {step.number});
        return;
    }
    if (call->number != step.number && facts_.late(self, call->deadline, step.now.monotonic))
        late(Id::query_within_deadline, step, *call);
    remove(step.replica, call);
}

void Calls::stopped(const ReplicaStepped& step, ReplicaFacts& self) {
    Station& own = station(step.replica);
    facts_.checked(Id::stop_bounded);
    if (own.stop_number != 0 && facts_.late(self, own.stop_deadline, step.now.monotonic))
        stop_late(step, self, own);
    for (const Call& call : own.calls) {
        const Id id = call.is_query ? Id::reads_never_stack : Id::one_outcome;
        if (!facts_.fresh(id)) continue;
        facts_.violate(id, step.at,
                       facts_.name(step.replica) + " stopped at " + words(step.at) +
                           " without an answer to the " + call_words(call.is_query, call.key),
                       {call.number, step.number});
    }
    own = Station{};
    self.stopped = true;
    self.next_check = kNever;
}

/// How long a query's GET may take that leaves in this step.
Duration Calls::longest(const ReplicaStepped& step, Instant deadline) const {
    const Duration most = facts_.settings.storage.read_through_timeout;
    return deadline == kNever ? most : std::min(most, deadline - step.now.monotonic);
}

void Calls::after_query(const ReplicaStepped& step, const ReplicaFacts& self, const Query& query,
                        bool writes) {
    Call* call = find(step.replica, query.call, true);
    const Sent sent = sent_for(step, query.key, longest(step, query.deadline));
    if (call != nullptr) call->own = sent.own;
    if (call != nullptr && sent.count == 1) outlives(step, *call, sent.timeout);
    const std::size_t needed = call != nullptr ? 1 : 0;
    if (sent.count == needed) return;
    const bool none = sent.count < needed;
    // A pending read of the same key may have had a retry due in this very step, and so may an open
    // write of it that looks for its outcome, or a pass, or a leader's reconciling, when the step
    // is the first after a stall or those before took long.
    const bool other = writes || self.slow > 0 || self.stall_ended == step.now.monotonic;
    const std::size_t reads =
        std::max<std::size_t>(open_reads(step.replica, query.key), other ? 1 : 0);
    if (!none && sent.count <= reads + needed) return;
    if (!facts_.fresh(Id::reads_never_stack)) return;
    facts_.violate(Id::reads_never_stack, step.at,
                   facts_.name(step.replica) +
                       (none ? " neither answered the " : " sent too many requests for the ") +
                       call_words(true, query.key) + " at " + words(step.at) +
                       (none ? " nor sent a request for it: it waits for something else" : ""),
                   {step.number});
}

void Calls::after_answer(const ReplicaStepped& step, RequestId request) {
    if (step.replica >= stations_.size()) return;
    for (Call& call : stations_[step.replica].calls) {
        if (!call.is_query || call.own != request || call.number == step.number) continue;
        const Sent sent = sent_for(step, call.key, longest(step, call.deadline));
        call.own = sent.own;
        if (sent.count == 1) outlives(step, call, sent.timeout);
        if (sent.count > 0 && !sent.loads && brings_ordered(step)) asked_again(step, call);
        if (sent.count > 0 || !facts_.fresh(Id::reads_never_stack)) return;
        facts_.violate(Id::reads_never_stack, step.at,
                       facts_.name(step.replica) + " got the answer for its " +
                           call_words(true, call.key) + " at " + words(step.at) +
                           " and neither ended it nor sent another request",
                       {call.number, step.number});
        return;
    }
}

/// What has no place in the order (an absence, a plain object) may be asked for once more when the
/// key has changed meanwhile; any other is either good or below what was served.
void Calls::asked_again(const ReplicaStepped& step, const Call& call) {
    if (!facts_.fresh(Id::reads_never_stack)) return;
    facts_.violate(Id::reads_never_stack, step.at,
                   facts_.name(step.replica) + " got an object for its " +
                       call_words(true, call.key) + " at " + words(step.at) +
                       " and asked the bucket for it again",
                   {call.number, step.number});
}

void Calls::after_cancel(const ReplicaStepped& step, CallId id) {
    for (const bool is_query : {false, true}) {
        const Call* call = find(step.replica, id, is_query);
        const Id invariant = is_query ? Id::reads_never_stack : Id::one_outcome;
        if (call == nullptr || !facts_.fresh(invariant)) continue;
        facts_.violate(invariant, step.at,
                       facts_.name(step.replica) + " did not end the " +
                           call_words(is_query, call->key) + " when it was cancelled at " +
                           words(step.at),
                       {call->number, step.number});
    }
}

bool Calls::own_of_query(ReplicaIndex index, RequestId request) const {
    if (index >= stations_.size()) return false;
    const std::vector<Call>& calls = stations_[index].calls;
    return std::any_of(calls.rbegin(), calls.rend(), [request](const Call& call) {
        return call.is_query && call.own == request;
    });
}

Calls::Open Calls::open(ReplicaIndex index) const {
    Open open;
    if (index >= stations_.size()) return open;
    for (const Call& call : stations_[index].calls)
        ++(call.is_query ? open.queries : open.reads);
    return open;
}

bool Calls::awaited(ReplicaIndex index, const ObjectKey& key) const {
    return index < stations_.size() &&
           std::ranges::any_of(stations_[index].calls, [&key](const Call& call) {
               return !call.is_query && call.key == key;
           });
}

}  // namespace leasehold::check
