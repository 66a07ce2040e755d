#include "config/tree_builder.hpp"

#include <yaml-cpp/mark.h>

#include <algorithm>

namespace leasehold::config {
namespace {

/// A few lines of aliases of aliases stand for more than any memory holds.
constexpr std::size_t kMostCopied = 100'000;
constexpr std::string_view kText = "tag:yaml.org,2002:str";

std::size_t size_of(const Node& node) {
    std::size_t total = 1;
    for (const Node& item : node.items)
        total += size_of(item);
    for (const Node::Entry& entry : node.entries)
        total += 1 + size_of(entry.value);
    return total;
}

int depth_of(const Node& node) {
    int deepest = 0;
    for (const Node& item : node.items)
        deepest = std::max(deepest, depth_of(item));
    for (const Node::Entry& entry : node.entries)
        deepest = std::max(deepest, depth_of(entry.value));
    return deepest + (node.kind == NodeKind::map || node.kind == NodeKind::list ? 1 : 0);
}

}  // namespace

Node TreeBuilder::take_root() {
    if (root_ && !shared_.empty()) mark_shared(*root_);
    if (root_) return std::move(*root_);
    Node none;
    none.file = file_;
    return none;
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
    if (documents_++ > 0 && !lenient())
        fail(make(NodeKind::null, mark, 0, "?"),
             "a second document: a file holds one, without further '---'");
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
    add(make(NodeKind::null, mark, anchor, "?"), anchor);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
    Node here = make(NodeKind::null, mark, 0, "?");
    if (!lenient()) fail(here, kNoAliases);
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) fail(here, "the alias names a value that it is a part of");
    copied_ += size_of(known->second);
    if (copied_ > kMostCopied)
        fail(here, "aliases that stand for more than " + std::to_string(kMostCopied) + " values");
    if (frames_.size() + static_cast<std::size_t>(depth_of(known->second)) > kDeepest)
        fail(here, "nested deeper than " + std::to_string(kDeepest) + " lists and maps");
    shared_.emplace(known->second.line, known->second.column);
    Node copy = known->second;
    add(std::move(copy), 0);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
    Node node = make(NodeKind::scalar, mark, anchor, tag);
    node.text = value;
    node.quoted = tag == "!" || tag == kText;
    if (tag == "!") check_quote(node, offset_of(mark));
    add(std::move(node), anchor);
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) {
    open(make(NodeKind::list, mark, anchor, tag), anchor);
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value /*style*/) {
    open(make(NodeKind::map, mark, anchor, tag), anchor);
}

std::size_t TreeBuilder::offset_of(const YAML::Mark& mark) const {
    const std::size_t bom = text_.starts_with("\xef\xbb\xbf") ? 3 : 0;
    return std::min(text_.size(), static_cast<std::size_t>(std::max(mark.pos, 0)) + bom);
}

Node TreeBuilder::make(NodeKind kind, const YAML::Mark& mark, YAML::anchor_t anchor,
                       const std::string& tag) {
    Node node;
    node.kind = kind;
    node.file = file_;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    last_offset_ = offset_of(mark);
    if (lenient()) return node;
    if (anchor != 0) fail(node, kNoAliases);
    if (tag != "?" && tag != "!" && !tag.empty())
        fail(node, "tags are not supported: remove '" + tag + "'");
    return node;
}

/// A quote that is never closed swallows what follows, and yaml-cpp takes it for a long text:
/// so a quoted text must end, and where there is no reason for another on its own line.
void TreeBuilder::check_quote(const Node& node, std::size_t at) const {
    const char quote = at < text_.size() ? text_[at] : '|';
    if (quote != '"' && quote != '\'') return;
    for (std::size_t i = at + 1; i < text_.size() && (lenient() || text_[i] != '\n'); ++i) {
        if (quote == '"' && text_[i] == '\\') {
            ++i;
        } else if (text_[i] == quote) {
            if (quote == '"' || i + 1 >= text_.size() || text_[i + 1] != quote) return;
            ++i;
        }
    }
    fail(node, lenient() ? "the quoted text that begins here does not end"
                         : "the quoted text that begins here does not end on its line");
}

