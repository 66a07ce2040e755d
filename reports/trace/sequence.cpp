#include "reports/trace/sequence.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "reports/record/chain.hpp"
#include "reports/text.hpp"
#include "reports/utf8.hpp"

namespace leasehold::reports {
namespace {

constexpr std::size_t kEvents = 60;         ///< shown at most, besides those of the chain
constexpr std::size_t kLetters = 100;       ///< of a text
constexpr Duration kAround{2'000'000'000};  ///< before and after the first wrong step

// Of these characters Mermaid makes something else: the first two end a statement or begin an
// entity, the others are markup in the picture.
std::string escaped(const std::string& text) {
    std::string shown = to_utf8(text);
    if (shown.size() > kLetters) {
        std::size_t end = kLetters - 3;
        while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0U) == 0x80U)
            --end;
        shown.replace(end, std::string::npos, "...");
    }
    std::string result;
    for (const char c : shown) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            result += ' ';
        else if (c == '#' || c == ';' || c == '<' || c == '>' || c == '&' || c == '"' || c == '%')
            result += "#" + std::to_string(byte) + ";";
        else
            result += c;
    }
    return result;
}

std::string id_of(ReplicaIndex lane) {
    return lane == kLeaseLane    ? "lease"
           : lane == kBucketLane ? "bucket"
                                 : "r" + std::to_string(lane);
}

class Diagram {
  public:
    Diagram(const RunRecord& record, const check::RunResult& result)
        : record_(record), explanation_(explain(record, result)) {
        choose();
    }

    std::string draw(const check::RunResult& result) {
        std::string body;
        for (const RecordedEvent* event : shown_)
            body += line(*event);
        std::string text = "sequenceDiagram\n    title " +
                           escaped(result.scenario + " seed " + std::to_string(result.seed) + ": " +
                                   std::string(check::outcome_name(result.outcome))) +
                           "\n";
        for (std::size_t i = 0; i < record_.lanes.size(); ++i)
            if (const auto lane = static_cast<ReplicaIndex>(i); lanes_.contains(lane))
                text += "    participant " + id_of(lane) + " as " + escaped(record_.lanes[i].name) +
                        "\n";
        if (lanes_.contains(kLeaseLane)) text += "    participant lease as Lease\n";
        if (lanes_.contains(kBucketLane)) text += "    participant bucket as Bucket\n";
        // Mermaid draws no diagram without a statement.
        if (lanes_.empty()) text += "    participant run as nothing happened\n";
        return text + body;
    }

  private:
    [[nodiscard]] bool broke() const { return explanation_.wrong != 0; }

    void choose() {
        const std::set<std::uint64_t> chain(explanation_.events.begin(), explanation_.events.end());
        const RecordedEvent* wrong = event_of(record_, explanation_.wrong);
        std::set<std::uint64_t> messages;
        if (wrong != nullptr)
            for (const Exchange& one : record_.exchanges)
                if (one.sent_at >= wrong->at - kAround && one.sent_at <= wrong->at + kAround)
                    messages.insert({one.sent, one.reached, one.answered});
        std::vector<const RecordedEvent*> more;
        for (const RecordedEvent& event : record_.events) {
            if (chain.contains(event.number))
                shown_.push_back(&event);
            else if (wrong == nullptr ? event.change
                                      : messages.contains(event.number) ||
                                            (event.change && event.at >= start_of_chain()))
                more.push_back(&event);
        }
        // Of too many those that are nearest to the first wrong step, or the first of the run.
        if (wrong != nullptr)
            std::stable_sort(more.begin(), more.end(), [&](const auto* a, const auto* b) {
                return distance(*a, *wrong) < distance(*b, *wrong);
            });
        if (more.size() > kEvents) more.resize(kEvents);
        shown_.insert(shown_.end(), more.begin(), more.end());
        std::sort(shown_.begin(), shown_.end(),
                  [](const auto* a, const auto* b) { return a->number < b->number; });
        for (const RecordedEvent* event : shown_) {
            if (event->lane != kNobody) lanes_.insert(event->lane);
            numbers_.insert(event->number);
        }
        for (const Exchange& one : record_.exchanges) {
            if (one.answered != 0) answered_[one.answered] = &one;
            if (!numbers_.contains(one.sent)) continue;
            sent_[one.sent].push_back(&one);
        }
        for (const auto& [number, list] : sent_)
            for (const Exchange* one : list)
                lanes_.insert(one->bucket ? kBucketLane : kLeaseLane);
        for (const std::uint64_t number : numbers_)
            if (const auto found = answered_.find(number); found != answered_.end())
                lanes_.insert(found->second->bucket ? kBucketLane : kLeaseLane);
        // What concerns everybody stands over all.
        for (std::size_t i = 0; lanes_.empty() && i < record_.lanes.size(); ++i)
            lanes_.insert(static_cast<ReplicaIndex>(i));
    }
    [[nodiscard]] TrueTime start_of_chain() const {
        const RecordedEvent* first = event_of(record_, explanation_.events.front());
        return first == nullptr ? TrueTime{} : first->at;
    }
    static Duration distance(const RecordedEvent& a, const RecordedEvent& b) {
        return a.at < b.at ? b.at - a.at : a.at - b.at;
    }

