#include "agent/bucket/page_order.hpp"

#include <algorithm>
#include <utility>

#include "agent/bucket/key_rule.hpp"

namespace leasehold::agent {

bool PageOrder::ours(std::string_view full) const {
    return usable_key(full.substr(std::min(strip_, full.size())));
}

std::optional<std::string> PageOrder::add(std::string_view full, ListEntry entry, ListPage& page) {
    if (!full.starts_with(prefix_)) return "a LIST's answer has keys not asked for";
    // char compares as signed: keys are ordered by bytes, which string_view's traits do.
    if (!last_.empty() && full <= last_)
        return "a LIST's answer is not in order, or begins before where it should";
    last_ = full;
    if (!ours(full)) return std::nullopt;
    entry.key = ObjectKey(std::string(full.substr(strip_)));
    page.entries.push_back(std::move(entry));
    return std::nullopt;
}

}  // namespace leasehold::agent
