// Topology: who can send to whom while cuts are in force.
//
// What SimGrid's links can't say: a cut in one direction, or between two replicas whose other
// paths work. Control messages and flows ask here first.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/strong.hpp"

namespace leasehold {

/// A replica, the Lease API or the bucket; counted from 0 in the order of add_node.
using NodeId = StrongId<struct NodeIdTag>;
/// A group of nodes with a switch that all of them hang on; counted from 0.
using ZoneId = StrongId<struct ZoneIdTag>;
/// A connection of two zones; counted from 0.
using ZoneLinkId = StrongId<struct ZoneLinkIdTag>;
/// A cut in force; never used again after heal().
using CutId = StrongId<struct CutIdTag>;

/// Seen from the first group of a cut, or from the first zone of a link.
enum class CutDirection : std::uint8_t {
    both,
    send,    ///< what the first sends to the second is lost
    receive  ///< what the second sends to the first is lost
};

/// A graph node -> its zone's switch -> links -> the other zone's switch -> node. Nodes never pass
/// anything on; switches do, so zones may be connected through third ones. Names are unique among
/// nodes, among zones and among links; a repeated one is a CHECK, as is an unknown id.
class Topology {
  public:
    Topology();
    ~Topology();
    Topology(Topology&&) noexcept;
    Topology& operator=(Topology&&) noexcept;

    ZoneId add_zone(std::string name);
    NodeId add_node(std::string name, ZoneId zone);
    ZoneLinkId add_link(std::string name, ZoneId first, ZoneId second);

    [[nodiscard]] std::optional<NodeId> node(std::string_view name) const;
    [[nodiscard]] std::optional<ZoneId> zone(std::string_view name) const;
    [[nodiscard]] std::optional<ZoneLinkId> link(std::string_view name) const;
    [[nodiscard]] std::string_view name(NodeId node) const;
    [[nodiscard]] ZoneId zone_of(NodeId node) const { return nodes_.at(node.value()).zone; }
    /// The nodes of a zone, in the order in which they were added.
    [[nodiscard]] std::vector<NodeId> nodes_of(ZoneId zone) const;
    [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }

    /// Cuts every pair of one node of `first` and another one of `second`. Cuts add up: a pair is
    /// whole again when all cuts that cover it are healed.
    CutId cut(std::span<const NodeId> first, std::span<const NodeId> second,
              CutDirection direction);
    /// Cuts a link of two zones: whatever has no other way is lost.
    CutId cut_link(ZoneLinkId link, CutDirection direction);
    /// Ends a cut that is in force. Healing one twice is a CHECK.
    void heal(CutId cut);
    /// Ends all cuts.
    void heal_all();
    [[nodiscard]] std::size_t cuts() const { return cuts_.size(); }

    /// Whether something sent by `from` now gets to `to`. Always true to itself.
    [[nodiscard]] bool reaches(NodeId from, NodeId to) const {
        const std::size_t count = nodes_.size();
        const std::size_t row = from.value();
        const std::size_t column = to.value();
        // Between nodes of one switch no other way leads, and there is nothing to search for.
        if (row < count && column < count && nodes_[row].zone == nodes_[column].zone)
            return row == column || pair_cuts_[row][column] == 0;
        if (row >= rows_.size() || column >= count || rows_[row].epoch != epoch_)
            recompute(from, to);
        return rows_[row].reached[column] != 0;
    }
    /// Changes whenever an answer of reaches() may.
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  private:
    struct Node {
        std::string name;
        ZoneId zone;
    };
    struct Link {
        std::string name;
        ZoneId first;
        ZoneId second;
    };
    struct Row {
        std::uint64_t epoch = 0;
        std::vector<std::uint8_t> reached;
    };
    /// What a cut takes away: directed pairs of nodes, and directions of links.
    struct Cut {
        std::vector<std::pair<NodeId, NodeId>> pairs;
        std::vector<std::pair<ZoneLinkId, bool>> links;  ///< true: from first to second
    };
    struct Graph;

    CutId enforce(Cut cut);
    void count(const Cut& cut, int change);
    void recompute(NodeId from, NodeId to) const;

    std::vector<std::string> zones_;
    std::vector<Node> nodes_;
    std::vector<Link> links_;
    std::map<std::uint64_t, Cut> cuts_;
    std::uint64_t cuts_made_ = 0;
    // How many cuts cover a directed pair (row by sender), a link's direction.
    std::vector<std::vector<std::uint32_t>> pair_cuts_;
    std::vector<std::uint32_t> link_cuts_;
    std::uint64_t epoch_ = 1;
    mutable std::vector<Row> rows_;  ///< a cache by sender
    std::unique_ptr<Graph> graph_;
};

}  // namespace leasehold
