#include "config/misplaced.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace leasehold::config {
namespace {

/// Names that can't be anything else, and the section that they belong to (empty: the top level).
struct Unmistakable {
    std::string_view key;
    std::string_view section;
};
constexpr std::array kUnmistakable{Unmistakable{"kubecostDeployment", ""},
                                   Unmistakable{"kubecostModel", ""},
                                   Unmistakable{"leaderFollower", "kubecostDeployment"},
                                   Unmistakable{"etlFileStoreEnabled", "kubecostModel"},
                                   Unmistakable{"etlBucketConfigSecret", "kubecostModel"}};

std::string joined(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
}

[[noreturn]] void refuse(const Node& at, const std::string& path, const Unmistakable& name,
                         const std::string& how) {
    const std::string stands = how + joined(path, name.key);
    if (!name.section.empty())
        fail(at, std::string(name.key) + " belongs under " + std::string(name.section) +
                     ", and stands at " + stands + ", where it means nothing");
    fail(at, std::string(name.key) + " belongs to the top level of the values, and stands at " +
                 stands + ", where it means nothing here: give what is below " + path +
                 " as a values file of its own");
}

/// Does a line of the text begin with the key, as in YAML?
bool a_line_has(std::string_view text, std::string_view key) {
    for (std::size_t at = text.find(key); at != std::string_view::npos;
         at = text.find(key, at + 1)) {
        const std::size_t end = at + key.size();
        if (end >= text.size() || text[end] != ':') continue;
        std::size_t start = at;
        while (start > 0 && text[start - 1] == ' ')
            --start;
        if (start == 0 || text[start - 1] == '\n') return true;
    }
    return false;
}

/// A text of several lines may be values, and the name of a parameter a path into them.
void check_text(const Node& text, const std::string& path) {
    const bool several = text.text.find('\n') != std::string::npos;
    const bool parameter = path.ends_with("].name");
    for (const Unmistakable& name : kUnmistakable) {
        if (!name.section.empty()) continue;
        if (parameter && text.text.starts_with(std::string(name.key) + "."))
            fail(text, text.text + " is a parameter at " + path +
                           ", where it means nothing here: give it by --set");
        if (several && a_line_has(text.text, name.key)) refuse(text, path, name, "the text at ");
    }
}

}  // namespace

void refuse_misplaced_key(const Node& key, const std::string& path) {
    const auto found = std::find_if(kUnmistakable.begin(), kUnmistakable.end(),
                                    [&](const Unmistakable& name) { return name.key == key.text; });
    if (found != kUnmistakable.end()) refuse(key, path, *found, "");
}

void refuse_misplaced(const Node& value, const std::string& path) {
    if (value.shared) return;
    if (value.kind == NodeKind::scalar) check_text(value, path);
    for (std::size_t at = 0; at < value.items.size(); ++at)
        refuse_misplaced(value.items[at], path + "[" + std::to_string(at) + "]");
    for (const Node::Entry& entry : value.entries) {
        refuse_misplaced_key(entry.key, path);
        refuse_misplaced(entry.value, joined(path, entry.key.text));
    }
}

}  // namespace leasehold::config
