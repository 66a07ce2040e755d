#include "agent/bucket/token_file.hpp"

#include <algorithm>
#include <fstream>

namespace leasehold::agent {
namespace {

constexpr std::size_t kLongest = 64U << 10;

}  // namespace

Result<std::string, std::string> load_token(const std::string& file) {
    const auto bad = [&](const std::string& why) {
        return Unexpected<std::string>{"the token file " + file + " " + why};
    };
    std::ifstream in(file, std::ios::binary);
    if (!in) return bad("can't be opened");
    std::string text(kLongest + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return bad("can't be read");
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    if (text.size() > kLongest) return bad("is larger than 64 KiB");
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    text.erase(0, text.find_first_not_of(" \t\r\n"));
    if (text.empty()) return bad("is empty or can't be read");
    const auto odd = [](char c) { return c < ' ' || c >= 0x7f; };
    if (std::any_of(text.begin(), text.end(), odd))
        return bad("holds line breaks or non-ASCII characters: no token");
    return text;
}

}  // namespace leasehold::agent
