#include "reports/record/chain.hpp"

#include <algorithm>
#include <set>

namespace leasehold::reports {
namespace {

constexpr std::size_t kLongest = 12;

const check::Verdict* first_violation(const RunRecord& record, const check::RunResult& result) {
    const check::Verdict* first = nullptr;
    for (const check::Verdict& verdict : result.verdicts) {
        if (verdict.status != check::Status::violated || verdict.evidence.empty() ||
            event_of(record, verdict.evidence.back()) == nullptr)
            continue;
        if (first == nullptr || verdict.at < first->at) first = &verdict;
    }
    return first;
}

// The event of the same lane before this one.
const RecordedEvent* before(const RunRecord& record, const RecordedEvent& event) {
    for (const RecordedEvent* one = &event; one != record.events.data();) {
        --one;
        if (one->lane == event.lane) return one;
    }
    return nullptr;
}

}  // namespace

const RecordedEvent* event_of(const RunRecord& record, std::uint64_t number) {
    const auto found = std::lower_bound(
        record.events.begin(), record.events.end(), number,
        [](const RecordedEvent& event, std::uint64_t wanted) { return event.number < wanted; });
    return found != record.events.end() && found->number == number ? &*found : nullptr;
}

Explanation explain(const RunRecord& record, const check::RunResult& result) {
    const check::Verdict* broken = first_violation(record, result);
    if (broken == nullptr) return {};
    Explanation explanation;
    explanation.wrong = broken->evidence.back();
    std::set<std::uint64_t> events;
    for (const std::uint64_t number : broken->evidence)
        if (number <= explanation.wrong && event_of(record, number) != nullptr)
            events.insert(number);
    const RecordedEvent* step = event_of(record, explanation.wrong);
    for (std::size_t i = 0; i < kLongest && step != nullptr; ++i) {
        events.insert(step->number);
        if (step->change && i > 0) break;
        const RecordedEvent* cause = step->cause != 0 ? event_of(record, step->cause) : nullptr;
        step = cause != nullptr ? cause : before(record, *step);
    }
    explanation.events.assign(events.begin(), events.end());
    return explanation;
}

}  // namespace leasehold::reports
