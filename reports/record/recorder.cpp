#include "reports/record/recorder.hpp"

#include <algorithm>
#include <type_traits>

#include "reports/event_texts.hpp"
#include "reports/names.hpp"
#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

// A LIST's page or a long list of files is no text for people.
constexpr std::size_t kLongest = 400;
constexpr std::size_t kCommitsKept = 4096;

std::string cut(std::string text) {
    if (text.size() > kLongest) text.replace(kLongest - 3, std::string::npos, "...");
    return text;
}

}  // namespace

RunRecorder::RunRecorder(RecordLimits limits) : limits_(limits), thin_at_(limits.events * 2) {}

RunRecorder::Seat& RunRecorder::seat(ReplicaIndex replica) {
    if (seats_.size() <= replica) {
        seats_.resize(std::size_t{replica} + 1);
        record_.lanes.resize(std::size_t{replica} + 1);
    }
    return seats_[replica];
}

std::string RunRecorder::name(ReplicaIndex replica) const {
    if (replica == kNobody) return "somebody else";
    if (replica < record_.lanes.size() && !record_.lanes[replica].name.empty())
        return record_.lanes[replica].name;
    return "replica-" + std::to_string(replica);
}

RecordedEvent& RunRecorder::add(const RecordBase& record, EventKind kind, ReplicaIndex lane,
                                std::string text) {
    if (record_.events.size() >= thin_at_) thin();
    RecordedEvent& event = record_.events.emplace_back();
    event.number = record.number;
    event.at = record.at;
    event.lane = lane;
    event.kind = kind;
    event.text = cut(std::move(text));
    return event;
}

template <class Record>
void RunRecorder::pass(const Record& record) {
    timeline_.on(record);
    look(record.at);
}

void RunRecorder::hold(SpanKind kind, ReplicaIndex lane, bool holds, TrueTime at) {
    auto& spans = seats_[lane].spans;
    const auto found = spans.find(kind);
    if (holds && found == spans.end()) {
        spans.emplace(kind, record_.spans.size());
        record_.spans.push_back({kind, lane, at, TrueTime::max(), lane, {}});
    } else if (!holds && found != spans.end()) {
        record_.spans[found->second].to = at;
        spans.erase(found);
    }
}

// A gate closes by itself: what is known is the end that it has now.
void RunRecorder::gate(ReplicaIndex lane, TrueTime until, TrueTime at) {
    std::vector<GatePoint>& gates = record_.lanes[lane].gates;
    if (!gates.empty() && gates.back().at == at) gates.pop_back();
    if (gates.size() >= limits_.points) {  // of two neighbours the later stays
        for (std::size_t i = 0; 2 * i + 1 < gates.size(); ++i)
            gates[i] = gates[2 * i + 1];
        gates.resize(gates.size() / 2);
    }
    if (!gates.empty() || until > at) gates.push_back({at, until});
    auto& spans = seats_[lane].spans;
    const auto found = spans.find(SpanKind::gate);
    const bool lasts = found != spans.end() && record_.spans[found->second].to > at;
    if (until > at && lasts) {
        record_.spans[found->second].to = until;
    } else if (until > at) {
        spans[SpanKind::gate] = record_.spans.size();
        record_.spans.push_back({SpanKind::gate, lane, at, until, lane, {}});
    } else if (found != spans.end()) {
        Span& span = record_.spans[found->second];
        span.to = std::min(span.to, std::max(span.from, until));
        spans.erase(found);
    }
}

// What the timeline's observer says of each replica now, beside what it said before.
void RunRecorder::look(TrueTime at) {
    for (std::size_t i = 0; i < timeline_.seats(); ++i) {
        const Timeline::SeatState now = timeline_.seat_state(i);
        Seat& s = seats_[i];
        if (now == s.shown) continue;
        const auto lane = static_cast<ReplicaIndex>(i);
        hold(SpanKind::runs, lane, now.running, at);
        hold(SpanKind::crashed, lane, now.crashed, at);
        hold(SpanKind::leads, lane, now.leads, at);
        hold(SpanKind::asleep, lane, now.asleep, at);
        hold(SpanKind::cut, lane, now.cut, at);
        if (now.gate_end != s.shown.gate_end) gate(lane, now.gate_end, at);
        s.shown = now;
    }
}

