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

using Path = std::initializer_list<std::string_view>;

/// What the last layer says that speaks of this path. None: nobody does, or a later layer takes it
/// away, by null or by a whole map in the place of one that held it.
std::optional<config::Node> last_word(const std::vector<config::Node>& layers, Path path) {
    std::optional<config::Node> said;
    for (const config::Node& layer : layers) {
        const config::Node* at = &layer;
        for (const std::string_view& key : path) {
            if (at->kind != config::NodeKind::map) break;
            if (at->whole) said.reset();
            at = at->find(key);
            if (at == nullptr) break;
            if (at->kind == config::NodeKind::null) said.reset();
            if (at->kind != config::NodeKind::null && &key == path.end() - 1) said = *at;
        }
    }
    return said;
}

/// Of kubecostModel.<key>, which read_values() has no use for.
void check_read_only(const std::vector<config::Node>& layers, const ReadOnlyKey& wanted) {
    const auto last = last_word(layers, {"kubecostModel", wanted.key});
    if (!last) return;
    const std::string path = "kubecostModel." + std::string(wanted.key);
    const auto truth = config::helm_truth(*last);
    if (!truth) config::fail(*last, path + ": expected true or false, found " + last->describe());
    if (*truth)
        config::fail(*last, path + " is true, and the agent has no read-only mode: " +
                                std::string(wanted.why));
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
    if (last_word(layers, {"kubecostDeployment", "leaderFollower", "enabled"}))
        values.settings.push_back({"leader-follower", "kubecostDeployment.leaderFollower.enabled",
                                   spec.leader_follower ? "true" : "false"});
    if (last_word(layers, {"kubecostDeployment", "replicas"}))
        values.settings.push_back(
            {"replicas", "kubecostDeployment.replicas", std::to_string(spec.replicas)});
    if (!spec.bucket_secret.empty())
        values.settings.push_back(
            {"bucket-config", "kubecostModel.etlBucketConfigSecret", kMountedSecret});
    return values;
}

}  // namespace leasehold::agent
