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
    try {
        Json value = parse_json(line);
        if (!value.is_object()) return broken_off("an event that is no object");
        const auto type = value.find("type");
        const auto object = value.find("object");
        if (type == value.end() || !type->is_string() || object == value.end())
            return broken_off("an event without type or object");
        const std::string kind = type->get<std::string>();
        return event_in(kind, std::move(*object), name);
    } catch (const JsonError& error) {
        return broken_off(std::string("an event that is ") + error.what());
    }
}

}  // namespace

std::vector<WatchNews> WatchStream::take(std::string_view piece) {
    std::vector<WatchNews> news;
    while (!ended_ && !piece.empty()) {
        const std::size_t end = piece.find('\n');
        const std::string_view part = piece.substr(0, end);
        if (line_.size() + part.size() > kLongestLine) {
            news.push_back(
                broken_off("a line longer than " + std::to_string(kLongestLine) + " bytes"));
            ended_ = true;
            break;
        }
        line_ += part;
        if (end == piece.npos) break;
        piece.remove_prefix(end + 1);
        if (line_.ends_with('\r')) line_.pop_back();
        if (!line_.empty()) {
            news.push_back(event_in(line_, name_));
            ended_ = news.back().kind == WatchKind::ended;
        }
        line_.clear();
    }
    return news;
}

}  // namespace leasehold::agent