// One span follows the other on the lanes of the Lease and the bucket.
void RunRecorder::world_span(SpanKind kind, ReplicaIndex lane, ReplicaIndex owner, std::string text,
                             TrueTime at) {
    const bool lease = lane == kLeaseLane;
    bool& any = lease ? any_lease_ : any_epoch_;
    std::size_t& position = lease ? lease_span_ : bucket_span_;
    if (any) record_.spans[position].to = at;
    any = true;
    position = record_.spans.size();
    record_.spans.push_back({kind, lane, at, TrueTime::max(), owner, std::move(text)});
}

void RunRecorder::count(ReplicaIndex replica, TrueTime at) {
    const Seat& s = seats_[replica];
    LaneRecord& lane = record_.lanes[replica];
    const auto put = [&](std::vector<CountPoint>& points, std::size_t value) {
        const auto now = static_cast<std::uint32_t>(value);
        if (points.empty() ? now == 0 : points.back().value == now) return;
        if (!points.empty() && points.back().at == at) {
            points.back().value = now;
            return;
        }
        // Too many: of two neighbours the larger stays.
        if (points.size() >= limits_.points) {
            std::vector<CountPoint> fewer;
            for (std::size_t i = 0; i + 1 < points.size(); i += 2)
                fewer.push_back({points[i].at, std::max(points[i].value, points[i + 1].value)});
            points = std::move(fewer);
        }
        points.push_back({at, now});
    };
    put(lane.pending_reads, s.reads.size());
    put(lane.writes_flying, s.flying);
}

// A process that ends answers nothing any more.
void RunRecorder::abandon(ReplicaIndex replica, TrueTime at) {
    Seat& s = seat(replica);
    s.open.clear();
    s.files.clear();
    s.reads.clear();
    s.flying = 0;
    count(replica, at);
}

void RunRecorder::on(const ProcessStarted& record) {
    abandon(record.replica, record.at);
    seats_[record.replica].identity = std::string(record.identity);
    LaneRecord& lane = record_.lanes[record.replica];
    lane.name = std::string(record.name);
    lane.clocks.push_back(record.clock);
    pass(record);
    RecordedEvent& event = add(record, EventKind::start, record.replica, lane.name + " starts");
    event.change = true;
}

void RunRecorder::on(const ProcessEnded& record) {
    abandon(record.replica, record.at);
    pass(record);
    if (record.cause == EndCause::run_ended) return;
    add(record, EventKind::end, record.replica,
        name(record.replica) + " ends: " + std::string(name_of(record.cause)))
        .change = true;
}

void RunRecorder::on(const ClockChanged& record) {
    seat(record.replica);
    record_.lanes[record.replica].clocks.push_back(record.clock);
    pass(record);
    add(record, EventKind::clock, record.replica,
        "the clock's rate is now " + std::to_string(record.clock.rate_ppb) + " ppb off");
}

void RunRecorder::on(const FaultTookEffect& record) {
    pass(record);
    const ReplicaIndex lane = record.targets.size() == 1 ? record.targets.front() : kNobody;
    add(record, EventKind::fault, lane, to_text(record)).change = true;
    if (const auto open = faults_.find(record.fault); open != faults_.end() && !record.began) {
        record_.faults[open->second].to = record.at;
        faults_.erase(open);
    }
    if (!record.began) return;
    faults_[record.fault] = record_.faults.size();
    record_.faults.push_back({record.fault, record.at, record.at, std::string(record.what),
                              record.targets, record.number});
}

void RunRecorder::on(const PathChanged& record) {
    seat(record.replica);
    pass(record);
    add(record, EventKind::path, record.replica,
        std::string("the Lease API is ") + (record.api_healthy ? "reachable" : "impaired") +
            ", the bucket is " + (record.bucket_healthy ? "reachable" : "impaired"));
}

void RunRecorder::on(const RequestLeft& record) {
    Seat& s = seat(record.replica);
    RecordedEvent& event = add(record, EventKind::left, record.replica, to_text(record));
    if (const auto open = s.open.find({true, record.request}); open != s.open.end())
        event.cause = record_.exchanges[open->second.exchange].sent;
}

