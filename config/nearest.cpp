#include "config/nearest.hpp"

#include <algorithm>
#include <vector>

namespace leasehold::config {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Edits (insert, delete, replace, swap of neighbours) between two words, case apart.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
    }
    return above[b.size()];
}

}  // namespace

std::string nearest_within(std::string_view word, std::span<const std::string_view> names,
                           std::size_t most) {
    std::string_view best;
    std::size_t best_distance = 0;
    // Longer words are not compared: the table would be as large as a hostile input makes it.
    if (word.size() > 64) return {};
    for (const std::string_view name : names) {
        const std::size_t found = distance(word, name);
        const std::size_t allowed = name.size() <= 3   ? 1
                                    : name.size() <= 8 ? 2
                                                       : std::max<std::size_t>(3, name.size() / 4);
        if (found > std::min(allowed, most) || found >= std::max(word.size(), name.size()))
            continue;
        if (best.empty() || found < best_distance) {
            best = name;
            best_distance = found;
        }
    }
    return std::string(best);
}

std::string nearest(std::string_view word, std::span<const std::string_view> names) {
    return nearest_within(word, names, word.size());
}

std::string suggestion(std::string_view word, std::span<const std::string_view> names) {
    const std::string near = nearest(word, names);
    if (!near.empty()) return "; did you mean \"" + near + "\"?";
    constexpr std::size_t kMostListed = 20;
    if (names.empty() || names.size() > kMostListed) return "";
    std::string text = " (expected one of ";
    for (std::size_t i = 0; i < names.size(); ++i)
        text += (i ? ", " : "") + std::string(names[i]);
    return text + ")";
}

}  // namespace leasehold::config
