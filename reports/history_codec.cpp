#include "reports/history_codec.hpp"

#include <array>
#include <utility>

#include "reports/history_fields.hpp"

namespace leasehold::reports {

template <class A>
void fields(A& a, Like<RecordedSettings> auto& v) {
    a("election", v.election);
    a("storage", v.storage);
}

namespace {

constexpr ReplicaIndex kMaxReplicas = 4096;
constexpr std::array<std::string_view, 9> kRecordNames{
    "processStarted", "processEnded",    "clockChanged",    "replicaStepped", "requestLeft",
    "leaseCommitted", "objectCommitted", "faultTookEffect", "pathChanged"};

Json head_of(std::string_view kind, const RecordBase& record) {
    Json json = Json::object();
    json["record"] = std::string(kind);
    json["number"] = record.number;
    json["at"] = encode(record.at);
    return json;
}

template <class Record>
std::string plain_line(std::string_view kind, const Record& record) {
    Json json = head_of(kind, record);
    json["of"] = encode(record);
    return to_line(json) + "\n";
}

template <class Variant>
Json encode_variant(const Variant& value) {
    Json json = Json::object();
    json["type"] = std::string(kNames<Variant>.at(value.index()));
    const Json content = std::visit([](const auto& held) { return encode(held); }, value);
    for (const auto& [name, field] : content.items())
        json[name] = field;
    return json;
}

// Emplaces the alternative of index `wanted` and reads its fields from `json`.
template <class Variant, std::size_t Index = 0>
void decode_alternative(std::size_t wanted, const Json& json, Variant& value) {
    if constexpr (Index < std::variant_size_v<Variant>) {
        if (Index != wanted) return decode_alternative<Variant, Index + 1>(wanted, json, value);
        JsonReader reader(json);
        reader.skip(1);
        fields(reader, value.template emplace<Index>());
        reader.finish();
    }
}

std::string string_at(const Json& json, const char* name) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_string())
        throw JsonError(std::string("'") + name + "' must be a name");
    return found->get<std::string>();
}

template <class Variant>
void decode_variant(const Json& json, Variant& value) {
    if (!json.is_object()) throw JsonError("expected an object with a 'type'");
    const std::string type = string_at(json, "type");
    const auto& names = kNames<Variant>;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == type) return decode_alternative(i, json, value);
    throw JsonError("unknown type '" + type + "'");
}

// The records whose texts and lists are views: owned while they are handed over.
struct OwnedStart {
    ReplicaIndex replica = kNobody;
    std::string name;
    std::string identity;
    bool elects = true;
    ClockPiece clock;
};
template <class A>
void fields(A& a, Like<OwnedStart> auto& v) {
    a("replica", v.replica);
    a("name", v.name);
    a("identity", v.identity);
    a("elects", v.elects);
    a("clock", v.clock);
}
struct OwnedFault {
    std::uint32_t fault = 0;
    bool began = true;
    std::string what;
    std::vector<ReplicaIndex> targets;
};
template <class A>
void fields(A& a, Like<OwnedFault> auto& v) {
    a("fault", v.fault);
    a("began", v.began);
    a("what", v.what);
    a("targets", v.targets);
}

void decode_header(const Json& json, HistoryHeader& header) {
    if (!json.is_object() || string_at(json, "format") != "leasehold-history")
        throw JsonError("not a history: the first line must name the format");
    std::uint64_t version = 0;
    JsonReader reader(json);
    reader.skip(1);
    reader("schemaVersion", version);
    if (version != kHistorySchemaVersion)
        throw JsonError("schema version " + std::to_string(version) + "; this program reads " +
                        std::to_string(kHistorySchemaVersion));
    if (json.contains("boot")) {
        reader("boot", header.boot);
        reader("replicas", header.replicas);
    }
    if (json.contains("settings")) reader("settings", header.settings.emplace());
    reader.finish();
}

class RecordReader {
  public:
    explicit RecordReader(Observer& observer) : observer_(observer) {}

