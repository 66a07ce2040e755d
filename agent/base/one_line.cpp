#include "agent/base/one_line.hpp"

#include <algorithm>

namespace leasehold::agent {

std::string one_line(std::string_view text, std::size_t longest) {
    std::size_t end = std::min(text.size(), longest);
    // Not in the midst of a character.
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;
    std::string line(text.substr(0, end));
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace leasehold::agent
