#include "sim/search/document.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::search {
namespace {

using config::Node;
using config::NodeKind;

constexpr std::size_t kLine = 100;

std::string scalar_text(const Node& node) {
    if (!node.quoted) return node.text;
    std::string out = "\"";
    for (const char c : node.text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (c == '\r')
            out += "\\r";
        else
            out += c;
    }
    return out + '"';
}

/// On one line, in braces.
std::string flow_text(const Node& node) {
    std::string text;
    switch (node.kind) {
        case NodeKind::null:
            return "null";
        case NodeKind::scalar:
            return scalar_text(node);
        case NodeKind::list:
            for (const Node& item : node.items)
                text += (text.empty() ? "" : ", ") + flow_text(item);
            return "[" + text + "]";
        case NodeKind::map:
            for (const Node::Entry& entry : node.entries)
                text += (text.empty() ? "" : ", ") + scalar_text(entry.key) + ": " +
                        flow_text(entry.value);
            return "{" + text + "}";
    }
    return text;
}

std::string block_text(const Node::Entry& entry, std::size_t indent) {
    const std::string start = std::string(indent, ' ') + scalar_text(entry.key) + ":";
    const std::string line = start + " " + flow_text(entry.value) + "\n";
    const bool faults = entry.key.text == "faults" && indent == 0;
    if (!faults && (line.size() <= kLine || entry.value.kind != NodeKind::map)) return line;
    std::string text = start + "\n";
    if (faults) {
        if (entry.value.items.empty()) return line;
        for (const Node& item : entry.value.items)
            text += std::string(indent + 2, ' ') + "- " + flow_text(item) + "\n";
    } else {
        for (const Node::Entry& inner : entry.value.entries)
            text += block_text(inner, indent + 2);
    }
    return text;
}

template <class Tree>
Tree& part(Tree& document, const Path& path) {
    Tree* node = &document;
    for (const std::size_t position : path)
        node = node->kind == NodeKind::map ? &node->entries.at(position).value
                                           : &node->items.at(position);
    return *node;
}

void walk(const Node& node, Path& path, const std::function<void(const Path&, const Node&)>& see) {
    const std::size_t count = node.kind == NodeKind::map ? node.entries.size() : node.items.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Node& inner = node.kind == NodeKind::map ? node.entries[i].value : node.items[i];
        path.push_back(i);
        see(path, inner);
        walk(inner, path, see);
        path.pop_back();
    }
}

/// What a file needs to be one, and whose seed it is.
bool fixed(const std::string& name) {
    return name == "scenario" || name == "why" || name == "seeds";
}

/// From the last part to the first, so that positions before it stay; what can't go as a whole may
/// lose parts of its own.
void prune(Node& document, Path& path, const Keeps& keeps) {
    const Node& here = at(std::as_const(document), path);
    std::size_t i = here.kind == NodeKind::map ? here.entries.size() : here.items.size();
    while (i-- > 0) {
        path.push_back(i);
        if (!fixed(name_of_part(document, path))) {
            Node smaller = without(document, path);
            if (keeps(smaller))
                document = std::move(smaller);
            else
                prune(document, path, keeps);
        }
        path.pop_back();
    }
}

}  // namespace

config::Node document_of(const sim::Scenario& scenario) {
    return config::parse_tree(sim::resolved_yaml(scenario), scenario.name + ".yaml");
}

std::string document_text(const Node& document) {
    std::string text;
    for (const Node::Entry& entry : document.entries)
        text += block_text(entry, 0);
    return text;
}

std::vector<Path> values_of(const Node& document) {
    std::vector<Path> values;
    Path path;
    walk(document, path, [&](const Path& at, const Node& node) {
        if (node.kind == NodeKind::scalar) values.push_back(at);
    });
    return values;
}

Node& at(Node& document, const Path& path) {
    return part(document, path);
}
const Node& at(const Node& document, const Path& path) {
    return part(document, path);
}

Node without(Node document, const Path& path) {
    CHECK(!path.empty());
    Node& around = at(document, Path(path.begin(), path.end() - 1));
    const auto position = static_cast<std::ptrdiff_t>(path.back());
    if (around.kind == NodeKind::map)
        around.entries.erase(around.entries.begin() + position);
    else
        around.items.erase(around.items.begin() + position);
    return document;
}

std::string name_of_part(const Node& document, const Path& path) {
    std::string name;
    const Node* node = &document;
    for (const std::size_t position : path) {
        if (node->kind == NodeKind::map) {
            name += (name.empty() ? "" : ".") + node->entries.at(position).key.text;
            node = &node->entries[position].value;
        } else {
            node = &node->items.at(position);
        }
    }
    return name;
}

std::optional<sim::Scenario> scenario_of(const Node& document) {
    const Node* name = document.find("scenario");
    if (name == nullptr) return std::nullopt;
    auto read = sim::parse_scenario(document_text(document), name->text + ".yaml", {});
    if (!read) return std::nullopt;
    return std::move(*read);
}

Node pruned(Node document, const Keeps& keeps) {
    Path path;
    prune(document, path, keeps);
    return document;
}

Node least_document(const sim::Scenario& scenario) {
    const std::string whole = sim::resolved_yaml(scenario);
    return pruned(document_of(scenario), [&](const Node& smaller) {
        const auto read = scenario_of(smaller);
        return read && sim::resolved_yaml(*read) == whole;
    });
}

}  // namespace leasehold::search
