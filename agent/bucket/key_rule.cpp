#include "agent/bucket/key_rule.hpp"

#include "agent/base/utf8.hpp"

namespace leasehold::agent {

bool usable_key(std::string_view key) {
    if (key.empty() || key.size() > kLongestKey || !is_utf8(key)) return false;
    for (const char c : key)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    for (std::string_view rest = key;;) {
        const std::size_t slash = rest.find('/');
        const std::string_view component = rest.substr(0, slash);
        if (component.empty() || component.size() > kLongestComponent) return false;
        if (component == "." || component == "..") return false;
        if (slash == std::string_view::npos) return true;
        rest.remove_prefix(slash + 1);
    }
}

bool usable_azure_key(std::string_view key) {
    return usable_key(key) && !key.ends_with('.') && key.find("./") == key.npos &&
           key.find('\\') == key.npos;
}

std::string prefixed(std::string_view prefix, std::string_view key) {
    return prefix.empty() ? std::string(key) : std::string(prefix) + "/" + std::string(key);
}

}  // namespace leasehold::agent
