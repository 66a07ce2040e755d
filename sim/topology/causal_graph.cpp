#include "sim/topology/causal_graph.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <limits>

#include "model/base/check.hpp"

namespace leasehold {
namespace {

/// An edge leads from an event to its predecessor: searches go back in time.
using Backwards = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

constexpr std::size_t kUnreached = std::numeric_limits<std::size_t>::max();

}  // namespace

CausalGraph::CausalGraph(std::size_t capacity) : capacity_(capacity) {
    CHECK(capacity >= 1);
}

void CausalGraph::add(std::uint64_t event, std::span<const std::uint64_t> predecessors) {
    CHECK_MSG(!any_ || event > last_, "event numbers grow");
    for (const std::uint64_t predecessor : predecessors)
        CHECK(predecessor < event);
    any_ = true;
    last_ = event;
    if (size_ == capacity_)
        first_ = (first_ + 1) % capacity_;
    else if (++size_ > ring_.size())
        ring_.emplace_back();
    Entry& slot = ring_[(first_ + size_ - 1) % capacity_];
    slot.event = event;
    slot.predecessors.assign(predecessors.begin(), predecessors.end());
}

void CausalGraph::clear() {
    first_ = size_ = 0;
    any_ = false;
}

std::size_t CausalGraph::position(std::uint64_t event) const {
    std::size_t low = 0;
    std::size_t high = size_;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (entry(middle).event < event)
            low = middle + 1;
        else
            high = middle;
    }
    return low < size_ && entry(low).event == event ? low : size_;
}

bool CausalGraph::remembers(std::uint64_t event) const {
    return position(event) < size_;
}

CausalChain CausalGraph::chain(std::uint64_t event) const {
    const std::size_t asked = position(event);
    if (asked == size_) return {{}, false};
    const std::size_t count = asked + 1;  // nothing later can be a cause
    Backwards graph(count);
    std::vector<bool> cut_off(count, false);
    for (std::size_t i = 0; i < count; ++i)
        for (const std::uint64_t predecessor : entry(i).predecessors) {
            const std::size_t cause = position(predecessor);
            if (cause == size_)
                cut_off[i] = true;
            else
                boost::add_edge(i, cause, graph);
        }
    std::vector<std::size_t> distance(count, kUnreached);
    std::vector<std::size_t> effect(count, asked);  // the next one on the way to the one asked for
    distance[asked] = 0;
    boost::breadth_first_search(
        graph, asked,
        boost::visitor(boost::make_bfs_visitor(
            std::make_pair(boost::record_distances(distance.data(), boost::on_tree_edge()),
                           boost::record_predecessors(effect.data(), boost::on_tree_edge())))));

    std::size_t best_root = count;
    std::size_t best_cut = count;
    for (std::size_t i = count; i-- > 0;) {
        if (distance[i] == kUnreached) continue;
        if (entry(i).predecessors.empty()) {
            if (best_root == count || distance[i] < distance[best_root]) best_root = i;
        } else if (cut_off[i]) {
            if (best_cut == count || distance[i] < distance[best_cut]) best_cut = i;
        }
    }
    CausalChain chain;
    chain.complete = best_root < count;
    const std::size_t start = chain.complete ? best_root : best_cut;
    CHECK_MSG(start < count, "a chain of events without a beginning");
    for (std::size_t i = start; i != asked; i = effect[i])
        chain.events.push_back(entry(i).event);
    chain.events.push_back(event);
    return chain;
}

}  // namespace leasehold
