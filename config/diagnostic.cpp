#include "config/diagnostic.hpp"

#include <utility>

namespace leasehold::config {
namespace {

/// One line of bearable length, whatever the input holds.
std::string one_line(std::string text) {
    constexpr std::size_t kLongest = 400;
    if (text.size() > kLongest) {
        std::size_t end = kLongest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end;
        text = text.substr(0, end) + "...";
    }
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = ' ';
    return text;
}

}  // namespace

std::string Diagnostic::to_string() const {
    std::string text = file;
    if (line > 0) text += ':' + std::to_string(line);
    if (line > 0 && column > 0) text += ':' + std::to_string(column);
    return text + ": " + message;
}

Diagnostic presentable(Diagnostic found) {
    const std::size_t blank = found.file.find(' ');
    if (!found.file.starts_with(kSetPrefix) || blank == std::string::npos) {
        found.message = one_line(std::move(found.message));
        return found;
    }
    const std::string option = found.file.substr(blank + 1);
    return Diagnostic{found.file.substr(0, blank), found.line, found.column,
                      one_line(found.message + " (in \"" + option + "\")")};
}

}  // namespace leasehold::config
