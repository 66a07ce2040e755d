// Every scenario of the space is one that the reader takes, and the same each time.
#include <gtest/gtest.h>

#include <set>

#include "sim/scenario/reader.hpp"
#include "sim/search/space.hpp"

namespace leasehold::search {
namespace {

constexpr std::uint64_t kSeeds = 1'500;

/// The resolved form, read and written again; a failure names the genome.
void reads_back(const Space& space, const Genome& genome) {
    const sim::Scenario scenario = space.scenario(genome);
    const std::string text = sim::resolved_yaml(scenario);
    EXPECT_EQ(sim::resolved_yaml(space.scenario(genome)), text);
    const auto read = sim::parse_scenario(text, scenario.name + ".yaml", {});
    ASSERT_TRUE(read) << genome_text(genome) << ": " << read.error().to_string() << "\n" << text;
    EXPECT_EQ(sim::resolved_yaml(*read), text) << genome_text(genome);
}

TEST(Space, TheReaderTakesEveryScenario) {
    const Space space({}, {});
    std::set<sim::FaultKind> kinds;
    std::set<std::uint32_t> replicas;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        reads_back(space, {0, seed, {}});
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        replicas.insert(scenario.values.replicas);
        for (const sim::Fault& fault : scenario.faults)
            kinds.insert(fault.kind);
    }
    EXPECT_EQ(replicas.size(), 7U);
    // All but those that only end others: restart, resume and heal.
    EXPECT_EQ(kinds.size(), 24U);
}

TEST(Space, TheReaderTakesMutationsToo) {
    const Space space({}, {});
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        Genome genome{0, seed, {}};
        for (std::uint64_t i = 1; i <= 6; ++i)
            genome.mutations.push_back(seed * 1'000 + i);
        reads_back(space, genome);
    }
}

TEST(Space, ABaseKeepsItsConfigurationAndFaults) {
    auto base = sim::read_scenario("scenarios/failover/leader-crash.yaml", {});
    ASSERT_TRUE(base);
    const Space space({*base}, {*family_named("pause")});
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const sim::Scenario scenario = space.scenario({1, seed, {}});
        EXPECT_EQ(scenario.values.replicas, base->values.replicas);
        ASSERT_GT(scenario.faults.size(), base->faults.size());
        EXPECT_EQ(scenario.faults.front().kind, base->faults.front().kind);
        for (std::size_t i = base->faults.size(); i < scenario.faults.size(); ++i)
            EXPECT_TRUE(scenario.faults[i].kind == sim::FaultKind::pause ||
                        scenario.faults[i].kind == sim::FaultKind::suspend);
        EXPECT_TRUE(scenario.expect.reached.empty());
    }
}

TEST(Genome, IsReadBack) {
    const Genome genome{2, 17, {18'446'744'073'709'551'615ULL, 5}};
    EXPECT_EQ(parse_genome(genome_text(genome)), genome);
    EXPECT_FALSE(parse_genome("1"));
    EXPECT_FALSE(parse_genome("1 x"));
    EXPECT_FALSE(parse_genome(""));
}

}  // namespace
}  // namespace leasehold::search
