#include "agent/config/inputs.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include "agent/config/settings.hpp"
#include "config/nearest.hpp"
#include "config/units.hpp"

namespace leasehold::agent {
namespace {

/// Beginnings of the chart's names. Names beyond them (NODE_NAME ...) are nobody's slip.
constexpr std::array<std::string_view, 6> kPrefixes{"ETL_",     "LEADER_", "KUBECOST_",
                                                    "RELEASE_", "POD_",    "FOLLOWER_"};
/// Edits of a slip: one for so many letters behind the beginning, and two at most. Of three letters
/// half the names of the downward API would be slips: POD_IP, POD_ID of POD_UID.
constexpr std::size_t kLettersOfASlip = 4;
constexpr std::size_t kSlip = 2;
constexpr std::string_view kFeature = "LEADER_FOLLOWER";

std::string lower(std::string_view text) {
    std::string copy(text);
    for (char& c : copy)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return copy;
}

std::vector<std::string_view> known_variables() {
    std::vector<std::string_view> names(kOtherVariables.begin(), kOtherVariables.end());
    for (const Setting& setting : all_settings())
        if (!setting.variable.empty()) names.push_back(setting.variable);
    return names;
}

/// What says where the bucket's credentials are.
bool is_of_a_cloud(std::string_view name) {
    constexpr std::array<std::string_view, 5> kNames{"HOME", "GOOGLE_APPLICATION_CREDENTIALS",
                                                     "CLOUDSDK_CONFIG", "GCE_METADATA_HOST",
                                                     "STORAGE_EMULATOR_HOST"};
    return name.starts_with("AWS_") || name.starts_with("AZURE_") ||
           std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// The known name that was meant; empty: none. Of each its first `prefix` letters are the chart's.
std::string slip_of(std::string_view name, const std::vector<std::string_view>& known,
                    std::size_t prefix) {
    std::string near;
    for (std::size_t edits = 1; edits <= kSlip && near.empty(); ++edits) {
        std::vector<std::string_view> long_enough;
        for (const std::string_view one : known)
            if (one.size() >= prefix + edits * kLettersOfASlip) long_enough.push_back(one);
        near = config::nearest_within(name, long_enough, edits);
    }
    return near;
}

/// A slip in a name would mean a default in silence: for LEADER_FOLLOWER_ENABLED several writers.
void check_names(const Environment& environment, const std::vector<std::string_view>& known) {
    for (const auto& [name, value] : environment) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const auto* const prefix =
            std::find_if(kPrefixes.begin(), kPrefixes.end(),
                         [&](std::string_view one) { return name.starts_with(one); });
        if (prefix == kPrefixes.end()) continue;
        std::string near = slip_of(name, known, prefix->size());
        if (name == kFeature) near = "LEADER_FOLLOWER_ENABLED";
        if (!near.empty())
            refuse("unknown environment variable " + name + "; did you mean " + near + "?");
    }
}

}  // namespace

Environment process_environment() {
    Environment found;
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
        const std::string_view entry(*at);
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        found.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return found;
}

std::string Given::words() const {
    return origin + (layer == Layer::flag ? " " : "=") + text;
}

bool strict_bool(const std::string& origin, const std::string& text) {
    if (text != "true" && text != "false")
        refuse(origin + ": expected true or false, found \"" + text + "\"");
    return text == "true";
}

Inputs::Inputs(const CommandLine& line, const Environment& environment)
    : value_files_(line.values.file_names()) {
    const std::vector<std::string_view> known = known_variables();
    check_names(environment, known);
    for (const std::string_view name : known)
        if (const auto at = environment.find(name); at != environment.end() && !at->second.empty())
            variables_.emplace(*at);
    for (const auto& [name, value] : environment)
        if (!value.empty() && is_of_a_cloud(name)) variables_.emplace(name, value);
    for (const std::string_view name : kProxyVariables)
        if (const auto at = environment.find(lower(name));
            at != environment.end() && !at->second.empty())
            variables_.emplace(name, at->second);

    values_ = read_helm_values(line.values);
    for (const HelmSetting& one : values_.settings)
        say(one.flag, Given{one.text, one.key, Layer::values});
    for (const Setting& setting : all_settings())
        if (const std::string* text = variable(setting.variable); text != nullptr)
            say(setting.flag, Given{*text, std::string(setting.variable), Layer::environment});
    for (const auto& [flag, text] : line.flags)
        say(flag, Given{text, "--" + flag, Layer::flag});
}

void Inputs::say(std::string_view flag, Given given) {
    given_.insert_or_assign(std::string(flag), std::move(given));
}

const Given* Inputs::find(std::string_view flag) const {
    const auto at = given_.find(flag);
    return at == given_.end() ? nullptr : &at->second;
}

bool Inputs::typed(std::string_view flag) const {
    const Given* given = find(flag);
    return given != nullptr && given->layer == Layer::flag;
}

const std::string* Inputs::variable(std::string_view name) const {
    const auto at = variables_.find(name);
    return at == variables_.end() ? nullptr : &at->second;
}

bool Inputs::text(std::string_view flag, std::string& out) const {
    const Given* given = find(flag);
    if (given == nullptr) return false;
    out = given->text;
    return true;
}

bool Inputs::toggle(std::string_view flag, bool& out) const {
    const Given* given = find(flag);
    if (given == nullptr) return false;
    out = strict_bool(given->origin, given->text);
    return true;
}

bool Inputs::duration(std::string_view flag, Duration& out, Duration least, Duration most) const {
    if (!parsed(flag, out, config::parse_duration)) return false;
    if (out < least || out > most)
        refuse(find(flag)->origin + ": expected " + config::format_duration(least) + " to " +
               config::format_duration(most) + ", found " + find(flag)->text);
    return true;
}

std::optional<std::size_t> Inputs::choice(std::string_view flag,
                                          std::span<const std::string_view> names) const {
    const Given* given = find(flag);
    if (given == nullptr) return std::nullopt;
    const auto found = std::find(names.begin(), names.end(), given->text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    std::string all;
    for (const std::string_view name : names)
        all += (all.empty() ? "" : ", ") + std::string(name);
    const std::string near = config::nearest(given->text, names);
    refuse(given->origin + ": expected one of " + all + ", found \"" + given->text + "\"" +
           (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

bool Inputs::file(std::string_view flag, std::string& out) const {
    const Given* given = find(flag);
    if (given == nullptr) return false;
    std::error_code error;
    const auto status = std::filesystem::status(given->text, error);
    const auto bad = [&](const std::string& why) {
        // Whoever gave the token itself must not find it in a log.
        const bool token = flag.ends_with("token-file");
        refuse(given->origin + ": " +
               (token ? "expected a file that holds the token: " : given->text + ": ") + why);
    };
    if (!std::filesystem::exists(status)) bad("no such file");
    if (std::filesystem::is_directory(status)) bad("a directory, not a file");
    if (access(given->text.c_str(), R_OK) != 0) bad("can't be read");
    out = given->text;
    return true;
}

std::map<std::string, std::string, std::less<>> Inputs::origins() const {
    std::map<std::string, std::string, std::less<>> found;
    for (const auto& [flag, given] : given_)
        found.emplace(flag, given.origin);
    return found;
}

}  // namespace leasehold::agent
