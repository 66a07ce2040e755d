#include "reports/event_texts.hpp"

#include <type_traits>

#include "reports/names.hpp"
#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

constexpr std::size_t kLongest = 150;
constexpr std::size_t kPiece = 70;

std::string cut(std::string text, std::size_t length) {
    if (text.size() > length) text.replace(length - 3, std::string::npos, "...");
    return text;
}

bool tells(const Effect& effect) {
    return !std::holds_alternative<Mark>(effect) && !std::holds_alternative<StopWatch>(effect) &&
           !std::holds_alternative<WatchLease>(effect);
}

}  // namespace

std::string to_text(const LeaseCommitted& record, const std::string& writer) {
    return "Lease written by " + writer + ": " +
           (record.after ? to_text(*record.after) : std::string("absent"));
}

std::string to_text(const ObjectCommitted& record, const std::string& writer) {
    return "bucket: " + record.key.str() + (record.etag.empty() ? " removed by " : " written by ") +
           writer + ", epoch " + std::to_string(record.stamp.epoch.value()) +
           (record.stamp.tombstone ? ", a tombstone" : "");
}

std::string to_text(const RequestLeft& record) {
    return std::string(name_of(record.verb)) + " r" + std::to_string(record.request.value()) +
           (record.permitted ? " leaves" : " is not permitted to leave");
}

std::string to_text(const FaultTookEffect& record) {
    return (record.began ? "fault: " : "fault ends: ") + std::string(record.what);
}

EventTexts::EventTexts(std::vector<check::TimelineLine>& lines) {
    for (check::TimelineLine& line : lines)
        wanted_.emplace(line.number, &line);
}

std::string EventTexts::name(ReplicaIndex replica) const {
    if (replica == kNobody) return "somebody else";
    if (replica < names_.size() && !names_[replica].empty()) return names_[replica];
    return "replica-" + std::to_string(replica);
}

template <class Record, class Words>
void EventTexts::fill(const Record& record, Words words) {
    if constexpr (!std::is_same_v<Record, RequestLeft> && !std::is_same_v<Record, LeaseCommitted> &&
                  !std::is_same_v<Record, ObjectCommitted>)
        timeline_.on(record);
    const auto [first, last] = wanted_.equal_range(record.number);
    for (auto it = first; it != last; ++it) {
        it->second->at = record.at;
        it->second->columns = timeline_.columns();
        it->second->text = cut(words(), kLongest);
    }
}

void EventTexts::on(const ProcessStarted& record) {
    if (names_.size() <= record.replica) names_.resize(std::size_t{record.replica} + 1);
    names_[record.replica] = std::string(record.name);
    fill(record, [&] { return name(record.replica) + " starts"; });
}

void EventTexts::on(const ProcessEnded& record) {
    fill(record,
         [&] { return name(record.replica) + " ends: " + std::string(name_of(record.cause)); });
}

void EventTexts::on(const ClockChanged& record) {
    fill(record, [&] { return "the clock of " + name(record.replica) + " changes its rate"; });
}

void EventTexts::on(const ReplicaStepped& record) {
    fill(record, [&] {
        std::string text = name(record.replica) + ": " + cut(to_text(*record.event), kPiece);
        std::string arrow = " -> ";
        for (const Effect& effect : record.effects) {
            if (!tells(effect)) continue;
            text += arrow + cut(to_text(effect), kPiece);
            arrow = "; ";
        }
        return text;
    });
}

void EventTexts::on(const RequestLeft& record) {
    fill(record, [&] { return name(record.replica) + ": " + to_text(record); });
}

void EventTexts::on(const LeaseCommitted& record) {
    fill(record, [&] { return to_text(record, name(record.writer)); });
}

void EventTexts::on(const ObjectCommitted& record) {
    fill(record, [&] { return to_text(record, name(record.writer)); });
}

void EventTexts::on(const FaultTookEffect& record) {
    fill(record, [&] { return to_text(record); });
}

void EventTexts::on(const PathChanged& record) {
    fill(record, [&] { return "the path of " + name(record.replica) + " changes"; });
}

}  // namespace leasehold::reports
