#include "agent/lease/exec_plugin.hpp"

#include <nlohmann/json.hpp>

#include "agent/lease/micro_time.hpp"
#include "agent/lease/strict_json.hpp"

namespace leasehold::agent {
namespace {

using nlohmann::json;

/// A text of the status; empty when absent or null. Throws JsonError.
std::string text_of(const json& status, const char* name) {
    const auto at = status.find(name);
    if (at == status.end() || at->is_null()) return {};
    if (!at->is_string()) throw JsonError(std::string("status.") + name + " is not a text");
    return at->get<std::string>();
}

bool fits_a_header(const std::string& token) {
    for (const char c : token)
        if (c <= ' ' || c >= 0x7f) return false;
    return true;
}

/// RFC 3339, of whose fraction any number of digits may be there: with the six of a MicroTime.
std::string with_micros(const std::string& time) {
    constexpr std::size_t kSeconds = 19;  // "2026-11-22T14:00:00"
    if (time.size() < kSeconds) return time;
    std::size_t end = kSeconds;
    std::string fraction;
    if (end < time.size() && time[end] == '.')
        for (++end; end < time.size() && time[end] >= '0' && time[end] <= '9'; ++end)
            fraction += time[end];
    fraction.resize(6, '0');
    return time.substr(0, kSeconds) + "." + fraction + time.substr(end);
}

void check(const json& said, const ExecPlugin& plugin) {
    if (!said.is_object()) throw JsonError("not an object");
    const std::string kind = said.value("kind", json()).is_string() ? said["kind"] : json("");
    if (kind != "ExecCredential") throw JsonError("its kind is not ExecCredential");
    const json version = said.value("apiVersion", json());
    if (version != plugin.api_version)
        throw JsonError("its apiVersion is " +
                        (version.is_string() ? version.get<std::string>().substr(0, 60)
                                             : std::string("not given")) +
                        " and not " + plugin.api_version);
}

ExecCredential decode(const json& said, const ExecPlugin& plugin) {
    check(said, plugin);
    const auto status = said.find("status");
    if (status == said.end() || !status->is_object()) throw JsonError("it has no status");
    ExecCredential found;
    found.token = text_of(*status, "token");
    found.certificate_pem = text_of(*status, "clientCertificateData");
    found.key_pem = text_of(*status, "clientKeyData");
    if (found.certificate_pem.empty() != found.key_pem.empty())
        throw JsonError("clientCertificateData and clientKeyData go together");
    if (found.token.empty() && found.certificate_pem.empty())
        throw JsonError("there is no token and no client certificate in it");
    if (!fits_a_header(found.token)) throw JsonError("the token holds what no header can");
    for (const std::string* const pem : {&found.certificate_pem, &found.key_pem})
        if (!pem->empty() && pem->find("-----BEGIN ") == std::string::npos)
            throw JsonError("the client certificate or its key is not PEM");
    const std::string expires = text_of(*status, "expirationTimestamp");
    if (expires.empty()) return found;
    found.expires = parse_micro_time(with_micros(expires));
    if (!found.expires) throw JsonError("expirationTimestamp is not a date");
    return found;
}

}  // namespace

std::string exec_info(const ExecPlugin& plugin) {
    json spec = {{"interactive", false}};
    if (!plugin.cluster.empty()) spec["cluster"] = json::parse(plugin.cluster);
    return json{{"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", spec}}
        .dump();
}

Result<ExecCredential, std::string> decode_exec_credential(const ExecPlugin& plugin,
                                                           std::string_view output) {
    try {
        return decode(parse_json(output), plugin);
    } catch (const JsonError& error) {
        return Unexpected{std::string("what it printed is no ExecCredential: ") + error.what()};
    }
}

}  // namespace leasehold::agent
