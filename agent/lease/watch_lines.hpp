// The body of a watch, piece by piece: one JSON document in a line, {type, object}.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "model/base/result.hpp"

namespace leasehold::agent {

/// Cuts a stream into its lines; any split of the stream gives the same ones.
class WatchLines {
  public:
    /// Longer lines are refused; the API server keeps no object that large.
    static constexpr std::size_t kLongestLine = 1U << 20;
    /// Takes one line, never an empty one; false: no more.
    using Take = std::function<bool(std::string_view line)>;

    /// Gives `take` the lines that `piece` completes, in their order. False: a line was longer.
    [[nodiscard]] bool cut(std::string_view piece, const Take& take);

  private:
    std::string line_;  ///< the beginning of a line whose end has not come
};

/// One line of a watch.
struct WatchEvent {
    std::string type;  ///< "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR" or what comes next
    nlohmann::json object;
};
/// Or what is wrong with it, in one line.
[[nodiscard]] Result<WatchEvent, std::string> decode_watch_event(std::string_view line);

}  // namespace leasehold::agent
