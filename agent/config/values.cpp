#include "agent/config/values.hpp"

#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "agent/config/refused.hpp"
#include "config/helm_value.hpp"
#include "config/values.hpp"

namespace leasehold::agent {
namespace {

/// Where the chart mounts the Secret; the Secret's key must have this name.
constexpr const char* kMountedSecret = "/var/configs/etl/object-store.yaml";

struct ReadOnlyKey {
    std::string_view key;
    std::string_view why;
};
constexpr std::array kReadOnlyKeys{
    ReadOnlyKey{"etlReadOnlyMode",
                "with leader/follower the chart then leaves out the ClusterRole, so that every "
                "election is answered 403; a follower is read-only by itself"},
    ReadOnlyKey{"etlStoreReadOnly",
                "a leader that can't write helps nobody; a follower is "
                "read-only by itself"}};

/// The last layer's word on kubecostModel.<key>, which read_values() has no use for.
void check_read_only(const std::vector<config::Node>& layers, const ReadOnlyKey& wanted) {
    std::optional<config::Node> last;
    for (const config::Node& layer : layers) {
        const config::Node* model = layer.find("kubecostModel");
        const config::Node* found = model == nullptr ? nullptr : model->find(wanted.key);
        if (model != nullptr && model->kind == config::NodeKind::null) last.reset();
        if (found != nullptr) last = *found;
    }
    if (!last || last->kind == config::NodeKind::null) return;
    const std::string path = "kubecostModel." + std::string(wanted.key);
    const auto truth = config::helm_truth(*last);
    if (!truth) config::fail(*last, path + ": expected true or false, found " + last->describe());
    if (*truth)
        config::fail(*last, path + " is true, and the agent has no read-only mode: " +
                                std::string(wanted.why));
}

/// Does a layer give a value at this path that no later one takes away?
bool says(const std::vector<config::Node>& layers, std::initializer_list<std::string_view> path) {
    bool said = false;
    for (const config::Node& layer : layers) {
        const config::Node* at = &layer;
        for (const std::string_view key : path) {
            if (at->kind != config::NodeKind::map) break;
            at = at->find(key);
            if (at == nullptr || at->kind == config::NodeKind::null) break;
            if (key == *(path.end() - 1)) said = true;
        }
        if (at != nullptr && at != &layer && at->kind == config::NodeKind::null) said = false;
    }
    return said;
}

}  // namespace

HelmValues read_helm_values(const config::ValueSources& sources) {
    HelmValues values;
    std::vector<config::Node> layers;
    values.given = sources.given();
    if (!values.given) return values;
    try {
        layers = config::read_layers(sources);
        values.spec = config::read_values(nullptr, layers);
        for (const ReadOnlyKey& key : kReadOnlyKeys)
            check_read_only(layers, key);
    } catch (const config::InputError& error) {
        refuse(config::presentable(error.diagnostic).to_string());
    }
    const config::ValuesSpec& spec = values.spec;
    // Only what a layer said: a default of the chart's is nobody's word.
    if (says(layers, {"kubecostDeployment", "leaderFollower", "enabled"}))
        values.settings.push_back({"leader-follower", "kubecostDeployment.leaderFollower.enabled",
                                   spec.leader_follower ? "true" : "false"});
    if (says(layers, {"kubecostDeployment", "replicas"}))
        values.settings.push_back(
            {"replicas", "kubecostDeployment.replicas", std::to_string(spec.replicas)});
    if (!spec.bucket_secret.empty())
        values.settings.push_back(
            {"bucket-config", "kubecostModel.etlBucketConfigSecret", kMountedSecret});
    return values;
}

}  // namespace leasehold::agent
