// ElectorConfig: the derived durations and what may be configured.
#include <algorithm>
#include <array>
#include <limits>

#include "model/election/config.hpp"
#include "model/election/record.hpp"

namespace leasehold {

namespace {

using namespace std::chrono_literals;

/// A quarter of a window that is all but used up would be no time at all.
constexpr Duration kShortestAttempt = 1ms;
/// The window grows with the lease; how long a server takes doesn't. Under a lease of ten minutes a
/// quarter was two and a half: one renewal that was swallowed just before a stop outlasted the
/// whole grace, nothing was released, and everybody waited the lease out.
constexpr Duration kLongestAttempt = 10s;
/// Of validity that must be left when a renewal is answered as late as it may be: two shortest
/// back-offs of the storage, without which it sends no put on a store that may not fence.
constexpr Duration kRoomToWrite = 400ms;
/// The step of renewTimes beside client-go, which compares them by whole seconds.
constexpr Duration kForeignStep = 1s;
constexpr std::int64_t kMostDrift = 100'000;
/// Three attempts, each at its own retryPeriod, must fit before the gate's end.
constexpr int kPeriodsInWindow = 3;

/// In the largest unit that leaves no more than a few digits: "15s", "14.89s", "50ms".
std::string in_words(Duration span) {
    struct Unit {
        Duration size;
        const char* name;
    };
    constexpr std::array kUnits{Unit{1s, "s"}, Unit{1ms, "ms"}, Unit{1us, "us"}};
    if (span == 0ns) return "0s";
    const std::string sign = span < 0ns ? "-" : "";
    const auto count = static_cast<std::uint64_t>(span < 0ns ? -(span.count() + 1) : span.count()) +
                       (span < 0ns ? 1U : 0U);
    for (const Unit& unit : kUnits) {
        const auto size = static_cast<std::uint64_t>(unit.size.count());
        if (count < size) continue;
        std::string text = sign + std::to_string(count / size);
        if (const std::uint64_t rest = count % size; rest != 0) {
            std::string digits = std::to_string(rest + size).substr(1);
            digits.erase(digits.find_last_not_of('0') + 1);
            text += "." + digits;
        }
        return text + unit.name;
    }
    return sign + std::to_string(count) + "ns";
}

/// The largest renewDeadline that is safe: followers, client-go's among them, wait at least
/// leaseDuration/(1+drift) of true time, and this clock may be slow by the same bound.
Duration largest_renew_deadline(const ElectorConfig& config) {
    // A clock that runs slow by the bound makes D/(1-drift) of true time of D; one that runs fast
    // makes as little as L/(1+drift) of a wait of L. With D = L*(1-2*drift) the first is not longer
    // than the second, for (1-2d)*(1+d) <= 1-d. The margin is for what lies between reading a clock
    // and acting.
    return share_of(config.lease_duration, 1'000'000 - 2 * config.drift_ppm, false) - config.margin;
}

constexpr std::chrono::seconds kLongestOnWire(std::numeric_limits<std::int32_t>::max());

/// The wire counts whole seconds in an int32. A fraction would be cut off there, and whoever waits
/// by the record would wait less than its holder counts on.
/// Says it in `found` unless `span` is a duration that the wire can carry.
bool check_seconds(const std::string& name, Duration span, std::vector<std::string>& found) {
    // Refused and not rounded: up would be another lease than was asked for, down one that others
    // end too early.
    const bool whole = span >= 1s && span % 1s == 0ns;
    if (!whole)
        found.push_back(name + " " + in_words(span) +
                        " must be a whole number of seconds, at least 1s");
    if (span > kLongestOnWire)
        found.push_back(name + " " + in_words(span) + " must be at most " +
                        in_words(kLongestOnWire));
    return whole;
}

/// A lease above longestLease would be taken for damage by every member, its own wait cut short.
void check_bounds(const ElectorConfig& config, std::vector<std::string>& found) {
    const std::string longest = " must be at most longestLease " + in_words(config.longest_lease);
    check_seconds("longestLease", config.longest_lease, found);
    if (config.lease_duration > config.longest_lease)
        found.push_back("leaseDuration " + in_words(config.lease_duration) + longest);
    // maxLeaseDuration speaks of all members, so of this one too, and is a lease like any other.
    if (!config.max_lease_duration) return;
    const Duration members = *config.max_lease_duration;
    check_seconds("maxLeaseDuration", members, found);
    if (members < config.lease_duration)
        found.push_back("maxLeaseDuration " + in_words(members) +
                        " must be at least leaseDuration " + in_words(config.lease_duration));
    if (members > config.longest_lease)
        found.push_back("maxLeaseDuration " + in_words(members) + longest);
}

}  // namespace

Duration ElectorConfig::effective_renew_deadline() const {
    return renew_deadline.value_or(largest_renew_deadline(*this));
}

// None set: all members are taken to be configured alike.
Duration ElectorConfig::longest_of_members() const {
    return max_lease_duration.value_or(lease_duration);
}

Duration ElectorConfig::attempt_timeout() const {
    // A quarter of the window behind the first renewal's due time: an attempt of unknown outcome,
    // the GET that resolves it, and two more. Who asks rarely also waits for longer.
    const Duration quarter = (effective_renew_deadline() - retry_period) / 4;
    return std::max(std::min(quarter, std::max(kLongestAttempt, 2 * retry_period)),
                    kShortestAttempt);
}

std::vector<std::string> ElectorConfig::problems() const {
    std::vector<std::string> found;
    if (identity.empty()) found.push_back("identity must not be empty");
    const bool whole = check_seconds("leaseDuration", lease_duration, found);
    const bool fits = lease_duration <= kLongestOnWire;
    check_bounds(*this, found);
    const bool drift_good = drift_ppm >= 0 && drift_ppm <= kMostDrift;
    if (!drift_good)
        found.push_back("drift " + std::to_string(drift_ppm) + "ppm must be between 0ppm and " +
                        std::to_string(kMostDrift) + "ppm");
    if (margin < 0ns) found.push_back("margin " + in_words(margin) + " must be at least 0s");
    if (retry_period <= 0ns)
        found.push_back("retryPeriod " + in_words(retry_period) + " must be more than 0s");
    // Each renewal would be a step ahead of the clock, and each further than the one before.
    if (client_go_peers && retry_period > 0ns && retry_period < kForeignStep)
        found.push_back("retryPeriod " + in_words(retry_period) + " must be at least " +
                        in_words(kForeignStep) +
                        " with clientGoPeers, whose renewTimes differ by whole seconds");
    // The relations below only make sense between values that are good by themselves.
    if (!whole || !fits || !drift_good || margin < 0ns || retry_period <= 0ns) return found;

    const Duration largest = largest_renew_deadline(*this);
    const Duration in_force = effective_renew_deadline();
    // A smaller one may be set, as client-go's 10 s of 15 s. With a longer one its holder would act
    // on when another had a right to lead.
    if (in_force > largest)
        found.push_back("renewDeadline " + in_words(in_force) + " must be at most " +
                        in_words(largest) + " (leaseDuration " + in_words(lease_duration) +
                        " less drift and margin)");
    // With fewer, one lost answer and its look would cost the leadership.
    if (in_force / kPeriodsInWindow < retry_period)
        found.push_back("renewDeadline " + in_words(in_force) + " must be at least " +
                        std::to_string(kPeriodsInWindow) + " times retryPeriod " +
                        in_words(retry_period) + ", so that three attempts fit");
    // A Lease that is held, renewed and never written under: its claim found too little of validity
    // left for a put, each time, which is no failure that a leader could give way for.
    else if (in_force - attempt_timeout() < kRoomToWrite)
        found.push_back("renewDeadline " + in_words(in_force) + " must leave " +
                        in_words(kRoomToWrite) + " behind an attempt of " +
                        in_words(attempt_timeout()) + ", so that a write fits");
    return found;
}

}  // namespace leasehold
