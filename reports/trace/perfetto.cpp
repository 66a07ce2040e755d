#include "reports/trace/perfetto.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <protozero/pbf_builder.hpp>

#include "reports/record/chain.hpp"
#include "reports/text.hpp"
#include "reports/utf8.hpp"

namespace leasehold::reports {
namespace {

using Tag = protozero::pbf_tag_type;

// The fields that are written, by their numbers in perfetto/trace/*.proto; a test reads them back
// with Perfetto's own schema.
enum class Trace : Tag { packet = 1 };
enum class Packet : Tag {
    timestamp = 8,
    sequence = 10,
    event = 11,
    sequence_flags = 13,
    track = 60
};
enum class Track : Tag {
    uuid = 1,
    name = 2,
    parent = 5,
    counter = 8,
    ordering = 11,
    description = 14,
    rank = 12
};
enum class Counter : Tag { unit = 3, unit_name = 6 };
enum class TrackEvent : Tag {
    annotation = 4,
    type = 9,
    track = 11,
    categories = 22,
    name = 23,
    counter = 30,
    double_counter = 44,
    flow = 47,
    flow_end = 48
};
enum class Annotation : Tag { unsigned_value = 3, text = 6, name = 10 };
// TrackEvent.Type; at one instant of a track what ends goes before what begins.
enum class Type : std::int32_t { begin = 1, end = 2, instant = 3, counter = 4 };

constexpr std::uint32_t kSequence = 1;
constexpr std::uint32_t kStateCleared = 1;     // TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
constexpr std::int32_t kExplicitOrder = 3;     // TrackDescriptor.ChildTracksOrdering.EXPLICIT
constexpr std::int32_t kUnitCount = 2;         // CounterDescriptor.UNIT_COUNT
constexpr Duration kCountdown{1'000'000'000};  // between two values of a gate's validity

using Uuid = std::uint64_t;

std::uint64_t ns(TrueTime at) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0));
}

class Writer {
  public:
    struct Words {
        std::string name = {};
        std::string_view category = {};
        std::vector<std::uint64_t> flows = {};
        std::vector<std::uint64_t> flow_ends = {};
        std::uint64_t number = 0;  ///< of the history's event; 0 = none
        std::string effects = {};
    };

    Uuid track(Uuid parent, std::string_view name, std::string_view description = {}) {
        return described(parent, name, description, [](auto&) {});
    }
    Uuid counter(Uuid parent, std::string_view name, std::string_view unit) {
        return described(parent, name, {}, [&](protozero::pbf_builder<Track>& track) {
            protozero::pbf_builder<Counter> counter(track, Track::counter);
            if (unit.empty())
                counter.add_enum(Counter::unit, kUnitCount);
            else
                counter.add_string(Counter::unit_name, unit.data(), unit.size());
        });
    }
    /// A slice; an instant where it has no length.
    void slice(Uuid track, TrueTime from, TrueTime to, const Words& words) {
        if (to <= from) return instant(track, from, words);
        event(track, from, Type::begin, words);
        event(track, to, Type::end, {});
    }
    void instant(Uuid track, TrueTime at, const Words& words) {
        event(track, at, Type::instant, words);
    }
    void value(Uuid track, TrueTime at, std::int64_t count) {
        packet(track, at, Type::counter, [&](protozero::pbf_builder<TrackEvent>& event) {
            event.add_int64(TrackEvent::counter, count);
        });
    }
    void value(Uuid track, TrueTime at, double amount) {
        packet(track, at, Type::counter, [&](protozero::pbf_builder<TrackEvent>& event) {
            event.add_double(TrackEvent::double_counter, amount);
        });
    }
    [[nodiscard]] std::string take() {
        std::stable_sort(packets_.begin(), packets_.end(), [](const Made& a, const Made& b) {
            return std::pair(a.at, a.type != Type::end) < std::pair(b.at, b.type != Type::end);
        });
        std::string text = std::move(tracks_);
        protozero::pbf_builder<Trace> trace(text);
        for (const Made& made : packets_)
            trace.add_message(Trace::packet, made.bytes);
        return text;
    }

  private:
    struct Made {
        TrueTime at{};
        Type type = Type::instant;
        std::string bytes;
    };

