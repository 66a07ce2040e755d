// kubeconfig_access: what of a kubeconfig this program needs, and a clear refusal of the rest.
//
// Keys that kubectl alone needs (extensions, preferences ...) are ignored, as kubectl ignores
// keys that it does not know.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

#include "agent/lease/api_access.hpp"
#include "agent/lease/kubeconfig_nodes.hpp"
#include "agent/lease/token_source.hpp"
#include "config/nearest.hpp"
#include "config/tree.hpp"

namespace leasehold::agent {
namespace {

using config::fail;
using config::Node;
using config::NodeKind;

/// The `inner` map of the entry called `name` in the top-level list `list`.
const Node& entry(const Node& top, const std::string& list, const std::string& inner,
                  const std::string& name, const Node& asked_at) {
    const Node* entries = top.find(list);
    if (entries == nullptr || entries->kind != NodeKind::list)
        fail(entries == nullptr ? top : *entries, list + ": expected a list");
    std::vector<std::string> names;
    for (const Node& item : entries->items) {
        if (item.kind != NodeKind::map) fail(item, "expected a map with name and " + inner);
        names.push_back(text_at(item, "name"));
        if (names.back() != name) continue;
        const Node* found = item.find(inner);
        if (found == nullptr || found->kind != NodeKind::map)
            fail(found == nullptr ? item : *found, inner + ": expected a map");
        return *found;
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string near = config::nearest(name, views);
    fail(asked_at, "no " + inner + " is named \"" + name + "\"" +
                       (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

/// The decoded text of a `...-data` key, which must be PEM.
std::string pem_at(const Node& map, std::string_view key) {
    std::string text = text_at(map, key);
    if (text.empty()) return {};
    const Node& at = *map.find(key);
    text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '\n'; }),
               text.end());
    std::string pem(text.size() / 4 * 3 + 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(pem.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < 3) fail(at, std::string(key) + ": expected base64");
    // What the padding stands for is counted as well.
    const auto padding = static_cast<std::size_t>(std::count(text.end() - 2, text.end(), '='));
    pem.resize(static_cast<std::size_t>(size) - padding);
    if (pem.find("-----BEGIN ") == pem.npos)
        fail(at, std::string(key) + ": expected PEM in base64");
    return pem;
}

/// The file at `key`, relative to the kubeconfig; it must be there.
std::string file_at(const Node& map, std::string_view key) {
    const std::string text = text_at(map, key);
    if (text.empty()) return {};
    const auto path = std::filesystem::path(*map.file).parent_path() / text;
    std::error_code error;  // a folder that may not be entered is no reason to throw
    if (!std::filesystem::is_regular_file(path, error) || !std::ifstream(path))
        fail(*map.find(key), std::string(key) + ": cannot read " + path.string());
    return path.string();
}

void refuse_keys(const Node& map, std::span<const std::string_view> keys, const std::string& what) {
    for (const std::string_view key : keys)
        if (has(map, key)) fail(*map.find(key), std::string(key) + " is not supported: " + what);
}

bool is_loopback(const std::string& server) {
    const std::string rest = server.substr(server.find("://") + 3);
    for (const std::string_view host : {"localhost", "127.0.0.1", "[::1]"})
        if (rest == host || rest.starts_with(std::string(host) + ":") ||
            rest.starts_with(std::string(host) + "/"))
            return true;
    return false;
}

/// As clientcmd takes it. The message never quotes it: it may hold a password.
std::string proxy_at(const Node& cluster) {
    const std::string proxy = text_at(cluster, "proxy-url");
    if (proxy.empty()) return {};
    const auto odd = [](char c) { return c <= ' ' || c >= 0x7f; };
    const std::string_view scheme = std::string_view(proxy).substr(0, proxy.find("://"));
    const bool known = scheme == "http" || scheme == "https" || scheme == "socks5";
    if (!known || std::any_of(proxy.begin(), proxy.end(), odd))
        fail(*cluster.find("proxy-url"), "proxy-url: expected http://HOST:PORT (or https, socks5)");
    return proxy;
}

void read_cluster(const Node& cluster, ApiAccess& access) {
    access.server = text_at(cluster, "server");
    if (access.server.empty()) fail(cluster, "server: expected https://HOST[:PORT]");
    const Node& at = *cluster.find("server");
    const bool secure = access.server.starts_with("https://");
    if ((!secure && !access.server.starts_with("http://")) ||
        access.server.find_first_of("?#@ ") != access.server.npos)
        fail(at, "server: expected https://HOST[:PORT], found \"" + access.server + "\"");
    if (!secure && !is_loopback(access.server))
        fail(at, "server: expected https:// (http:// only on loopback)");
    while (access.server.ends_with('/'))
        access.server.pop_back();
    access.proxy = proxy_at(cluster);
    access.tls.ca_pem = pem_at(cluster, "certificate-authority-data");
    if (access.tls.ca_pem.empty()) access.tls.ca_file = file_at(cluster, "certificate-authority");
    access.tls.server_name = text_at(cluster, "tls-server-name");
    access.tls.verify = !flag_at(cluster, "insecure-skip-tls-verify");
    if (!access.tls.verify && !(access.tls.ca_pem.empty() && access.tls.ca_file.empty()))
        fail(*cluster.find("insecure-skip-tls-verify"),
             "insecure-skip-tls-verify: true contradicts certificate-authority");
}

void read_user(const Node& user, ApiAccess& access) {
    constexpr std::array<std::string_view, 1> kProviders{"auth-provider"};
    constexpr std::array<std::string_view, 2> kPasswords{"username", "password"};
    constexpr std::array<std::string_view, 4> kOthers{"as", "as-uid", "as-groups", "as-user-extra"};
    const std::string instead = "give the user a token, tokenFile, client certificate or exec";
    refuse_keys(user, kProviders, instead);
    refuse_keys(user, kPasswords, "Kubernetes 1.19 removed passwords; " + instead);
    refuse_keys(user, kOthers, "this program acts as itself");
    access.token = clean_token(text_at(user, "token"));
    if (access.token.empty() && has(user, "token"))
        fail(*user.find("token"), "token: it holds what no header can");
    access.token_file = file_at(user, "tokenFile");
    if (!access.token_file.empty() && read_token_file(access.token_file).empty())
        fail(*user.find("tokenFile"), "tokenFile: no token in " + access.token_file);
    access.tls.certificate_pem = pem_at(user, "client-certificate-data");
    if (access.tls.certificate_pem.empty())
        access.tls.certificate_file = file_at(user, "client-certificate");
    access.tls.key_pem = pem_at(user, "client-key-data");
    if (access.tls.key_pem.empty()) access.tls.key_file = file_at(user, "client-key");
    const bool certificate =
        !access.tls.certificate_pem.empty() || !access.tls.certificate_file.empty();
    const bool key = !access.tls.key_pem.empty() || !access.tls.key_file.empty();
    const bool token = !access.token.empty() || !access.token_file.empty();
    if (key && !certificate && token) {
        // Beside a token clientcmd takes no notice of it; in files that tools wrote it is left
        // over.
        access.tls.key_pem.clear();
        access.tls.key_file.clear();
        return;
    }
    if (certificate != key)
        fail(user, certificate ? "a client certificate without client-key or client-key-data"
                               : "a client key without client-certificate");
}

ApiAccess read_kubeconfig(const std::string& file, const std::string& asked) {
    const Node top = config::parse_tree(config::load_text(file), file);
    if (top.kind != NodeKind::map) fail(top, "expected a kubeconfig, a map");
    if (const std::string kind = text_at(top, "kind"); !kind.empty() && kind != "Config")
        fail(*top.find("kind"), "kind: expected Config");
    const std::string name = asked.empty() ? text_at(top, "current-context") : asked;
    if (name.empty()) fail(top, "current-context: expected a name, or --context");
    const Node* current = top.find("current-context");
    const Node& context = entry(top, "contexts", "context", name, asked.empty() ? *current : top);
    const auto named = [&](const std::string& key) -> const Node& {
        const std::string target = text_at(context, key);
        if (target.empty()) fail(context, key + ": expected a name");
        return entry(top, key + "s", key, target, *context.find(key));
    };
    ApiAccess access;
    access.namespace_name = text_at(context, "namespace");
    read_cluster(named("cluster"), access);
    if (has(context, "user")) {
        const Node& user = named("user");
        read_user(user, access);
        // A token goes before it, as with clientcmd: the command would be run for nothing.
        const bool token = !access.token.empty() || !access.token_file.empty();
        if (has(user, "exec") && !token)
            access.exec = read_exec(*user.find("exec"), named("cluster"), access);
    }
    if (!access.server.starts_with("https://") &&
        !(access.token.empty() && access.token_file.empty() && !access.exec))
        fail(context, "a token is only sent to an https:// server");
    return access;
}

}  // namespace

Result<ApiAccess, std::string> kubeconfig_access(const std::string& file,
                                                 const std::string& context) {
    try {
        return read_kubeconfig(file, context);
    } catch (const config::InputError& error) {
        return Unexpected{error.diagnostic.to_string()};
    }
}

}  // namespace leasehold::agent
