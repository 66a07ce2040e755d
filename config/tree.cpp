#include "config/tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

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

/// Builds the tree from events, refusing what the format has no use for.
class Builder : public YAML::EventHandler {
  public:
    Builder(std::string_view text, std::string file)
        : text_(text), file_(std::make_shared<const std::string>(std::move(file))) {}

    [[nodiscard]] bool has_root() const { return root_.has_value(); }
    [[nodiscard]] Node take_root() { return std::move(*root_); }
    [[nodiscard]] std::size_t last_offset() const { return last_offset_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0)
            fail_at(*file_, mark.line + 1, mark.column + 1,
                    "a second document: a file holds one, without further '---'");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(make(NodeKind::null, mark, anchor, "?"));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        fail(make(NodeKind::null, mark, 0, "?"), kNoAliases);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = make(NodeKind::scalar, mark, anchor, tag);
        node.text = value;
        node.quoted = tag == "!";
        if (node.quoted) check_quote(node, offset_of(mark));
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(make(NodeKind::list, mark, anchor, tag));
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(make(NodeKind::map, mark, anchor, tag));
    }
    void OnMapEnd() override { close(); }

    static constexpr const char* kNoAliases =
        "anchors and aliases (&name, *name) are not "
        "supported: write the value out";

  private:
    struct Frame {
        Node node;
        std::optional<Node> key;
        std::map<std::string, int> lines;  // of the keys so far
    };

    std::size_t offset_of(const YAML::Mark& mark) const {
        const std::size_t bom = text_.starts_with("\xef\xbb\xbf") ? 3 : 0;
        return std::min(text_.size(), static_cast<std::size_t>(std::max(mark.pos, 0)) + bom);
    }

    Node make(NodeKind kind, const YAML::Mark& mark, YAML::anchor_t anchor,
              const std::string& tag) {
        Node node;
        node.kind = kind;
        node.file = file_;
        node.line = mark.line + 1;
        node.column = mark.column + 1;
        last_offset_ = offset_of(mark);
        if (anchor != 0) fail(node, kNoAliases);
        if (tag != "?" && tag != "!" && !tag.empty())
            fail(node, "tags are not supported: remove '" + tag + "'");
        return node;
    }

    /// A quote that is never closed swallows what follows, and yaml-cpp takes it for a long text:
    /// so a quoted text must end on its own line.
    void check_quote(const Node& node, std::size_t at) const {
        const char quote = at < text_.size() ? text_[at] : '|';
        if (quote != '"' && quote != '\'') return;
        for (std::size_t i = at + 1; i < text_.size() && text_[i] != '\n'; ++i) {
            if (quote == '"' && text_[i] == '\\') {
                ++i;
            } else if (text_[i] == quote) {
                if (quote == '"' || i + 1 >= text_.size() || text_[i + 1] != quote) return;
                ++i;
            }
        }
        fail(node, "the quoted text that begins here does not end on its line");
    }

    void open(Node node) {
        if (frames_.size() >= kDeepest)
            fail(node, "nested deeper than " + std::to_string(kDeepest) + " lists and maps");
        frames_.push_back(Frame{std::move(node), std::nullopt, {}});
    }

    void close() {
        Node node = std::move(frames_.back().node);
        frames_.pop_back();
        add(std::move(node));
    }

    void add(Node node) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.kind == NodeKind::list) {
            frame.node.items.push_back(std::move(node));
            return;
        }
        if (!frame.key) {
            if (node.kind != NodeKind::scalar)
                fail(node, "expected a key, found " + node.describe());
            const auto [known, fresh] = frame.lines.emplace(node.text, node.line);
            if (!fresh)
                fail(node, "duplicate key \"" + node.text + "\" (first on line " +
                               std::to_string(known->second) + ")");
            frame.key = std::move(node);
            return;
        }
        if (node.kind == NodeKind::null) {  // yaml-cpp gives it the place of what follows
            node.line = frame.key->line;
            node.column = frame.key->column;
        }
        frame.node.entries.push_back(Node::Entry{std::move(*frame.key), std::move(node)});
        frame.key.reset();
    }

    std::string_view text_;
    std::shared_ptr<const std::string> file_;
    std::vector<Frame> frames_;
    std::optional<Node> root_;
    std::size_t last_offset_ = 0;
    int documents_ = 0;
};

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

/// yaml-cpp's complaint, in our words where a person would not find the fault by its.
[[noreturn]] void fail_yaml(const YAML::Exception& error, std::string_view text,
                            const std::string& file, std::size_t last_offset) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    const int column = error.mark.is_null() ? 0 : error.mark.column + 1;
    if (error.msg.find("EOF") != std::string::npos) {
        const std::size_t quote = text.find_first_of("'\"", last_offset);
        if (quote != std::string_view::npos)
            fail_byte(file, text, quote,
                      "the quoted text that begins here does not end on its line");
    }
    if (error.msg.find("anchor") != std::string::npos)
        fail_at(file, line, column, Builder::kNoAliases);
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

Node parse_tree(std::string_view text, const std::string& file) {
    check_bytes(text, file);
    Builder builder(text, file);
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {}
    } catch (const YAML::Exception& error) {
        fail_yaml(error, text, file, builder.last_offset());
    }
    if (!builder.has_root()) fail_at(file, 0, 0, "empty: no YAML in it");
    Node root = builder.take_root();
    if (root.kind == NodeKind::null) fail_at(file, 0, 0, "empty: no YAML in it");
    return root;
}

}  // namespace leasehold::config
