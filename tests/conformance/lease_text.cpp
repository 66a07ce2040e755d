#include "tests/conformance/lease_text.hpp"

#include <array>
#include <string_view>

namespace leasehold::conformance {
namespace {

// In the order of StatusReason.
constexpr std::array<std::string_view, 14> kReasons{
    "no reason",  "NotFound",      "AlreadyExists",      "Conflict",        "Invalid",
    "BadRequest", "Unauthorized",  "Forbidden",          "TooManyRequests", "Timeout",
    "Expired",    "InternalError", "ServiceUnavailable", "another reason"};

std::string time_text(const std::optional<WallTime>& time) {
    if (!time) return "-";
    return std::to_string(time->time_since_epoch().count() / 1000) + "us";
}

std::string lease_text(const Lease& lease, const LeaseServer& server) {
    const std::string label = server.label_of(lease.extra);
    return "version " + std::to_string(lease.version.value()) + ", uid " + lease.uid.substr(0, 13) +
           ", " + record_text(lease.record) + (label.empty() ? "" : ", label " + label);
}

std::string event_text(const LeaseEvent& event, const LeaseServer& server) {
    switch (event.kind) {
        case WatchKind::seen:
            return event.lease ? "seen " + lease_text(*event.lease, server) : "seen nothing";
        case WatchKind::deleted:
            return "deleted at " + std::to_string(event.version.value());
        case WatchKind::bookmark:
            return "bookmark";
        case WatchKind::ended:
            break;
    }
    return "ended";
}

}  // namespace

std::string record_text(const LeaseRecord& record) {
    std::string text = record.holder.empty() ? "no holder" : "holder " + record.holder;
    text += ", " + std::to_string(record.duration_seconds) + " s, transitions " +
            std::to_string(record.transitions) + ", acquired " + time_text(record.acquire_time) +
            ", renewed " + time_text(record.renew_time);
    const auto mark = [&](std::string_view name, std::uint64_t value) {
        if (value != 0) text += ", " + std::string(name) + " " + std::to_string(value);
    };
    mark("nonce", record.nonce);
    mark("acquisition", record.acquisition);
    mark("released", record.released);
    mark("max", static_cast<std::uint64_t>(record.max_lease_seconds));
    if (record.container != Container{})
        text += ", container " + record.container.pod + " " + record.container.pod_uid + " " +
                record.container.id;
    mark("container mark", record.container_mark);
    return text;
}

std::string answer_text(const LeaseAnswer& answer, const LeaseServer& server) {
    const LeaseReply& reply = answer.reply;
    std::string text = reply.status == 0 ? "no answer" : std::to_string(reply.status);
    if (reply.not_sent) text += " (not sent)";
    if (reply.status >= 400)
        text += " " + std::string(kReasons.at(static_cast<std::size_t>(reply.reason))) +
                (reply.about_lease ? ", about the Lease" : "");
    if (reply.lease) text += " " + lease_text(*reply.lease, server);
    for (const LeaseEvent& event : answer.events)
        text += "; " + event_text(event, server);
    if (answer.silent) text += "; then silence";
    return text;
}

}  // namespace leasehold::conformance
