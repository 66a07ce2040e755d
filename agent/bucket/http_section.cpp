#include "agent/bucket/http_section.hpp"

#include <string>

#include "agent/bucket/s3_section.hpp"
#include "agent/bucket/secret_map.hpp"

namespace leasehold::agent {
namespace {

void read_tls(const config::Node& node, TlsOptions& tls) {
    const SecretMap map(node, "config.http_config.tls_config", kTlsKeys, home_of);
    map.text("ca_file", tls.ca_file);
    map.text("cert_file", tls.certificate_file);
    map.text("key_file", tls.key_file);
    map.word("server_name", tls.server_name);
    bool skip = false;
    map.boolean("insecure_skip_verify", skip);
    if (skip) tls.verify = false;
    if (tls.certificate_file.empty() != tls.key_file.empty())
        map.fail_at(tls.key_file.empty() ? "key_file" : "cert_file",
                    "missing: cert_file and key_file are given both or neither");
}

}  // namespace

void read_http_section(const config::Node& node, BucketConfig& config) {
    const SecretMap map(node, "config.http_config", kHttpKeys, home_of);
    TlsOptions& tls = config.tls;
    // Each request comes with its own time-out, and the model says how many there are at a time.
    for (const auto key : {"idle_conn_timeout", "response_header_timeout", "tls_handshake_timeout",
                           "expect_continue_timeout"})
        map.check_duration(key);
    for (const auto key : {"max_idle_conns", "max_idle_conns_per_host", "max_conns_per_host"})
        map.check_count(key);
    bool ignored = false;
    map.boolean("disable_compression", ignored);  // nothing is ever compressed
    for (const auto key : kHttpKeys)
        if (map.find(key) != nullptr && key != "insecure_skip_verify" && key != "tls_config")
            config.without_effect.push_back("http_config." + std::string(key));
    bool skip = false;
    map.boolean("insecure_skip_verify", skip);
    if (skip) tls.verify = false;
    if (const config::Node* inner = map.find("tls_config")) read_tls(*inner, tls);
}

}  // namespace leasehold::agent
