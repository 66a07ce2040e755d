#include "agent/lease/token_source.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

namespace leasehold::agent {
namespace {

constexpr Duration kReadAgain = std::chrono::minutes(1);
constexpr std::size_t kLongestToken = 64U << 10;

}  // namespace

std::string clean_token(std::string text) {
    if (text.size() > kLongestToken) return {};
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    text.erase(0, text.find_first_not_of(" \t\r\n"));
    const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7f;  // anything else would break the header
    });
    return clean ? text : std::string();
}

std::string read_token_file(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(kLongestToken + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return clean_token(std::move(text));
}

const std::string& TokenSource::token(Instant now) {
    if (file_.empty() || (read_at_ != Instant::min() && now - read_at_ < kReadAgain)) return token_;
    read_at_ = now;
    if (std::string text = read_token_file(file_); !text.empty()) token_ = std::move(text);
    return token_;
}

}  // namespace leasehold::agent
