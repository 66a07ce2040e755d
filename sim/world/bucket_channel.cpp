#include "sim/world/bucket_channel.hpp"

#include <memory>

#include "model/base/check.hpp"
#include "model/protocol/stamp.hpp"
#include "sim/world/faults.hpp"
#include "sim/world/request_kind.hpp"

namespace leasehold::sim {
namespace {

// Smaller bodies (a header alone, an epoch) ride in the request and the answer.
constexpr std::uint64_t kFlowFrom = 4096;

std::uint64_t size_of(const ObjectBody& body) {
    return body.head.size() + body.payload.size;
}

BucketCode code_of(std::int32_t status) {
    switch (status) {
        case 409:
            return BucketCode::conditional_request_conflict;
        case 412:
            return BucketCode::precondition_failed;
        case 403:
            return BucketCode::access_denied;
        case 503:
            return BucketCode::slow_down;
        case 500:
            return BucketCode::internal_error;
        default:
            return BucketCode::other;
    }
}

/// Of a bucket that nobody asks nothing is drawn.
LatencyDraw draws(const Scenario& scenario, const LatencySpec& spec) {
    return scenario.stores() ? LatencyDraw(spec) : LatencyDraw();
}

}  // namespace

BucketChannel::BucketChannel(Context& context, Paths& paths, Faults& faults)
    : context_(context),
      paths_(paths),
      faults_(faults),
      bucket_(context.scenario.bucket),
      get_(draws(context.scenario, context.scenario.bucket.get)),
      put_(draws(context.scenario, context.scenario.bucket.put)),
      list_(draws(context.scenario, context.scenario.bucket.list)),
      random_(context.stream("bucket-channel")),
      omissions_(context.stream("omitted-keys")) {}

const LatencyDraw& BucketChannel::handling(BucketVerb verb) const {
    if (verb == BucketVerb::list) return list_;
    return verb == BucketVerb::get ? get_ : put_;
}

void BucketChannel::send(ReplicaIndex replica, const SendBucket& request) {
    Host& host = context_.hosts[replica];
    ++context_.recorder.work.bucket_requests;
    const TrueTime now = context_.now();
    Exchange exchange;
    exchange.replica = replica;
    exchange.incarnation = host.incarnation;
    exchange.request = request;
    exchange.deadline = saturating_add(host.clock.monotonic(now), request.timeout);
    exchange.deadline_true = host.clock.reaches(exchange.deadline);
    exchange.interference = faults_.interfere(replica, kind_of(request.verb));
    exchange.skewed = skewed(replica);
    if (exchange.skewed != host.skewed) faults_.refused_by_clock(replica);
    const bool lost = exchange.interference.drop || !paths_.to(Server::bucket, replica);
    const bool flows = request.verb == BucketVerb::put && size_of(*request.body) >= kFlowFrom &&
                       (exchange.interference.status == 0 || exchange.interference.applied);
    const TrueTime due = exchange.deadline_true;
    const std::uint64_t handle = exchanges_.put(std::move(exchange));
    // One event for the time-out of each exchange: a flow's end can't be foreseen.
    if (due != TrueTime::max()) context_.at(due, Kind::bucket_deadline, replica, handle);
    if (lost) return;
    if (flows) {
        const FlowId flow = context_.engine.start_flow(
            Context::machine(replica), Context::bucket_host(), size_of(*request.body));
        exchanges_.find(handle)->flow = flow;
        flows_.emplace(flow, handle);
        ++context_.recorder.work.flows;
        return;
    }
    // Half of it lies at the server, which looks at nothing before it has the whole.
    if (request.stalled) return;
    arrive(handle);
}

bool BucketChannel::skewed(ReplicaIndex replica) const {
    const auto& most = context_.scenario.bucket.skew_limit;
    if (!most) return false;
    const TrueTime now = context_.now();
    const Duration off =
        context_.hosts[replica].clock.read(now).wall - (kWallEpoch + now.time_since_epoch());
    return off > *most || off < -*most;
}

void BucketChannel::arrive(std::uint64_t handle) {
    Exchange& sent = *exchanges_.find(handle);
    sent.uploaded = true;
    context_.at(context_.now() + paths_.latency(sent.replica, Server::bucket) +
                    handling(sent.request.verb)(random_) + sent.interference.late,
                Kind::bucket_arrives, sent.replica, handle);
}

void BucketChannel::resume(ReplicaIndex replica, RequestId request) {
    exchanges_.each([&](std::uint64_t handle, Exchange& exchange) {
        if (exchange.replica != replica || exchange.request.request != request ||
            exchange.answered || exchange.uploaded ||
            exchange.incarnation != context_.hosts[replica].incarnation)
            return;
        if (!exchange.interference.drop && paths_.to(Server::bucket, replica)) arrive(handle);
    });
}

void BucketChannel::refuse(ReplicaIndex replica, RequestId request) {
    auto reply = std::make_shared<BucketReply>();
    reply->not_sent = true;
    Mail& letter = context_.post(context_.now(), replica);
    letter.event.emplace<BucketAnswered>(request, std::move(reply));
}

void BucketChannel::request_arrives(std::uint64_t handle) {
    apply(handle);
}

void BucketChannel::upload_applies(std::uint64_t handle) {
    apply(handle);
}

void BucketChannel::apply(std::uint64_t handle) {
    Exchange* exchange = exchanges_.find(handle);
    if (exchange == nullptr) return;  // answered, and nothing was left to apply
    const ReplicaIndex replica = exchange->replica;
    if (!state_.up() || !paths_.to(Server::bucket, replica)) {
        stall(handle);
        return;
    }
    const TrueTime now = context_.now();
    if (state_.frozen()) {
        state_.hold({Kind::bucket_applies, replica, handle});
        return;
    }
    const bool asks = exchange->interference.status == 0 && !exchange->skewed;
    if (asks && !exchange->checked && bucket_.checks_apart(exchange->request) &&
        !bucket_.refusal(exchange->request)) {
        exchange->checked = true;
        context_.at(now + bucket_.preconditions().window, Kind::bucket_applies, replica, handle);
        return;
    }
    auto reply = std::make_shared<BucketReply>(this->handle(*exchange));
    if (exchange->answered || exchange->interference.lose_answer ||
        !paths_.from(Server::bucket, replica)) {
        stall(handle);
        return;
    }
    const auto* body = std::get_if<ObjectBodyPtr>(&reply->content);
    std::uint64_t bytes = body != nullptr && *body != nullptr ? size_of(**body) : 0;
    if (bytes > 0 && exchange->interference.damage) {
        const AnswerDamage damage = *exchange->interference.damage;
        if (damage != AnswerDamage::corrupt) bytes /= 2;
        if (damage == AnswerDamage::ended)
            *reply = BucketReply{};
        else
            reply->content = damaged(**body, damage == AnswerDamage::truncated);
    }
    if (bytes >= kFlowFrom)
        download(handle, std::move(reply), bytes);
    else
        answer(handle, std::move(reply), now + paths_.latency(replica, Server::bucket));
}

BucketReply BucketChannel::handle(Exchange& exchange) {
    const Interference& interference = exchange.interference;
    BucketReply reply;
    if (exchange.skewed) {
        reply.status = 403;  // RequestTimeTooSkewed
        reply.code = BucketCode::other;
        return reply;
    }
    if (interference.status == 0 || interference.applied) {
        std::optional<BucketChange> change;
        reply = bucket_.handle(exchange.request, change, exchange.checked);
        if (change) committed(*change, exchange.replica);
        if (const auto* page = std::get_if<ListPagePtr>(&reply.content);
            page != nullptr && omitted_ppm_ > 0)
            reply.content = some_of(**page);
    }
    if (interference.status == 0) return reply;
    BucketReply error;
    error.status = interference.status;
    error.code = code_of(error.status);
    error.retry_after = interference.retry_after;
    return error;
}

void BucketChannel::committed(const BucketChange& change, ReplicaIndex writer) {
    ObjectCommitted record;
    record.at = context_.now();
    record.writer = writer;
    record.key = change.key;
    record.etag = change.etag;
    if (change.body) record.stamp = stamp_of(*change.body).value_or(Stamp{});
    record.version = change.version;
    context_.recorder.object_committed(record);
}

// The last key of a page that goes on stays: the next page begins behind it.
ListPagePtr BucketChannel::some_of(const ListPage& page) {
    auto some = std::make_shared<ListPage>();
    some->truncated = page.truncated;
    for (const ListEntry& entry : page.entries) {
        const bool omitted = omissions_.below(1'000'000) < static_cast<std::uint64_t>(omitted_ppm_);
        const bool last = page.truncated && &entry == &page.entries.back();
        if (!omitted || last) some->entries.push_back(entry);
    }
    return some;
}

void BucketChannel::download(std::uint64_t handle, std::shared_ptr<const BucketReply> reply,
                             std::uint64_t bytes) {
    Exchange& exchange = *exchanges_.find(handle);
    exchange.reply = std::move(reply);
    const Host& host = context_.hosts[exchange.replica];
    if (!host.running() || host.incarnation != exchange.incarnation) {
        exchanges_.drop(handle);
        return;
    }
    exchange.flow = context_.engine.start_flow(Context::bucket_host(),
                                               Context::machine(exchange.replica), bytes);
    flows_.emplace(*exchange.flow, handle);
    ++context_.recorder.work.flows;
}

void BucketChannel::flow_ended(FlowId flow, bool finished) {
    const auto found = flows_.find(flow);
    if (found == flows_.end()) return;
    const std::uint64_t handle = found->second;
    flows_.erase(found);
    Exchange* exchange = exchanges_.find(handle);
    if (exchange == nullptr) return;
    exchange->flow.reset();
    if (!finished) {
        stall(handle);
        return;
    }
    const ReplicaIndex replica = exchange->replica;
    if (exchange->reply) {
        // The flow has the route's least latency in it; its last bytes are delayed like any others.
        answer(handle, exchange->reply,
               context_.now() + paths_.beyond_route(replica, Server::bucket));
        return;
    }
    exchange->uploaded = true;
    context_.at(context_.now() + paths_.latency(replica, Server::bucket) + put_(random_) +
                    exchange->interference.late,
                Kind::bucket_applies, replica, handle);
}

// Nothing more comes of it but the driver's time-out; forgotten when that has answered already.
void BucketChannel::stall(std::uint64_t handle) {
    Exchange* exchange = exchanges_.find(handle);
    const Host& host = context_.hosts[exchange->replica];
    const bool gone = !host.running() || host.incarnation != exchange->incarnation;
    exchange->over = true;
    if (exchange->answered || gone) exchanges_.drop(handle);
}

void BucketChannel::answer(std::uint64_t handle, std::shared_ptr<const BucketReply> reply,
                           TrueTime when) {
    Exchange& exchange = *exchanges_.find(handle);
    const Host& host = context_.hosts[exchange.replica];
    if (host.running() && host.incarnation == exchange.incarnation) {
        exchange.over = true;
        if (when >= exchange.deadline_true) return;  // the time-out comes first
        Mail& letter = context_.post(when, exchange.replica);
        letter.event.emplace<BucketAnswered>(exchange.request.request, std::move(reply));
        letter.via = Via::bucket;
        letter.deadline = exchange.deadline;
    }
    exchanges_.drop(handle);
}

void BucketChannel::answer_unknown(Exchange& exchange, TrueTime when, bool timeout) {
    exchange.answered = true;
    const Host& host = context_.hosts[exchange.replica];
    if (!host.running() || host.incarnation != exchange.incarnation) return;
    Mail& letter = context_.post(when, exchange.replica);
    letter.event.emplace<BucketAnswered>(exchange.request.request,
                                         std::make_shared<const BucketReply>());
    letter.deadline = timeout ? exchange.deadline : kNever;
    letter.timeout = timeout;
}

void BucketChannel::deadline(std::uint64_t handle) {
    Exchange* exchange = exchanges_.find(handle);
    if (exchange == nullptr || exchange->answered) return;
    const bool may_apply = exchange->uploaded && !exchange->over;
    answer_unknown(*exchange, context_.now(), true);
    if (exchange->flow) context_.engine.cancel_flow(*exchange->flow);
    // A request that has left completely may still be applied; the others are over.
    if (!may_apply && !exchange->flow) exchanges_.drop(handle);
}

void BucketChannel::abort(ReplicaIndex replica, RequestId request) {
    exchanges_.each([&](std::uint64_t handle, Exchange& exchange) {
        if (exchange.replica != replica || exchange.request.request != request ||
            exchange.answered || exchange.incarnation != context_.hosts[replica].incarnation)
            return;
        const bool may_apply = exchange.uploaded && !exchange.over;
        answer_unknown(exchange, context_.now(), false);
        if (exchange.flow)
            context_.engine.cancel_flow(*exchange.flow);
        else if (!may_apply)
            exchanges_.drop(handle);
    });
}

void BucketChannel::outage(int by) {
    state_.outage(by);
    transfers_stall();
}

void BucketChannel::freeze(int by) {
    state_.freeze(by);
    for (const ServerState::Held& held : state_.thawed())
        context_.at(context_.now(), held.kind, held.replica, held.handle);
}

void BucketChannel::transfers_stall() {
    for (const auto& [flow, handle] : flows_) {
        const Exchange& exchange = *exchanges_.find(handle);
        if (!state_.up() || !paths_.to(Server::bucket, exchange.replica) ||
            !paths_.from(Server::bucket, exchange.replica))
            context_.engine.cancel_flow(flow);
    }
}

void BucketChannel::plant(const ObjectKey& key, ObjectBodyPtr body) {
    committed(bucket_.plant(key, std::move(body)), kNobody);
}

bool BucketChannel::damage(const Fault& fault, std::vector<Bucket::Laid>& archived) {
    const std::vector<ObjectKey> keys = bucket_.chosen(fault.objects);
    for (const ObjectKey& key : keys)
        if (fault.object_damage == ObjectDamage::archived)
            archived.push_back(bucket_.archive(key));
        else
            committed(bucket_.damage(key, fault.object_damage), kNobody);
    return !keys.empty();
}

}  // namespace leasehold::sim
