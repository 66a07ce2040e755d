// Harness: a machine of one's own in the simulated clock, network, Lease API and bucket.
//
// Say what runs (host), in which world (scenario words or a text), what goes wrong (fault), what
// must hold besides the invariants (check), and play(). world_test.hpp is the same as a fixture of
// GoogleTest. No header that is included from here knows SimGrid.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/summary.hpp"
#include "sim/peers/peer.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/testing/fault_words.hpp"
#include "sim/world/own_check.hpp"

namespace leasehold::testing {

using check::Outcome;
using check::RunResult;
using sim::OwnCheck;
using sim::PeerStart;

/// What is wrong with a scenario: file, line, column, what was expected and the nearest name.
struct BadScenario : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// What came of all seeds.
struct Played {
    /// Each run with its digest, verdicts and failovers; percentiles; the worst outcome.
    reports::ScenarioSummary summary;
    /// For people: what broke, how it came about, the least scenario, where the files are. Empty
    /// when all seeds passed.
    std::string failure;
    std::vector<std::string> files;  ///< that were written, for the first seed that failed

    [[nodiscard]] bool passed() const { return summary.outcome == Outcome::pass; }
};

/// Plays runs in processes of its own, so that a machine that crashes costs its run alone. They are
/// forked: play() wants a process without threads, and what a machine or check of a run changes in
/// memory is not seen here. Everything is copyable and may be played again.
class Harness {
  public:
    /// Three replicas that elect with leases of 15 s for 3 minutes, beside a bucket, no workload,
    /// seeds 1..20. `name` (lower-case letters, digits, '-') is that of the scenario and of files.
    explicit Harness(std::string name = "own-machine");

    /// Takes a scenario's text in place of what was set up so far. Throws BadScenario.
    Harness& scenario_text(std::string_view yaml);
    /// Likewise a file, such as a least scenario that was written. Throws BadScenario.
    Harness& scenario_file(const std::string& path);
    /// All of it, to be changed: units and ranges are those of scenario.hpp; play() checks it.
    [[nodiscard]] sim::Scenario& scenario() { return scenario_; }

    /// 1 to 64; one alone elects nobody.
    Harness& replicas(std::uint32_t count);
    /// 1 s to about 12 days of simulated time.
    Harness& duration(Duration length);
    /// Inclusive; first <= last.
    Harness& seeds(std::uint64_t first, std::uint64_t last);
    /// Whole seconds; the renewal's deadline becomes the largest safe one.
    Harness& lease(Duration length);
    /// Pipelines, loaders and users ask whatever takes it (Machine::takes_workload).
    Harness& workload(bool on = true);
    /// The wall clock's offsets and the clocks' rate errors are drawn within these.
    Harness& clocks(Duration offset_max, std::int64_t drift_ppm_max);
    Harness& fault(const FaultWords& words);
    /// An invariant of `leasehold list --invariants` that may break without a failure.
    Harness& may_violate(std::string invariant);
    /// A mark that must be reached in each run, or a run proves nothing (inconclusive).
    Harness& reaches(std::string_view mark);

    /// Hosts what `make(const PeerStart&)` returns, a Machine or a sim::Peer, as each process that
    /// starts; an empty Peer leaves that process to the scenario.
    template <class Make>
    Harness& host(Make make) {
        make_peer_ = [make = std::move(make)](const PeerStart& start) {
            if constexpr (std::same_as<decltype(make(start)), sim::Peer>)
                return make(start);
            else
                return sim::Peer(make(start));
        };
        return *this;
    }
    /// Judges each run by a Check(arguments...) of its own too.
    template <class Check, class... Arguments>
    Harness& check(Arguments... arguments) {
        checks_.push_back([arguments...]() -> std::unique_ptr<OwnCheck> {
            return std::make_unique<Check>(arguments...);
        });
        return *this;
    }

    /// Where files of a failure go, which is made; empty: none are written. Default: ".".
    Harness& folder(std::string path);
    /// Processes that play at once, 1 to 1024; default: one for each core.
    Harness& workers(unsigned count);
    /// false: what failed stays as it is. Default: it is shrunk, by 1,500 runs at most.
    Harness& shrinks(bool wanted);

    /// Plays every seed, and the first once more in a fresh process, which must give the same
    /// digest. Of the first seed that is worst, NAME-seed-N.txt (timeline, verdicts, what broke,
    /// digest), NAME-least.yaml (the least scenario that breaks alike) and NAME-least.txt are
    /// written, and a page of either, *.html, where this library was built with pages. Throws
    /// BadScenario; reports::OutputError (a std::runtime_error) where a file can't be written.
    [[nodiscard]] Played play() const;
    /// The scenario as it will be played, faults and defaults included. Throws BadScenario.
    [[nodiscard]] std::string text() const;

  private:
    [[nodiscard]] sim::Scenario resolved() const;

    sim::Scenario scenario_;
    std::vector<std::string> faults_;
    sim::MakePeer make_peer_;
    std::vector<std::function<std::unique_ptr<OwnCheck>()>> checks_;
    std::string folder_ = ".";
    unsigned workers_ = 0;  ///< 0 = one for each core
    bool shrinks_ = true;
};

}  // namespace leasehold::testing
