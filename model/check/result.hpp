// The result of one run: what the reports write and the worker processes hand over.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/base/marks.hpp"
#include "model/base/time.hpp"
#include "model/check/check.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::check {

/// Exit codes and verdicts of runs; of many, the worst wins: internal, nondeterministic, safety,
/// liveness, inconclusive, pass.
enum class Outcome : std::uint8_t {
    pass,
    safety,
    liveness,
    inconclusive,
    nondeterministic,
    internal
};
/// 0, 1, 2, 3, 4, 70.
[[nodiscard]] int exit_code(Outcome outcome);
[[nodiscard]] Outcome worse(Outcome a, Outcome b);
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

/// A line of the timeline: what one replica or the world did, and all replicas' states then.
struct TimelineLine {
    TrueTime at;
    std::string columns;  ///< one character a replica: 'A' leader, 'a' follower, '#' crashed, 'z'
                          ///< paused, '-' cut, '.' stopped
    std::string text;
    std::uint64_t number = 0;  ///< event number
};

struct FaultResult {
    std::string what;  ///< as the scenario has it: "crash leader at 1m"
    std::uint32_t line = 0;
    std::uint64_t took_effect = 0;  ///< how often, as the world says
    /// How often the history shows that somebody felt it; none = nobody looked.
    std::optional<std::uint64_t> felt = std::nullopt;
    std::uint64_t contradicted = 0;  ///< how often the history shows the contrary

    /// It took effect, and nothing says otherwise.
    [[nodiscard]] bool shown() const {
        return took_effect > 0 && felt.value_or(1) > 0 && contradicted == 0;
    }
};

struct Expectation {
    std::string what;  ///< "reached takeover-after-expiry"
    bool met = false;
    std::string found;  ///< "3 times", "never"
};

/// How much happened: a run that did too little is inconclusive.
struct Work {
    std::uint64_t events = 0;  ///< of the world's queue
    std::uint64_t steps = 0;   ///< of replicas
    std::uint64_t lease_requests = 0;
    std::uint64_t bucket_requests = 0;
    std::uint64_t flows = 0;
    std::uint64_t writes = 0;  ///< answered, of any kind
    std::uint64_t committed = 0;
    std::uint64_t failed = 0;
    std::uint64_t unknown = 0;
    std::uint64_t fenced = 0;
    std::uint64_t skipped = 0;  ///< a follower's: nobody's loss
    std::uint64_t reads = 0;
    std::uint64_t queries = 0;
    std::uint64_t unanswered = 0;  ///< writes whose process, or the run, ended before

    /// Counts the event if it asks a replica for a write or a removal.
    void asked(const Event& event);
    /// Counts its answer.
    void answered(WriteAck ack);
    /// Those that a leader took on.
    [[nodiscard]] std::uint64_t accepted() const { return writes - skipped + unanswered; }
    /// Not so: most of what leaders accepted was lost, and a pass would say that it was backed up.
    [[nodiscard]] bool mostly_committed() const { return committed * 2 >= accepted(); }
};

/// What happened of the points that a scenario's world can reach, and how often.
struct CoverageCount {
    std::string point;  ///< "lease update conflict"
    std::uint64_t count = 0;
};

struct RunResult {
    std::string scenario;
    std::string file;
    std::uint64_t seed = 0;
    Duration simulated{0};
    std::vector<std::string> replicas;
    std::uint64_t digest = 0;
    Outcome outcome = Outcome::inconclusive;
    std::vector<Verdict> verdicts;
    std::vector<Expectation> expectations;
    std::vector<FaultResult> faults;
    std::vector<Expectation> of_the_world;  ///< what the history lacks of the world as it was asked
    std::array<std::uint64_t, kMarkCount> marks{};
    std::vector<Duration> failovers;
    /// Of a fault of the leader that nobody led after: from it to the end.
    std::optional<Duration> open_failover;
    std::vector<Duration> leaderless;
    std::uint64_t leaderships = 0;
    Duration commit_gap{0};  ///< the longest stretch without a committed write
    Work work;
    std::vector<CoverageCount> coverage;  ///< only when asked for: what never happened is left out
    std::string internal_error;           ///< outcome internal: the CHECK's words
    std::vector<TimelineLine> timeline;   ///< only when asked for
    std::vector<TimelineLine> chain;      ///< of a violation: the causal chain, oldest first
    std::string state;  ///< of a violation: each replica's summary when a safety rule broke, else
                        ///< at the end
};

/// Adds the expectation that most of what leaders accepted was committed, if it was not.
void expect_commits(RunResult& result);

}  // namespace leasehold::check
