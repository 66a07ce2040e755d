#include "sim/scenario/block.hpp"

#include <algorithm>

#include "model/base/check.hpp"
#include "sim/scenario/names.hpp"

namespace leasehold::sim {

std::size_t choose(const Node& node, std::string_view what,
                   std::span<const std::string_view> names) {
    expect_scalar(node, what);
    const auto found = std::find(names.begin(), names.end(), node.text);
    if (found == names.end())
        fail(node, std::string(what) + ": unknown name " + node.describe() +
                       suggestion(node.text, names));
    return static_cast<std::size_t>(found - names.begin());
}

Block::Block(const Node& node, std::string_view where, std::span<const std::string_view> keys)
    : node_(node), where_(where) {
    expect_map(node, where.empty() ? "a scenario" : where);
    for (const Node::Entry& entry : node.entries) {
        if (std::find(keys.begin(), keys.end(), entry.key.text) != keys.end()) continue;
        const std::string in = where.empty() ? "" : " in " + std::string(where);
        fail(entry.key,
             "unknown key " + entry.key.describe() + in + suggestion(entry.key.text, keys));
    }
}

std::string Block::path(std::string_view key) const {
    return where_.empty() ? std::string(key) : std::string(where_) + "." + std::string(key);
}

bool Block::duration(std::string_view key, Duration& out, Duration least) const {
    if (!read(key, out, parse_duration)) return false;
    if (out < least)
        fail(*find(key), path(key) + ": must be at least " + format_duration(least) + ", found " +
                             find(key)->describe());
    return true;
}

bool Block::count(std::string_view key, std::uint32_t& out, std::uint64_t least,
                  std::uint64_t most) const {
    std::uint64_t value = 0;
    if (!read(key, value, parse_count)) return false;
    CHECK(most <= UINT32_MAX);
    const Node& node = *find(key);
    if (node.quoted) fail(node, path(key) + ": expected a whole number, found a quoted text");
    if (value < least || value > most)
        fail(node, path(key) + ": must be from " + std::to_string(least) + " to " +
                       std::to_string(most) + ", found " + node.describe());
    out = static_cast<std::uint32_t>(value);
    return true;
}

bool Block::boolean(std::string_view key, bool& out) const {
    const Node* value = find(key);
    if (value == nullptr) return false;
    expect_scalar(*value, path(key));
    if (value->quoted || (value->text != "true" && value->text != "false"))
        fail(*value, path(key) + ": expected true or false, found " + value->describe());
    out = value->text == "true";
    return true;
}

std::optional<std::size_t> Block::choice(std::string_view key,
                                         std::span<const std::string_view> names) const {
    const Node* value = find(key);
    if (value == nullptr) return std::nullopt;
    return choose(*value, path(key), names);
}

bool Block::latency(std::string_view key, LatencySpec& out) const {
    const Node* value = find(key);
    if (value == nullptr) return false;
    if (value->kind != NodeKind::map) {
        LatencySpec constant;
        read(key, constant.p50, parse_duration);
        constant.p99 = constant.p50;
        out = constant;
        return true;
    }
    const std::string name = path(key);
    const Block block(*value, name, names::kLatency);
    for (const std::string_view required : {"p50", "p99"})
        if (!block.has(required))
            fail(*value, name + ": needs both p50 and p99 (min is 0s unless given)");
    LatencySpec spec;
    block.read("min", spec.min, parse_duration);
    block.read("p50", spec.p50, parse_duration);
    block.read("p99", spec.p99, parse_duration);
    if (spec.min > spec.p50 || spec.p50 > spec.p99)
        fail(*value, name + ": must grow from min (" + format_duration(spec.min) + ") over p50 (" +
                         format_duration(spec.p50) + ") to p99 (" + format_duration(spec.p99) +
                         ")");
    out = spec;
    return true;
}

}  // namespace leasehold::sim