    template <class More>
    Uuid described(Uuid parent, std::string_view name, std::string_view description,
                   const More& more) {
        const Uuid uuid = ++last_;
        protozero::pbf_builder<Trace> trace(tracks_);
        protozero::pbf_builder<Packet> packet(trace, Trace::packet);
        packet.add_uint32(Packet::sequence, kSequence);
        // Of the first packet alone: nothing was said before it.
        if (uuid == 1) packet.add_uint32(Packet::sequence_flags, kStateCleared);
        protozero::pbf_builder<Track> track(packet, Packet::track);
        track.add_uint64(Track::uuid, uuid);
        track.add_string(Track::name, to_utf8(name));
        if (parent != 0) track.add_uint64(Track::parent, parent);
        track.add_enum(Track::ordering, kExplicitOrder);
        track.add_int32(Track::rank, static_cast<std::int32_t>(uuid));
        if (!description.empty()) track.add_string(Track::description, to_utf8(description));
        more(track);
        return uuid;
    }
    template <class Fill>
    void packet(Uuid track, TrueTime at, Type type, const Fill& fill) {
        Made& made = packets_.emplace_back();
        made.at = at;
        made.type = type;
        protozero::pbf_builder<Packet> packet(made.bytes);
        packet.add_uint64(Packet::timestamp, ns(at));
        packet.add_uint32(Packet::sequence, kSequence);
        protozero::pbf_builder<TrackEvent> event(packet, Packet::event);
        event.add_enum(TrackEvent::type, static_cast<std::int32_t>(type));
        event.add_uint64(TrackEvent::track, track);
        fill(event);
    }
    void event(Uuid track, TrueTime at, Type type, const Words& words) {
        packet(track, at, type, [&](protozero::pbf_builder<TrackEvent>& event) {
            if (type == Type::end) return;
            event.add_string(TrackEvent::name, to_utf8(words.name));
            if (!words.category.empty())
                event.add_string(TrackEvent::categories, words.category.data(),
                                 words.category.size());
            for (const std::uint64_t flow : words.flows)
                event.add_fixed64(TrackEvent::flow, flow);
            for (const std::uint64_t flow : words.flow_ends)
                event.add_fixed64(TrackEvent::flow_end, flow);
            if (words.number != 0) {
                protozero::pbf_builder<Annotation> number(event, TrackEvent::annotation);
                number.add_string(Annotation::name, "event");
                number.add_uint64(Annotation::unsigned_value, words.number);
            }
            if (words.effects.empty()) return;
            protozero::pbf_builder<Annotation> effects(event, TrackEvent::annotation);
            effects.add_string(Annotation::name, "effects");
            effects.add_string(Annotation::text, to_utf8(words.effects));
        });
    }

    std::string tracks_;
    std::vector<Made> packets_;
    Uuid last_ = 0;
};

// Slices of one track nest: what overlaps lies on several tracks of one name, which are shown as
// one.
class Rows {
  public:
    Rows(Writer& writer, Uuid parent, std::string name)
        : writer_(writer), parent_(parent), name_(std::move(name)) {}

    /// A track that is free from `from` on, taken until `to`. To be asked in the order of `from`.
    Uuid free(TrueTime from, TrueTime to) {
        for (auto& [uuid, busy] : rows_)
            if (busy <= from) {
                busy = to;
                return uuid;
            }
        return rows_.emplace_back(writer_.track(parent_, name_), to).first;
    }

  private:
    Writer& writer_;
    Uuid parent_;
    std::string name_;
    std::vector<std::pair<Uuid, TrueTime>> rows_;
};

// The tracks of one replica.
struct Lane {
    Uuid process = 0;
    Uuid role = 0;
    Uuid gate = 0;
    Uuid events = 0;
    Uuid validity = 0;
    Uuid reads = 0;
    Uuid writes = 0;
    std::vector<Rows> requests;  ///< to the Lease API, to the bucket
};

class Telling {
  public:
    Telling(const RunRecord& record, const check::RunResult& result) : record_(record), wrong_(0) {
        wrong_ = explain(record, result).wrong;
    }

    std::string tell(const check::RunResult& result, std::string_view version) {
        const Uuid run = writer_.track(
            0, result.scenario + " seed " + std::to_string(result.seed),
            "leasehold " + std::string(version) + ", digest " + format_hex(result.digest));
        faults_ = writer_.track(run, "Faults");
        lease_ = writer_.track(run, "Lease");
        bucket_ = writer_.track(run, "Bucket");
        for (const LaneRecord& lane : record_.lanes)
            add_lane(run, lane);
        if (record_.left_out > 0)
            writer_.instant(run, TrueTime{},
                            {.name = std::to_string(record_.left_out) +
                                     " events far from any change are left out"});
        tell_spans();
        tell_faults();
        tell_exchanges();
        tell_events();
        for (std::size_t i = 0; i < record_.lanes.size(); ++i)
            tell_counts(record_.lanes[i], lanes_[i]);
        return writer_.take();
    }

  private:
    void add_lane(Uuid run, const LaneRecord& record) {
        Lane lane;
        const Uuid all = writer_.track(run, record.name);
        lane.process = writer_.track(all, "process");
        lane.role = writer_.track(all, "role");
        lane.gate = writer_.track(all, "write gate");
        lane.events = writer_.track(all, "events");
        lane.requests.emplace_back(writer_, all, "Lease requests");
        lane.requests.emplace_back(writer_, all, "bucket requests");
        lane.validity = writer_.counter(all, "gate validity", "s");
        lane.reads = writer_.counter(all, "pending reads", "");
        lane.writes = writer_.counter(all, "writes under way", "");
        lanes_.push_back(std::move(lane));
    }

