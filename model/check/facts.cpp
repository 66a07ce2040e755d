#include "model/check/facts.hpp"

#include <algorithm>
#include <utility>

namespace leasehold::check {

bool ReplicaFacts::gate_open(TrueTime at) const {
    if (!gate.held || gate.closed_known) return false;
    return gate.valid_until == kNever || clock.reading(at) < gate.valid_until;
}

TrueTime ReplicaFacts::gate_end() const {
    if (gate.closed_known) return gate.closed;
    if (gate.valid_until == kNever) return TrueTime::max();
    return clock.reaches(gate.valid_until);
}

bool ReplicaFacts::stall_excuses(Instant deadline, Instant now, Duration grace) const {
    if (paused) return true;
    if (stall_ended == Instant::min()) return false;
    return deadline + grace >= stall_began && now <= stall_ended + grace;
}

std::string Facts::name(ReplicaIndex index) const {
    if (index == kNobody) return "an operator";
    if (index < replicas.size() && !replicas[index].name.empty()) return replicas[index].name;
    return "replica " + std::to_string(index);
}

void Facts::violate(Id id, TrueTime at, std::string what,
                    std::initializer_list<std::uint64_t> evidence) {
    Finding& finding = of(id);
    if (finding.violated) return;
    finding.violated = true;
    finding.at = at;
    finding.what = std::move(what);
    for (const std::uint64_t number : evidence)
        if (number != 0) finding.evidence.push_back(number);
    broken.push_back(invariants()[static_cast<std::size_t>(id)].id);
}

std::string words(Duration span) {
    if (span == Duration::max()) return "for ever";
    const bool negative = span < Duration(0);
    const auto nanos = negative ? -span.count() : span.count();
    std::string text = (negative ? "-" : "") + std::to_string(nanos / 1'000'000'000);
    std::string fraction = std::to_string(nanos % 1'000'000'000);
    fraction.insert(0, 9 - fraction.size(), '0');
    while (!fraction.empty() && fraction.back() == '0')
        fraction.pop_back();
    if (!fraction.empty()) text += "." + fraction;
    return text + "s";
}

std::string words(TrueTime at) {
    return at == TrueTime::max() ? "the end of time" : words(at.time_since_epoch());
}

std::string words(const ObjectKey& key) {
    return "'" + key.str() + "'";
}

}  // namespace leasehold::check