void TreeBuilder::mark_shared(Node& node) const {
    node.shared = shared_.contains({node.line, node.column});
    for (Node& item : node.items)
        mark_shared(item);
    for (Node::Entry& entry : node.entries)
        mark_shared(entry.value);
}

void TreeBuilder::open(Node node, YAML::anchor_t anchor) {
    if (frames_.size() >= kDeepest)
        fail(node, "nested deeper than " + std::to_string(kDeepest) + " lists and maps");
    frames_.push_back(Frame{std::move(node), std::nullopt, {}, anchor});
}

void TreeBuilder::close() {
    Node node = std::move(frames_.back().node);
    const YAML::anchor_t anchor = frames_.back().anchor;
    frames_.pop_back();
    if (lenient() && node.kind == NodeKind::map) merge(node);
    add(std::move(node), anchor);
}

void TreeBuilder::add(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_.insert_or_assign(anchor, node);
    if (frames_.empty()) {
        add_root(std::move(node));
        return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == NodeKind::list) {
        frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
        add_key(frame, std::move(node));
    } else {
        add_value(frame, std::move(node));
    }
}

void TreeBuilder::add_root(Node node) {
    if (documents_ > 1) {
        if (node.kind == NodeKind::null) return;  // "---" at the end
        fail(node,
             "a second document: Helm 3 leaves it out and Helm 4 merges it; a file holds one, "
             "without further '---'");
    }
    root_ = std::move(node);
}

void TreeBuilder::add_key(Frame& frame, Node node) {
    if (lenient() && node.kind == NodeKind::null) {
        node.kind = NodeKind::scalar;
        node.text = "null";
    }
    const char* template_hint =
        node.kind == NodeKind::map ? " (is {{ ... }} a template that nothing rendered?)" : "";
    if (node.kind != NodeKind::scalar)
        fail(node, "expected a key, found " + node.describe() + template_hint);
    const auto known = frame.places.find(node.text);
    if (known != frame.places.end() && !lenient())
        fail(node, "duplicate key \"" + node.text + "\" (first on line " +
                       std::to_string(frame.node.entries[known->second].key.line) + ")");
    frame.key = std::move(node);
}

void TreeBuilder::add_value(Frame& frame, Node node) {
    if (node.kind == NodeKind::null) {  // yaml-cpp gives it the place of what follows
        node.line = frame.key->line;
        node.column = frame.key->column;
    }
    std::vector<Node::Entry>& entries = frame.node.entries;
    const auto [place, fresh] = frame.places.emplace(frame.key->text, entries.size());
    Node::Entry entry{std::move(*frame.key), std::move(node)};
    frame.key.reset();
    if (fresh) {
        entries.push_back(std::move(entry));
    } else {
        entry.earlier = entries[place->second].key.line;
        entries[place->second] = std::move(entry);
    }
}

/// Writes out "<<": what a map says itself goes before what it takes from others, and the first of
/// those before the next.
void TreeBuilder::merge(Node& map) {
    const auto at = std::find_if(map.entries.begin(), map.entries.end(), [](const auto& entry) {
        return entry.key.text == "<<" && !entry.key.quoted;
    });
    if (at == map.entries.end()) return;
    const Node from = std::move(at->value);
    map.entries.erase(at);
    if (from.kind != NodeKind::list) {
        merge_one(map, from);
        return;
    }
    for (const Node& one : from.items)
        merge_one(map, one);
}

void TreeBuilder::merge_one(Node& map, const Node& from) {
    if (from.kind != NodeKind::map) fail(from, "<<: expected a map, found " + from.describe());
    for (const Node::Entry& entry : from.entries)
        if (map.find(entry.key.text) == nullptr) map.entries.push_back(entry);
}

}  // namespace leasehold::config