    [[nodiscard]] std::string line(const RecordedEvent& event) const {
        const std::string time = format_time(event.at);
        const bool wrong = event.number == explanation_.wrong;
        std::string text;
        const auto answers = answered_.find(event.number);
        if (answers != answered_.end())
            text += "    " + id_of(place(*answers->second)) +
                    (answers->second->lost ? "--x" : "-->>") + id_of(event.lane) + ": " +
                    escaped(event.text) + "\n";
        if (event.change || wrong || (answers == answered_.end() && !sent_.contains(event.number)))
            text += note(event, time, wrong);
        return text + requests(event, time);
    }
    // Equal ones of one step are one arrow.
    [[nodiscard]] std::string requests(const RecordedEvent& event, const std::string& time) const {
        const auto found = sent_.find(event.number);
        if (found == sent_.end()) return {};
        std::map<std::string, std::size_t> arrows;
        for (const Exchange* one : found->second)
            ++arrows[id_of(one->replica) + (one->answered == 0 ? "-x" : "->>") +
                     id_of(place(*one)) + ": " + escaped(time + " " + one->verb)];
        std::string text;
        for (const auto& [arrow, count] : arrows)
            text +=
                "    " + arrow + (count > 1 ? ", " + std::to_string(count) + " times" : "") + "\n";
        return text;
    }
    [[nodiscard]] std::string note(const RecordedEvent& event, const std::string& time,
                                   bool wrong) const {
        std::string over = event.lane == kNobody ? everybody() : id_of(event.lane);
        std::string role;
        for (std::size_t from = 0; from < event.effects.size();) {
            const std::size_t end = std::min(event.effects.find('\n', from), event.effects.size());
            const std::string effect = event.effects.substr(from, end - from);
            if (effect.starts_with("roleChanged")) role = effect;
            from = end + 1;
        }
        return "    Note over " + over + ": " + (wrong ? "FIRST WRONG STEP<br/>" : "") +
               escaped(time + " " + (role.empty() ? event.text : role)) + "\n";
    }
    [[nodiscard]] std::string everybody() const {
        if (lanes_.empty()) return "run";
        const std::string first = id_of(*lanes_.begin());
        const std::string last = id_of(*lanes_.rbegin());
        return first == last ? first : first + "," + last;
    }
    static ReplicaIndex place(const Exchange& one) { return one.bucket ? kBucketLane : kLeaseLane; }

    const RunRecord& record_;
    Explanation explanation_;
    std::vector<const RecordedEvent*> shown_;
    std::set<ReplicaIndex> lanes_;
    std::set<std::uint64_t> numbers_;
    std::map<std::uint64_t, std::vector<const Exchange*>> sent_;
    std::map<std::uint64_t, const Exchange*> answered_;
};

}  // namespace

std::string sequence_diagram(const RunRecord& record, const check::RunResult& result) {
    return Diagram(record, result).draw(result);
}

}  // namespace leasehold::reports
