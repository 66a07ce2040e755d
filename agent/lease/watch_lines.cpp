#include "agent/lease/watch_lines.hpp"

#include <utility>

#include "agent/lease/strict_json.hpp"

namespace leasehold::agent {

bool WatchLines::cut(std::string_view piece, const Take& take) {
    while (!piece.empty()) {
        const std::size_t end = piece.find('\n');
        const std::string_view part = piece.substr(0, end);
        if (line_.size() + part.size() > kLongestLine) return false;
        line_ += part;
        if (end == piece.npos) break;
        piece.remove_prefix(end + 1);
        if (line_.ends_with('\r')) line_.pop_back();
        const bool more = line_.empty() || take(line_);
        line_.clear();
        if (!more) break;
    }
    return true;
}

Result<WatchEvent, std::string> decode_watch_event(std::string_view line) {
    try {
        nlohmann::json value = parse_json(line);
        if (!value.is_object()) return Unexpected{std::string("an event that is no object")};
        const auto type = value.find("type");
        const auto object = value.find("object");
        if (type == value.end() || !type->is_string() || object == value.end())
            return Unexpected{std::string("an event without type or object")};
        return WatchEvent{type->get<std::string>(), std::move(*object)};
    } catch (const JsonError& error) {
        return Unexpected{std::string("an event that is ") + error.what()};
    }
}

}  // namespace leasehold::agent
