#include "model/check/goes_on.hpp"

#include <algorithm>
#include <string>

namespace leasehold::check {

namespace {

using namespace std::chrono_literals;

/// A leader whose predecessors did no better holds on longer, but never longer than that.
constexpr Duration kGiveUpMax = 10min;

}  // namespace

/// Until the able replica leads: each of the others may lead first, for as long as it takes to see
/// that its work does not get on, and sits out one lease afterwards.
Duration GoesOn::bound(std::uint32_t fruitless) const {
    const Duration lease = facts_.settings.storage.lease_duration;
    const auto others = std::max<std::uint32_t>(facts_.settings.replicas, 1);
    Duration total{0};
    for (std::uint32_t i = 0; i < others; ++i) {
        const std::uint32_t doubled = std::min(fruitless + i, 20U);
        total += std::min(kGiveUpMax, lease * (std::int64_t{1} << doubled)) + lease;
        total += election_bound_ + facts_.settings.storage.put_timeout;
    }
    return total;
}

void GoesOn::judge(TrueTime at, std::uint64_t number) {
    if (at <= owed_by_ || !facts_.fresh(Id::goes_on)) return;
    facts_.violate(Id::goes_on, owed_by_,
                   "nothing was committed from " + words(owed_since_) + " to " + words(at) +
                       " although leaders accepted writes and " + facts_.name(owed_for_) +
                       " ran and reached the API and a store that takes its writes throughout",
                   {debt_number_, number});
}

void GoesOn::ends(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    if (owed_for_ != index) return;
    judge(at, number);
    owed_by_ = TrueTime::max();
    owed_for_ = kNobody;
}

void GoesOn::changed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    const ReplicaFacts& self = facts_.replicas[index];
    const bool now_able = self.elects && writes_.able(self);
    Candidate& own = candidate(index);
    if (own.able == now_able) return;
    if (own.able) ends(at, number, index);
    own = Candidate{now_able, at, fruitless_};
}

void GoesOn::disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    if (!candidate(index).able) return;
    ends(at, number, index);
    candidates_[index] = Candidate{true, at, fruitless_};
}

void GoesOn::accepted(TrueTime at, std::uint64_t number, std::uint64_t size) {
    if (debt_since_ == TrueTime::max()) {
        debt_since_ = at;
        debt_number_ = number;
    }
    if (owed_for_ != kNobody) {
        judge(at, number);
        return;
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        const Candidate& own = candidates_[i];
        if (!own.able) continue;
        const TrueTime since = std::max(own.since, debt_since_);
        const std::uint32_t fruitless = own.since > debt_since_ ? own.fruitless : 0;
        if (at - since <= bound(fruitless)) continue;
        owed_for_ = static_cast<ReplicaIndex>(i);
        owed_since_ = since;
        owed_by_ = at + writes_.bound(size, 0, 0);
        return;
    }
}

void GoesOn::finish(TrueTime end) {
    judge(end, 0);
    longest_gap_ = std::max(longest_gap_, end - last_commit_);
}

void GoesOn::committed(TrueTime at, std::uint64_t number) {
    judge(at, number);
    longest_gap_ = std::max(longest_gap_, at - last_commit_);
    last_commit_ = at;
    const bool somebody = std::any_of(candidates_.begin(), candidates_.end(),
                                      [](const Candidate& one) { return one.able; });
    if (somebody) facts_.checked(Id::goes_on);
    fruitless_ = 0;
    for (Candidate& one : candidates_)
        one.fruitless = 0;
    debt_since_ = TrueTime::max();
    owed_by_ = TrueTime::max();
    owed_for_ = kNobody;
}

}  // namespace leasehold::check
