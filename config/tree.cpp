#include "config/tree.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "config/tree_builder.hpp"

namespace leasehold::config {
namespace {

[[noreturn]] void fail_at(const std::string& file, int line, int column, std::string message) {
    throw InputError{Diagnostic{file, line, column, std::move(message)}};
}

/// Line and column of a byte of the text.
std::pair<int, int> place_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n');
    const std::size_t column = start == std::string_view::npos ? offset : offset - start - 1;
    return {static_cast<int>(line) + 1, static_cast<int>(column) + 1};
}

[[noreturn]] void fail_byte(const std::string& file, std::string_view text, std::size_t offset,
                            std::string message) {
    const auto [line, column] = place_of(text, offset);
    fail_at(file, line, column, std::move(message));
}

/// Length of the valid UTF-8 sequence at `at` (RFC 3629: no surrogates, no overlong forms); 0 =
/// none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(at);
    if (first < 0x80U) return 1;
    if (first >= 0xC2U && first <= 0xDFU) return continues(at + 1) ? 2 : 0;
    const unsigned second = byte(at + 1);
    if (first >= 0xE0U && first <= 0xEFU) {
        if ((first == 0xE0U && second < 0xA0U) || (first == 0xEDU && second > 0x9FU)) return 0;
        return continues(at + 1) && continues(at + 2) ? 3 : 0;
    }
    if (first >= 0xF0U && first <= 0xF4U) {
        if ((first == 0xF0U && second < 0x90U) || (first == 0xF4U && second > 0x8FU)) return 0;
        return continues(at + 1) && continues(at + 2) && continues(at + 3) ? 4 : 0;
    }
    return 0;
}

void check_bytes(std::string_view text, const std::string& file) {
    if (text.size() > kLargestFile) fail_at(file, 0, 0, "larger than 1 MiB, the most that is read");
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text, at);
        if (length == 0) fail_byte(file, text, at, "not valid UTF-8");
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte == 0) fail_byte(file, text, at, "a NUL byte: not a text file");
        if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t')
            fail_byte(file, text, at, "a control character: not a text file");
        at += length;
    }
}

/// What to look for, where yaml-cpp's own words don't help a person.
std::string hint(const std::string& message) {
    if (message == "end of map not found" || message == "end of sequence not found")
        return " (the indentation fits nothing above)";
    if (message == "illegal map value")
        return " (put a text with ': ' in quotes, or check the indentation)";
    if (message == "end of map flow not found") return " (a '{' is not closed)";
    if (message == "end of sequence flow not found") return " (a '[' is not closed)";
    return "";
}

/// The first tab before the text of a line, counted from 1; npos: there is none.
std::size_t tab_in_indentation(std::string_view text, int line) {
    std::size_t start = 0;
    for (int i = 1; i < line && start != text.npos; ++i) {
        start = text.find('\n', start);
        if (start != text.npos) ++start;
    }
    if (start == text.npos) return text.npos;
    const std::size_t at = text.find_first_not_of(' ', start);
    return at != text.npos && text[at] == '\t' ? at : text.npos;
}

/// yaml-cpp's complaint, in our words where a person would not find the fault by its.
[[noreturn]] void fail_yaml(const YAML::Exception& error, std::string_view text,
                            const std::string& file, std::size_t last_offset, Dialect dialect) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    const int column = error.mark.is_null() ? 0 : error.mark.column + 1;
    if (error.msg.find("EOF") != std::string::npos) {
        const std::size_t quote = text.find_first_of("'\"", last_offset);
        if (quote != std::string_view::npos)
            fail_byte(file, text, quote,
                      "the quoted text that begins here does not end on its line");
    }
    if (error.msg.find("anchor") != std::string::npos)
        fail_at(file, line, column,
                dialect == Dialect::strict ? TreeBuilder::kNoAliases
                                           : "an alias (*name) of no anchor (&name) above it");
    if (const auto tab = tab_in_indentation(text, line); tab != text.npos)
        fail_byte(file, text, tab, "not valid YAML: a tab in the indentation: blanks are wanted");
    fail_at(file, line, column, "not valid YAML: " + error.msg + hint(error.msg));
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (const Entry& entry : entries)
        if (entry.key.text == key) return &entry.value;
    return nullptr;
}

std::string Node::describe() const {
    switch (kind) {
        case NodeKind::null:
            return "nothing";
        case NodeKind::list:
            return "a list";
        case NodeKind::map:
            return "a map";
        case NodeKind::scalar:
            break;
    }
    constexpr std::size_t kShown = 60;
    std::string shown = text.substr(0, kShown);
    std::replace(shown.begin(), shown.end(), '\n', ' ');
    return '"' + shown + (text.size() > kShown ? "...\"" : "\"");
}

void fail(const Node& at, std::string message) {
    fail_at(at.file ? *at.file : std::string(), at.line, at.column, std::move(message));
}

void expect_map(const Node& node, std::string_view what) {
    if (node.kind != NodeKind::map)
        fail(node, std::string(what) + ": expected a map, found " + node.describe());
}

void expect_list(const Node& node, std::string_view what) {
    if (node.kind != NodeKind::list)
        fail(node, std::string(what) + ": expected a list, found " + node.describe());
}

void expect_scalar(const Node& node, std::string_view what) {
    if (node.kind != NodeKind::scalar)
        fail(node, std::string(what) + ": expected a single value, found " + node.describe());
}

std::string load_text(const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) fail_at(path, 0, 0, "no such file");
    if (std::filesystem::is_directory(status)) fail_at(path, 0, 0, "a directory, not a file");
    if (!std::filesystem::is_regular_file(status)) fail_at(path, 0, 0, "not a regular file");
    std::ifstream in(path, std::ios::binary);
    if (!in) fail_at(path, 0, 0, "can't be read");
    std::string text(kLargestFile + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) fail_at(path, 0, 0, "can't be read");
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

namespace {

Node parse_document(std::string_view text, const std::string& file, Dialect dialect) {
    check_bytes(text, file);
    TreeBuilder builder(text, file, dialect);
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {}
    } catch (const YAML::Exception& error) {
        fail_yaml(error, text, file, builder.last_offset(), dialect);
    }
    return builder.take_root();
}

}  // namespace

Node parse_tree(std::string_view text, const std::string& file) {
    Node root = parse_document(text, file, Dialect::strict);
    if (root.kind == NodeKind::null) fail_at(file, 0, 0, "empty: no YAML in it");
    return root;
}

Node parse_values_tree(std::string_view text, const std::string& file) {
    Node root = parse_document(text, file, Dialect::helm);
    if (root.kind == NodeKind::null) root.kind = NodeKind::map;
    return root;
}

}  // namespace leasehold::config