void RunRecorder::on(const LeaseCommitted& record) {
    RecordedEvent& event =
        add(record, EventKind::lease, kLeaseLane, to_text(record, name(record.writer)));
    if (record.writer != kNobody)
        for (const auto& [id, flight] : seat(record.writer).open)
            if (!id.first && flight.writes && record.after &&
                (flight.nonce == 0 || flight.nonce == record.after->record.nonce)) {
                Exchange& exchange = record_.exchanges[flight.exchange];
                exchange.reached = record.number;
                event.cause = exchange.sent;
            }
    if (record.after) {
        commits_[record.after->version] = record.number;
        if (commits_.size() > kCommitsKept) commits_.erase(commits_.begin());
    }
    const LeaseRecord before = record.before ? record.before->record : LeaseRecord{};
    const LeaseRecord after = record.after ? record.after->record : LeaseRecord{};
    const bool same = any_lease_ && before.holder == after.holder &&
                      before.transitions == after.transitions &&
                      (record.before == nullptr) == (record.after == nullptr);
    if (same) return;
    event.change = true;
    ReplicaIndex owner = kNobody;
    for (std::size_t i = 0; i < seats_.size(); ++i)
        if (!after.holder.empty() && seats_[i].identity == after.holder)
            owner = static_cast<ReplicaIndex>(i);
    if (owner == kNobody && !after.holder.empty()) owner = record.writer;
    const std::string text = !record.after          ? std::string("absent")
                             : after.holder.empty() ? std::string("nobody's")
                                                    : after.holder;
    world_span(SpanKind::holder, kLeaseLane, owner, text, record.at);
}

void RunRecorder::on(const ObjectCommitted& record) {
    RecordedEvent& event =
        add(record, EventKind::object, kBucketLane, to_text(record, name(record.writer)));
    if (record.writer != kNobody)
        for (const auto& [id, flight] : seat(record.writer).open)
            if (id.first && flight.writes && flight.key == record.key) {
                Exchange& exchange = record_.exchanges[flight.exchange];
                exchange.reached = record.number;
                event.cause = exchange.sent;
            }
    if (record.stamp.epoch <= epoch_) return;
    epoch_ = record.stamp.epoch;
    event.change = true;
    world_span(SpanKind::epoch, kBucketLane, record.writer,
               "epoch " + std::to_string(epoch_.value()), record.at);
}

void RunRecorder::answered(Seat& s, bool bucket, RequestId request, const ReplicaStepped& record,
                           bool lost) {
    const auto open = s.open.find({bucket, request});
    if (open == s.open.end()) return;
    Exchange& exchange = record_.exchanges[open->second.exchange];
    exchange.answered = record.number;
    exchange.answered_at = record.at;
    exchange.lost = lost;
    if (bucket && open->second.writes) --s.flying;
    s.open.erase(open);
}

// What the step's event came from, and what it ends.
std::uint64_t RunRecorder::cause_of(Seat& s, const ReplicaStepped& record) {
    const Event& event = *record.event;
    const auto sent_by = [&](bool bucket, RequestId request) {
        const auto open = s.open.find({bucket, request});
        if (open == s.open.end()) return std::uint64_t{0};
        const Exchange& exchange = record_.exchanges[open->second.exchange];
        return exchange.reached != 0 ? exchange.reached : exchange.sent;
    };
    std::uint64_t cause = 0;
    if (const auto* lease = std::get_if<LeaseAnswered>(&event)) {
        cause = sent_by(false, lease->request);
        answered(s, false, lease->request, record, lease->reply.status == 0);
    } else if (const auto* bucket = std::get_if<BucketAnswered>(&event)) {
        cause = sent_by(true, bucket->request);
        answered(s, true, bucket->request, record, bucket->reply && bucket->reply->status == 0);
    } else if (const auto* file = std::get_if<FileAnswered>(&event)) {
        if (const auto open = s.files.find(file->request); open != s.files.end()) {
            cause = open->second;
            s.files.erase(open);
        }
    } else if (const auto* watched = std::get_if<LeaseWatched>(&event)) {
        const auto commit =
            watched->lease ? commits_.find(watched->lease->version) : commits_.end();
        if (commit != commits_.end()) cause = commit->second;
    } else if (const auto* read = std::get_if<BackupRead>(&event)) {
        s.reads.insert(read->call);
    }
    return cause;
}

