#include "sim/scenario/reader.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/tree.hpp"
#include "config/values.hpp"
#include "sim/scenario/block.hpp"
#include "sim/scenario/blocks.hpp"
#include "sim/scenario/names.hpp"

namespace leasehold::sim {

using config::Diagnostic;
using config::InputError;
using config::load_text;
using config::parse_tree;
using config::presentable;
using config::read_values;
using config::ValueSources;

namespace {

using namespace std::chrono_literals;

const Node& require(const Block& block, std::string_view key, std::string_view example) {
    const Node* node = block.find(key);
    if (node == nullptr)
        fail(block.node(), "needs \"" + std::string(key) + "\", such as " + std::string(example));
    expect_scalar(*node, key);
    return *node;
}

void read_head(const Block& block, const std::string& path, Scenario& out) {
    const Node& name = require(block, "scenario", "scenario: leader-crash");
    if (!is_name(name.text))
        fail(name, "scenario: expected a name of lower-case letters, digits and '-', found " +
                       name.describe());
    const std::string stem = std::filesystem::path(path).stem().string();
    if (name.text != stem)
        fail(name, "scenario: " + name.describe() + " must be the file's name, \"" + stem + "\"");
    const Node& why = require(block, "why", "why: one sentence on what it shows");
    if (why.text.find_first_not_of(" \t\r\n") == std::string::npos)
        fail(why, "why: expected one sentence on what the scenario shows, found " + why.describe());
    out.name = name.text;
    out.why = why.text;
    out.file = path;
    if (block.duration("duration", out.duration, 1s) && out.duration > kLongestRun)
        fail(*block.find("duration"), "duration: must be at most " + format_duration(kLongestRun) +
                                          " (about 12 days), found " +
                                          block.find("duration")->describe());
    block.read("seeds", out.seeds, parse_seeds);
}

/// What differs from the scenario's own election and storage.
void read_upgrade(const Node& node, Scenario& out) {
    const Block block(node, "upgrade", names::kUpgrade);
    UpgradeSpec spec{out.election, out.storage};
    if (const Node* election = block.find("election")) read_election(*election, spec.election);
    if (const Node* storage = block.find("storage")) read_storage(*storage, spec.storage);
    spec.storage.lease_duration = spec.election.lease_duration;
    if (block.node().entries.empty()) fail(node, "upgrade: needs election or storage");
    out.upgrade = std::move(spec);
}

/// A configuration that nobody ever runs shows nothing.
void check_upgrade(const Node& node, const Scenario& scenario) {
    if (!upgrades(scenario))
        fail(node,
             "upgrade: nobody is upgraded (name them in replicas.upgraded, or say upgrade: true of "
             "a crash, stop or restart)");
    const auto is_peer = [&electors = scenario.electors](std::uint32_t replica) {
        return std::ranges::count(electors.client_go, replica) > 0 ||
               std::ranges::any_of(electors.libraries, [replica](const LibrarySpec& library) {
                   return std::ranges::count(library.replicas, replica) > 0;
               });
    };
    for (const std::uint32_t replica : scenario.replicas.upgraded)
        if (is_peer(replica))
            fail(node, "upgrade: " + replica_name(replica) +
                           " runs another elector, to which it says nothing");
    for (std::uint32_t i = 0; i < scenario.values.replicas; ++i)
        if (!is_peer(i)) return;
    fail(node, "upgrade: all replicas run other electors, to which it says nothing");
}

/// What is checked at the start and stored after the end is never stored.
void check_window(const Node& bucket, const Scenario& scenario) {
    if (scenario.bucket.preconditions.window < scenario.duration) return;
    const Node& window = *bucket.find("preconditions")->find("window");
    fail(window, "bucket.preconditions.window: must be shorter than the run (duration: " +
                     format_duration(scenario.duration) + "), found " + window.describe());
}

void check_electors(const Node& node, const Scenario& scenario) {
    if (!scenario.elects()) fail(node, "electors: there is no election");
    if (scenario.workload.enabled)
        fail(node, "electors: other electors have no storage, so workload must be none");
}

/// Of what a renewal leaves of validity, where it is answered as late as it may be.
void check_room(const Node* at, const ElectorConfig& election, const StorageConfig& storage) {
    if (at == nullptr ||
        election.effective_renew_deadline() - election.attempt_timeout() >= 2 * storage.retry_min)
        return;
    fail(*at, "storage.retryMin (" + format_duration(storage.retry_min) +
                  "): twice that must be left of renewDeadline (" +
                  format_duration(election.effective_renew_deadline()) +
                  ") behind an attempt, so that a write fits");
}

void read_all(const Node& root, const std::string& path, const ValueSources& sources,
              Scenario& out) {
    const Block block(root, "", names::kTop);
    read_head(block, path, out);
    out.values = read_values(block.find("values"), sources);
    const std::uint32_t replicas = out.values.replicas;
    if (const Node* node = block.find("election")) read_election(*node, out.election);
    if (const Node* node = block.find("replicas")) read_replicas(*node, replicas, out.replicas);
    if (const Node* node = block.find("files")) read_files(*node, out.files);
    if (const Node* node = block.find("electors")) read_electors(*node, replicas, out.electors);
    if (const Node* node = block.find("storage")) read_storage(*node, out.storage);
    out.storage.ha = out.elects();
    out.storage.file_store = out.values.file_store;
    out.storage.lease_duration = out.election.lease_duration;
    if (out.elects()) check_room(block.find("storage"), out.election, out.storage);
    if (const Node* node = block.find("upgrade")) read_upgrade(*node, out);
    if (out.elects() && out.upgrade)
        check_room(block.find("upgrade"), out.upgrade->election, out.upgrade->storage);
    if (!out.replicas.upgraded.empty() && !out.upgrade)
        fail(*block.find("replicas"),
             "replicas.upgraded: there is no block upgrade to say to what");
    if (const Node* node = block.find("kubelets")) {
        if (!out.election.believe_ended_holder)
            fail(*node,
                 "kubelets: nobody reads the status of Pods (set "
                 "election.believeEndedHolder)");
        read_kubelets(*node, out.kubelets);
    }
    if (const Node* node = block.find("clocks")) read_clocks(*node, replicas, out.clocks);
    if (const Node* node = block.find("network")) read_network(*node, replicas, out.network);
    if (const Node* node = block.find("api")) read_api(*node, out.api);
    if (const Node* node = block.find("bucket")) {
        read_bucket(*node, out.bucket);
        check_window(*node, out);
    }
    if (const Node* node = block.find("workload")) read_workload(*node, out.workload);
    if (!out.values.etl) out.workload.enabled = false;  // no pipelines, so nothing to export
    if (!out.electors.none()) check_electors(*block.find("electors"), out);
    if (const Node* node = block.find("faults")) read_faults(*node, out);
    if (const Node* node = block.find("upgrade")) check_upgrade(*node, out);
    if (const Node* node = block.find("expect")) {
        read_expect(*node, out.expect);
        if (const Node* failover = node->find("failover"); failover != nullptr && !out.elects())
            fail(*failover, "expect.failover: there is no failover without an election");
        if (out.expect.commits_every && *out.expect.commits_every >= out.duration)
            fail(*node->find("commits"),
                 "expect.commits: must be shorter than the run (duration: " +
                     format_duration(out.duration) + ")");
    }
    if (!out.elects() && !out.stores())
        fail(block.find("values") != nullptr ? *block.find("values") : root,
             "values: nobody elects and nobody stores anything (set "
             "kubecostModel.etlBucketConfigSecret)");
}

}  // namespace

Result<Scenario, Diagnostic> parse_scenario(std::string_view text, const std::string& path,
                                            const ValueSources& sources) {
    try {
        Scenario scenario;
        read_all(parse_tree(text, path), path, sources, scenario);
        return scenario;
    } catch (const InputError& error) {
        return Unexpected{presentable(error.diagnostic)};
    }
}

Result<Scenario, Diagnostic> read_scenario(const std::string& path, const ValueSources& sources) {
    std::string text;
    try {
        text = load_text(path);
    } catch (const InputError& error) {
        return Unexpected{error.diagnostic};
    }
    return parse_scenario(text, path, sources);
}

Result<std::vector<std::string>, Diagnostic> find_scenarios(const std::vector<std::string>& paths) {
    namespace fs = std::filesystem;
    std::vector<std::string> found;
    for (const std::string& path : paths) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (!fs::exists(status))
            return Unexpected{Diagnostic{path, 0, 0, "no such file or directory"}};
        if (!fs::is_directory(status)) {
            found.push_back(path);
            continue;
        }
        std::vector<std::string> inside;
        for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
             it.increment(error))
            if (it->path().extension() == ".yaml" && it->is_regular_file(error))
                inside.push_back(it->path().string());
        if (error) return Unexpected{Diagnostic{path, 0, 0, "can't be read: " + error.message()}};
        if (inside.empty())
            return Unexpected{Diagnostic{path, 0, 0, "no scenarios (*.yaml) in this directory"}};
        std::sort(inside.begin(), inside.end());
        found.insert(found.end(), inside.begin(), inside.end());
    }
    return found;
}

Result<SeedRange, std::string> parse_seeds(std::string_view text) {
    constexpr std::uint64_t kMost = 10'000'000;
    const std::string quoted = '"' + std::string(text) + '"';
    const auto dots = text.find("..");
    const auto first = parse_count(text.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : parse_count(text.substr(dots + 2));
    if (!first || !last) return Unexpected{"expected seeds such as 7 or 1..50, found " + quoted};
    if (*first > *last) return Unexpected{"seeds run from low to high: " + quoted};
    if (*last - *first >= kMost) return Unexpected{quoted + " is more than 10000000 seeds"};
    return SeedRange{*first, *last};
}

}  // namespace leasehold::sim
