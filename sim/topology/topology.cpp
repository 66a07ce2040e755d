#include "sim/topology/topology.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/filtered_graph.hpp>

#include "model/base/check.hpp"

namespace leasehold {
namespace {

/// What an edge stands for.
struct Edge {
    enum class Kind : std::uint8_t { uplink, downlink, link } kind = Kind::uplink;
    std::uint64_t node = 0;  ///< uplink, downlink: whose
    std::size_t way = 0;     ///< link: 2 * link, + 1 from second to first
};
/// What a vertex stands for: a node, or a zone's switch.
struct Vertex {
    bool is_node = false;
    std::uint64_t node = 0;
};

using Directed = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Vertex, Edge>;

/// The edges that a message of one sender may take.
struct Passable {
    const Directed* graph = nullptr;
    const std::vector<std::uint32_t>* blocked_receivers = nullptr;
    const std::vector<std::uint32_t>* blocked_ways = nullptr;
    std::uint64_t sender = 0;

    bool operator()(const Directed::edge_descriptor& descriptor) const {
        const Edge& edge = (*graph)[descriptor];
        switch (edge.kind) {
            case Edge::Kind::uplink:
                return edge.node == sender;  // nodes pass nothing on
            case Edge::Kind::downlink:
                return (*blocked_receivers)[edge.node] == 0;
            case Edge::Kind::link:
                return (*blocked_ways)[edge.way] == 0;
        }
        return false;
    }
};

/// Notes the nodes that the search comes to.
class MarkNodes : public boost::default_bfs_visitor {
  public:
    explicit MarkNodes(std::vector<std::uint8_t>& reached) : reached_(&reached) {}
    template <class Graph>
    void discover_vertex(std::size_t vertex, const Graph& graph) const {
        if (graph[vertex].is_node) (*reached_)[graph[vertex].node] = 1;
    }

  private:
    std::vector<std::uint8_t>* reached_;
};

template <class Id, class Items, class NameOf>
std::optional<Id> find_named(const Items& items, std::string_view name, NameOf name_of) {
    for (std::size_t i = 0; i < items.size(); ++i)
        if (name_of(items[i]) == name) return Id(i);
    return std::nullopt;
}

}  // namespace

struct Topology::Graph {
    Directed edges;
    std::vector<std::size_t> zone_vertices;
    std::vector<std::size_t> node_vertices;
};

Topology::Topology() : graph_(std::make_unique<Graph>()) {}
Topology::~Topology() = default;
Topology::Topology(Topology&&) noexcept = default;
Topology& Topology::operator=(Topology&&) noexcept = default;

ZoneId Topology::add_zone(std::string name) {
    CHECK_MSG(!zone(name), "zone named twice: " + name);
    graph_->zone_vertices.push_back(boost::add_vertex(Vertex{}, graph_->edges));
    zones_.push_back(std::move(name));
    ++epoch_;
    return ZoneId(zones_.size() - 1);
}

NodeId Topology::add_node(std::string name, ZoneId zone) {
    CHECK_MSG(!node(name), "node named twice: " + name);
    CHECK(zone.value() < zones_.size());
    const std::uint64_t index = nodes_.size();
    const std::size_t vertex = boost::add_vertex(Vertex{true, index}, graph_->edges);
    const std::size_t zone_switch = graph_->zone_vertices[zone.value()];
    boost::add_edge(vertex, zone_switch, Edge{Edge::Kind::uplink, index, 0}, graph_->edges);
    boost::add_edge(zone_switch, vertex, Edge{Edge::Kind::downlink, index, 0}, graph_->edges);
    graph_->node_vertices.push_back(vertex);
    nodes_.push_back({std::move(name), zone});
    for (auto& row : pair_cuts_)
        row.push_back(0);
    pair_cuts_.emplace_back(nodes_.size(), 0);
    ++epoch_;
    return NodeId(index);
}

ZoneLinkId Topology::add_link(std::string name, ZoneId first, ZoneId second) {
    CHECK_MSG(!link(name), "link named twice: " + name);
    CHECK(first.value() < zones_.size() && second.value() < zones_.size() && first != second);
    const std::size_t a = graph_->zone_vertices[first.value()];
    const std::size_t b = graph_->zone_vertices[second.value()];
    const std::size_t way = 2 * links_.size();
    boost::add_edge(a, b, Edge{Edge::Kind::link, 0, way}, graph_->edges);
    boost::add_edge(b, a, Edge{Edge::Kind::link, 0, way + 1}, graph_->edges);
    links_.push_back({std::move(name), first, second});
    link_cuts_.resize(2 * links_.size(), 0);
    ++epoch_;
    return ZoneLinkId(links_.size() - 1);
}

std::optional<NodeId> Topology::node(std::string_view name) const {
    return find_named<NodeId>(nodes_, name,
                              [](const Node& n) -> std::string_view { return n.name; });
}

std::optional<ZoneId> Topology::zone(std::string_view name) const {
    return find_named<ZoneId>(zones_, name,
                              [](const std::string& n) -> std::string_view { return n; });
}

std::optional<ZoneLinkId> Topology::link(std::string_view name) const {
    return find_named<ZoneLinkId>(links_, name,
                                  [](const Link& l) -> std::string_view { return l.name; });
}

std::string_view Topology::name(NodeId node) const {
    CHECK(node.value() < nodes_.size());
    return nodes_[node.value()].name;
}

std::vector<NodeId> Topology::nodes_of(ZoneId zone) const {
    CHECK(zone.value() < zones_.size());
    std::vector<NodeId> nodes;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].zone == zone) nodes.emplace_back(i);
    return nodes;
}

