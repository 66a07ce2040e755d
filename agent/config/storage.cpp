// The bucket, the local files, and the controller's durations.
#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "agent/bucket/azure_place.hpp"
#include "agent/bucket/azure_plan.hpp"
#include "agent/bucket/credentials_plan.hpp"
#include "agent/bucket/google_plan.hpp"
#include "agent/config/listen.hpp"
#include "agent/config/parts.hpp"
#include "agent/files/key_path.hpp"
#include "config/units.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> kFormats{"fenced", "plain"};  // ObjectFormat
constexpr std::array<std::string_view, 2> kPreconditions{"probe", "notAtomic"};
constexpr const char* kChartStore = "/var/configs/db";
constexpr std::string_view kOwnKeys = ".ha/";
constexpr Duration kLongest = 24h;
constexpr Duration kShortestPoll = 1s;
constexpr std::size_t kLongestKey = 1024;  // of S3, in bytes

bool is_file(const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    return std::filesystem::exists(status) && !std::filesystem::is_directory(status);
}

/// A variable's proxy; empty: it is not set.
std::string proxy_in(const Inputs& inputs, const char* name) {
    const std::string* const proxy = inputs.variable(name);
    if (proxy == nullptr) return {};
    // Its words stay unsaid: there may be a password in them.
    const auto odd = [](char c) { return c <= ' ' || c >= 0x7f; };
    const std::size_t scheme = proxy->find("://");
    const std::string_view kind = std::string_view(*proxy).substr(0, scheme);
    const bool known = scheme == std::string::npos || kind == "http" || kind == "https" ||
                       kind == "socks5" || kind == "socks5h";
    if (!known || std::any_of(proxy->begin(), proxy->end(), odd))
        refuse(std::string(name) + ": expected http://HOST:PORT (or https, socks5)");
    return *proxy;
}

/// As Go's clients, and so Kubecost, choose it: by the scheme, and never to this very machine.
void read_proxy(const Inputs& inputs, BucketConfig& bucket) {
    std::string host = bucket.endpoint;
    host =
        host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
    if (!is_loopback(host))
        bucket.proxy = proxy_in(inputs, bucket.insecure ? "HTTP_PROXY" : "HTTPS_PROXY");
    const bool role = bucket.access_key.empty();  // STS, or whoever has tokens, may be asked
    if (role) bucket.https_proxy = proxy_in(inputs, "HTTPS_PROXY");
    if (bucket.proxy.empty() && bucket.https_proxy.empty()) return;
    if (const std::string* const except = inputs.variable("NO_PROXY")) bucket.no_proxy = *except;
}

/// Google's store is met by HTTPS wherever it is; an emulator without a proxy.
void read_google_proxy(const Inputs& inputs, BucketConfig& bucket) {
    bucket.https_proxy = proxy_in(inputs, "HTTPS_PROXY");
    if (inputs.variable("STORAGE_EMULATOR_HOST") == nullptr) bucket.proxy = bucket.https_proxy;
    if (bucket.https_proxy.empty()) return;
    if (const std::string* const except = inputs.variable("NO_PROXY")) bucket.no_proxy = *except;
}

/// Where the bucket's credentials come from. A slip in a variable is a mistake at the start.
void read_credentials(const Inputs& inputs, AgentConfig& config) {
    const auto lookup = [&](const char* name) {
        const std::string* const text = inputs.variable(name);
        return text == nullptr ? std::string() : *text;
    };
    const BucketConfig& bucket = *config.bucket;
    if (bucket.type == BucketType::gcs) {
        const auto plan = plan_google(bucket, lookup);
        if (!plan) refuse(plan.error());
        config.store_url = plan->store_url;
    }
    if (bucket.type == BucketType::azure) {
        const auto plan = plan_azure(bucket, lookup);
        if (!plan) refuse(plan.error());
        config.store_url = container_url(bucket);
        config.credentials = name_of(*plan);
        return;
    }
    const auto described = bucket.type == BucketType::gcs ? describe_google(bucket, lookup)
                                                          : describe_credentials(bucket, lookup);
    if (!described) refuse(described.error());
    config.credentials = *described;
}

/// Of the two flags and the variable the strongest word; both flags at once are no choice.
void read_bucket(const Inputs& inputs, AgentConfig& config) {
    const Given* file = inputs.find("bucket-config");
    if (inputs.typed("bucket-dir")) {
        if (inputs.typed("bucket-config"))
            refuse("--bucket-dir and --bucket-config exclude each other: there is one bucket");
        BucketConfig bucket;
        bucket.type = BucketType::filesystem;
        inputs.text("bucket-dir", bucket.directory);
        if (is_file(bucket.directory))
            refuse("--bucket-dir: " + bucket.directory + ": a file, not a directory");
        config.bucket = std::move(bucket);
        config.origins.erase("bucket-config");
    } else if (file != nullptr) {
        // Whoever gave the secret's text itself must not find it in a log.
        if (file->text.find_first_of("\n{") != std::string::npos)
            refuse(file->origin + ": expected the path of object-store.yaml, found a text");
        auto loaded = load_bucket_config(file->text);
        if (!loaded) refuse(file->origin + ": " + loaded.error());
        config.bucket = *std::move(loaded);
        if (config.bucket->type == BucketType::s3 || config.bucket->type == BucketType::azure)
            read_proxy(inputs, *config.bucket);
        if (config.bucket->type == BucketType::gcs) read_google_proxy(inputs, *config.bucket);
        if (config.bucket->type != BucketType::filesystem) read_credentials(inputs, config);
        if (config.bucket->type != BucketType::filesystem && !config.bucket->tls.verify)
            config.warnings.push_back(file->text +
                                      ": the bucket's certificate is not verified "
                                      "(insecure_skip_verify)");
    }
    config.stores = config.bucket.has_value();
    if (config.elects && config.stores && config.bucket->type == BucketType::filesystem)
        config.warnings.push_back("the bucket is the directory " + config.bucket->directory +
                                  ": all replicas must see the very same one");
}

