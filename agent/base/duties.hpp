// Duties: how this replica fares with the Lease, the bucket and its disk, as an operator wants to
// know it.
//
// One line of log when work of a kind begins to fail, one when it works again, whatever the number
// of requests in between. Work that fails and recovers again and again is told ever more rarely.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "model/base/time.hpp"

namespace leasehold::agent {

enum class Duty : std::uint8_t {
    lease,
    lease_watch,
    bucket_reads,
    bucket_writes,
    local_files,
    pods  ///< what Pods are asked, where an ended holder is believed
};
inline constexpr std::size_t kDuties = 6;

/// How a duty fares.
struct DutyState {
    bool failing = false;
    std::uint64_t failures = 0;  ///< in a row; of the last row when it works again
    WallTime since{};            ///< when that row began; 0 = nothing ever failed
    std::string error;           ///< the last one, in the server's words; kept when it works again
};
using DutyStates = std::array<DutyState, kDuties>;

class Duties {
  public:
    /// A line for the log: a complaint, or the end of one.
    using Tell = std::function<void(bool complaint, const std::string& line)>;

    explicit Duties(Tell tell) : tell_(std::move(tell)) {}

    /// `work` failed ("PUT": each kind of work fails and recovers by itself). `line` is what is
    /// told of it, and only if `kind` was not told already: the same trouble with other numbers and
    /// keys.
    void failed(Now now, Duty duty, std::string_view work, std::string_view kind,
                const std::string& line);
    void worked(Now now, Duty duty, std::string_view work);
    /// This replica has no such work for now (a follower writes nothing): nothing fails, and
    /// nothing is mended. Without `work` all of the duty. The same trouble afterwards is the same
    /// row and no news: who gives way because of it meets it in each of its leaderships.
    void rest(Duty duty, std::string_view work = {});
    [[nodiscard]] DutyStates states() const;

  private:
    /// A row of failures of one kind of work.
    struct Row {
        bool failing = false;
        bool rests = false;  ///< it failed when there was no more such work
        bool told = false;
        std::uint64_t failures = 0;
        Now began;
        Instant last;
        std::string error;
        std::set<std::string, std::less<>> kinds;  ///< told in this row
        std::set<std::string, std::less<>> stale;  ///< told in rows before, not again until:
        Instant quiet_until = Instant::min();
        Duration quiet{0};
    };

    Tell tell_;
    std::map<std::pair<Duty, std::string>, Row> rows_;
};

}  // namespace leasehold::agent
