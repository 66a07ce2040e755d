#include "agent/files/key_path.hpp"

#include <climits>

namespace leasehold::agent::files {

std::optional<KeyPath> key_path(std::string_view key) {
    KeyPath path;
    if (key.size() > kLongestKey) return std::nullopt;
    for (;;) {
        const std::size_t slash = key.find('/');
        const std::string_view part = key.substr(0, slash);
        if (part.empty() || part == "." || part == ".." || part.size() > NAME_MAX)
            return std::nullopt;
        if (part.find('\0') != std::string_view::npos) return std::nullopt;
        if (path.folders.empty() && part == kOwnFolder) return std::nullopt;
        if (slash == std::string_view::npos) {
            path.name = part;
            return path;
        }
        path.folders.emplace_back(part);
        key.remove_prefix(slash + 1);
    }
}

}  // namespace leasehold::agent::files
