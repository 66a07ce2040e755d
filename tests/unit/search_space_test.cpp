// Every scenario of the space is one that the reader takes, and the same each time.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

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
    // All but those that only end others: resume and heal.
    EXPECT_EQ(kinds.size(), 29U);
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

TEST(Space, PodsAloneHaveAllTheirFaults) {
    const Space space({}, {*family_named("pods")});
    std::set<sim::FaultKind> kinds;
    std::set<sim::PodEdit> edits;
    std::set<Duration> notices;
    bool mixed = false;
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        if (scenario.election.believe_ended_holder) {
            notices.insert(scenario.kubelets.notice.p50);
            mixed |= scenario.upgrade && !scenario.upgrade->election.believe_ended_holder &&
                     !scenario.replicas.upgraded.empty() &&
                     scenario.replicas.upgraded.size() < scenario.values.replicas;
        }
        for (const sim::Fault& fault : scenario.faults) {
            if (fault.kind == sim::FaultKind::restart) continue;  // of one that was absent
            kinds.insert(fault.kind);
            // Nobody reads the status of Pods there.
            if (!scenario.election.believe_ended_holder) {
                EXPECT_EQ(fault.kind, sim::FaultKind::kill_node);
            }
            if (fault.kind == sim::FaultKind::edit_pod) edits.insert(fault.pod_edit);
        }
    }
    EXPECT_EQ(kinds, (std::set{sim::FaultKind::kill_node, sim::FaultKind::kubelet_stops,
                               sim::FaultKind::force_delete_pod, sim::FaultKind::edit_pod}));
    EXPECT_EQ(edits.size(), 6U);
    EXPECT_EQ(notices.size(), 5U);
    EXPECT_TRUE(mixed);
}

TEST(Space, MembersOfARolloutHaveOtherDurationsAndStoresAreOfAllKinds) {
    const Space space({}, {});
    std::set<sim::BucketProfile> stores;
    std::uint64_t mixed = 0;
    bool large = false;
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        stores.insert(scenario.bucket.profile);
        large |= scenario.workload.object_size > 100ULL << 20;
        if (!scenario.upgrade) continue;
        const ElectorConfig& one = scenario.election;
        const ElectorConfig& other = scenario.upgrade->election;
        if (one.lease_duration == other.lease_duration) continue;
        ++mixed;
        // What covers a deletion of the Lease amidst them.
        EXPECT_EQ(one.max_lease_duration, std::max(one.lease_duration, other.lease_duration));
        EXPECT_EQ(other.max_lease_duration, one.max_lease_duration);
        EXPECT_EQ(other.lease_duration, scenario.upgrade->storage.lease_duration);
    }
    EXPECT_EQ(stores.size(), 9U);
    EXPECT_GT(mixed, 10U);
    EXPECT_TRUE(large);
}

TEST(Space, OneFaultOftenFollowsAnother) {
    const Space space({}, {*family_named("pause")});
    std::uint64_t pairs = 0;
    std::uint64_t near = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        for (std::size_t i = 1; i < scenario.faults.size(); ++i) {
            const sim::Trigger& before = scenario.faults[i - 1].trigger;
            const sim::Trigger& trigger = scenario.faults[i].trigger;
            if (before.kind != sim::TriggerKind::at || trigger.kind != before.kind) continue;
            ++pairs;
            near += trigger.at >= before.at && trigger.at <= before.at + std::chrono::seconds(2);
        }
    }
    EXPECT_GT(near * 8, pairs);
}

/// "crash+cut": what follows what, whoever is met.
std::string kinds_of(const sim::Fault& one, const sim::Fault& other) {
    return std::string(sim::fault_kind_name(one.kind)) + "+" +
           std::string(sim::fault_kind_name(other.kind));
}

TEST(Space, MotifsComeAgainAndMeetWhomTheirFirstFaultMet) {
    const Space space({}, {});
    std::uint64_t bound = 0;
    std::uint64_t repeated = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        std::map<std::string, std::set<std::string>> pairs;
        std::string name;
        for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
            const sim::Fault& fault = scenario.faults[i];
            bound += fault.target.kind == sim::TargetKind::bound;
            if (!fault.as.empty()) name = fault.as;
            if (i > 0 && !name.empty() && fault.as.empty())
                pairs[kinds_of(scenario.faults[i - 1], fault)].insert(name);
        }
        repeated +=
            std::ranges::any_of(pairs, [](const auto& pair) { return pair.second.size() >= 3; });
    }
    EXPECT_GT(bound, kSeeds / 3);
    EXPECT_GT(repeated * 4, kSeeds / 3);
}

TEST(Space, NoFaultOfAMotifComesWhenAllHasToHeal) {
    const Space space({}, {});
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        for (const sim::Fault& fault : scenario.faults)
            if (!fault.as.empty()) {
                EXPECT_LE(fault.trigger.at, last_fault(scenario)) << seed;
                EXPECT_LE(fault.trigger.after, last_fault(scenario)) << seed;
            }
    }
}