CutId Topology::cut(std::span<const NodeId> first, std::span<const NodeId> second,
                    CutDirection direction) {
    Cut cut;
    for (const NodeId a : first)
        for (const NodeId b : second) {
            CHECK(a.value() < nodes_.size() && b.value() < nodes_.size());
            if (a == b) continue;
            if (direction != CutDirection::receive) cut.pairs.emplace_back(a, b);
            if (direction != CutDirection::send) cut.pairs.emplace_back(b, a);
        }
    return enforce(std::move(cut));
}

CutId Topology::cut_link(ZoneLinkId link, CutDirection direction) {
    CHECK(link.value() < links_.size());
    Cut cut;
    if (direction != CutDirection::receive) cut.links.emplace_back(link, true);
    if (direction != CutDirection::send) cut.links.emplace_back(link, false);
    return enforce(std::move(cut));
}

CutId Topology::enforce(Cut cut) {
    count(cut, +1);
    const CutId id(++cuts_made_);
    cuts_.emplace(id.value(), std::move(cut));
    return id;
}

void Topology::heal(CutId cut) {
    const auto found = cuts_.find(cut.value());
    CHECK_MSG(found != cuts_.end(), "healed a cut that is not in force");
    count(found->second, -1);
    cuts_.erase(found);
}

void Topology::heal_all() {
    while (!cuts_.empty())
        heal(CutId(cuts_.begin()->first));
}

void Topology::count(const Cut& cut, int change) {
    const auto apply = [change](std::uint32_t& counter) {
        CHECK(change > 0 || counter > 0);
        counter = change > 0 ? counter + 1 : counter - 1;
    };
    for (const auto& [from, to] : cut.pairs)
        apply(pair_cuts_[from.value()][to.value()]);
    for (const auto& [link, forth] : cut.links)
        apply(link_cuts_[2 * link.value() + (forth ? 0 : 1)]);
    ++epoch_;
}

void Topology::recompute(NodeId from, NodeId to) const {
    CHECK(from.value() < nodes_.size() && to.value() < nodes_.size());
    if (rows_.size() < nodes_.size()) rows_.resize(nodes_.size());
    Row& row = rows_[from.value()];
    row.epoch = epoch_;
    row.reached.assign(nodes_.size(), 0);
    const Passable passable{&graph_->edges, &pair_cuts_[from.value()], &link_cuts_, from.value()};
    const boost::filtered_graph<Directed, Passable> open(graph_->edges, passable);
    boost::breadth_first_search(open, graph_->node_vertices[from.value()],
                                boost::visitor(MarkNodes(row.reached)));
}

}  // namespace leasehold
