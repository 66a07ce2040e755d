// The block `electors`: which replicas run another elector than ours.
#include <algorithm>

#include "sim/scenario/block.hpp"
#include "sim/scenario/blocks.hpp"
#include "sim/scenario/names.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint32_t> read_replicas(const Node& node, const std::string& where,
                                         std::uint32_t replicas) {
    std::vector<std::uint32_t> found;
    if (node.kind == NodeKind::scalar && node.text == "all") {
        for (std::uint32_t i = 0; i < replicas; ++i)
            found.push_back(i);
        return found;
    }
    if (node.kind == NodeKind::scalar)
        fail(node, where + ": expected all or a list of replicas, found " + node.describe());
    expect_list(node, where);
    for (const Node& item : node.items) {
        expect_scalar(item, where);
        const auto index = replica_index(item.text, replicas);
        if (!index)
            fail(item, "no replica " + item.describe() + ": there are replica-0 to " +
                           replica_name(replicas - 1));
        if (std::find(found.begin(), found.end(), *index) != found.end())
            fail(item, where + ": " + item.text + " is named twice");
        found.push_back(*index);
    }
    if (found.empty()) fail(node, where + ": needs at least one");
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<std::uint32_t> read_which(const Node& node, const Block& block,
                                      const std::string& where, std::uint32_t replicas) {
    const Node* which = block.find("replicas");
    if (which == nullptr) fail(node, where + " needs \"replicas\", such as replicas: [replica-0]");
    return read_replicas(*which, where + ".replicas", replicas);
}

void read_client_go(const Node& node, std::uint32_t replicas, ElectorsSpec& out) {
    const Block block(node, "electors.clientGo", names::kClientGo);
    out.client_go = read_which(node, block, "electors.clientGo", replicas);
    ClientGoConfig& config = out.client_go_config;
    if (const auto version = block.choice("version", names::kClientGoVersions))
        config.retries_release = names::kClientGoVersions.at(*version) == "v0.37";
    block.duration("leaseDuration", config.lease_duration, 1ms);
    block.duration("renewDeadline", config.renew_deadline, 1ms);
    block.duration("retryPeriod", config.retry_period, 1ms);
    block.boolean("releaseOnCancel", config.release_on_cancel);
    config.request_timeout = std::max(Duration(1s), config.renew_deadline / 2);
    const Node* timeout = block.find("requestTimeout");
    if (timeout != nullptr && timeout->kind == NodeKind::scalar && timeout->text == "none")
        config.request_timeout = Duration::max();
    else
        block.duration("requestTimeout", config.request_timeout, 1ms);
    if (const std::string problem = config.problem(); !problem.empty())
        fail(node, "electors.clientGo: " + problem);
}

void read_library(const Node& node, std::size_t library, std::uint32_t replicas, LibrarySpec& out) {
    const std::string where = "electors." + std::string(kLibraryNames.at(library));
    const Block block(node, where, names::kLibrary);
    out.replicas = read_which(node, block, where, replicas);
    block.boolean("release", out.release);
    if (block.find("release") != nullptr && static_cast<Library>(library) == Library::python)
        fail(*block.find("release"), where + ".release: it has no way to release a Lease");
}

/// A replica is one process.
void check_disjoint(const Node& node, const ElectorsSpec& electors) {
    std::vector<std::uint32_t> all = electors.client_go;
    for (const LibrarySpec& library : electors.libraries)
        all.insert(all.end(), library.replicas.begin(), library.replicas.end());
    std::ranges::sort(all);
    if (const auto twice = std::ranges::adjacent_find(all); twice != all.end())
        fail(node, "electors: " + replica_name(*twice) + " can run only one of them");
}

}  // namespace

void read_electors(const Node& node, std::uint32_t replicas, ElectorsSpec& out) {
    const Block block(node, "electors", names::kElectors);
    if (const Node* client_go = block.find("clientGo")) read_client_go(*client_go, replicas, out);
    for (std::size_t i = 0; i < kLibraries; ++i)
        if (const Node* library = block.find(kLibraryNames.at(i)))
            read_library(*library, i, replicas, out.libraries.at(i));
    check_disjoint(node, out);
}

}  // namespace leasehold::sim
