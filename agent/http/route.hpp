// What a request's method and target ask for: pure text, without sockets.
//
// Strict: a target that is not exactly one of ours is refused with the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

enum class Method : std::uint8_t { get, head, put, remove, other };

enum class Route : std::uint8_t {
    healthz,
    readyz,
    metrics,
    status,
    index,
    put_backup,
    delete_backup,
    read_backup,
    query,
    none  ///< nothing of ours, or not even HTTP
};
inline constexpr std::size_t kRoutes = static_cast<std::size_t>(Route::none) + 1;

/// Of the kubelet: anybody's.
[[nodiscard]] constexpr bool is_probe(Route route) {
    return route == Route::healthz || route == Route::readyz;
}
/// "PUT /v1/backup/{key}": the label of metrics.
[[nodiscard]] std::string_view route_name(Route route);

/// A request that was understood.
struct Asked {
    Route route = Route::none;
    bool head = false;                 ///< the answer goes without its body
    std::string key;                   ///< decoded; of index: the prefix
    std::string known;                 ///< read_backup: the version that the caller has
    std::optional<Duration> deadline;  ///< read_backup, query: from now on
};

/// One that was not, and how it is answered.
struct Refusal {
    int status = 400;
    std::string error;  ///< one line for people
    std::string allow;  ///< of a 405
};

/// Keys are at most this long (bytes, decoded): the limit of S3.
inline constexpr std::size_t kKeyBytesMax = 1024;

[[nodiscard]] Result<Asked, Refusal> route(Method method, std::string_view target);

/// Why `key` may not name an object; empty when it may.
[[nodiscard]] std::string key_problem(std::string_view key);

}  // namespace leasehold::agent
