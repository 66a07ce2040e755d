// Fuzz target: the bucket secret. Whatever it is, its error is one line, and shows nothing of
// what stands behind "secret_key".
//
// fuzz-sources: agent/bucket/bucket_config.cpp agent/bucket/s3_section.cpp
// fuzz-sources: agent/bucket/secret_map.cpp agent/bucket/endpoint.cpp
// fuzz-sources: agent/bucket/user_metadata.cpp agent/bucket/key_rule.cpp
// fuzz-sources: agent/bucket/http_section.cpp agent/bucket/gcs_section.cpp
// fuzz-sources: agent/bucket/google_key.cpp agent/bucket/azure_section.cpp
// fuzz-sources: agent/bucket/azure_place.cpp agent/bucket/azure_shared_key.cpp
// fuzz-sources: agent/bucket/service_url.cpp
// fuzz-sources: agent/bucket/s3_url.cpp
// fuzz-sources: agent/base/md5.cpp agent/base/utf8.cpp
// fuzz-sources: agent/bucket/google_jwt.cpp
// fuzz-sources: config/diagnostic.cpp config/nearest.cpp config/tree.cpp config/tree_builder.cpp
// fuzz-sources: config/units.cpp
// fuzz-sources: model/base/check.cpp
// fuzz-links: yaml-cpp crypto
// fuzz-options: -max_len=4096
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/bucket/bucket_config.hpp"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

/// The first run of letters and digits behind "secret_key", if it is long enough to be told from
/// the words of a message.
std::string secret_of(std::string_view text) {
    constexpr std::string_view kKey = "secret_key";
    constexpr std::size_t kShortest = 26;
    const std::size_t at = text.find(kKey);
    if (at == std::string_view::npos) return {};
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    std::string secret;
    for (const char c : text.substr(at + kKey.size())) {
        if (letter(c))
            secret += c;
        else if (!secret.empty())
            break;
    }
    return secret.size() >= kShortest ? secret : std::string();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace leasehold::agent;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto config = parse_bucket_config(text, "secret.yaml");
    if (!config) {
        const std::string& error = config.error();
        must(error.starts_with("secret.yaml:"));
        must(error.find('\n') == std::string::npos);
        const std::string secret = secret_of(text);
        must(secret.empty() || error.find(secret) == std::string::npos);
        return 0;
    }
    must(config->access_key.empty() == config->secret_key.empty());
    must(!config->prefix.starts_with('/') && !config->prefix.ends_with('/'));
    if (config->type == BucketType::filesystem) {
        must(!config->directory.empty());
        return 0;
    }
    must(!config->bucket.empty() && !config->endpoint.empty() && !config->region.empty());
    must(config->endpoint.find('/') == std::string::npos);
    for (const auto& [name, value] : config->user_metadata)
        must(!name.empty() && value.find('\n') == std::string::npos);
    return 0;
}
