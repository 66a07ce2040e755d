#include "agent/http/route.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/base/percent.hpp"
#include "agent/base/utf8.hpp"
#include "config/units.hpp"

namespace leasehold::agent {
namespace {

using namespace std::literals;

constexpr std::string_view kBackup = "/v1/backup";
constexpr std::string_view kQuery = "/v1/query";
// The replica's own objects (epoch, probes). Nobody else writes them, or fencing would end.
constexpr std::string_view kReserved = ".ha";

constexpr std::array<std::string_view, kRoutes> kNames{
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/status",
    "GET /v1/backup",
    "PUT /v1/backup/{key}",
    "DELETE /v1/backup/{key}",
    "GET /v1/backup/{key}",
    "GET /v1/query/{key}",
    "none",
};

Unexpected<Refusal> refused(int status, std::string error, std::string allow = {}) {
    return Unexpected{Refusal{status, std::move(error), std::move(allow)}};
}

bool starts_with_caseless(std::string_view text, std::string_view lower) {
    return text.size() >= lower.size() &&
           std::equal(lower.begin(), lower.end(), text.begin(), [](char wanted, char found) {
               return found >= 'A' && found <= 'Z' ? wanted == found - 'A' + 'a' : wanted == found;
           });
}

/// Servers must take the absolute form too (RFC 9112 §3.2.2); the authority says nothing here.
std::string_view without_authority(std::string_view target) {
    for (const std::string_view scheme : {"http://"sv, "https://"sv}) {
        if (!starts_with_caseless(target, scheme)) continue;
        const auto end = target.find_first_of("/?", scheme.size());
        if (end == std::string_view::npos) return "/";
        return target[end] == '/' ? target.substr(end) : ""sv;
    }
    return target;
}

/// The resource that a path names, as if it were asked for by GET; and its key, not yet decoded.
std::pair<Route, std::string_view> resource(std::string_view path) {
    if (path == "/healthz") return {Route::healthz, {}};
    if (path == "/readyz") return {Route::readyz, {}};
    if (path == "/metrics") return {Route::metrics, {}};
    if (path == "/v1/status") return {Route::status, {}};
    if (path == kBackup) return {Route::index, {}};
    const auto below = [path](std::string_view folder) {
        return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
    };
    if (below(kBackup)) return {Route::read_backup, path.substr(kBackup.size() + 1)};
    if (below(kQuery)) return {Route::query, path.substr(kQuery.size() + 1)};
    return {Route::none, {}};
}

/// The route of `method` on a resource; none when it has no such method.
Route with_method(Route resource, Method method) {
    if (method == Method::get) return resource;
    // A HEAD of a backup read would wait for a body that nobody wants.
    if (resource == Route::read_backup) {
        if (method == Method::put) return Route::put_backup;
        return method == Method::remove ? Route::delete_backup : Route::none;
    }
    return method == Method::head ? resource : Route::none;
}

/// Takes one parameter. What is wrong with it, or empty.
std::string take_parameter(Asked& asked, std::string_view name, const std::string& value) {
    const bool timed = asked.route == Route::read_backup || asked.route == Route::query;
    if (name == "deadline" && timed) {
        if (asked.deadline) return "the parameter 'deadline' is given twice";
        const auto span = config::parse_duration(value);
        if (!span) return "deadline: " + span.error();
        asked.deadline = *span;
        return {};
    }
    if (name == "known" && asked.route == Route::read_backup) {
        if (!asked.known.empty()) return "the parameter 'known' is given twice";
        std::string_view etag = value;
        if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
            etag = etag.substr(1, etag.size() - 2);
        asked.known = etag;
        return {};
    }
    if (name == "prefix" && asked.route == Route::index) {
        if (!asked.key.empty()) return "the parameter 'prefix' is given twice";
        if (value.size() > kKeyBytesMax) return "prefix: longer than 1024 bytes";
        asked.key = value;
        return {};
    }
    const std::string_view known = asked.route == Route::read_backup ? "deadline and known"
                                   : asked.route == Route::query     ? "deadline"
                                   : asked.route == Route::index     ? "prefix"
                                                                     : "no parameter";
    // The name is the client's: it isn't repeated.
    return "unknown parameter: this path knows " + std::string(known);
}

std::string take_parameters(Asked& asked, std::string_view query) {
    while (!query.empty()) {
        const std::string_view part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), part.size() + 1));
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const auto name = percent_decoded(part.substr(0, equals), true);
        const auto value = equals == std::string_view::npos
                               ? std::optional<std::string>("")
                               : percent_decoded(part.substr(equals + 1), true);
        if (!name || !value) return "a broken percent escape in the parameters";
        if (!is_utf8(*value) || value->find('\0') != std::string::npos)
            return "a parameter is not valid UTF-8 text";
        if (std::string problem = take_parameter(asked, *name, *value); !problem.empty())
            return problem;
    }
    return {};
}

}  // namespace

std::string_view route_name(Route route) {
    return kNames[static_cast<std::size_t>(route)];
}

std::string key_problem(std::string_view key) {
    if (key.empty()) return "the key is empty";
    if (key.size() > kKeyBytesMax) return "the key is longer than 1024 bytes";
    if (key.find('\0') != std::string_view::npos) return "the key holds a NUL";
    if (!is_utf8(key)) return "the key is not valid UTF-8";
    for (std::size_t at = 0; at <= key.size();) {
        const std::size_t end = std::min(key.find('/', at), key.size());
        const std::string_view part = key.substr(at, end - at);
        if (part.empty()) return "the key has an empty component";
        if (part == "." || part == "..") return "the key has a component '.' or '..'";
        if (at == 0 && part == kReserved) return "keys below '.ha' are the replica's own";
        at = end + 1;
    }
    return {};
}

Result<Asked, Refusal> route(Method method, std::string_view target) {
    target = without_authority(target);
    if (!target.starts_with('/')) return refused(400, "the target is not a path");
    const bool plain = std::all_of(target.begin(), target.end(),
                                   [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
    if (!plain) return refused(400, "the target holds a character that must be percent-encoded");
    const auto question = target.find('?');
    const auto [found, raw_key] = resource(target.substr(0, question));
    if (found == Route::none) return refused(404, "no such path");

    Asked asked;
    asked.route = with_method(found, method);
    asked.head = method == Method::head;
    if (asked.route == Route::none)
        return refused(405, "this path does not know the method",
                       found == Route::read_backup ? "GET, PUT, DELETE" : "GET, HEAD");
    if (found == Route::read_backup || found == Route::query) {
        auto key = percent_decoded(raw_key, false);
        if (!key) return refused(400, "a broken percent escape in the key");
        if (std::string problem = key_problem(*key); !problem.empty())
            return refused(400, std::move(problem));
        asked.key = std::move(*key);
    }
    if (question != std::string_view::npos)
        if (std::string problem = take_parameters(asked, target.substr(question + 1));
            !problem.empty())
            return refused(400, std::move(problem));
    return asked;
}

}  // namespace leasehold::agent