    // Runs, asleep and cut may overlap in any way: a track takes what nests.
    Uuid track_of(const Span& span) {
        const bool world = span.lane >= lanes_.size();
        switch (span.kind) {
            case SpanKind::holder:
                return lease_;
            case SpanKind::epoch:
                return bucket_;
            case SpanKind::leads:
                return world ? 0 : lanes_[span.lane].role;
            case SpanKind::gate:
                return world ? 0 : lanes_[span.lane].gate;
            default:
                return world ? 0 : states(span);
        }
    }
    Uuid states(const Span& span) {
        auto found = states_.find(span.lane);
        if (found == states_.end())
            found = states_.emplace(span.lane, Rows(writer_, lanes_[span.lane].process, "process"))
                        .first;
        return found->second.free(span.from, span.to);
    }
    void tell_spans() {
        static constexpr std::string_view kNames[] = {"runs",   "crashed", "leads",  "open",
                                                      "asleep", "cut off", "holder", "epoch"};
        for (const Span& span : record_.spans) {
            const Uuid track = track_of(span);
            if (track == 0) continue;
            const std::string_view kind = kNames[static_cast<std::size_t>(span.kind)];
            writer_.slice(
                track, span.from, span.to,
                {.name = span.text.empty() ? std::string(kind) : span.text, .category = kind});
        }
    }
    void tell_faults() {
        Rows rows(writer_, faults_, "Faults");
        for (const FaultSpan& fault : record_.faults)
            writer_.slice(rows.free(fault.from, fault.to), fault.from, fault.to,
                          {.name = fault.text, .category = "fault", .number = fault.number});
    }
    // The flow of an exchange is its place in the record, from 1: request, commit, answer.
    void tell_exchanges() {
        for (std::size_t i = 0; i < record_.exchanges.size(); ++i) {
            const Exchange& one = record_.exchanges[i];
            if (one.replica >= lanes_.size()) continue;
            const bool answered = one.answered != 0;
            const TrueTime to = answered ? one.answered_at : one.sent_at;
            writer_.slice(lanes_[one.replica].requests[one.bucket ? 1 : 0].free(one.sent_at, to),
                          one.sent_at, to,
                          {.name = one.verb + (!answered  ? ", never answered"
                                               : one.lost ? ", timed out"
                                                          : ""),
                           .category = one.bucket ? "bucket" : "lease",
                           .flows = {i + 1},
                           .number = one.sent});
            if (one.reached != 0) reached_[one.reached].push_back(i + 1);
            if (answered) answered_[one.answered].push_back(i + 1);
        }
    }
    void tell_events() {
        for (const RecordedEvent& event : record_.events) {
            const Uuid track = event.lane == kLeaseLane         ? lease_
                               : event.lane == kBucketLane      ? bucket_
                               : event.lane < lanes_.size()     ? lanes_[event.lane].events
                               : event.kind == EventKind::fault ? faults_
                                                                : 0;
            if (track == 0) continue;
            const auto reached = reached_.find(event.number);
            const auto answered = answered_.find(event.number);
            writer_.instant(track, event.at,
                            {.name = event.text,
                             .category = event.number == wrong_ ? "first-wrong-step"
                                         : event.change         ? "change"
                                                                : "event",
                             .flows = reached == reached_.end() ? std::vector<std::uint64_t>{}
                                                                : reached->second,
                             .flow_ends = answered == answered_.end() ? std::vector<std::uint64_t>{}
                                                                      : answered->second,
                             .number = event.number,
                             .effects = event.effects});
        }
    }
    void tell_counts(const LaneRecord& record, const Lane& lane) {
        for (const CountPoint& point : record.pending_reads)
            writer_.value(lane.reads, point.at, std::int64_t{point.value});
        for (const CountPoint& point : record.writes_flying)
            writer_.value(lane.writes, point.at, std::int64_t{point.value});
        // A counter keeps its value until the next: what runs down is told once a second.
        const std::vector<GatePoint>& gates = record.gates;
        for (std::size_t i = 0; i < gates.size(); ++i) {
            const TrueTime next = i + 1 < gates.size() ? gates[i + 1].at : record_.end;
            TrueTime at = gates[i].at;
            for (; at < next && at < gates[i].until; at += kCountdown)
                writer_.value(lane.validity, at,
                              std::chrono::duration<double>(gates[i].until - at).count());
            if (gates[i].until <= next)
                writer_.value(lane.validity, std::max(gates[i].until, gates[i].at), 0.0);
        }
    }

    const RunRecord& record_;
    std::uint64_t wrong_;
    Writer writer_;
    Uuid faults_ = 0;
    Uuid lease_ = 0;
    Uuid bucket_ = 0;
    std::vector<Lane> lanes_;
    std::map<ReplicaIndex, Rows> states_;
    std::map<std::uint64_t, std::vector<std::uint64_t>> reached_;
    std::map<std::uint64_t, std::vector<std::uint64_t>> answered_;
};

}  // namespace

std::string perfetto_trace(const RunRecord& record, const check::RunResult& result,
                           std::string_view version) {
    return Telling(record, result).tell(result, version);
}

}  // namespace leasehold::reports
