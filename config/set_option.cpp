// --set as Helm reads it: "a.b=c,d.e=null", with \ before a comma, a dot or an equals sign.
#include <algorithm>
#include <memory>

#include "config/values.hpp"

namespace leasehold::config {
namespace {

class SetParser {
  public:
    explicit SetParser(const std::string& option)
        : text_(option),
          file_(std::make_shared<const std::string>(std::string(kSetPrefix) + option)) {}

    Node parse() {
        Node root = node(NodeKind::map, 0);
        if (text_.empty()) fail(root, "expected KEY=VALUE, found nothing");
        while (at_ < text_.size()) {
            Node* place = &root;
            Node key = read_key();
            for (int depth = 1; text_[at_] == '.'; ++depth) {
                if (depth >= kDeepest)
                    fail(key, "nested deeper than " + std::to_string(kDeepest) + " maps");
                ++at_;
                place = &child(*place, key);
                if (place->kind != NodeKind::map)
                    fail(key, "\"" + key.text + "\" has a value already");
                key = read_key();
            }
            ++at_;  // '='
            Node value = read_value();
            Node& slot = child(*place, key);
            slot = std::move(value);
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

    /// The value under `key`, made as an empty map if it is not there.
    static Node& child(Node& parent, const Node& key) {
        for (Node::Entry& entry : parent.entries)
            if (entry.key.text == key.text) return entry.value;
        Node value = key;
        value.kind = NodeKind::map;
        value.text.clear();
        parent.entries.push_back(Node::Entry{key, std::move(value)});
        return parent.entries.back().value;
    }

    /// A key up to '.' or '='; text_[at_] is that character afterwards.
    Node read_key() {
        Node key = node(NodeKind::scalar, at_);
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\\' && at_ + 1 < text_.size()) {
                key.text += text_[++at_];
                continue;
            }
            if (c == '.' || c == '=') break;
            if (c == '[') fail(node(NodeKind::null, at_), "indices such as [0] are not supported");
            if (c == ',') break;
            key.text += c;
        }
        if (at_ >= text_.size() || text_[at_] == ',')
            fail(key, "expected KEY=VALUE, found no '=' after \"" + key.text + "\"");
        if (key.text.empty())
            fail(key, "expected a key before '" + std::string(1, text_[at_]) + "'");
        return key;
    }

    /// A value up to ',' or the end; the comma is taken.
    Node read_value() {
        Node value = node(NodeKind::scalar, at_);
        if (at_ < text_.size() && text_[at_] == '{')
            fail(value, "lists such as {a,b} are not supported");
        bool escaped = false;
        for (; at_ < text_.size() && text_[at_] != ','; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                escaped = true;
                ++at_;
            }
            value.text += text_[at_];
        }
        if (at_ < text_.size()) ++at_;
        if (!escaped && value.text == "null") {
            value.kind = NodeKind::null;
            value.text.clear();
        }
        // Typed as Helm types it: true, false and integers are not texts. Nothing is "".
        value.quoted = escaped || value.text.empty();
        return value;
    }

    const std::string& text_;
    std::shared_ptr<const std::string> file_;
    std::size_t at_ = 0;
};

}  // namespace

Node parse_set(const std::string& option) {
    return SetParser(option).parse();
}

}  // namespace leasehold::config
