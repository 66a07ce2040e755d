// Keys: a.b[0].c, with \ before a comma, a dot, an equals sign or a bracket that is meant as such.
#include "config/set_option.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "config/json_text.hpp"
#include "config/units.hpp"

namespace leasehold::config {
namespace {

constexpr std::size_t kLargestIndex = 65'536;  // Helm's
constexpr std::string_view kBrackets = ".=,[";

bool same_word(std::string_view text, std::string_view lower_case) {
    return std::equal(
        text.begin(), text.end(), lower_case.begin(), lower_case.end(), [](char c, char lower) {
            return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == lower;
        });
}

/// Does Helm take it for a number? A zero in front makes it a text.
bool whole_number(std::string_view text) {
    if (text == "0") return true;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    constexpr std::size_t kDigits = 18;  // Helm's limit is 2^63; nobody means more than this
    return !text.empty() && text.size() <= kDigits && text.front() != '0' &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class SetParser {
  public:
    SetParser(SetFlag flag, const std::string& option)
        : flag_(flag),
          text_(option),
          file_(std::make_shared<const std::string>(std::string(name_of(flag)) + " " + option)) {}

    Node parse() {
        Node root = node(NodeKind::map, 0);
        if (text_.empty()) fail(root, "expected KEY=VALUE, found nothing");
        if (flag_ == SetFlag::json && text_.find_first_not_of(" \t\r\n") != std::string::npos &&
            text_[text_.find_first_not_of(" \t\r\n")] == '{')
            return json_value();
        while (at_ < text_.size()) {
            Node* place = &root;
            Node key = read_key();
            for (int depth = 1; text_[at_] != '='; ++depth) {
                if (depth >= kDeepest)
                    fail(key, "nested deeper than " + std::to_string(kDeepest) + " maps");
                place = &descend(*place, key);
                if (text_[at_] == '[') {
                    key = read_index();
                } else {
                    ++at_;  // '.'
                    key = read_key();
                }
            }
            ++at_;  // '='
            Node value = read_value();
            value.whole = flag_ == SetFlag::json;
            slot(*place, key) = std::move(value);
        }
        return root;
    }

  private:
    Node node(NodeKind kind, std::size_t at) const {
        Node made;
        made.kind = kind;
        made.file = file_;
        made.line = 1;
        made.column = static_cast<int>(at) + 1;
        return made;
    }

    /// The value under a key or, for the number of an item, at that place of a list.
    static Node& slot(Node& parent, const Node& key) {
        return key.quoted ? item(parent, key) : child(parent, key);
    }

    /// The map or list under `key` that what comes next goes into.
    Node& descend(Node& parent, const Node& key) {
        const NodeKind wanted = text_[at_] == '[' ? NodeKind::list : NodeKind::map;
        Node& place = slot(parent, key);
        if (place.kind == NodeKind::null) place.kind = wanted;
        if (place.kind != wanted) fail(key, "\"" + key.text + "\" has a value already");
        return place;
    }

    static Node& child(Node& parent, const Node& key) {
        for (Node::Entry& entry : parent.entries)
            if (entry.key.text == key.text) return entry.value;
        Node value = key;
        value.kind = NodeKind::null;
        value.text.clear();
        parent.entries.push_back(Node::Entry{key, std::move(value)});
        return parent.entries.back().value;
    }

    static Node& item(Node& parent, const Node& index) {
        const std::size_t at = *parse_count(index.text);
        Node empty = index;
        empty.kind = NodeKind::null;
        empty.quoted = false;
        empty.text.clear();
        if (parent.items.size() <= at) parent.items.resize(at + 1, empty);
        return parent.items[at];
    }

    /// A key; text_[at_] is '.', '=' or '[' afterwards.
    Node read_key() {
        Node key = node(NodeKind::scalar, at_);
        const std::string_view ends = flag_ == SetFlag::literal ? ".=[" : kBrackets;
        for (; at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size() && flag_ != SetFlag::literal) ++at_;
            key.text += text_[at_];
        }
        if (at_ >= text_.size() || text_[at_] == ',')
            fail(key, "expected KEY=VALUE, found no '=' after \"" + key.text + "\"");
        if (key.text.empty())
            fail(key, "expected a key before '" + std::string(1, text_[at_]) + "'");
        return key;
    }

    /// "[7]"; text_[at_] is '.', '=' or '[' afterwards. A key that is `quoted` is a number.
    Node read_index() {
        Node index = node(NodeKind::scalar, at_);
        const std::size_t end = text_.find(']', at_);
        if (end == std::string::npos) fail(index, "the '[' that stands here is not closed");
        index.text = text_.substr(at_ + 1, end - at_ - 1);
        index.quoted = true;
        const auto number = parse_count(index.text);
        if (!number || *number > kLargestIndex)
            fail(index, "expected the number of an item from 0 to " +
                            std::to_string(kLargestIndex) + ", found \"" + index.text + "\"");
        at_ = end + 1;
        if (at_ >= text_.size() || (text_[at_] != '=' && text_[at_] != '.' && text_[at_] != '['))
            fail(index, "expected '=', '.' or '[' after the ']'");
        return index;
    }

    Node read_value() {
        if (flag_ == SetFlag::json) return json_value();
        if (flag_ == SetFlag::literal) return literal();
        if (flag_ != SetFlag::file && at_ < text_.size() && text_[at_] == '{') return list();
        Node value = word(",");
        if (at_ < text_.size()) ++at_;  // ','
        return flag_ == SetFlag::file ? content_of(value) : value;
    }

    /// What stands here up to one of `ends`, typed as the flag types it.
    Node word(std::string_view ends) {
        Node value = node(NodeKind::scalar, at_);
        for (; at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            value.text += text_[at_];
        }
        const bool typed = flag_ == SetFlag::set;
        if (typed && same_word(value.text, "null")) {
            value.kind = NodeKind::null;
            value.text.clear();
        }
        value.quoted = !(typed && (same_word(value.text, "true") ||
                                   same_word(value.text, "false") || whole_number(value.text)));
        return value;
    }

    /// "{a,b}"
    Node list() {
        Node made = node(NodeKind::list, at_);
        do {
            ++at_;  // '{' or ','
            made.items.push_back(word(",}"));
            if (at_ >= text_.size()) fail(made, "the '{' that stands here is not closed");
        } while (text_[at_] != '}');
        ++at_;
        if (at_ < text_.size() && text_[at_] == ',') ++at_;
        return made;
    }

    Node literal() {
        Node value = node(NodeKind::scalar, at_);
        value.text = text_.substr(at_);
        value.quoted = true;
        at_ = text_.size();
        return value;
    }

    Node json_value() {
        const std::size_t start = at_;
        at_ = end_of_json(text_, at_);
        Node value = parse_json_text(std::string_view(text_).substr(start, at_ - start),
                                     node(NodeKind::null, start));
        if (at_ < text_.size()) ++at_;  // ','
        return value;
    }

    static Node content_of(Node path) {
        try {
            path.text = load_text(path.text);
        } catch (const InputError& error) {
            fail(path, error.diagnostic.to_string());
        }
        return path;
    }

    SetFlag flag_;
    const std::string& text_;
    std::shared_ptr<const std::string> file_;
    std::size_t at_ = 0;
};

}  // namespace

const char* name_of(SetFlag flag) {
    switch (flag) {
        case SetFlag::set:
            break;
        case SetFlag::string:
            return "--set-string";
        case SetFlag::json:
            return "--set-json";
        case SetFlag::file:
            return "--set-file";
        case SetFlag::literal:
            return "--set-literal";
    }
    return "--set";
}

Node parse_set(SetFlag flag, const std::string& option) {
    return SetParser(flag, option).parse();
}

}  // namespace leasehold::config
