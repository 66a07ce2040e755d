#include "tests/conformance/relation.hpp"

#include <iterator>

namespace leasehold::conformance {
namespace {

std::string pair_text(const std::string& simulated, const std::string& real) {
    return "real " + (real.empty() ? "nothing" : real) + " with simulated " +
           (simulated.empty() ? "nothing" : simulated);
}
std::string pair_text(Version simulated, Version real) {
    return pair_text(std::to_string(simulated.value()), std::to_string(real.value()));
}

}  // namespace

std::optional<std::string> NameRelation::relate(const std::string& simulated,
                                                const std::string& real) {
    if (simulated.empty() || real.empty()) {
        if (simulated.empty() && real.empty()) return std::nullopt;
        return pair_text(simulated, real);
    }
    const auto forth = to_real_.try_emplace(simulated, real).first;
    const auto back = to_simulated_.try_emplace(real, simulated).first;
    if (forth->second == real && back->second == simulated) return std::nullopt;
    const bool other_real = forth->second != real;
    return pair_text(simulated, real) + ", but before " +
           (other_real ? pair_text(simulated, forth->second) : pair_text(back->second, real));
}

std::optional<std::string> NameRelation::real_of(const std::string& simulated) const {
    const auto found = to_real_.find(simulated);
    if (found == to_real_.end()) return std::nullopt;
    return found->second;
}

std::optional<std::string> VersionRelation::relate(Version simulated, Version real) {
    const auto [at, is_new] = to_real_.try_emplace(simulated, real);
    const auto contradicts = [&](std::map<Version, Version>::const_iterator other) {
        std::string text =
            pair_text(simulated, real) + ", but before " + pair_text(other->first, other->second);
        if (is_new) to_real_.erase(at);
        return text;
    };
    if (!is_new) {
        if (at->second == real) return std::nullopt;
        return contradicts(at);
    }
    if (at != to_real_.begin() && std::prev(at)->second >= real) return contradicts(std::prev(at));
    const auto after = std::next(at);
    if (after != to_real_.end() && after->second <= real) return contradicts(after);
    return std::nullopt;
}

std::optional<Version> VersionRelation::real_of(Version simulated) const {
    const auto found = to_real_.find(simulated);
    if (found == to_real_.end()) return std::nullopt;
    return found->second;
}

}  // namespace leasehold::conformance
