#include "sim/verify/absent.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "reports/text.hpp"

namespace leasehold::verify {
namespace {

using check::Status;
using check::Verdict;

/// Verdicts on each process by itself: another's recording changes nothing of them.
constexpr std::array<std::string_view, 8> kOfOneProcess{
    "follower.writes-are-no-ops", "follower.reads-never-stack",
    "requests.bounded",           "query.within-deadline",
    "payload.never-regresses",    "read.one-outcome",
    "promotion.releases-all",     "stop.bounded"};

bool needs_all(std::size_t index) {
    const check::InvariantInfo& invariant = check::invariants()[index];
    return std::find(kOfOneProcess.begin(), kOfOneProcess.end(), invariant.id) ==
           kOfOneProcess.end();
}

/// A violated liveness rule may be the missing one's doing: it led, wrote, or was the cause.
bool is_open(std::size_t index, const Verdict& verdict) {
    if (!needs_all(index)) return false;
    return verdict.status == Status::pass ||
           (verdict.status == Status::violated &&
            check::invariants()[index].kind == check::InvariantClass::liveness);
}

std::string told(const Absent& one, TrueTime begin) {
    const auto since = [begin](TrueTime at) { return reports::format_duration(at - begin); };
    return one.identity + " held the Lease from " + since(one.from) + " to " + since(one.until);
}

}  // namespace

std::vector<Absent> absent_holders(const Sightings& sightings, TrueTime end) {
    std::vector<Absent> absent;
    std::uint64_t nonce = 0;
    bool holds = false;  // the last one of `absent`
    for (const auto& [place, state] : sightings.lease) {
        const LeaseRecord record = state.lease ? state.lease->record : LeaseRecord{};
        const bool fresh = record.nonce != nonce;
        nonce = record.nonce;
        if (holds && record.holder != absent.back().identity) {
            absent.back().until = std::max(absent.back().until, state.first);
            holds = false;
        }
        const bool unknown = record.nonce != 0 && !sightings.nonces.contains(record.nonce) &&
                             !record.holder.empty() &&
                             !sightings.identities.contains(record.holder);
        if (!fresh || !unknown || holds) continue;
        absent.push_back({record.holder, state.first, state.first});
        holds = true;
    }
    if (holds) absent.back().until = end;
    return absent;
}

void leave_open(check::RunResult& result, const std::vector<Absent>& absent, TrueTime begin) {
    if (absent.empty()) return;
    for (std::size_t i = 0; i < result.verdicts.size(); ++i) {
        Verdict& verdict = result.verdicts[i];
        if (!is_open(i, verdict)) continue;
        verdict.status = Status::inconclusive;
        verdict.what = "a holder of the Lease recorded nothing";
        verdict.evidence.clear();
    }
    std::string found;
    for (const Absent& one : absent)
        found += (found.empty() ? "" : "; ") + told(one, begin);
    result.expectations.push_back(
        {"a recording of every agent that held the Lease", false, found + ": no recording"});
}

}  // namespace leasehold::verify
