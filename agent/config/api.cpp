// The way to the API server, and which Lease is contended for.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "agent/config/listen.hpp"
#include "agent/config/parts.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestName = 253;

bool is_kubernetes_name(std::string_view text, std::size_t most, bool dots) {
    const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= most && alnum(text.front()) && alnum(text.back()) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return alnum(c) || c == '-' || (dots && c == '.'); });
}

/// "https://10.96.0.1:443": scheme and host, or a refusal.
void check_server(const std::string& url) {
    const bool secure = url.starts_with("https://");
    const std::size_t start = secure ? 8 : 7;
    if (url.find('@') != std::string::npos)
        refuse("--api-server: expected https://HOST[:PORT], found a user in it");
    const bool path = url.find_first_of("/?# ", start) != std::string::npos;
    if ((!secure && !url.starts_with("http://")) || url.size() == start || path)
        refuse("--api-server: expected https://HOST[:PORT] without a path, found \"" + url + "\"");
    if (secure) return;
    std::string host = url.substr(start);
    if (host.starts_with('[')) {
        host = host.substr(1, host.find(']') - 1);
    } else {
        host = host.substr(0, host.find(':'));
    }
    if (!is_loopback(host))
        refuse("--api-server: expected https:// (plain HTTP only on loopback), found \"" + url +
               "\"");
}

ApiAccess from_flags(const Inputs& inputs) {
    for (const char* other : {"kubeconfig", "context"})
        if (inputs.typed(other))
            refuse(std::string("--api-server and --") + other + " exclude each other");
    ApiAccess access;
    inputs.text("api-server", access.server);
    if (access.server.ends_with('/')) access.server.pop_back();
    check_server(access.server);
    inputs.file("api-ca-file", access.tls.ca_file);
    inputs.file("api-token-file", access.token_file);
    return access;
}

ApiAccess take(Result<ApiAccess, std::string> found, const std::string& whence) {
    if (!found) refuse(whence + found.error());
    return *std::move(found);
}

ApiAccess find_access(const Inputs& inputs, const std::string& service_account) {
    if (inputs.typed("api-server")) return from_flags(inputs);
    for (const char* flag : {"api-ca-file", "api-token-file"})
        if (inputs.typed(flag)) refuse(std::string("--") + flag + " needs --api-server");
    if (std::string file; inputs.file("kubeconfig", file)) {
        std::string context;
        inputs.text("context", context);
        return take(kubeconfig_access(file, context), "--kubeconfig: ");
    }
    if (inputs.typed("context")) refuse("--context needs --kubeconfig");
    if (inputs.variable("KUBERNETES_SERVICE_HOST") != nullptr)
        return take(in_cluster_access(service_account), "in the cluster: ");
    refuse(
        "no Kubernetes API to elect by: KUBERNETES_SERVICE_HOST is not set, as it is in a pod; "
        "outside of one, set --kubeconfig or --api-server (or try --standalone)");
}

/// Which Pod this is, and which container in it; of use only where an ended holder is believed.
void read_place(const Inputs& inputs, AgentConfig& config) {
    OwnPlace& place = config.place;
    place.pod = {config.lease.namespace_name, config.pod_name};
    place.container = "agent";
    if (inputs.text("pod-namespace", place.pod.namespace_name) &&
        !is_kubernetes_name(place.pod.namespace_name, kLongestLabel, false))
        refuse(inputs.find("pod-namespace")->origin +
               ": expected a namespace (lower-case letters, digits and -), found \"" +
               place.pod.namespace_name + "\"");
    if (inputs.text("container-name", place.container) &&
        !is_kubernetes_name(place.container, kLongestLabel, false))
        refuse(inputs.find("container-name")->origin +
               ": expected a container's name (lower-case letters, digits and -), found \"" +
               place.container + "\"");
    const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
    if (inputs.text("pod-uid", place.uid) &&
        (place.uid.size() > kLongestName ||
         !std::all_of(place.uid.begin(), place.uid.end(), printable)))
        refuse(inputs.find("pod-uid")->origin + ": expected metadata.uid of this Pod, found \"" +
               place.uid + "\"");
    if (config.election.believe_ended_holder && place.uid.empty())
        config.warnings.push_back(
            "--believe-ended-holder without --pod-uid or POD_UID (metadata.uid of the downward "
            "API): others wait out this replica's lease whatever becomes of its container");
}

}  // namespace

void read_api(const Inputs& inputs, const std::string& service_account, AgentConfig& config) {
    if (!config.elects && config.command != AgentCommand::record_world) return;
    config.api = find_access(inputs, service_account);
    if (!config.api->tls.verify)
        config.warnings.push_back(
            "the API server's certificate is not verified "
            "(insecure-skip-tls-verify): anybody could answer for it");
    const ApiAccess& api = *config.api;
    if (inputs.typed("kubeconfig") && api.token.empty() && api.token_file.empty() && !api.exec &&
        api.tls.certificate_file.empty() && api.tls.certificate_pem.empty())
        config.warnings.push_back(
            "the kubeconfig's user has neither token, client certificate nor exec: to the API "
            "server it is system:anonymous");

    std::string& name_space = config.lease.namespace_name;
    std::string origin = "the namespace";
    if (inputs.text("namespace", name_space)) {
        origin = inputs.find("namespace")->origin;
    } else {
        name_space = config.api->namespace_name;
        config.origins.emplace("namespace", "the API access");
    }
    if (name_space.empty())
        refuse("no namespace for the Lease: set --namespace or KUBECOST_NAMESPACE");
    if (!is_kubernetes_name(name_space, kLongestLabel, false))
        refuse(origin + ": expected a namespace (lower-case letters, digits and -), found \"" +
               name_space + "\"");

    if (inputs.text("lease-name", config.lease.name)) {
        origin = inputs.find("lease-name")->origin;
    } else {
        const std::string* release = inputs.variable("RELEASE_NAME");
        origin = release == nullptr ? "" : "RELEASE_NAME";
        config.lease.name = (release == nullptr ? "leasehold" : *release) + "-etl-leader";
        if (release != nullptr) config.origins.emplace("lease-name", origin);
    }
    if (!is_kubernetes_name(config.lease.name, kLongestName, true))
        refuse(origin +
               ": expected the name of a Lease (lower-case letters, digits, - and .), "
               "found \"" +
               config.lease.name + "\"");
    if (config.elects) read_place(inputs, config);
}

}  // namespace leasehold::agent
