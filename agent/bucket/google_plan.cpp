#include "agent/bucket/google_plan.hpp"

#include <fstream>
#include <optional>
#include <utility>

#include "agent/bucket/service_url.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

constexpr std::size_t kLargestFile = 64U << 10;
constexpr const char* kMetadata = "http://metadata.google.internal";

/// "host:port" or a URL, as the variables of Google's libraries give it.
Result<std::string, std::string> url_of(std::string text) {
    if (text.find("://") == std::string::npos) text.insert(0, "http://");
    while (text.ends_with('/'))
        text.pop_back();
    if (const auto parsed = parse_service_url(text); !parsed) return Error{parsed.error()};
    return text;
}

/// The file's text; nothing when there is none.
std::optional<std::string> text_of_file(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (file.empty() || !in) return std::nullopt;
    std::string text(kLargestFile, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount() < 0 ? 0 : in.gcount()));
    return text;
}

Result<FoundKey, std::string> key_in(const std::string& text, const std::string& place) {
    auto key = parse_google_key(text);
    if (!key) return Error{place + ": " + key.error()};
    const std::string name = name_of(*key);
    return FoundKey{*std::move(key), name + " (" + place + ")"};
}

/// Of the key that is there at the start: a cloud of its own says so in its files.
std::string store_host(const GooglePlan& plan) {
    if (!plan.service_account.empty()) return storage_host_of(plan.service_account);
    for (const std::string& file : {plan.named_file, plan.usual_file})
        if (const auto text = text_of_file(file)) return storage_host_of(*text);
    return storage_host_of("");
}

}  // namespace

Result<GooglePlan, std::string> plan_google(const BucketConfig& config,
                                            const VariableLookup& environment) {
    GooglePlan plan;
    plan.secret_file = config.file;
    plan.service_account = config.service_account;
    plan.named_file = environment("GOOGLE_APPLICATION_CREDENTIALS");
    if (const std::string folder = environment("CLOUDSDK_CONFIG"); !folder.empty())
        plan.usual_file = folder + "/application_default_credentials.json";
    else if (const std::string home = environment("HOME"); !home.empty())
        plan.usual_file = home + "/.config/gcloud/application_default_credentials.json";
    plan.proxy = config.https_proxy;
    plan.no_proxy = config.no_proxy;
    const std::string metadata = environment("GCE_METADATA_HOST");
    auto metadata_url = url_of(metadata.empty() ? kMetadata : metadata);
    if (!metadata_url) return Error{"GCE_METADATA_HOST: " + metadata_url.error()};
    plan.metadata_url = *std::move(metadata_url);
    if (const std::string emulator = environment("STORAGE_EMULATOR_HOST"); !emulator.empty()) {
        auto url = url_of(emulator);
        if (!url) return Error{"STORAGE_EMULATOR_HOST: " + url.error()};
        plan.emulator = true;
        plan.store_url = *std::move(url);
        return plan;
    }
    plan.store_url = "https://" + store_host(plan);
    return plan;
}

Result<FoundKey, std::string> find_google_key(const GooglePlan& plan) {
    std::string secret = plan.service_account;
    if (!plan.secret_file.empty()) {
        const auto config = load_bucket_config(plan.secret_file);
        if (!config) return Error{config.error()};
        secret = config->service_account;
    }
    if (!secret.empty()) return key_in(secret, "the bucket's secret");
    if (!plan.named_file.empty()) {
        const auto text = text_of_file(plan.named_file);
        if (!text)
            return Error{"GOOGLE_APPLICATION_CREDENTIALS: the file " + plan.named_file +
                         " can't be opened"};
        return key_in(*text, plan.named_file);
    }
    if (const auto text = text_of_file(plan.usual_file)) return key_in(*text, plan.usual_file);
    return FoundKey{MetadataServer{}, "the metadata server at " + plan.metadata_url};
}

Result<std::string, std::string> describe_google(const BucketConfig& config,
                                                 const VariableLookup& environment) {
    const auto plan = plan_google(config, environment);
    if (!plan) return Error{plan.error()};
    if (plan->emulator) return std::string("none: STORAGE_EMULATOR_HOST is set");
    const auto found = find_google_key(*plan);
    if (!found) return "none: " + found.error();
    return found->place;
}

}  // namespace leasehold::agent
