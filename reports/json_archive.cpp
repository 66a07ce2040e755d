#include "reports/json_archive.hpp"

#include <set>

#include "reports/utf8.hpp"

namespace leasehold::reports {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr int kMaxDepth = 64;

int digit_of(char c) {
    const auto at = kDigits.find(c);
    if (at == std::string_view::npos) throw JsonError("expected hexadecimal digits");
    return static_cast<int>(at);
}

}  // namespace

Json text_to_json(std::string_view text) {
    if (is_utf8(text)) return Json(std::string(text));
    std::string hex;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        hex += kDigits[byte >> 4];
        hex += kDigits[byte & 0xf];
    }
    Json object = Json::object();
    object["hex"] = hex;
    return object;
}

std::string text_from_json(const Json& json) {
    if (json.is_string()) return json.get<std::string>();
    if (!json.is_object() || json.size() != 1 || !json.contains("hex") || !json["hex"].is_string())
        throw JsonError("expected a text");
    const auto hex = json["hex"].get<std::string>();
    if (hex.size() % 2 != 0) throw JsonError("expected an even number of hexadecimal digits");
    std::string text;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        text += static_cast<char>(digit_of(hex[i]) * 16 + digit_of(hex[i + 1]));
    return text;
}

std::string to_line(const Json& json) {
    return json.dump();
}

Json parse_json(std::string_view text) {
    std::vector<std::set<std::string>> keys;
    const auto strict = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > kMaxDepth) throw JsonError("more than 64 levels");
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key) {
            const auto key = parsed.get<std::string>();
            if (!keys.back().insert(key).second) throw JsonError("duplicate key '" + key + "'");
        }
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), strict);
    } catch (const nlohmann::json::parse_error& error) {
        throw JsonError("not JSON at byte " + std::to_string(error.byte));
    } catch (const nlohmann::json::out_of_range&) {
        throw JsonError("a number beyond what a double can hold");
    }
}

}  // namespace leasehold::reports
