// PodWatch: the Pod that the holder runs in, watched until its status proves the holder's end.
//
// It hangs on the connection of the Lease's watch and on nothing else: what becomes of it moves the
// end of a wait and nothing more. Without a word from it the lease is waited out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/asio.hpp"
#include "agent/base/duties.hpp"
#include "agent/base/timer.hpp"
#include "agent/lease/lease_client.hpp"
#include "agent/lease/pod_json.hpp"
#include "agent/lease/watch_lines.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

class PodWatch {
  public:
    /// The work by which Duties know it.
    static constexpr std::string_view kWork = "the watch of the holder's Pod";
    /// A watch that ended is opened again after this; twice as long each time it showed nothing.
    static constexpr Duration kAgain = std::chrono::seconds(1);
    static constexpr Duration kLongestAgain = std::chrono::seconds(30);
    /// Refused for want of permission (403) it is left alone for so long.
    static constexpr Duration kRefusedFor = LeaseClient::kWatchRefusedFor;

    /// `client` outlives it. `deliver` gets HolderEnded on the loop, once for each watch, never
    /// inside a call of this class. `container` names the container in each Pod of the group.
    PodWatch(asio::io_context& loop, LeaseClient& client, std::string namespace_name,
             std::string container, LeaseClient::Deliver deliver, Duties& duties);
    ~PodWatch();
    PodWatch(const PodWatch&) = delete;
    PodWatch& operator=(const PodWatch&) = delete;

    /// Watches this Pod, in place of another.
    void watch(const WatchHolder& what);
    void stop();

    /// Whose end is waited for; null: nobody's.
    [[nodiscard]] const ContainerPtr& holder() const { return holder_; }
    /// The server has shown the Pod since the watch was opened.
    [[nodiscard]] bool sees() const { return sees_; }

  private:
    void open();
    bool take(const Response& response, std::string_view piece);
    bool look(std::string_view line);
    void ended(const Response& response);
    void close();
    void proven(const HolderEnded& end);

    asio::io_context& loop_;
    LeaseClient& client_;
    std::string namespace_;
    std::string container_;
    LeaseClient::Deliver deliver_;
    Duties& duties_;
    ContainerPtr holder_;
    std::optional<SideExchange> transfer_;
    std::uint64_t opened_ = 0;  ///< which one is open: the callbacks of others find nobody
    WatchLines lines_;
    std::string refusal_;  ///< the body of an answer other than 200
    std::string odd_;      ///< what was wrong with what came last
    bool sees_ = false;
    Duration again_ = kAgain;
    Instant refused_until_ = Instant::min();
    BoottimeTimer timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace leasehold::agent
