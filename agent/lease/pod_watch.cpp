#include "agent/lease/pod_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/lease_url.hpp"
#include "agent/lease/pod_url.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kErrorText = 4U << 10;

}  // namespace

PodWatch::PodWatch(asio::io_context& loop, LeaseClient& client, std::string namespace_name,
                   std::string container, LeaseClient::Deliver deliver, Duties& duties)
    : loop_(loop),
      client_(client),
      namespace_(std::move(namespace_name)),
      container_(std::move(container)),
      deliver_(std::move(deliver)),
      duties_(duties),
      timer_(loop, [this] { open(); }) {}

PodWatch::~PodWatch() {
    close();
}

void PodWatch::watch(const WatchHolder& what) {
    stop();
    if (what.container == nullptr || !what.container->known()) return;
    holder_ = what.container;
    again_ = kAgain;
    open();
}

void PodWatch::stop() {
    close();
    holder_ = nullptr;
    timer_.arm(kNever);
    duties_.rest(Duty::pods, kWork);
}

void PodWatch::close() {
    ++opened_;
    sees_ = false;
    if (const auto open = std::exchange(transfer_, std::nullopt)) open->abort();
}

/// Without a resourceVersion: the server begins with the Pod as it is now, read from its store, and
/// goes on from there; what a GET would tell comes in the same answer, with no gap between the two.
void PodWatch::open() {
    if (holder_ == nullptr || transfer_) return;
    if (const Instant now = boottime(); now < refused_until_) return timer_.arm(refused_until_);
    lines_ = {};
    refusal_.clear();
    odd_.clear();
    sees_ = false;
    const std::uint64_t id = ++opened_;
    const auto ours = [this, id, weak = std::weak_ptr(alive_)] {
        return !weak.expired() && id == opened_;
    };
    transfer_ = client_.watch_beside(
        pods_path(namespace_) + "?watch=1&fieldSelector=metadata.name%3D" + encoded(holder_->pod),
        [this, ours](const Response& response, std::string_view piece) {
            return ours() && take(response, piece);
        },
        [this, ours](const Response& response) {
            if (ours()) ended(response);
        });
}

/// Called by libcurl: nothing here may end this watch, or tell anybody.
bool PodWatch::take(const Response& response, std::string_view piece) {
    if (response.status != 200) {
        refusal_ += piece.substr(0, kErrorText - std::min(kErrorText, refusal_.size()));
        return true;
    }
    bool more = true;
    if (!lines_.cut(piece, [&](std::string_view line) { return more = look(line); })) {
        odd_ = "a line that is too long";
        more = false;
    }
    return more;
}

/// One event. False: this watch has told all that it can.
bool PodWatch::look(std::string_view line) {
    const Result<WatchEvent, std::string> event = decode_watch_event(line);
    if (!event) {
        odd_ = event.error();
        return false;
    }
    const Result<PodReport, std::string> report =
        pod_of_event(*event, PodName{namespace_, holder_->pod});
    if (!report) {
        odd_ = report.error();
        return false;
    }
    sees_ = true;
    again_ = kAgain;
    duties_.worked(read_now(), Duty::pods, kWork);
    const std::optional<WallTime> finished = ended_at(*report, container_, *holder_);
    if (!finished) return true;
    asio::post(loop_, [this, weak = std::weak_ptr(alive_), id = opened_,
                       end = HolderEnded{holder_, *finished, report->version}] {
        if (!weak.expired() && id == opened_) proven(end);
    });
    return true;
}

/// Once: what has ended needs no more watching.
void PodWatch::proven(const HolderEnded& end) {
    stop();
    deliver_(end);
}

void PodWatch::ended(const Response& response) {
    transfer_.reset();
    sees_ = false;
    const Now now = read_now();
    std::string why;
    std::string kind = "end";
    if (response.end == TransferEnd::answered && response.status != 200) {
        const std::string said = decode_status(refusal_, LeaseName{}).message;
        kind = "status " + std::to_string(response.status);
        why = "the API server answered " + std::string(kWork) + " with " +
              std::to_string(response.status) + (said.empty() ? "" : ": " + said);
    } else if (!odd_.empty()) {
        kind = "odd";
        why = std::string(kWork) + " gave " + odd_;
    } else if (response.end != TransferEnd::answered && response.end != TransferEnd::aborted) {
        why = std::string(kWork) + " broke off: " + response.error;
    }
    if (!why.empty()) duties_.failed(now, Duty::pods, kWork, kind, why);
    if (response.status == 403) refused_until_ = now.monotonic + kRefusedFor;
    // Its connection was given up with the Lease's silent watch, as after each crash of a leader:
    // the word may come at any moment.
    if (response.end == TransferEnd::aborted) return timer_.arm(now.monotonic);
    timer_.arm(saturating_add(now.monotonic, again_));
    again_ = std::min(2 * again_, kLongestAgain);
}

}  // namespace leasehold::agent