    void hand_over(std::string_view kind, const RecordBase& base, const Json& content) {
        if (kind == kRecordNames[0]) return started(base, content);
        if (kind == kRecordNames[1]) return plain<ProcessEnded>(base, content);
        if (kind == kRecordNames[2]) return plain<ClockChanged>(base, content);
        if (kind == kRecordNames[3]) return stepped(base, content);
        if (kind == kRecordNames[4]) return plain<RequestLeft>(base, content);
        if (kind == kRecordNames[5]) return plain<LeaseCommitted>(base, content);
        if (kind == kRecordNames[6]) return plain<ObjectCommitted>(base, content);
        if (kind == kRecordNames[7]) return fault(base, content);
        if (kind == kRecordNames[8]) return plain<PathChanged>(base, content);
        throw JsonError("unknown record '" + std::string(kind) + "'");
    }

  private:
    template <class Record>
    void plain(const RecordBase& base, const Json& content) {
        Record record;
        decode(content, record);
        static_cast<RecordBase&>(record) = base;
        if constexpr (requires { record.replica; }) require_replica(record.replica);
        observer_.on(record);
    }

    // Observers keep a seat for each replica: an absurd index must not cost memory.
    static void require_replica(ReplicaIndex replica) {
        if (replica >= kMaxReplicas) throw JsonError("'replica': expected an index below 4096");
    }

    void started(const RecordBase& base, const Json& content) {
        OwnedStart owned;
        decode(content, owned);
        require_replica(owned.replica);
        const ProcessStarted record{base,           owned.replica, owned.name,
                                    owned.identity, owned.elects,  owned.clock};
        observer_.on(record);
    }

    void fault(const RecordBase& base, const Json& content) {
        OwnedFault owned;
        decode(content, owned);
        for (const ReplicaIndex target : owned.targets)
            require_replica(target);
        const FaultTookEffect record{base, owned.fault, owned.began, owned.what, owned.targets};
        observer_.on(record);
    }

    void stepped(const RecordBase& base, const Json& content) {
        ReplicaStepped record;
        static_cast<RecordBase&>(record) = base;
        JsonReader reader(content);
        reader("replica", record.replica);
        require_replica(record.replica);
        reader("monotonic", record.now.monotonic);
        reader("wall", record.now.wall);
        reader.skip(2);
        reader.finish();
        const auto event_json = content.find("event");
        const auto effects_json = content.find("effects");
        if (event_json == content.end() || effects_json == content.end() ||
            !effects_json->is_array())
            throw JsonError("a step has an 'event' and a list of 'effects'");
        Event event;
        decode_variant(*event_json, event);
        Effects effects;
        for (const Json& effect : *effects_json)
            decode_variant(effect, effects.emplace_back());
        record.event = &event;
        record.effects = effects;
        observer_.on(record);
    }

    Observer& observer_;
};

}  // namespace

HistoryWriter::HistoryWriter(Sink sink, const HistoryHeader& header) : sink_(std::move(sink)) {
    Json json = Json::object();
    json["format"] = "leasehold-history";
    json["schemaVersion"] = kHistorySchemaVersion;
    if (!header.boot.empty()) {
        json["boot"] = header.boot;
        json["replicas"] = encode(header.replicas);
    }
    if (header.settings) json["settings"] = encode(*header.settings);
    sink_(to_line(json) + "\n");
}

