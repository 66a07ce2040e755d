// The block `electors`: which replicas run another elector than ours.
#include <algorithm>

#include "sim/scenario/block.hpp"
#include "sim/scenario/blocks.hpp"
#include "sim/scenario/names.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint32_t> read_replicas(const Node& node, std::uint32_t replicas) {
    constexpr std::string_view kWhere = "electors.clientGo.replicas";
    std::vector<std::uint32_t> found;
    if (node.kind == NodeKind::scalar && node.text == "all") {
        for (std::uint32_t i = 0; i < replicas; ++i)
            found.push_back(i);
        return found;
    }
    if (node.kind == NodeKind::scalar)
        fail(node, std::string(kWhere) + ": expected all or a list of replicas, found " +
                       node.describe());
    expect_list(node, kWhere);
    for (const Node& item : node.items) {
        expect_scalar(item, kWhere);
        const auto index = replica_index(item.text, replicas);
        if (!index)
            fail(item, "no replica " + item.describe() + ": there are replica-0 to " +
                           replica_name(replicas - 1));
        if (std::find(found.begin(), found.end(), *index) != found.end())
            fail(item, std::string(kWhere) + ": " + item.text + " is named twice");
        found.push_back(*index);
    }
    if (found.empty()) fail(node, std::string(kWhere) + ": needs at least one");
    std::sort(found.begin(), found.end());
    return found;
}

void read_client_go(const Node& node, std::uint32_t replicas, ElectorsSpec& out) {
    const Block block(node, "electors.clientGo", names::kClientGo);
    const Node* which = block.find("replicas");
    if (which == nullptr)
        fail(node, "electors.clientGo needs \"replicas\", such as replicas: [replica-0]");
    out.client_go = read_replicas(*which, replicas);
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

}  // namespace

void read_electors(const Node& node, std::uint32_t replicas, ElectorsSpec& out) {
    const Block block(node, "electors", names::kElectors);
    if (const Node* client_go = block.find("clientGo")) read_client_go(*client_go, replicas, out);
}

}  // namespace leasehold::sim
