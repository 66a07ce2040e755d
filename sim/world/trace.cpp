#include "sim/world/trace.hpp"

#include <algorithm>
#include <variant>

namespace leasehold::sim {
namespace {

/// The value of `key`, or 0: no event has that number.
template <class Map, class Key>
std::uint64_t at(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? 0 : found->second;
}

}  // namespace

void Trace::add(std::uint64_t number, ReplicaIndex replica, std::uint64_t cause) {
    of_.push_back({replica, number});
    if (cause != 0 && cause < number) {
        graph_.add(number, std::vector<std::uint64_t>{cause});
    } else {
        graph_.add(number, {});
    }
}

ReplicaIndex Trace::whose(std::uint64_t number) const {
    const auto found = std::ranges::lower_bound(of_, number, {}, &Said::number);
    return found == of_.end() || found->number != number ? kNobody : found->replica;
}

void Trace::on(const ProcessStarted& record) {
    // A request's number is unique within a process alone.
    std::erase_if(sent_, [&](const auto& entry) { return entry.first.first == record.replica; });
    std::erase_if(key_of_, [&](const auto& entry) { return entry.first.first == record.replica; });
    heard_.erase(record.replica);
    start_[record.replica] = record.number;
    add(record.number, record.replica, 0);
}

std::uint64_t Trace::cause_of(const ReplicaStepped& record) const {
    const Event& event = *record.event;
    const ReplicaIndex replica = record.replica;
    const auto sender = [&](RequestId request) {
        return at(sent_, Request{replica, request.value()});
    };
    const auto either = [](std::uint64_t first, std::uint64_t second) {
        return first != 0 ? first : second;
    };
    if (const auto* answer = std::get_if<LeaseAnswered>(&event))
        return either(answer->reply.lease ? at(versions_, answer->reply.lease->version) : 0,
                      sender(answer->request));
    if (const auto* seen = std::get_if<LeaseWatched>(&event))
        return either(at(versions_, seen->lease ? seen->lease->version : seen->version),
                      either(at(heard_, replica), at(start_, replica)));
    if (const auto* answer = std::get_if<BucketAnswered>(&event))
        return either(
            answer->reply && !answer->reply->etag.empty() ? at(etags_, answer->reply->etag) : 0,
            sender(answer->request));
    if (const auto* answer = std::get_if<FileAnswered>(&event)) return sender(answer->request);
    if (std::holds_alternative<Timer>(event) || std::holds_alternative<Start>(event))
        return either(at(heard_, replica), at(start_, replica));
    return 0;  // a caller's wish
}

void Trace::remember(const ReplicaStepped& record) {
    for (const Effect& effect : record.effects) {
        if (const auto* lease = std::get_if<SendLease>(&effect)) {
            sent_[{record.replica, lease->request.value()}] = record.number;
            if (lease->verb != LeaseVerb::get) lease_[record.replica] = record.number;
        } else if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
            sent_[{record.replica, bucket->request.value()}] = record.number;
            if (bucket->verb == BucketVerb::put || bucket->verb == BucketVerb::remove)
                key_of_[{record.replica, bucket->request.value()}] = bucket->key;
        } else if (const auto* file = std::get_if<SendFile>(&effect)) {
            sent_[{record.replica, file->request.value()}] = record.number;
        }
    }
    if (std::holds_alternative<LeaseAnswered>(*record.event) ||
        std::holds_alternative<LeaseWatched>(*record.event))
        heard_[record.replica] = record.number;
}

void Trace::on(const ReplicaStepped& record) {
    add(record.number, record.replica, cause_of(record));
    remember(record);
}

void Trace::on(const RequestLeft& record) {
    const Request request{record.replica, record.request.value()};
    add(record.number, record.replica, at(sent_, request));
    sent_[request] = record.number;
    if (const auto key = key_of_.find(request); key != key_of_.end() && record.permitted)
        put_[{record.replica, key->second}] = record.number;
}

void Trace::on(const LeaseCommitted& record) {
    const std::uint64_t operated = faults_.empty() ? 0 : faults_.back().number;
    add(record.number, record.writer,
        record.writer == kNobody ? operated : at(lease_, record.writer));
    if (record.after) versions_[record.after->version] = record.number;
}

void Trace::on(const ObjectCommitted& record) {
    const std::uint64_t damaged = faults_.empty() ? 0 : faults_.back().number;
    add(record.number, record.writer,
        record.writer == kNobody ? damaged : at(put_, std::pair{record.writer, record.key}));
    if (!record.etag.empty()) etags_[record.etag] = record.number;
}

void Trace::on(const FaultTookEffect& record) {
    add(record.number, kNobody, 0);
    if (record.began) faults_.push_back({record.number, record.targets});
}

std::vector<std::uint64_t> Trace::chain(const std::vector<std::uint64_t>& evidence) const {
    if (evidence.empty()) return {};
    std::vector<std::uint64_t> events = graph_.chain(evidence.back()).events;
    const std::size_t causes = std::max<std::size_t>(events.size(), 1) - 1;
    events.insert(events.end(), evidence.begin(), evidence.end());
    std::ranges::sort(events);
    std::vector<ReplicaIndex> passed;
    for (const std::uint64_t number : events)
        if (const ReplicaIndex replica = whose(number); replica != kNobody)
            passed.push_back(replica);
    // With one event and no cause of it, what struck last is what there is to say.
    const std::uint64_t from = causes == 0 ? 0 : events.front();
    for (const Struck& fault : faults_) {
        if (fault.number < from || fault.number > evidence.back()) continue;
        const bool met =
            fault.targets.empty() || std::ranges::any_of(fault.targets, [&](ReplicaIndex target) {
                return std::ranges::count(passed, target) > 0;
            });
        if (met) events.push_back(fault.number);
    }
    std::ranges::sort(events);
    events.erase(std::unique(events.begin(), events.end()), events.end());
    while (!events.empty() && events.back() > evidence.back())
        events.pop_back();
    if (events.size() > kLongestChain)
        events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(kLongestChain));
    return events;
}

}  // namespace leasehold::sim
