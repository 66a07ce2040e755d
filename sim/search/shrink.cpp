#include "sim/search/shrink.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/units.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;
using config::Node;
using config::NodeKind;

constexpr int kRounds = 3;

Node scalar(std::string text) {
    Node node;
    node.kind = NodeKind::scalar;
    node.text = std::move(text);
    return node;
}

Node list_of(const std::string& only) {
    Node node;
    node.kind = NodeKind::list;
    node.items.push_back(scalar(only));
    return node;
}

Node* entry(Node& map, std::string_view key) {
    for (Node::Entry& one : map.entries)
        if (one.key.text == key) return &one.value;
    return nullptr;
}

void put(Node& map, const std::string& key, Node value) {
    if (Node* there = entry(map, key)) {
        *there = std::move(value);
        return;
    }
    Node::Entry one;
    one.key = scalar(key);
    one.value = std::move(value);
    map.entries.push_back(std::move(one));
}

/// Every "replica-N" beyond the last one becomes one of those that are left.
void fold_replicas(Node& node, std::uint64_t replicas) {
    constexpr std::string_view kName = "replica-";
    if (node.kind == NodeKind::scalar && node.text.starts_with(kName)) {
        const auto index = config::parse_count(std::string_view(node.text).substr(kName.size()));
        if (index && *index >= replicas)
            node.text = std::string(kName) + std::to_string(*index % replicas);
    }
    for (Node& item : node.items)
        fold_replicas(item, replicas);
    for (Node::Entry& one : node.entries)
        fold_replicas(one.value, replicas);
}

/// How much the workload does: a line less in the file is no gain where more happens for it.
std::size_t bustle(const sim::WorkloadSpec& work) {
    if (!work.enabled) return 0;
    return 1 + work.pipelines.size() * work.windows.size() + (work.restores ? 1 : 0) +
           (work.read_every > Duration(0) ? 1 : 0) + (work.queries_per_1000s > 0 ? 1 : 0) +
           (work.backfill_every > Duration(0) ? 1 : 0);
}

class Search {
  public:
    Search(Node start, TrueTime failed_at, const Try& attempt, const ShrinkLimits& limits)
        : best_(std::move(start)), at_(failed_at), attempt_(attempt), limits_(limits) {}

    Shrunk run() {
        for (int round = 0; round < kRounds && !over(); ++round) {
            const std::uint64_t before = kept_;
            upgrade();
            faults();
            replicas();
            workload();
            best_ = pruned(best_, [&](const Node& smaller) { return no_busier(smaller); });
            duration();
            values();
            if (kept_ == before) break;
        }
        return {best_, plays_, !over()};
    }

  private:
    bool over() {
        if (!over_) over_ = plays_ >= limits_.plays_max || (limits_.enough && limits_.enough());
        return over_;
    }

    /// Plays it; what keeps the failure is the best from now on.
    bool keeps(const Node& candidate) {
        if (over()) return false;
        const auto scenario = scenario_of(candidate);
        if (!scenario) return false;
        ++plays_;
        const auto broke = attempt_(document_text(candidate));
        if (!broke) return false;
        ++kept_;
        at_ = *broke;
        return true;
    }
    bool no_busier(const Node& candidate) {
        const auto before = scenario_of(best_);
        const auto after = scenario_of(candidate);
        if (!before || !after || bustle(after->workload) > bustle(before->workload)) return false;
        return keeps(candidate);
    }
    bool take(Node candidate) {
        if (!keeps(candidate)) return false;
        best_ = std::move(candidate);
        return true;
    }

    /// Halves, quarters ... of the list, and at last one by one.
    void faults() {
        const auto count = [&] {
            const Node* list = best_.find("faults");
            return list == nullptr ? std::size_t{0} : list->items.size();
        };
        for (std::size_t chunk = count(); chunk >= 1; chunk /= 2) {
            for (std::size_t end = count(); end > 0 && !over();) {
                const std::size_t from = end > chunk ? end - chunk : 0;
                Node smaller = best_;
                std::vector<Node>& items = entry(smaller, "faults")->items;
                items.erase(items.begin() + static_cast<std::ptrdiff_t>(from),
                            items.begin() + static_cast<std::ptrdiff_t>(end));
                if (items.empty())
                    std::erase_if(smaller.entries,
                                  [](const Node::Entry& one) { return one.key.text == "faults"; });
                take(std::move(smaller));
                end = from;
            }
        }
    }

