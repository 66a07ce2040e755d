#include "agent/lease/api_access.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "agent/lease/token_source.hpp"

namespace leasehold::agent {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string first_line(const std::string& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    line.erase(line.find_last_not_of(" \t\r") + 1);
    return line;
}

bool is_port(const std::string& text) {
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == text.npos &&
           std::stoul(text) <= 65535;
}

}  // namespace

Result<ApiAccess, std::string> in_cluster_access(const std::string& directory) {
    const std::string host = variable("KUBERNETES_SERVICE_HOST");
    const std::string port = variable("KUBERNETES_SERVICE_PORT");
    if (host.empty()) return Unexpected{std::string("KUBERNETES_SERVICE_HOST is not set")};
    if (!is_port(port))
        return Unexpected{"KUBERNETES_SERVICE_PORT: expected a port, found \"" + port + "\""};
    ApiAccess access;
    access.server =
        "https://" + (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + port;
    access.tls.ca_file = directory + "/ca.crt";
    access.token_file = directory + "/token";
    if (!std::ifstream(access.tls.ca_file)) return Unexpected{"cannot read " + access.tls.ca_file};
    if (read_token_file(access.token_file).empty())
        return Unexpected{"no token in " + access.token_file};
    access.namespace_name = first_line(directory + "/namespace");
    return access;
}

}  // namespace leasehold::agent
