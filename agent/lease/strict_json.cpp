#include "agent/lease/strict_json.hpp"

#include <set>
#include <vector>

namespace leasehold::agent {

nlohmann::json parse_json(std::string_view text) {
    using Json = nlohmann::json;
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > kDeepestJson) throw JsonError("nested too deeply");
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key &&
            !keys.back().insert(parsed.get_ref<const std::string&>()).second)
            throw JsonError("a duplicate key");
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), check);
    } catch (const Json::parse_error& error) {
        // Its own text quotes the input.
        throw JsonError("not JSON at byte " + std::to_string(error.byte));
    } catch (const Json::exception&) {
        throw JsonError("a number that is out of range");
    }
}

}  // namespace leasehold::agent