void HistoryWriter::on(const ProcessStarted& r) {
    Json json = head_of(kRecordNames[0], r);
    json["of"] = encode(
        OwnedStart{r.replica, std::string(r.name), std::string(r.identity), r.elects, r.clock});
    sink_(to_line(json) + "\n");
}
void HistoryWriter::on(const ProcessEnded& r) {
    sink_(plain_line(kRecordNames[1], r));
}
void HistoryWriter::on(const ClockChanged& r) {
    sink_(plain_line(kRecordNames[2], r));
}
void HistoryWriter::on(const ReplicaStepped& r) {
    CHECK(r.event != nullptr);
    Json content = Json::object();
    content["replica"] = r.replica;
    content["monotonic"] = encode(r.now.monotonic);
    content["wall"] = encode(r.now.wall);
    content["event"] = encode_variant(*r.event);
    content["effects"] = Json::array();
    for (const Effect& effect : r.effects)
        content["effects"].push_back(encode_variant(effect));
    Json json = head_of(kRecordNames[3], r);
    json["of"] = std::move(content);
    sink_(to_line(json) + "\n");
}
void HistoryWriter::on(const RequestLeft& r) {
    sink_(plain_line(kRecordNames[4], r));
}
void HistoryWriter::on(const LeaseCommitted& r) {
    sink_(plain_line(kRecordNames[5], r));
}
void HistoryWriter::on(const ObjectCommitted& r) {
    sink_(plain_line(kRecordNames[6], r));
}
void HistoryWriter::on(const FaultTookEffect& r) {
    Json json = head_of(kRecordNames[7], r);
    json["of"] = encode(OwnedFault{r.fault, r.began, std::string(r.what), r.targets});
    sink_(to_line(json) + "\n");
}
void HistoryWriter::on(const PathChanged& r) {
    sink_(plain_line(kRecordNames[8], r));
}

std::string HistoryError::to_string() const {
    return line == 0 ? message : "line " + std::to_string(line) + ": " + message;
}

/// A record that was read and not handed over.
struct HistoryReader::Line {
    std::string kind;
    RecordBase base;
    Json content;
};

HistoryReader::HistoryReader(std::istream& input) : input_(input) {
    std::string text;
    if (!std::getline(input_, text)) {
        error_ = HistoryError{0, input_.bad() ? "cannot be read" : "an empty history"};
        return;
    }
    line_ = 1;
    try {
        if (input_.eof()) throw JsonError("cut off: the line does not end");
        decode_header(parse_json(text), header_);
    } catch (const JsonError& error) {
        error_ = HistoryError{line_, error.what()};
        return;
    }
    fetch();
}

HistoryReader::~HistoryReader() = default;

void HistoryReader::fetch() {
    next_.reset();
    next_at_.reset();
    std::string text;
    ++line_;
    if (!std::getline(input_, text)) {
        if (input_.bad()) error_ = HistoryError{line_, "cannot be read"};
        return;
    }
    if (input_.eof()) {
        cut_off_ = true;
        return;
    }
    try {
        const Json json = parse_json(text);
        if (!json.is_object()) throw JsonError("expected an object");
        auto line = std::make_unique<Line>();
        line->kind = string_at(json, "record");
        JsonReader reader(json);
        reader.skip(2);  // record, of
        reader("number", line->base.number);
        reader("at", line->base.at);
        const auto content = json.find("of");
        if (content == json.end()) throw JsonError("'of' is missing");
        reader.finish();
        if (line->base.at < last_) throw JsonError("time goes back");
        line->content = *content;
        last_ = line->base.at;
        next_at_ = last_;
        next_ = std::move(line);
    } catch (const JsonError& error) {
        error_ = HistoryError{line_, error.what()};
    }
}

bool HistoryReader::hand_over(Observer& observer) {
    if (!next_) return false;
    try {
        RecordReader(observer).hand_over(next_->kind, next_->base, next_->content);
    } catch (const JsonError& error) {
        next_.reset();
        next_at_.reset();
        error_ = HistoryError{line_, error.what()};
        return false;
    }
    fetch();
    return true;
}

Result<std::uint64_t, HistoryError> read_history(std::istream& input, Observer& observer) {
    HistoryReader reader(input);
    std::uint64_t count = 0;
    while (reader.hand_over(observer))
        ++count;
    if (reader.error()) return Unexpected{*reader.error()};
    if (reader.cut_off())
        return Unexpected{HistoryError{reader.line(), "cut off: the line does not end"}};
    return count;
}

}  // namespace leasehold::reports
