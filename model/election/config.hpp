// ElectorConfig: what an operator may set of the election, and what follows from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/base/time.hpp"

namespace leasehold {

struct ElectorConfig {
    std::string identity;  ///< holderIdentity; unique per process start
    Duration lease_duration = std::chrono::seconds(15);  ///< whole seconds >= 1 (the wire's unit)
    std::optional<Duration> renew_deadline;  ///< none = auto: lease*(1-2*drift) - margin
    Duration retry_period = std::chrono::seconds(2);
    std::int64_t drift_ppm = 2000;  ///< bound on any clock's rate error, in ppm
    Duration margin = std::chrono::milliseconds(50);
    /// Foreign electors contend too: renewTimes then differ by whole seconds, and a release that
    /// carries no mark of ours may be believed.
    bool client_go_peers = false;
    /// The longest lease that is believed of a record, and the longest that may be configured;
    /// whole seconds. Equal in every member, and raised everywhere first.
    Duration longest_lease = std::chrono::minutes(10);
    /// The longest leaseDuration in use among the members, none = the own. Goes into created
    /// records, so it must be raised everywhere before durations change. Whole seconds.
    std::optional<Duration> max_lease_duration;
    /// A holder of whose container the kubelet says that it has ended is not waited for. Off unless
    /// asked for: whoever may write the status of Pods can then end the wait for a leader.
    bool believe_ended_holder = false;
    std::uint64_t seed = 0;  ///< of the nonces

    /// The renewDeadline in force: the one given, or `auto` in whole nanoseconds, rounded down.
    [[nodiscard]] Duration effective_renew_deadline() const;
    /// The longest lease that a peer whom nobody sees may hold: maxLeaseDuration or the own.
    [[nodiscard]] Duration longest_of_members() const;
    /// How long one attempt may take: at least three fit between a renewal and the gate's end.
    [[nodiscard]] Duration attempt_timeout() const;
    /// What is wrong, each message naming both values; empty when valid.
    [[nodiscard]] std::vector<std::string> problems() const;

    friend bool operator==(const ElectorConfig&, const ElectorConfig&) = default;
};

}  // namespace leasehold
