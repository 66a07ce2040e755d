#include "agent/config/values.hpp"

#include <array>
#include <optional>
#include <string_view>

#include "agent/config/refused.hpp"
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
    if (last->kind != config::NodeKind::scalar || last->quoted ||
        (last->text != "true" && last->text != "false"))
        config::fail(*last, path + ": expected true or false, found " + last->describe());
    if (last->text == "true")
        config::fail(*last, path + " is true, and the agent has no read-only mode: " +
                                std::string(wanted.why));
}

}  // namespace

HelmValues read_helm_values(const std::vector<std::string>& files,
                            const std::vector<std::string>& sets) {
    HelmValues values;
    values.given = !files.empty() || !sets.empty();
    if (!values.given) return values;
    try {
        values.spec = config::read_values(nullptr, config::ValueSources{files, sets});
        std::vector<config::Node> layers;
        for (const std::string& file : files)
            layers.push_back(config::parse_tree(config::load_text(file), file));
        for (const std::string& set : sets)
            layers.push_back(config::parse_set(set));
        for (const ReadOnlyKey& key : kReadOnlyKeys)
            check_read_only(layers, key);
    } catch (const config::InputError& error) {
        refuse(config::presentable(error.diagnostic).to_string());
    }
    const config::ValuesSpec& spec = values.spec;
    values.settings = {{"leader-follower", "kubecostDeployment.leaderFollower.enabled",
                        spec.leader_follower ? "true" : "false"},
                       {"replicas", "kubecostDeployment.replicas", std::to_string(spec.replicas)}};
    if (!spec.bucket_secret.empty())
        values.settings.push_back(
            {"bucket-config", "kubecostModel.etlBucketConfigSecret", kMountedSecret});
    return values;
}

}  // namespace leasehold::agent
