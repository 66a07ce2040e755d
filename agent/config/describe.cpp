// What is in force, as YAML. Keys are the flags' names, so that what is shown can be typed; a
// comment says where each came from. Secrets are "set" or "not set".
#include <string_view>
#include <vector>

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include "agent/bucket/s3_url.hpp"
#include "agent/config/config.hpp"
#include "agent/config/listen.hpp"
#include "config/units.hpp"

namespace leasehold::agent {
namespace {

std::string yes_no(bool value) {
    return value ? "true" : "false";
}

std::string set_or_not(bool value) {
    return value ? "set" : "not set";
}

class Writer {
  public:
    explicit Writer(const AgentConfig& config) : config_(config) {
        out_.SetMapFormat(YAML::Block);
        out_ << YAML::BeginMap;
    }

    /// A setting by its flag.
    void setting(std::string_view flag, const std::string& value) { setting_or(flag, flag, value); }
    /// One that may follow from another flag.
    void setting_or(std::string_view flag, std::string_view other, const std::string& value) {
        auto origin = config_.origins.find(flag);
        if (origin == config_.origins.end()) origin = config_.origins.find(other);
        pair(flag, value);
        out_ << YAML::Comment(origin == config_.origins.end() ? "default" : origin->second);
    }
    /// What no flag says.
    void fact(std::string_view key, const std::string& value) { pair(key, value); }
    void begin(std::string_view key, const std::string& comment) {
        out_ << YAML::Key << std::string(key) << YAML::Value << YAML::Comment(comment)
             << YAML::BeginMap;
    }
    void end() { out_ << YAML::EndMap; }
    std::string finish() {
        out_ << YAML::EndMap;
        return std::string(out_.c_str()) + "\n";
    }

  private:
    void pair(std::string_view key, const std::string& value) {
        out_ << YAML::Key << std::string(key) << YAML::Value << value;
    }