    /// The second configuration goes with everything that asks for it: by itself neither may.
    void upgrade() {
        if (best_.find("upgrade") == nullptr) return;
        const auto without = [](Node& from) {
            std::erase_if(from.entries, [](const Node::Entry& one) {
                return one.key.text == "upgrade" || one.key.text == "upgraded";
            });
        };
        Node smaller = best_;
        without(smaller);
        if (Node* some = entry(smaller, "replicas")) without(*some);
        if (Node* list = entry(smaller, "faults")) std::ranges::for_each(list->items, without);
        take(std::move(smaller));
    }

    void replicas() {
        const auto now = scenario_of(best_);
        for (std::uint64_t fewer = 2; now && fewer < now->values.replicas; ++fewer) {
            Node smaller = best_;
            Node* deployment = entry(smaller, "values");
            if (deployment != nullptr) deployment = entry(*deployment, "kubecostDeployment");
            if (deployment == nullptr) return;
            put(*deployment, "replicas", scalar(std::to_string(fewer)));
            if (take(smaller)) return;
            fold_replicas(smaller, fewer);
            if (take(std::move(smaller))) return;
        }
    }

    /// None at all; else one key, nobody who reads, nobody who asks.
    void workload() {
        const auto now = scenario_of(best_);
        if (!now || !now->workload.enabled) return;
        Node none = best_;
        put(none, "workload", scalar("none"));
        if (take(std::move(none))) return;
        const auto with = [&](const std::string& key, Node value) {
            Node smaller = best_;
            if (entry(smaller, "workload") == nullptr) {
                Node block;
                block.kind = NodeKind::map;
                put(smaller, "workload", block);
            }
            put(*entry(smaller, "workload"), key, std::move(value));
            take(std::move(smaller));
        };
        if (now->workload.pipelines.size() > 1)
            with("pipelines", list_of(now->workload.pipelines.front()));
        if (now->workload.windows.size() > 1) with("windows", list_of("1h"));
        if (now->workload.read_every > Duration(0)) with("readEvery", scalar("0s"));
        if (now->workload.restores) with("restores", scalar("false"));
        if (now->workload.queries_per_1000s > 0) with("queries", scalar("0/s"));
    }

    void duration() {
        static constexpr std::array<Duration, 17> kLengths{5s,   10s,  15s,   20s,   30s,  45s,
                                                           1min, 75s,  90s,   2min,  150s, 3min,
                                                           4min, 5min, 10min, 20min, 1h};
        const auto now = scenario_of(best_);
        for (const Duration length : kLengths) {
            if (!now || length >= now->duration) return;
            if (TrueTime(length) <= at_) continue;
            Node shorter = best_;
            put(shorter, "duration", scalar(config::format_duration(length)));
            if (take(std::move(shorter))) return;
        }
    }

    void values() {
        for (const Path& path : values_of(best_)) {
            const std::string name = name_of_part(best_, path);
            if (name == "scenario" || name == "why" || name == "seeds" || name == "duration")
                continue;
            if (name.ends_with("replicas")) continue;
            for (const std::string& word : rounder(search::at(best_, path).text)) {
                Node rounded = best_;
                search::at(rounded, path) = scalar(word);
                if (take(std::move(rounded))) break;
            }
        }
    }

    Node best_;
    TrueTime at_;
    const Try& attempt_;
    const ShrinkLimits& limits_;
    std::uint64_t plays_ = 0;
    std::uint64_t kept_ = 0;
    bool over_ = false;
};

}  // namespace

void allow_in(config::Node& document, const std::vector<std::string>& ids) {
    if (ids.empty()) return;
    Node list;
    list.kind = NodeKind::list;
    for (const std::string& id : ids)
        list.items.push_back(scalar(id));
    if (entry(document, "expect") == nullptr) {
        Node block;
        block.kind = NodeKind::map;
        put(document, "expect", block);
    }
    put(*entry(document, "expect"), "mayViolate", std::move(list));
}

Shrunk shrink(const sim::Scenario& scenario, TrueTime failed_at, const Try& attempt,
              const ShrinkLimits& limits) {
    sim::Scenario start = scenario;
    start.expect.reached.clear();
    start.expect.not_judged.clear();
    start.expect.failover_p50.reset();
    start.expect.failover_p99.reset();
    start.expect.failover_max.reset();
    start.expect.commits_every.reset();
    return Search(least_document(start), failed_at, attempt, limits).run();
}

}  // namespace leasehold::search
