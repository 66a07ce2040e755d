// A YAML text as a tree of our own, with places, from yaml-cpp's event parser.
//
// yaml-cpp's own node tree accepts duplicate keys, second documents, self-referencing aliases,
// unterminated quotes and invalid UTF-8 in silence; this one refuses them, by place.
// Errors are thrown as an InputError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"

namespace leasehold::config {

enum class NodeKind : std::uint8_t { null, scalar, list, map };

/// A value of the input, and where it stands.
struct Node {
    struct Entry;
    NodeKind kind = NodeKind::null;
    bool quoted = false;         ///< scalar in quotes or a block scalar: always a text
    bool shared = false;         ///< an alias stands for it somewhere
    bool whole = false;          ///< map: takes the place of what was there, and merges with none
    std::string text;            ///< scalar
    std::vector<Node> items;     ///< list
    std::vector<Entry> entries;  ///< map, in the order of the input, keys unique
    std::shared_ptr<const std::string> file;
    int line = 0;    ///< 1-based
    int column = 0;  ///< 1-based, bytes

    [[nodiscard]] const Node* find(std::string_view key) const;
    /// "a list", "a map", "nothing" or the text in quotes, for messages.
    [[nodiscard]] std::string describe() const;
};
struct Node::Entry {
    Node key;
    Node value;
    int earlier = 0;  ///< line of the same key before, whose value was lost; 0 = none
};

inline constexpr std::size_t kLargestFile = 1U << 20;  ///< bytes
inline constexpr int kDeepest = 32;                    ///< nested lists and maps

/// Throws an InputError at the node's place.
[[noreturn]] void fail(const Node& at, std::string message);

/// `node` must be a map, a list, a single value; `what` names it in the message.
void expect_map(const Node& node, std::string_view what);
void expect_list(const Node& node, std::string_view what);
void expect_scalar(const Node& node, std::string_view what);

/// The bytes of a regular file of at most kLargestFile. Throws InputError.
[[nodiscard]] std::string load_text(const std::string& path);
/// The one document of `text`. Throws InputError.
[[nodiscard]] Node parse_tree(std::string_view text, const std::string& file);
/// The same as Helm reads a values file: nothing but comments is an empty map, of equal keys the
/// last counts (and Entry::earlier says so), aliases and merges (<<) are written out, a quoted text
/// may take several lines, tags are allowed. A second document that holds anything is refused: one
/// version of Helm drops it, the next merges it.
[[nodiscard]] Node parse_values_tree(std::string_view text, const std::string& file);

}  // namespace leasehold::config
