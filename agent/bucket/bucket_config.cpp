#include "agent/bucket/bucket_config.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <fstream>
#include <string_view>

#include "agent/bucket/azure_section.hpp"
#include "agent/bucket/gcs_section.hpp"
#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_section.hpp"
#include "agent/bucket/secret_map.hpp"
#include "config/nearest.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

constexpr std::size_t kCustomerKeySize = 32;
constexpr std::array<std::string_view, 4> kTypes{"S3", "GCS", "AZURE", "FILESYSTEM"};
// What else Thanos and OpenCost know.
constexpr std::array<std::string_view, 7> kOtherTypes{"SWIFT", "COS", "ALIYUNOSS", "BOS",
                                                      "OCI",   "OBS", "CLUSTER"};

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return result;
}

BucketType read_type(const SecretMap& map) {
    std::string text;
    map.text("type", text);
    if (text.empty()) map.fail_at("type", "missing (expected one of S3, GCS, AZURE, FILESYSTEM)");
    const std::string type = upper(text);
    if (type == "S3") return BucketType::s3;
    if (type == "GCS") return BucketType::gcs;
    if (type == "AZURE") return BucketType::azure;
    if (type == "FILESYSTEM") return BucketType::filesystem;
    for (const std::string_view other : kOtherTypes)
        if (type == other)
            map.fail_at("type", type +
                                    " is not supported: this program writes to S3 (any server "
                                    "that speaks its protocol), GCS, AZURE and FILESYSTEM");
    const std::string quoted = shown(type, kTypes);
    map.fail_at("type", "unknown name" + (quoted.empty() ? "" : " " + quoted) +
                            config::suggestion(quoted.empty() ? "" : type, kTypes));
}

std::string read_prefix(const SecretMap& map, BucketType type) {
    std::string prefix;
    map.text("prefix", prefix);
    while (prefix.starts_with('/'))
        prefix.erase(0, 1);
    while (prefix.ends_with('/'))
        prefix.pop_back();
    if (!prefix.empty() && !usable_key(prefix))
        map.fail_at("prefix",
                    "not a folder's name: no empty parts, no \".\" or \"..\", each part "
                    "at most 255 bytes");
    // Objects would lie in another folder than the one that is listed.
    if (type == BucketType::azure && !prefix.empty() && !usable_azure_key(prefix))
        map.fail_at("prefix",
                    "not a folder's name in Azure, which changes \"\\\" and drops dots at a part's "
                    "end");
    return prefix;
}

BucketConfig read_secret(const config::Node& root) {
    const SecretMap map(root, "", kTopKeys, home_of);
    BucketConfig config;
    config.type = read_type(map);
    config.prefix = read_prefix(map, config.type);
    const config::Node* section = root.find("config");  // a blank one is a mistake, and told as one
    if (section == nullptr) map.fail_at("config", "missing: the bucket's settings");
    if (config.type == BucketType::s3) {
        read_s3_section(*section, config);
        return config;
    }
    if (config.type == BucketType::gcs) {
        read_gcs_section(*section, config);
        return config;
    }
    if (config.type == BucketType::azure) {
        read_azure_section(*section, config);
        return config;
    }
    const SecretMap inner(*section, "config", kFilesystemKeys, home_in_filesystem);
    inner.text("directory", config.directory);
    if (config.directory.empty()) inner.fail_at("directory", "missing: the bucket's directory");
    return config;
}

/// The YAML reader quotes what it does not understand; here that may be a secret.
std::string without_text(const config::Diagnostic& diagnostic) {
    config::Diagnostic safe = diagnostic;
    const std::string& message = diagnostic.message;
    if (message.starts_with("tags are not supported"))
        safe.message = "a value that begins with '!': put it in quotes";
    else if (message.starts_with("anchors and aliases"))
        safe.message = "a value that begins with '&' or '*': put it in quotes";
    else if (message.starts_with("duplicate key"))
        safe.message =
            "duplicate key" + message.substr(std::min(message.rfind(" (first"), message.size()));
    else if (message.starts_with("expected a key"))
        safe.message =
            "expected a key" + message.substr(std::min(message.find(" (is {{"), message.size()));
    else if (message.starts_with("not valid YAML: unknown escape character"))
        safe.message = "not valid YAML: unknown escape character";
    else if (message.starts_with("larger than"))
        safe.message = "larger than 1 MiB: not a bucket secret";
    return safe.to_string();
}

/// "" or what is wrong with a file that the secret names.
std::string readable(const std::string& path, const std::string& what) {
    if (path.empty()) return "";
    if (std::ifstream(path, std::ios::binary).peek() != std::ifstream::traits_type::eof())
        return "";
    return what + ": the file \"" + path + "\" can't be read or is empty";
}

}  // namespace

Result<BucketConfig, std::string> parse_bucket_config(const std::string& text,
                                                      const std::string& file) {
    config::Node root;
    try {
        root = config::parse_tree(text, file);
    } catch (const config::InputError& error) {
        return Error{without_text(error.diagnostic)};
    }
    try {
        return read_secret(root);
    } catch (const config::InputError& error) {
        return Error{error.diagnostic.to_string()};
    }
}

Result<BucketConfig, std::string> load_bucket_config(const std::string& file) {
    std::string text;
    try {
        text = config::load_text(file);
    } catch (const config::InputError& error) {
        return Error{error.diagnostic.to_string()};
    }
    auto config = parse_bucket_config(text, file);
    if (!config) return config;
    config->file = file;
    const TlsOptions& tls = config->tls;
    for (const std::string& problem :
         {readable(tls.ca_file, "ca_file"), readable(tls.certificate_file, "cert_file"),
          readable(tls.key_file, "key_file"),
          readable(config->customer_key_file, "encryption_key")})
        if (!problem.empty()) return Error{file + ": " + problem};
    if (config->customer_key_file.empty()) return config;
    std::ifstream in(config->customer_key_file, std::ios::binary);
    std::string key(kCustomerKeySize + 1, '\0');
    in.read(key.data(), static_cast<std::streamsize>(key.size()));
    if (in.gcount() != static_cast<std::streamsize>(kCustomerKeySize))
        return Error{file + ": encryption_key: the file \"" + config->customer_key_file +
                     "\" must hold exactly 32 bytes"};
    key.resize(kCustomerKeySize);
    config->customer_key = std::move(key);
    return config;
}

}  // namespace leasehold::agent
