#include "agent/lease/leader_events.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/lease/lease_status.hpp"
#include "agent/lease/lease_url.hpp"
#include "agent/lease/micro_time.hpp"

namespace leasehold::agent {
namespace {

constexpr const char* kComponent = "leasehold-agent";
constexpr const char* kProven = "became leader: the container of the holder before has ended";
constexpr std::size_t kLongestName = 253;  // of an object

/// metav1.Time: whole seconds.
std::string seconds_text(WallTime time) {
    return format_micro_time(time).substr(0, std::string_view("2026-11-22T14:00:00").size()) + "Z";
}

/// LEASE.NANOSECONDS, as client-go names Events: nobody else's, and sorted by time.
std::string event_name(std::string base, WallTime time) {
    std::array<char, 16> digits{};
    const auto nanoseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), nanoseconds, 16).ptr;
    base.resize(std::min(base.size(), kLongestName - 1 - digits.size()));
    // A part of a name ends with a letter or a digit.
    while (!base.empty() && (base.back() == '-' || base.back() == '.'))
        base.pop_back();
    return base + "." + std::string(digits.data(), end);
}

}  // namespace

std::string encode_leader_event(const LeaseName& name, const LeaseSighting& lease,
                                std::string_view identity, std::string_view what, WallTime now) {
    const std::string time = seconds_text(now);
    nlohmann::json subject{{"kind", "Lease"},
                           {"namespace", name.namespace_name},
                           {"name", name.name},
                           {"apiVersion", "coordination.k8s.io/v1"}};
    // kubectl describe asks for the Events of this uid.
    if (!lease.uid.empty()) subject["uid"] = lease.uid;
    if (lease.version != Version())
        subject["resourceVersion"] = std::to_string(lease.version.value());
    const nlohmann::json event{
        {"apiVersion", "v1"},
        {"kind", "Event"},
        {"metadata", {{"name", event_name(name.name, now)}, {"namespace", name.namespace_name}}},
        {"involvedObject", std::move(subject)},
        {"reason", "LeaderElection"},
        {"message", std::string(identity) + " " + std::string(what)},
        {"source", {{"component", kComponent}}},
        {"firstTimestamp", time},
        {"lastTimestamp", time},
        {"count", 1},
        {"type", "Normal"},
        {"reportingComponent", kComponent},
        {"reportingInstance", identity}};
    return event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

LeaderEvents::LeaderEvents(asio::io_context& loop, LeaseClient& client, LeaseName name,
                           std::string identity, Tell tell, Count count)
    : loop_(loop),
      client_(client),
      name_(std::move(name)),
      identity_(std::move(identity)),
      tell_(std::move(tell)),
      count_(std::move(count)),
      late_(loop, [this] {
          if (then_) std::exchange(then_, {})();
      }) {}

void LeaderEvents::changed(WallTime now, Role role, bool proven) {
    const bool leads = role == Role::leader;
    if (leads == leads_) return;
    leads_ = leads;
    ++under_way_;
    client_.post("/api/v1/namespaces/" + encoded(name_.namespace_name) + "/events",
                 encode_leader_event(name_, client_.seen(), identity_,
                                     !leads   ? "stopped leading"
                                     : proven ? kProven
                                              : "became leader",
                                     now),
                 kTimeout, [this](const Response& response) { answered(response); });
}

void LeaderEvents::answered(const Response& response) {
    --under_way_;
    const bool any = response.end == TransferEnd::answered;
    EventOutcome outcome = EventOutcome::failed;
    std::string trouble;
    if (any && response.status >= 200 && response.status < 300) {
        outcome = EventOutcome::written;
    } else if (any) {
        if (response.status == 401 || response.status == 403) outcome = EventOutcome::refused;
        const std::string said = decode_status(response.body, name_).message;
        trouble = std::to_string(response.status) + (said.empty() ? "" : ": " + said);
    } else {
        trouble = "no answer: " + response.error;
    }
    count_(outcome);
    if (!trouble.empty() && told_.empty())
        tell_(
            "no Event on the Lease tells of a change of leader (harmless; --leader-events=false "
            "asks for none): " +
            trouble);
    told_ = std::move(trouble);
    if (under_way_ == 0 && then_) late_.arm(Instant::min());
}

void LeaderEvents::when_told(Instant by, std::function<void()> then) {
    then_ = std::move(then);
    late_.arm(under_way_ == 0 ? Instant::min() : by);
}

}  // namespace leasehold::agent