void RunRecorder::sent(Seat& s, const ReplicaStepped& record, bool bucket, RequestId request,
                       std::string verb, Flight flight) {
    flight.exchange = record_.exchanges.size();
    Exchange& exchange = record_.exchanges.emplace_back();
    exchange.replica = record.replica;
    exchange.bucket = bucket;
    exchange.verb = std::move(verb);
    exchange.sent = record.number;
    exchange.sent_at = record.at;
    if (bucket && flight.writes) ++s.flying;
    s.open[{bucket, request}] = std::move(flight);
}

void RunRecorder::effect(Seat& s, const ReplicaStepped& record, const Effect& effect) {
    if (const auto* lease = std::get_if<SendLease>(&effect)) {
        sent(s, record, false, lease->request, std::string(name_of(lease->verb)),
             {0, lease->verb != LeaseVerb::get, {}, lease->lease ? lease->lease->record.nonce : 0});
    } else if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
        const bool writes = bucket->verb == BucketVerb::put || bucket->verb == BucketVerb::remove;
        sent(s, record, true, bucket->request, std::string(name_of(bucket->verb)),
             {0, writes, bucket->key, 0});
    } else if (const auto* file = std::get_if<SendFile>(&effect)) {
        s.files[file->request] = record.number;
    } else if (const auto* read = std::get_if<ReadDone>(&effect)) {
        s.reads.erase(read->call);
    }
}

void RunRecorder::on(const ReplicaStepped& record) {
    Seat& s = seat(record.replica);
    pass(record);
    const std::uint64_t cause = cause_of(s, record);
    RecordedEvent& event = add(record, EventKind::step, record.replica, to_text(*record.event));
    event.cause = cause;
    for (const Effect& one : record.effects) {
        event.effects += (event.effects.empty() ? "" : "\n") + cut(to_text(one));
        event.change = event.change || std::holds_alternative<RoleChanged>(one);
        effect(s, record, one);
    }
    count(record.replica, record.at);
}

// Of events far from any change the details go, so that a day fits. The newest stay: whether a
// change follows them is not known yet.
void RunRecorder::thin() {
    constexpr std::size_t kBefore = 60;
    constexpr std::size_t kAfter = 140;
    std::vector<RecordedEvent>& events = record_.events;
    const std::size_t newest = events.size() - std::min(events.size(), kBefore);
    std::vector<bool> keep(events.size(), false);
    std::fill(keep.begin() + static_cast<std::ptrdiff_t>(newest), keep.end(), true);
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (!events[i].change) continue;
        const std::size_t last = std::min(events.size(), i + kAfter);
        for (std::size_t k = i - std::min(i, kBefore); k < last; ++k)
            keep[k] = true;
    }
    std::size_t kept = 0;
    std::size_t position = 0;
    // Where even the surroundings of changes are too many, changes alone stay.
    const auto many = std::count(keep.begin(), keep.end(), true);
    const bool bare = static_cast<std::size_t>(many) > limits_.events;
    for (RecordedEvent& event : events) {
        const bool stays = position >= newest || (bare ? event.change : keep[position]);
        ++position;
        if (!stays) continue;
        if (&event != &events[kept]) events[kept] = std::move(event);
        ++kept;
    }
    record_.left_out += events.size() - kept;
    events.resize(kept);
    thin_at_ = std::max(limits_.events * 2, kept + limits_.events);
}

RunRecord RunRecorder::take(TrueTime end) {
    if (record_.events.size() > limits_.events) thin();
    record_.end = end;
    for (Span& span : record_.spans) {
        span.from = std::min(span.from, end);
        span.to = std::min(span.to, end);
    }
    // An exchange without the step that sent it cannot be drawn.
    const auto known = [&](const Exchange& exchange) {
        const auto found = std::lower_bound(
            record_.events.begin(), record_.events.end(), exchange.sent,
            [](const RecordedEvent& event, std::uint64_t number) { return event.number < number; });
        return found != record_.events.end() && found->number == exchange.sent;
    };
    if (record_.left_out > 0)
        std::erase_if(record_.exchanges, [&](const Exchange& one) { return !known(one); });
    return std::move(record_);
}

}  // namespace leasehold::reports
