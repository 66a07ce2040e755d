#include "agent/lease/lease_status.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "agent/base/one_line.hpp"
#include "agent/lease/strict_json.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kLongestMessage = 200;

constexpr std::array<std::pair<std::string_view, StatusReason>, 14> kReasons{{
    {"NotFound", StatusReason::not_found},
    {"AlreadyExists", StatusReason::already_exists},
    {"Conflict", StatusReason::conflict},
    {"Invalid", StatusReason::invalid},
    {"BadRequest", StatusReason::bad_request},
    {"Unauthorized", StatusReason::unauthorized},
    {"Forbidden", StatusReason::forbidden},
    {"TooManyRequests", StatusReason::too_many_requests},
    {"Timeout", StatusReason::timeout},
    {"ServerTimeout", StatusReason::timeout},
    {"Expired", StatusReason::expired},
    {"Gone", StatusReason::expired},
    {"InternalError", StatusReason::internal_error},
    {"ServiceUnavailable", StatusReason::unavailable},
}};

StatusReason reason_of(std::string_view text) {
    if (text.empty()) return StatusReason::none;
    for (const auto& [name, reason] : kReasons)
        if (name == text) return reason;
    return StatusReason::other;
}

std::string text_at(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

ApiStatus decode_status(std::string_view body, const LeaseName& name) {
    ApiStatus status;
    try {
        const nlohmann::json value = parse_json(body);
        if (!value.is_object()) return status;
        status.reason = reason_of(text_at(value, "reason"));
        status.message = one_line(text_at(value, "message"), kLongestMessage);
        if (const auto details = value.find("details");
            details != value.end() && details->is_object())
            status.about_lease =
                text_at(*details, "kind") == "leases" && text_at(*details, "name") == name.name;
    } catch (const JsonError&) {
        status.message = one_line(body, kLongestMessage);
    }
    return status;
}

}  // namespace leasehold::agent
