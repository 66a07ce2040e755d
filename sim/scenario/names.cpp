#include "sim/scenario/names.hpp"

#include <algorithm>
#include <vector>

#include "sim/scenario/reader.hpp"

namespace leasehold::sim {
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

std::string_view request_kind_name(RequestKind kind) {
    return names::kRequests.at(static_cast<std::size_t>(kind));
}

std::string_view fault_kind_name(FaultKind kind) {
    return names::kFaults.at(static_cast<std::size_t>(kind));
}

std::string target_name(const Target& target) {
    switch (target.kind) {
        case TargetKind::leader:
            return "leader";
        case TargetKind::follower:
            return "follower";
        case TargetKind::followers:
            return "followers";
        case TargetKind::all:
            return "all";
        case TargetKind::zone:
            return "zone " + target.name;
        case TargetKind::replica:
            return replica_name(target.replica);
        case TargetKind::bound:
            break;
    }
    return target.name;
}

std::string replica_name(std::uint32_t index) {
    return "replica-" + std::to_string(index);
}

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

}  // namespace leasehold::sim
