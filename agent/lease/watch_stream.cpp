#include "agent/lease/watch_stream.hpp"

#include <memory>
#include <utility>

#include "agent/lease/lease_json.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/strict_json.hpp"

namespace leasehold::agent {
namespace {

using Json = nlohmann::json;

WatchNews broken_off(std::string why) {
    return WatchNews{WatchKind::ended, {}, nullptr, std::move(why)};
}

/// Of a deletion or bookmark.
WatchNews at_version(WatchKind kind, const Json& object) {
    const auto metadata = object.is_object() ? object.find("metadata") : object.end();
    if (!object.is_object() || metadata == object.end())
        return broken_off("an event without metadata");
    const Result<Version, std::string> version = decode_version(*metadata);
    if (!version) return broken_off("an event's " + version.error());
    return WatchNews{kind, *version, nullptr, {}};
}

WatchNews event_in(const std::string& type, Json object, const LeaseName& name) {
    if (type == "ERROR") {
        const ApiStatus status = decode_status(object.dump(), name);
        return broken_off(status.message.empty() ? "an error event" : status.message);
    }
    if (type == "BOOKMARK") return at_version(WatchKind::bookmark, object);
    if (type != "ADDED" && type != "MODIFIED" && type != "DELETED")
        return broken_off("an event of an unknown type");
    Result<Lease, std::string> lease = lease_from_json(std::move(object), name);
    if (!lease) return broken_off("an event's " + lease.error());
    if (type == "DELETED") return WatchNews{WatchKind::deleted, lease->version, nullptr, {}};
    return WatchNews{WatchKind::seen, {}, std::make_shared<const Lease>(*std::move(lease)), {}};
}

WatchNews event_in(std::string_view line, const LeaseName& name) {
    Result<WatchEvent, std::string> event = decode_watch_event(line);
    if (!event) return broken_off(event.error());
    return event_in(event->type, std::move(event->object), name);
}

}  // namespace

std::vector<WatchNews> WatchStream::take(std::string_view piece) {
    std::vector<WatchNews> news;
    if (ended_) return news;
    const bool cut = lines_.cut(piece, [&](std::string_view line) {
        news.push_back(event_in(line, name_));
        ended_ = news.back().kind == WatchKind::ended;
        return !ended_;
    });
    if (!cut) {
        news.push_back(broken_off("a line longer than " + std::to_string(kLongestLine) + " bytes"));
        ended_ = true;
    }
    return news;
}

}  // namespace leasehold::agent