void need_bucket(const Inputs& inputs, AgentConfig& config) {
    if (config.stores) return;
    if (config.command == AgentCommand::record_world) {
        config.warnings.push_back("no bucket is configured: the Lease alone is recorded");
        return;
    }
    constexpr const char* kHow = "set --bucket-config FILE, ETL_BUCKET_CONFIG or --bucket-dir DIR";
    if (config.leader_follower)
        refuse(inputs.find("leader-follower")->words() + " needs a bucket: " + kHow);
    refuse(std::string("no bucket to back up to: ") + kHow +
           " (alone on one machine: --standalone --bucket-dir DIR)");
}

/// The chart's file store: on unless somebody turned it off; ETL_PATH_PREFIX says where. Alone on
/// a directory it would be a second copy beside the first, so there it must be asked for.
void read_store(const Inputs& inputs, AgentConfig& config) {
    if (config.command == AgentCommand::record_world) {
        config.storage.file_store = false;
        return;
    }
    bool on = true;
    bool alone = false;
    inputs.toggle("standalone", alone);
    std::string origin;
    if (inputs.values().given && !inputs.values().spec.file_store) {
        on = false;
        origin = "kubecostModel.etlFileStoreEnabled false";
    }
    if (const std::string* text = inputs.variable("ETL_FILE_STORE_ENABLED")) {
        on = strict_bool("ETL_FILE_STORE_ENABLED", *text);
        origin = "ETL_FILE_STORE_ENABLED=" + *text;
    }
    if (!on && inputs.typed("store-dir")) refuse("--store-dir contradicts " + origin);
    if (!on && config.leader_follower)
        refuse(inputs.find("leader-follower")->words() + " contradicts " + origin +
               ": followers answer queries from the local files");
    if (alone && inputs.find("store-dir") == nullptr && origin.empty()) on = false;
    config.storage.file_store = on;
    if (!on) {
        config.origins.erase("store-dir");
        if (!origin.empty()) config.origins.emplace("store-dir", origin);
        return;
    }
    config.store_directory = kChartStore;
    inputs.text("store-dir", config.store_directory);
    if (is_file(config.store_directory))
        refuse(inputs.find("store-dir") == nullptr
                   ? config.store_directory + ": a file, not a directory"
                   : inputs.find("store-dir")->origin + ": " + config.store_directory +
                         ": a file, not a directory");
}

/// Tracked keys; those below .ha/ are the controller's own.
void read_prefix(const Inputs& inputs, StorageConfig& storage) {
    std::string prefix = "etl/";
    inputs.text("prefix", prefix);
    if (prefix.starts_with('/') || prefix.size() > kLongestKey)
        refuse("--prefix: expected the beginning of keys, such as etl/, found \"" + prefix + "\"");
    if (prefix.starts_with(kOwnKeys) || kOwnKeys.starts_with(prefix))
        refuse("--prefix: keys below .ha/ are the agent's own, found \"" + prefix + "\"");
    if (!files::key_path(prefix + "x"))
        refuse("--prefix: no local file or directory could hold a key that begins so, found \"" +
               prefix + "\"");
    storage.prefix = ObjectKey(prefix);
}

}  // namespace

void read_storage(const Inputs& inputs, AgentConfig& config) {
    StorageConfig& storage = config.storage;
    storage.ha = config.elects;
    read_bucket(inputs, config);
    need_bucket(inputs, config);
    read_store(inputs, config);
    read_prefix(inputs, storage);
    if (const auto format = inputs.choice("object-format", kFormats)) {
        storage.format = static_cast<ObjectFormat>(*format);
        if (!config.elects && config.command != AgentCommand::record_world)
            config.warnings.push_back(
                "--object-format has no effect: without an election objects are plain");
    }
    if (config.elects && storage.format == ObjectFormat::plain)
        config.warnings.push_back(
            "--object-format plain: an old leader's late PUT of other bytes can land where the "
            "same bytes were written again; fenced has no such window");
    if (const auto known = inputs.choice("preconditions", kPreconditions)) {
        storage.store_not_atomic = kPreconditions.at(*known) == "notAtomic";
        if (!config.elects && config.command != AgentCommand::record_world)
            config.warnings.push_back(
                "--preconditions has no effect: without an election nothing is conditional");
    }
    inputs.duration("poll-period", storage.poll_period, kShortestPoll, kLongest);
    inputs.duration("write-deadline", storage.write_deadline, 1s, kLongest);
    inputs.duration("largest-request-age", storage.largest_request_age, storage.put_timeout,
                    kLongest);
    // Told and not refused: where conditions hold no key rests, and what the store does is not
    // known here. Not shortened either: it is what keeps an old PUT from landing on a newer write.
    if (storage.largest_request_age > storage.write_deadline)
        config.warnings.push_back(
            "--largest-request-age " + config::format_duration(storage.largest_request_age) +
            " is above --write-deadline " + config::format_duration(storage.write_deadline) +
            ": without conditions a key rests that long after a PUT that was lost, and writes of "
            "it fail without a try");
}

}  // namespace leasehold::agent
