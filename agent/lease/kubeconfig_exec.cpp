// The exec section of a user, as aws, gke-gcloud-auth-plugin and kubelogin write it.
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include <nlohmann/json.hpp>

#include "agent/base/md5.hpp"
#include "agent/lease/kubeconfig_nodes.hpp"
#include "config/nearest.hpp"
#include "config/yaml_words.hpp"

namespace leasehold::agent {
namespace {

using config::fail;
using config::Node;
using config::NodeKind;
using nlohmann::json;

constexpr std::string_view kV1 = "client.authentication.k8s.io/v1";
constexpr std::string_view kV1Beta1 = "client.authentication.k8s.io/v1beta1";
constexpr std::string_view kClusterExtension = "client.authentication.k8s.io/exec";

json to_json(const Node& node) {
    if (node.kind == NodeKind::null) return nullptr;
    if (node.kind == NodeKind::map) {
        json made = json::object();
        for (const Node::Entry& entry : node.entries)
            made[entry.key.text] = to_json(entry.value);
        return made;
    }
    if (node.kind == NodeKind::list) {
        json made = json::array();
        for (const Node& item : node.items)
            made.push_back(to_json(item));
        return made;
    }
    if (node.quoted) return node.text;
    if (const auto truth = config::yaml_boolean(node.text)) return *truth;
    const json number = json::parse(node.text, nullptr, false);
    return number.is_number() ? number : json(node.text);
}

/// What the cluster's extensions say to its plugins; null when nothing.
json plugin_config(const Node& cluster) {
    const Node* const extensions = cluster.find("extensions");
    if (extensions == nullptr || extensions->kind != NodeKind::list) return nullptr;
    for (const Node& one : extensions->items) {
        const Node* const name = one.find("name");
        const Node* const extension = one.find("extension");
        if (name != nullptr && name->text == kClusterExtension && extension != nullptr)
            return to_json(*extension);
    }
    return nullptr;
}

/// spec.cluster of an ExecCredential.
std::string describe_cluster(const Node& cluster, const ApiAccess& access) {
    json told = {{"server", access.server}};
    std::string authority = access.tls.ca_pem;
    if (!access.tls.ca_file.empty()) {
        std::ifstream in(access.tls.ca_file, std::ios::binary);
        authority.assign(std::istreambuf_iterator<char>(in), {});
    }
    if (!authority.empty()) told["certificate-authority-data"] = base64(authority);
    if (!access.tls.server_name.empty()) told["tls-server-name"] = access.tls.server_name;
    if (!access.tls.verify) told["insecure-skip-tls-verify"] = true;
    if (!access.proxy.empty()) told["proxy-url"] = access.proxy;
    if (json config = plugin_config(cluster); !config.is_null()) told["config"] = std::move(config);
    return told.dump();
}

std::string read_version(const Node& exec) {
    std::string version = text_at(exec, "apiVersion");
    if (version == kV1 || version == kV1Beta1) return version;
    const Node* const at = exec.find("apiVersion");
    const bool alpha = version == "client.authentication.k8s.io/v1alpha1";
    fail(at == nullptr ? exec : *at,
         "exec: apiVersion: expected " + std::string(kV1) + " or v1beta1" +
             (alpha ? ": Kubernetes 1.24 removed v1alpha1; let the tool that wrote this file write "
                      "it anew"
                    : ""));
}

/// The agent has nobody to ask.
void check_interaction(const Node& exec, const std::string& version) {
    constexpr std::array<std::string_view, 3> kModes{"Never", "IfAvailable", "Always"};
    const std::string mode = text_at(exec, "interactiveMode");
    if (mode.empty() && version == kV1Beta1) return;
    const Node* const at = exec.find("interactiveMode");
    if (mode == kModes[0] || mode == kModes[1]) return;
    if (mode == kModes[2])
        fail(*at, "exec: interactiveMode: Always wants a terminal, which the agent has not");
    fail(at == nullptr ? exec : *at,
         "exec: interactiveMode: expected Never, IfAvailable or Always" +
             std::string(mode.empty() ? ", which v1 asks for" : ""));
}

/// A path with a slash in it is relative to the kubeconfig; a name is looked up in PATH.
std::string read_command(const Node& exec) {
    const std::string command = text_at(exec, "command");
    if (command.empty()) fail(exec, "exec: command: expected a program");
    if (command.find('/') == std::string::npos) return command;
    std::error_code error;
    const auto file = std::filesystem::absolute(*exec.file, error);
    if (error) fail(exec, "exec: command: relative to a folder that is not there");
    return (file.parent_path() / command).lexically_normal();
}

void read_arguments(const Node& exec, ExecPlugin& plugin) {
    if (!has(exec, "args")) return;
    const Node& list = *exec.find("args");
    if (list.kind != NodeKind::list) fail(list, "exec: args: expected a list");
    for (const Node& item : list.items) {
        if (item.kind != NodeKind::scalar) fail(item, "exec: args: expected texts");
        plugin.arguments.push_back(item.text);
    }
}

void read_environment(const Node& exec, ExecPlugin& plugin) {
    if (!has(exec, "env")) return;
    const Node& list = *exec.find("env");
    if (list.kind != NodeKind::list) fail(list, "exec: env: expected a list of name and value");
    for (const Node& item : list.items) {
        if (item.kind != NodeKind::map) fail(item, "exec: env: expected a map of name and value");
        const std::string name = text_at(item, "name");
        if (name.empty() || name.find('=') != std::string::npos)
            fail(item, "exec: env: expected the name of a variable");
        plugin.environment.emplace_back(name, text_at(item, "value"));
    }
}

}  // namespace

std::string text_at(const Node& map, std::string_view key) {
    const Node* value = map.find(key);
    if (value == nullptr || value->kind == NodeKind::null) return {};
    if (value->kind != NodeKind::scalar) fail(*value, std::string(key) + ": expected a text");
    return value->text;
}

bool flag_at(const Node& map, std::string_view key) {
    const std::string text = text_at(map, key);
    if (text.empty()) return false;
    const std::optional<bool> value = config::yaml_boolean(text);
    if (!value || map.find(key)->quoted)
        fail(*map.find(key), std::string(key) + ": expected true or false");
    return *value;
}

bool has(const Node& map, std::string_view key) {
    const Node* value = map.find(key);
    return value != nullptr && value->kind != NodeKind::null &&
           !(value->kind == NodeKind::scalar && value->text.empty()) &&
           !(value->kind == NodeKind::map && value->entries.empty()) &&
           !(value->kind == NodeKind::list && value->items.empty());
}

ExecPlugin read_exec(const Node& exec, const Node& cluster, const ApiAccess& access) {
    if (exec.kind != NodeKind::map) fail(exec, "exec: expected a map");
    ExecPlugin plugin;
    plugin.api_version = read_version(exec);
    check_interaction(exec, plugin.api_version);
    plugin.command = read_command(exec);
    read_arguments(exec, plugin);
    read_environment(exec, plugin);
    plugin.install_hint = text_at(exec, "installHint");
    if (flag_at(exec, "provideClusterInfo")) plugin.cluster = describe_cluster(cluster, access);
    return plugin;
}

}  // namespace leasehold::agent
