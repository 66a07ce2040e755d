// Values in the neighbourhood of a word that are easier on the eye.
#include <algorithm>
#include <array>

#include "config/units.hpp"
#include "sim/search/shrink.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;

void add(std::vector<std::string>& words, std::string word, const std::string& own) {
    if (word != own && std::ranges::count(words, word) == 0) words.push_back(std::move(word));
}

std::string signed_text(Duration span) {
    return span < Duration(0) ? "-" + config::format_duration(-span)
                              : config::format_duration(span);
}

void add_durations(std::vector<std::string>& words, Duration span, const std::string& own) {
    static constexpr std::array<Duration, 11> kUnits{1h,    10min, 1min, 10s, 5s, 1s,
                                                     500ms, 100ms, 10ms, 1ms, 1us};
    for (const Duration unit : kUnits) {
        if (span % unit == Duration(0)) break;  // as round as that already
        const Duration low = span - span % unit;
        const Duration high = low + (span < Duration(0) ? -unit : unit);
        if (low != Duration(0)) add(words, signed_text(low), own);
        if (unit <= 2 * std::chrono::abs(span)) add(words, signed_text(high), own);
    }
}

void add_counts(std::vector<std::string>& words, std::uint64_t count, const std::string& own) {
    for (const std::uint64_t smaller : {std::uint64_t{1}, std::uint64_t{2}, count / 2, count - 1})
        if (count > 1 && smaller >= 1 && smaller < count) add(words, std::to_string(smaller), own);
}

}  // namespace

std::vector<std::string> rounder(const std::string& word) {
    std::vector<std::string> words;
    if (const std::size_t dots = word.find(".."); dots != std::string::npos) {
        const std::string low = word.substr(0, dots);
        const std::string high = word.substr(dots + 2);
        add(words, low, word);
        if (const auto from = config::parse_count(low), to = config::parse_count(high); from && to)
            for (std::uint64_t i = *from; i <= std::min(*to, *from + 8); ++i)
                add(words, std::to_string(i), word);
        const auto from = config::parse_duration(low);
        const auto to = config::parse_duration(high);
        if (from && to)
            for (const int quarter : {2, 1, 3})
                add(words, config::format_duration(*from + (*to - *from) * quarter / 4), word);
        return words;
    }
    if (const auto span = config::parse_signed_duration(word)) {
        add_durations(words, *span, word);
    } else if (const auto count = config::parse_count(word)) {
        add_counts(words, *count, word);
    } else if (const auto size = config::parse_size(word)) {
        for (const std::uint64_t smaller : {1ULL << 10, 1ULL << 20})
            if (smaller < *size) add(words, config::format_size(smaller), word);
    }
    return words;
}

}  // namespace leasehold::search
