#include "agent/lease/own_pod.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/lease_url.hpp"
#include "agent/lease/pod_url.hpp"

namespace leasehold::agent {

OwnPod::OwnPod(asio::io_context& loop, LeaseClient& client, OwnPlace place, WallTime started,
               LeaseClient::Deliver deliver, Duties& duties)
    : client_(client),
      place_(std::move(place)),
      started_(started),
      deliver_(std::move(deliver)),
      duties_(duties),
      timer_(loop, [this] { ask(); }) {}

void OwnPod::ask() {
    client_.get(pods_path(place_.pod.namespace_name) + "/" + encoded(place_.pod.name), kTimeout,
                [this, weak = std::weak_ptr(alive_)](const Response& response) {
                    if (!weak.expired()) answered(response);
                });
}

void OwnPod::answered(const Response& response) {
    const Now now = read_now();
    const auto again = [&](Duration after) {
        timer_.arm(saturating_add(now.monotonic, after));
        again_ = std::min(2 * again_, kLongestAgain);
    };
    const auto failed = [&](const std::string& kind, const std::string& why) {
        duties_.failed(now, Duty::pods, kWork, kind,
                       "this process can't learn which container it runs in: " + why);
    };
    if (response.end != TransferEnd::answered) {
        failed("end", "no answer: " + response.error);
        return again(again_);
    }
    if (response.status != 200) {
        const std::string said = decode_status(response.body, LeaseName{}).message;
        failed("status " + std::to_string(response.status),
               std::to_string(response.status) + (said.empty() ? "" : ": " + said));
        return again(response.status == 403 ? kRefusedFor : again_);
    }
    const Result<PodReport, std::string> report = decode_pod(response.body, place_.pod);
    if (!report) {
        failed("odd", "an answer whose " + report.error());
        return again(again_);
    }
    const auto ours = [&](const ContainerState& one) { return one.name == place_.container; };
    if (!report->containers.empty() && std::ranges::none_of(report->containers, ours)) {
        failed("odd", "no container of the Pod is called " + place_.container +
                          " (--container-name says which one is the agent's)");
        return again(again_);
    }
    duties_.worked(now, Duty::pods, kWork);
    std::optional<Container> own = own_container(*report, place_.container, place_.uid, started_);
    if (!own) return again(again_);
    container_ = std::make_shared<const Container>(*std::move(own));
    deliver_(OwnContainer{container_});
}

}  // namespace leasehold::agent
