// HTTP, stop, recording, log; and files that would be written over each other.
#include <array>
#include <filesystem>
#include <limits>

#include "agent/config/listen.hpp"
#include "agent/config/parts.hpp"
#include "config/units.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kLogFormats{"text", "json"};
constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::uint64_t kLargestBody = 5ULL << 30;  // S3 takes no larger single PUT
constexpr Duration kGracePeriod = 30s;              // Kubernetes' default for a pod

/// Others on the network may read backups and write them: they must show a token, over TLS.
void check_exposure(const ServerOptions& http, const Given* listen, AgentConfig& config) {
    if (is_loopback(http.address)) return;
    std::string missing;
    if (http.token_file.empty()) missing = "--listen-token-file";
    if (http.certificate_file.empty())
        missing += (missing.empty() ? "" : " and ") + std::string("--tls-certificate, --tls-key");
    if (missing.empty()) return;
    const std::string what = "--listen " + listen->text;
    if (!http.insecure_listen)
        refuse(what + " is not loopback: expected " + missing + " too, or --insecure-listen");
    config.warnings.push_back(what + " without " + missing +
                              ": whoever reaches it can read and write backups");
}

fs::path whole(const std::string& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(path, error);
    fs::path found = fs::weakly_canonical(absolute, error);
    if (error) found = absolute.lexically_normal();
    if (!found.has_filename()) found = found.parent_path();  // "db/" is "db"
    return found;
}

bool within(const fs::path& inner, const fs::path& outer) {
    const fs::path relative = inner.lexically_relative(outer);
    return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

void read_http(const Inputs& inputs, AgentConfig& config) {
    ServerOptions& http = config.http;
    http.spool_directory = config.store_directory;
    if (http.spool_directory.empty()) {
        std::error_code error;
        http.spool_directory = fs::temp_directory_path(error).string();
        if (error) refuse("TMPDIR: no directory for large bodies: " + error.message());
    }
    if (config.command == AgentCommand::record_world) return;
    ListenAddress listen{http.address, http.port, true};
    inputs.parsed("listen", listen, parse_listen);
    http.address = listen.address;
    http.port = listen.port;
    inputs.file("listen-token-file", http.token_file);
    inputs.file("tls-certificate", http.certificate_file);
    inputs.file("tls-key", http.key_file);
    if (http.certificate_file.empty() != http.key_file.empty())
        refuse(http.key_file.empty() ? "--tls-certificate needs --tls-key"
                                     : "--tls-key needs --tls-certificate");
    inputs.toggle("insecure-listen", http.insecure_listen);
    check_exposure(http, inputs.find("listen"), config);
    if (inputs.parsed("body-limit", http.body_limit, config::parse_size) &&
        (http.body_limit < 1 || http.body_limit > kLargestBody))
        refuse("--body-limit: expected 1B to " + config::format_size(kLargestBody) +
               " (S3 takes no larger single PUT), found " + inputs.find("body-limit")->text);
    inputs.duration("query-deadline", http.query_deadline, 1ms, 10min);
}

void read_process(const Inputs& inputs, AgentConfig& config) {
    if (inputs.duration("stop-deadline", config.stop_deadline, 1s, 1h) &&
        config.stop_deadline >= kGracePeriod)
        config.warnings.push_back(
            "--stop-deadline " + inputs.find("stop-deadline")->text +
            ": the pod's terminationGracePeriodSeconds must be larger (Kubernetes' default is "
            "30), or the stop ends by SIGKILL");
    inputs.text("record", config.record_file);
    std::error_code error;
    if (fs::is_directory(config.record_file, error))
        refuse("--record: " + config.record_file + ": a directory, not a file");
    if (config.command == AgentCommand::record_world && config.record_file.empty())
        refuse("record-world: expected --record FILE, the recording to write");
    inputs.duration("record-poll", config.record_poll, 10ms, 1h);
    if (const auto format = inputs.choice("log", kLogFormats))
        config.log_format = static_cast<LogFormat>(*format);
    if (const auto level = inputs.choice("log-level", kLevels))
        config.log_level = kLevels.at(*level);
}

void check_paths(const Inputs& inputs, const AgentConfig& config) {
    const bool directory = config.bucket && config.bucket->type == BucketType::filesystem;
    const fs::path bucket = directory ? whole(config.bucket->directory) : fs::path();
    const fs::path store =
        config.store_directory.empty() ? fs::path() : whole(config.store_directory);
    if (!bucket.empty() && !store.empty() && (within(store, bucket) || within(bucket, store)))
        refuse("the bucket's directory " + config.bucket->directory +
               " and the local files' directory " + config.store_directory +
               " must not lie one in the other");
    if (config.record_file.empty()) return;
    const fs::path record = whole(config.record_file);
    if (!store.empty() && within(record, store))
        refuse("--record " + config.record_file + " lies among the local files in " +
               config.store_directory);
    if (!bucket.empty() && within(record, bucket))
        refuse("--record " + config.record_file + " lies among the bucket's objects in " +
               config.bucket->directory);
    for (const char* flag : {"bucket-config", "kubeconfig", "api-ca-file", "api-token-file",
                             "listen-token-file", "tls-certificate", "tls-key"})
        if (const Given* given = inputs.find(flag);
            given != nullptr && whole(given->text) == record)
            refuse("--record would be written over " + given->words());
    for (const std::string& file : inputs.value_files())
        if (whole(file) == record) refuse("--record would be written over --values " + file);
}

}  // namespace leasehold::agent
