// Space: every scenario that a campaign may play, each drawn from a few numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/random.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::search {

/// Faults that belong together. Each run draws which of them it has, so that rare ones are not
/// always drowned by the rest (swarm testing: Groce and others, 2012).
enum class Family : std::uint8_t {
    crash,
    stop,
    pause,
    network,
    servers,
    lease_requests,
    bucket_requests,
    lease_operator,
    restore,
    watch,
    clocks,
    frozen_clock,
    answers,
    objects,
    lists,
    files,
    slow,
    conditions,
    pods
};
struct FamilyInfo {
    std::string_view name;     ///< of --families
    std::string_view meaning;  ///< one line
};
inline constexpr std::array<FamilyInfo, 19> kFamilies{{
    {"crash", "processes die, between two effects too, and lose or keep their disk"},
    {"stop", "graceful stops, with a deadline"},
    {"pause", "processes stand still, machines sleep"},
    {"network", "cuts in one or both directions, added latency"},
    {"servers", "the API or the bucket is down or frozen"},
    {"leaseRequests", "requests to the Lease API are lost, late or refused"},
    {"bucketRequests", "requests to the bucket are lost, late or refused"},
    {"operator", "the Lease is deleted or edited"},
    {"restore", "the API's store is set back"},
    {"watch", "watches end, expire or fall silent"},
    {"clocks", "wall clocks jump, rates change within the bound"},
    {"frozenClock", "a machine sleeps with its monotonic clock"},
    {"answers", "objects come damaged"},
    {"objects", "objects are damaged where they lie"},
    {"lists", "LISTs leave out keys"},
    {"files", "local files fail"},
    {"slow", "steps take long"},
    {"conditions", "the bucket treats preconditions otherwise"},
    {"pods", "machines are lost, kubelets fall silent, others remove Pods or edit them"},
}};
[[nodiscard]] std::optional<Family> family_named(std::string_view name);

/// What a scenario is made of: the seed that draws it, and the mutations on top, in their order.
struct Genome {
    std::uint64_t base = 0;  ///< 0: all is drawn; else the base scenario of that number, from 1 on
    std::uint64_t seed = 1;  ///< also the run's own
    std::vector<std::uint64_t> mutations;
    friend bool operator==(const Genome&, const Genome&) = default;
};
/// "0 17 93 5" and back.
[[nodiscard]] std::string genome_text(const Genome& genome);
[[nodiscard]] std::optional<Genome> parse_genome(std::string_view text);
/// Why `text` is no genome of a space with so many bases; empty where it is one, or is empty.
[[nodiscard]] std::string genome_problem(std::string_view text, std::size_t bases);

class Space {
  public:
    /// `families`: those that may be drawn, none = all. Faults that a base scenario cannot have (no
    /// bucket, no election) are not drawn for it.
    Space(std::vector<sim::Scenario> bases, std::vector<Family> families);

    /// The same for the same genome, on every machine. The reader takes its resolved form.
    [[nodiscard]] sim::Scenario scenario(const Genome& genome) const;

  private:
    [[nodiscard]] sim::Scenario drawn(const Genome& genome, Random& random) const;

    std::vector<sim::Scenario> bases_;
    std::vector<Family> families_;
};

// What its parts share.

/// Draws by chance, in words.
class Dice {
  public:
    explicit Dice(Random& random) : random_(random) {}
    /// True in `part` of `whole` cases.
    bool chance(std::uint64_t part, std::uint64_t whole) { return random_.below(whole) < part; }
    std::uint64_t number(std::uint64_t low, std::uint64_t high) {
        return low + random_.below(high - low + 1);
    }
    /// In whole steps of `step`: files stay readable.
    Duration span(Duration low, Duration high, Duration step) {
        const auto steps = static_cast<std::uint64_t>((high - low) / step);
        return low + step * static_cast<std::int64_t>(random_.below(steps + 1));
    }
    template <class T, std::size_t Count>
    T pick(const T (&of)[Count]) {
        return of[random_.below(Count)];
    }

  private:
    Random& random_;
};

/// Few replicas, one window, a minute or two: faults stand close together there, and a run is
/// cheap.
[[nodiscard]] bool is_small(const sim::Scenario& scenario);
/// A configuration: replicas, election, store, network, clocks, workload.
[[nodiscard]] sim::Scenario draw_configuration(Random& random);
/// Whom a fault meets: by role, or by name.
[[nodiscard]] sim::Target draw_target(const sim::Scenario& scenario, Random& random);
/// A request of the election, or to the bucket; writes more often than others.
[[nodiscard]] sim::RequestKind draw_lease_request(Random& random);
[[nodiscard]] sim::RequestKind draw_bucket_request(Random& random);
/// When the next fault comes: a third soon after the one before.
[[nodiscard]] sim::Trigger draw_trigger(const sim::Scenario& scenario, Random& random);
/// After this moment no fault comes: what must follow needs its time.
[[nodiscard]] Duration last_fault(const sim::Scenario& scenario);
/// Faults of the families that come within seconds of one another, and so again and again. The
/// first family opens each time.
void add_motifs(sim::Scenario& scenario, const std::vector<Family>& families, Random& random);
/// Whom a fault that is there no longer would have bound is the leader instead.
void mend_bindings(sim::Scenario& scenario);
/// Is whom a fault of the kind meets one of the replicas, and not a server?
[[nodiscard]] bool meets_replicas(sim::FaultKind kind);
/// Can the scenario have a fault of the family? Without an election there is no Lease to edit.
[[nodiscard]] bool can_have(const sim::Scenario& scenario, Family family);
/// A fault of the family; none where the scenario can't have it.
[[nodiscard]] std::optional<sim::Fault> draw_fault(const sim::Scenario& scenario, Family family,
                                                   Random& random);
/// Changes one thing: a time, a target, a span, one more fault, one less, a replica more or less.
void mutate(sim::Scenario& scenario, const std::vector<Family>& families, Random& random);
/// What its faults and its store may break, whatever the code does: fills in `expect`.
void excuse(sim::Scenario& scenario);

}  // namespace leasehold::search