TEST(Space, SmallWorldsAndThoseWhoComeLater) {
    const Space space({}, {});
    std::uint64_t small = 0;
    std::uint64_t absent = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        small += is_small(scenario);
        for (const std::uint32_t replica : scenario.replicas.absent) {
            ++absent;
            const bool comes = std::ranges::any_of(scenario.faults, [&](const sim::Fault& fault) {
                return fault.kind == sim::FaultKind::restart && fault.target.replica == replica;
            });
            EXPECT_TRUE(comes) << seed << ": " << replica << " is there never";
        }
    }
    EXPECT_GT(small * 4, kSeeds / 3);
    EXPECT_LT(small * 2, kSeeds / 3);
    EXPECT_GT(absent, 50U);
}

TEST(Space, FaultsComeAtOnceAtPhasesAndForASpan) {
    const Space space({}, {*family_named("files"), *family_named("operator")});
    std::uint64_t together = 0;
    std::uint64_t spans = 0;
    std::uint64_t phases = 0;
    std::uint64_t often = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const sim::Scenario scenario = space.scenario({0, seed, {}});
        for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
            const sim::Fault& fault = scenario.faults[i];
            phases += fault.trigger.kind == sim::TriggerKind::reaches;
            spans += fault.kind == sim::FaultKind::fail_files && fault.lasts.has_value();
            often += fault.trigger.kind == sim::TriggerKind::every &&
                     fault.trigger.every < std::chrono::seconds(10);
            if (i == 0 || fault.trigger.kind == sim::TriggerKind::at ||
                fault.trigger.kind == sim::TriggerKind::every)
                continue;
            const sim::Trigger& before = scenario.faults[i - 1].trigger;
            together += before.kind == fault.trigger.kind && before.nth == fault.trigger.nth &&
                        before.sends == fault.trigger.sends &&
                        before.reaches == fault.trigger.reaches &&
                        before.after == fault.trigger.after;
        }
    }
    EXPECT_GT(together, 30U);
    EXPECT_GT(spans, 100U);
    EXPECT_GT(phases, 50U);
    EXPECT_GT(often, 100U);
}

// Found by a campaign: a store that says that it knows no conditions is believed not to have
// stored.
TEST(Space, ARefusalByNameThatStoredIsExcused) {
    for (const std::int32_t status : {500, 501})
        for (const bool applied : {true, false}) {
            Random random(7);
            sim::Scenario scenario = draw_configuration(random);
            scenario.faults.assign(1, {});
            scenario.faults.front().kind = sim::FaultKind::answer_error;
            scenario.faults.front().status = status;
            scenario.faults.front().applied = applied;
            scenario.faults.front().requests = {sim::RequestKind::put_object};
            scenario.expect = {};
            excuse(scenario);
            EXPECT_EQ(std::ranges::count(scenario.expect.may_violate, "bucket.linearizable") == 1,
                      status == 501 && applied);
        }
}

// Found by a campaign: a leader wrote back what was damaged, under the ETag of before.
TEST(Space, EqualBytesOfPlainObjectsHaveOneVersionAlsoWhereTheyAreWrittenBack) {
    for (const auto format : {ObjectFormat::plain, ObjectFormat::fenced})
        for (const auto kind : {sim::FaultKind::damage_object, sim::FaultKind::crash}) {
            Random random(7);
            sim::Scenario scenario = draw_configuration(random);
            scenario.bucket.preconditions = {};
            scenario.workload.contents = 0;
            scenario.storage.format = format;
            scenario.faults.assign(1, {});
            scenario.faults.front().kind = kind;
            excuse(scenario);
            const auto& may = scenario.expect.may_violate;
            EXPECT_EQ(std::ranges::count(may, "bucket.no-stale-commit") == 1,
                      format == ObjectFormat::plain && kind == sim::FaultKind::damage_object);
        }
}

TEST(Space, AMutationMayMeetAnother) {
    const Space space({}, {*family_named("pause")});
    std::set<sim::TargetKind> met;
    for (std::uint64_t mutation = 1; mutation <= 200; ++mutation) {
        const std::uint64_t seed = 1 + mutation % 10;
        const sim::Scenario before = space.scenario({0, seed, {}});
        const sim::Scenario after = space.scenario({0, seed, {mutation}});
        if (after.faults.size() != before.faults.size()) continue;
        for (std::size_t i = 0; i < after.faults.size(); ++i)
            if (after.faults[i].target.kind != before.faults[i].target.kind)
                met.insert(after.faults[i].target.kind);
    }
    EXPECT_GE(met.size(), 2U);
}

TEST(Space, WhoStartsAgainMayRunTheOtherConfiguration) {
    for (const std::string_view name : {"crash", "stop"}) {
        const Space space({}, {*family_named(name)});
        std::set<bool> upgrades;
        for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
            const sim::Scenario scenario = space.scenario({0, seed, {}});
            for (const sim::Fault& fault : scenario.faults)
                if (scenario.upgrade) upgrades.insert(fault.upgrade);
        }
        EXPECT_EQ(upgrades.size(), 2U) << name;
    }
}

TEST(Space, TheReadmeNamesEveryFamily) {
    std::ifstream file("sim/search/README.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const FamilyInfo& family : kFamilies) {
        const std::string row =
            "| `" + std::string(family.name) + "` | " + std::string(family.meaning) + " |";
        EXPECT_NE(text.find(row), std::string::npos) << row;
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
