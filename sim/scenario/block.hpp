// Block: one mapping of a scenario being read, strict about its keys, types and units.
// Internal to sim/scenario; every complaint is thrown as an InputError at the value's place.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/nearest.hpp"
#include "config/tree.hpp"
#include "config/units.hpp"
#include "model/base/result.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

using config::expect_list;
using config::expect_map;
using config::expect_scalar;
using config::fail;
using config::format_duration;
using config::nearest;
using config::Node;
using config::NodeKind;
using config::parse_bandwidth;
using config::parse_count;
using config::parse_duration;
using config::parse_ppm;
using config::parse_rate;
using config::parse_signed_duration;
using config::parse_size;
using config::suggestion;

/// The index of the node's text in `names`, or a message with the nearest of them.
[[nodiscard]] std::size_t choose(const Node& node, std::string_view what,
                                 std::span<const std::string_view> names);

class Block {
  public:
    /// Refuses what is not a map and keys that are not among `keys`. `where` is "" at the top.
    Block(const Node& node, std::string_view where, std::span<const std::string_view> keys);

    [[nodiscard]] const Node& node() const { return node_; }
    [[nodiscard]] const Node* find(std::string_view key) const { return node_.find(key); }
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    /// "election.leaseDuration", for messages.
    [[nodiscard]] std::string path(std::string_view key) const;

    /// Reads a value with `parse` if the key is there; true if it was.
    template <class T>
    bool read(std::string_view key, T& out,
              Result<T, std::string> (*parse)(std::string_view)) const {
        const Node* value = find(key);
        if (value == nullptr) return false;
        expect_scalar(*value, path(key));
        const auto parsed = parse(value->text);
        if (!parsed) fail(*value, path(key) + ": " + parsed.error());
        out = *parsed;
        return true;
    }
    /// A duration, and at least `least`.
    bool duration(std::string_view key, Duration& out, Duration least) const;
    /// A whole number in [least, most].
    bool count(std::string_view key, std::uint32_t& out, std::uint64_t least,
               std::uint64_t most) const;
    bool boolean(std::string_view key, bool& out) const;
    [[nodiscard]] std::optional<std::size_t> choice(std::string_view key,
                                                    std::span<const std::string_view> names) const;
    /// A constant, or a map of min, p50 and p99 in that order of size.
    bool latency(std::string_view key, LatencySpec& out) const;

  private:
    const Node& node_;
    std::string_view where_;
};

}  // namespace leasehold::sim
