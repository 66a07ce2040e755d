#include "agent/base/duties.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstQuiet = 1min;
constexpr Duration kLongestQuiet = 1h;
constexpr std::size_t kMostKinds = 8;  ///< told in one row

std::string_view partner(Duty duty) {
    if (duty == Duty::local_files) return "local files";
    const bool api = duty == Duty::lease || duty == Duty::lease_watch || duty == Duty::pods;
    return api ? "the API server" : "bucket";
}

std::string seconds(Duration span) {
    return std::to_string(std::chrono::round<std::chrono::seconds>(span).count()) + "s";
}

}  // namespace

void Duties::failed(Now now, Duty duty, std::string_view work, std::string_view kind,
                    const std::string& line) {
    Row& row = rows_[{duty, std::string(work)}];
    if (std::exchange(row.rests, false)) row.failing = true;
    if (!row.failing) {
        if (now.monotonic > saturating_add(row.quiet_until, kLongestQuiet)) {
            row.quiet = Duration{0};
            row.stale.clear();
        }
        row.failing = true;
        row.told = false;
        row.failures = 0;
        row.began = now;
        row.kinds.clear();
    }
    ++row.failures;
    row.last = now.monotonic;
    row.error = line;
    // What was told a moment ago, and mended since, is news only if it stays.
    const bool stale = now.monotonic < row.quiet_until && row.stale.contains(kind);
    if (stale || row.kinds.contains(kind) || row.kinds.size() >= kMostKinds) return;
    row.kinds.emplace(kind);
    row.told = true;
    tell_(true, line);
}

void Duties::worked(Now now, Duty duty, std::string_view work) {
    const auto found = rows_.find({duty, std::string(work)});
    if (found == rows_.end()) return;
    Row& row = found->second;
    const bool rested = std::exchange(row.rests, false);
    if (!std::exchange(row.failing, false) && !rested) return;
    // Of what failed long ago nobody waits for the end; others did that work meanwhile.
    const bool past = rested && now.monotonic > saturating_add(row.last, kLongestQuiet);
    if (!row.told || past) return;
    tell_(false, std::string(partner(duty)) + ": " + std::string(work) + " works again, after " +
                     std::to_string(row.failures) +
                     (row.failures == 1 ? " failure in " : " failures in ") +
                     seconds(now.monotonic - row.began.monotonic));
    row.stale.merge(row.kinds);
    row.quiet = std::clamp<Duration>(2 * row.quiet, kFirstQuiet, kLongestQuiet);
    row.quiet_until = saturating_add(now.monotonic, row.quiet);
}

void Duties::rest(Duty duty, std::string_view work) {
    for (auto& [name, row] : rows_)
        if (name.first == duty && (work.empty() || name.second == work))
            row.rests |= std::exchange(row.failing, false);
}

DutyStates Duties::states() const {
    DutyStates states;
    // A row that fails goes before one that is mended; of two alike the newer one speaks.
    std::array<const Row*, kDuties> speaks{};
    for (const auto& [name, row] : rows_) {
        const auto index = static_cast<std::size_t>(name.first);
        const Row*& best = speaks.at(index);
        if (best == nullptr ||
            std::pair(row.failing, row.last) > std::pair(best->failing, best->last))
            best = &row;
        DutyState& state = states.at(index);
        if (!row.failing) continue;
        state.since = state.failing ? std::min(state.since, row.began.wall) : row.began.wall;
        state.failing = true;
        state.failures += row.failures;
    }
    for (std::size_t i = 0; i < kDuties; ++i) {
        if (speaks.at(i) == nullptr) continue;
        states.at(i).error = speaks.at(i)->error;
        if (states.at(i).failing) continue;
        states.at(i).failures = speaks.at(i)->failures;
        states.at(i).since = speaks.at(i)->began.wall;
    }
    return states;
}

}  // namespace leasehold::agent