    const AgentConfig& config_;
    YAML::Emitter out_;
};

std::string without_user(const std::string& url) {
    const std::size_t at = url.rfind('@');
    const std::size_t scheme = url.find("://");
    if (at == std::string::npos) return url;
    return (scheme == std::string::npos ? "" : url.substr(0, scheme + 3)) + url.substr(at + 1);
}

void tls(Writer& out, const TlsOptions& options) {
    out.fact("trust", !options.verify            ? "anybody (not verified)"
                      : !options.ca_file.empty() ? options.ca_file
                      : !options.ca_pem.empty()  ? "a CA given by value"
                                                 : "the system's roots");
    if (!options.server_name.empty()) out.fact("server-name", options.server_name);
    const bool file = !options.certificate_file.empty();
    out.fact("client-certificate",
             file ? options.certificate_file : set_or_not(!options.certificate_pem.empty()));
}

std::string whence(const AgentConfig& config, std::string_view flag, std::string_view other) {
    for (const std::string_view one : {flag, other})
        if (const auto at = config.origins.find(one); at != config.origins.end()) return at->second;
    return "the pod's service account";
}

void election(Writer& out, const AgentConfig& config) {
    const ElectorConfig& election = config.election;
    out.setting_or("lease-duration", "profile", config::format_duration(election.lease_duration));
    out.setting_or("renew-deadline", "profile",
                   config::format_duration(election.effective_renew_deadline()));
    out.setting_or("retry-period", "profile", config::format_duration(election.retry_period));
    out.setting("drift", std::to_string(election.drift_ppm) + "ppm");
    out.setting("longest-lease", config::format_duration(election.longest_lease));
    out.setting("max-lease-duration", config::format_duration(election.longest_of_members()));
    out.setting("client-go-peers", yes_no(election.client_go_peers));
    out.setting("leader-events", yes_no(config.leader_events));
    out.setting("believe-ended-holder", yes_no(election.believe_ended_holder));
    out.setting("pod-uid", config.place.uid.empty() ? "not set" : config.place.uid);
    out.setting_or("pod-namespace", "namespace", config.place.pod.namespace_name);
    out.setting("container-name", config.place.container);
}

void api(Writer& out, const AgentConfig& config) {
    out.setting("namespace", config.lease.namespace_name);
    out.setting("lease-name", config.lease.name);
    out.begin("api", whence(config, "api-server", "kubeconfig"));
    out.fact("server", config.api->server);
    tls(out, config.api->tls);
    if (!config.api->proxy.empty()) out.fact("proxy", without_user(config.api->proxy));
    out.fact("token", config.api->exec                  ? "asked of " + config.api->exec->command
                      : !config.api->token_file.empty() ? config.api->token_file
                                                        : set_or_not(!config.api->token.empty()));
    out.end();
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string encryption(const BucketConfig& bucket) {
    switch (bucket.encryption) {
        case Encryption::sse_s3:
            return "SSE-S3";
        case Encryption::sse_kms:
            return "SSE-KMS";
        case Encryption::sse_c:
            return "SSE-C";
        case Encryption::none:
            break;
    }
    return "none";
}

void s3_store(Writer& out, const AgentConfig& config) {
    const BucketConfig& bucket = *config.bucket;
    out.fact("endpoint", (bucket.insecure ? "http://" : "https://") + bucket.endpoint);
    out.fact("region", bucket.region + (bucket.region_guessed ? " (a guess: none is given)" : ""));
    out.fact("addressing", bucket.virtual_host ? "virtual host" : "path");
    out.fact("url", bucket_url(bucket));
    out.fact("credentials", config.credentials);
    out.fact("access-key", set_or_not(!bucket.access_key.empty()));
    out.fact("secret-key", set_or_not(!bucket.secret_key.empty()));
    out.fact("session-token", set_or_not(!bucket.session_token.empty()));
    if (!bucket.insecure) tls(out, bucket.tls);
}

void google_store(Writer& out, const AgentConfig& config) {
    out.fact("url", config.store_url + "/" + config.bucket->bucket + "/");
    out.fact("credentials", config.credentials);
    out.fact("service-account", set_or_not(!config.bucket->service_account.empty()));
    if (config.store_url.starts_with("https://")) tls(out, config.bucket->tls);
}

void azure_store(Writer& out, const AgentConfig& config) {
    const AzureConfig& azure = config.bucket->azure;
    out.fact("url", config.store_url);
    out.fact("credentials", config.credentials);
    out.fact("account-key", set_or_not(!azure.key.empty()));
    out.fact("shared-access-signature", set_or_not(!azure.sas.empty()));
    out.fact("client-secret", set_or_not(!azure.client_secret.empty()));
    if (!config.bucket->insecure) tls(out, config.bucket->tls);
}

void bucket(Writer& out, const AgentConfig& config) {
    if (!config.bucket) {
        out.fact("bucket", "none");
        return;
    }
    const BucketConfig& bucket = *config.bucket;
    const auto file = config.origins.find("bucket-config");
    out.begin("bucket", file == config.origins.end() ? "--bucket-dir" : file->second);
    if (bucket.type == BucketType::filesystem) {
        out.fact("type", "FILESYSTEM");
        out.fact("directory", bucket.directory);
    } else {
        const bool google = bucket.type == BucketType::gcs;
        const bool azure = bucket.type == BucketType::azure;
        out.fact("type", google ? "GCS" : azure ? "AZURE" : "S3");
        out.fact("bucket", bucket.bucket);
        if (google)
            google_store(out, config);
        else if (azure)
            azure_store(out, config);
        else
            s3_store(out, config);
        if (!bucket.proxy.empty()) {
            out.fact("proxy", without_user(bucket.proxy));
            if (!bucket.no_proxy.empty()) out.fact("no-proxy", bucket.no_proxy);
        }
        if (!google && !azure) out.fact("encryption", encryption(bucket));
        if (!bucket.without_effect.empty())
            out.fact("without-effect", joined(bucket.without_effect));
    }
    out.fact("prefix", bucket.prefix.empty() ? "none" : bucket.prefix);
    out.end();
}

void storage(Writer& out, const AgentConfig& config) {
    const StorageConfig& storage = config.storage;
    out.setting("prefix", storage.prefix.str());
    if (config.elects) {
        out.setting("object-format", storage.format == ObjectFormat::plain ? "plain" : "fenced");
        out.setting("preconditions", storage.store_not_atomic ? "notAtomic" : "probe");
        out.setting("poll-period", config::format_duration(storage.poll_period));
    } else {
        out.fact("object-format", "plain");
    }
    out.setting("write-deadline", config::format_duration(storage.write_deadline));
    out.setting("largest-request-age", config::format_duration(storage.largest_request_age));
    out.setting("store-dir", config.store_directory.empty() ? "none" : config.store_directory);
}

void http(Writer& out, const AgentConfig& config) {
    const ServerOptions& http = config.http;
    const auto file = [](const std::string& path) { return path.empty() ? "not set" : path; };
    out.setting("listen", format_listen(http.address, http.port));
    out.setting("listen-token-file", file(http.token_file));
    out.setting("tls-certificate", file(http.certificate_file));
    out.setting("tls-key", file(http.key_file));
    out.setting("insecure-listen", yes_no(http.insecure_listen));
    out.setting("body-limit", config::format_size(http.body_limit));
    out.setting("query-deadline", config::format_duration(http.query_deadline));
}

}  // namespace

std::string describe(const AgentConfig& config) {
    Writer out(config);
    const bool records = config.command == AgentCommand::record_world;
    if (!records) {
        out.setting("leader-follower", yes_no(config.leader_follower));
        out.setting("replicas", config.replicas ? std::to_string(*config.replicas) : "not said");
        out.fact("elects", yes_no(config.elects));
        if (config.ignored_values > 0)
            out.fact("ignored-helm-values", std::to_string(config.ignored_values));
        out.setting("pod-name", config.pod_name);
    }
    if (config.api) api(out, config);
    if (config.elects) election(out, config);
    bucket(out, config);
    if (!records) {
        storage(out, config);
        http(out, config);
        out.setting("stop-deadline", config::format_duration(config.stop_deadline));
    } else {
        out.setting("prefix", config.storage.prefix.str());
        out.setting("record-poll", config::format_duration(config.record_poll));
    }
    out.setting("record", config.record_file.empty() ? "none" : config.record_file);
    out.setting("log", config.log_format == LogFormat::json ? "json" : "text");
    out.setting("log-level", config.log_level);
    return out.finish();
}

}  // namespace leasehold::agent
