#include "config/json_text.hpp"

#include <nlohmann/json.hpp>

namespace leasehold::config {
namespace {

using nlohmann::json;

Node to_node(const json& value, const Node& place, int depth) {
    if (depth > kDeepest)
        fail(place, "nested deeper than " + std::to_string(kDeepest) + " lists and maps");
    Node made = place;
    if (value.is_null()) return made;
    if (value.is_object()) {
        made.kind = NodeKind::map;
        for (const auto& [name, inner] : value.items()) {
            Node key = place;
            key.kind = NodeKind::scalar;
            key.text = name;
            made.entries.push_back(Node::Entry{std::move(key), to_node(inner, place, depth + 1)});
        }
    } else if (value.is_array()) {
        made.kind = NodeKind::list;
        for (const json& inner : value)
            made.items.push_back(to_node(inner, place, depth + 1));
    } else {
        made.kind = NodeKind::scalar;
        made.quoted = value.is_string();
        made.text = value.is_string() ? value.get<std::string>() : value.dump();
    }
    return made;
}

}  // namespace

std::size_t end_of_json(std::string_view text, std::size_t from) {
    int open = 0;
    bool quoted = false;
    for (std::size_t at = from; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted) {
            if (c == '\\') ++at;
            if (c == '"') quoted = false;
            continue;
        }
        if (c == '"') quoted = true;
        if (c == '{' || c == '[') ++open;
        if (c == '}' || c == ']') --open;
        if (c == ',' && open <= 0) return at;
    }
    return text.size();
}

Node parse_json_text(std::string_view text, const Node& place) {
    const json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) fail(place, "expected JSON (a text needs double quotes)");
    return to_node(value, place, 0);
}

}  // namespace leasehold::config
