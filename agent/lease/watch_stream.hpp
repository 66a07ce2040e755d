// WatchStream: the body of a watch, piece by piece, as the events in it.
//
// One JSON document per line. A pure parser: any split of the stream gives the same events.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/lease/lease_name.hpp"
#include "agent/lease/watch_lines.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold::agent {

/// An event of the watch. `ended` stands for an ERROR event, and for a stream that cannot be
/// trusted any more; nothing follows it.
struct WatchNews {
    WatchKind kind = WatchKind::ended;
    Version version;  ///< of a deletion or bookmark
    LeasePtr lease;   ///< of seen
    std::string why;  ///< of ended, for people
};

class WatchStream {
  public:
    static constexpr std::size_t kLongestLine = WatchLines::kLongestLine;

    explicit WatchStream(LeaseName name) : name_(std::move(name)) {}

    /// The events that `piece` completes, in their order.
    [[nodiscard]] std::vector<WatchNews> take(std::string_view piece);
    [[nodiscard]] bool ended() const { return ended_; }

  private:
    LeaseName name_;
    WatchLines lines_;
    bool ended_ = false;
};

}  // namespace leasehold::agent
