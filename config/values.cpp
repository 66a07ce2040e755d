#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "config/nearest.hpp"
#include "config/units.hpp"

namespace leasehold::config {
namespace {

/// A key of the chart that means something here. Real neighbours of these keys (etlToDisk,
/// kubecostToken ...) are more than two edits away, so a nearer key is taken for a slip.
enum class Key : std::uint8_t { replicas, leader_follower, etl, file_store, bucket_secret };
constexpr std::size_t kKeys = 5;
constexpr std::size_t kSlip = 2;

constexpr std::array<std::string_view, 2> kSections{"kubecostDeployment", "kubecostModel"};
constexpr std::array<std::string_view, 2> kDeployment{"replicas", "leaderFollower"};
constexpr std::array<std::string_view, 1> kLeaderFollower{"enabled"};
constexpr std::array<std::string_view, 3> kModel{"etl", "etlFileStoreEnabled",
                                                 "etlBucketConfigSecret"};
/// Names that can't be anything else: found in the wrong place, they were misplaced.
struct Unmistakable {
    std::string_view key;
    std::string_view section;
};
constexpr std::array kUnmistakable{Unmistakable{"leaderFollower", "kubecostDeployment"},
                                   Unmistakable{"etlFileStoreEnabled", "kubecostModel"},
                                   Unmistakable{"etlBucketConfigSecret", "kubecostModel"}};

std::uint32_t leaves(const Node& node) {
    if (node.kind != NodeKind::map || node.entries.empty()) return 1;
    std::uint32_t total = 0;
    for (const Node::Entry& entry : node.entries)
        total += leaves(entry.value);
    return total;
}

/// What the layers so far say of each key; no value = not set, or taken away by null.
class Merged {
  public:
    void apply(const Node& layer) {
        expect_map(layer, "Helm values");
        for (const Node::Entry& entry : layer.entries) {
            if (entry.key.text == kSections[0]) {
                deployment(entry.value);
            } else if (entry.key.text == kSections[1]) {
                model(entry.value);
            } else {
                ignore(entry, kSections, "");
            }
        }
    }

    [[nodiscard]] const std::optional<Node>& at(Key key) const {
        return values_[static_cast<std::size_t>(key)];
    }
    [[nodiscard]] std::uint32_t ignored() const { return ignored_; }

  private:
    void deployment(const Node& section) {
        if (section.kind == NodeKind::null) {
            put(Key::replicas, section);
            put(Key::leader_follower, section);
            return;
        }
        expect_map(section, kSections[0]);
        for (const Node::Entry& entry : section.entries) {
            if (entry.key.text == "replicas") {
                put(Key::replicas, entry.value);
            } else if (entry.key.text == "leaderFollower") {
                leader_follower(entry.value);
            } else {
                ignore(entry, kDeployment, kSections[0]);
            }
        }
    }

    void leader_follower(const Node& section) {
        if (section.kind == NodeKind::null) {
            put(Key::leader_follower, section);
            return;
        }
        expect_map(section, "kubecostDeployment.leaderFollower");
        for (const Node::Entry& entry : section.entries) {
            if (entry.key.text == "enabled") {
                put(Key::leader_follower, entry.value);
            } else {
                ignore(entry, kLeaderFollower, "kubecostDeployment.leaderFollower");
            }
        }
    }

    void model(const Node& section) {
        if (section.kind == NodeKind::null) {
            for (const Key key : {Key::etl, Key::file_store, Key::bucket_secret})
                put(key, section);
            return;
        }
        expect_map(section, kSections[1]);
        for (const Node::Entry& entry : section.entries) {
            const auto found = std::find(kModel.begin(), kModel.end(), entry.key.text);
            if (found == kModel.end()) {
                ignore(entry, kModel, kSections[1]);
                continue;
            }
            constexpr std::array kModelKeys{Key::etl, Key::file_store, Key::bucket_secret};
            put(kModelKeys[static_cast<std::size_t>(found - kModel.begin())], entry.value);
        }
    }

    void put(Key key, const Node& value) {
        auto& slot = values_[static_cast<std::size_t>(key)];
        if (value.kind == NodeKind::null) {
            slot.reset();
        } else {
            slot = value;
        }
    }

    void ignore(const Node::Entry& entry, std::span<const std::string_view> known,
                std::string_view section) {
        const std::string& name = entry.key.text;
        const std::string in = section.empty() ? "the values" : std::string(section);
        if (const std::string near = nearest_within(name, known, kSlip); !near.empty())
            fail(entry.key, "unknown key " + entry.key.describe() + " in " + in +
                                "; did you mean \"" + near + "\"?");
        for (const auto& [key, place] : kUnmistakable)
            if (name == key)
                fail(entry.key, std::string(key) + " belongs under " + std::string(place));
        for (const std::string_view start : kSections)
            if (section.empty() && name.starts_with(std::string(start) + "."))
                fail(entry.key, "a dotted key means nothing in a values file: nest " +
                                    entry.key.describe() + " under " + std::string(start) + ":");
        ignored_ += leaves(entry.value);
    }

    std::array<std::optional<Node>, kKeys> values_;
    std::uint32_t ignored_ = 0;
};

void read_flag(const std::optional<Node>& node, std::string_view what, bool& out) {
    if (!node) return;
    expect_scalar(*node, what);
    if (node->quoted || (node->text != "true" && node->text != "false"))
        fail(*node, std::string(what) + ": expected true or false, found " + node->describe());
    out = node->text == "true";
}

bool secret_name(std::string_view text) {
    const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= 253 && alnum(text.front()) && alnum(text.back()) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return alnum(c) || c == '-' || c == '.'; });
}

/// The chart's three prerequisites in its own words and order, without its defect that an empty
/// secret passes; and what it lets through: several writers on one bucket.
void check_chart(const ValuesSpec& values, const Merged& merged) {
    const auto& enabled = merged.at(Key::leader_follower);
    const auto place = [&](Key key) -> const Node& {
        return merged.at(key) ? *merged.at(key) : *enabled;
    };
    if (values.leader_follower) {
        if (!values.file_store)
            fail(place(Key::file_store),
                 "Leader/Follower requires kubecostModel.etlFileStoreEnabled be true.");
        if (values.bucket_secret.empty())
            fail(place(Key::bucket_secret),
                 "Leader/Follower requires kubecostModel.etlBucketConfigSecret be valid.");
        if (values.replicas <= 1)
            fail(place(Key::replicas),
                 "Leader/Follower should be used with kubecostDeployment.replicas > 1");
    } else if (values.replicas > 1) {
        const std::string count = std::to_string(values.replicas);
        fail(place(Key::replicas),
             "kubecostDeployment.replicas is " + count + " without leaderFollower: " + count +
                 " writers would share a bucket (set kubecostDeployment.leaderFollower.enabled: "
                 "true, or replicas: 1)");
    }
}

}  // namespace

ValuesSpec read_values(const Node* inline_values, const ValueSources& sources) {
    Merged merged;
    if (inline_values != nullptr) merged.apply(*inline_values);
    for (const std::string& file : sources.files)
        merged.apply(parse_tree(load_text(file), file));
    for (const std::string& option : sources.sets)
        merged.apply(parse_set(option));

    ValuesSpec values;
    values.ignored_keys = merged.ignored();
    if (const auto& node = merged.at(Key::replicas)) {
        expect_scalar(*node, "kubecostDeployment.replicas");
        const auto count = parse_count(node->text);
        if (!count || node->quoted || *count < 1 || *count > kReplicasMax)
            fail(*node, "kubecostDeployment.replicas: expected a whole number from 1 to " +
                            std::to_string(kReplicasMax) + ", found " + node->describe());
        values.replicas = static_cast<std::uint32_t>(*count);
    }
    read_flag(merged.at(Key::leader_follower), "kubecostDeployment.leaderFollower.enabled",
              values.leader_follower);
    read_flag(merged.at(Key::etl), "kubecostModel.etl", values.etl);
    read_flag(merged.at(Key::file_store), "kubecostModel.etlFileStoreEnabled", values.file_store);
    if (const auto& node = merged.at(Key::bucket_secret)) {
        expect_scalar(*node, "kubecostModel.etlBucketConfigSecret");
        if (!node->text.empty() && !secret_name(node->text))
            fail(*node, "kubecostModel.etlBucketConfigSecret: " + node->describe() +
                            " is not the name of a Secret (lower-case letters, digits, - and .)");
        values.bucket_secret = node->text;
    }
    check_chart(values, merged);
    return values;
}

}  // namespace leasehold::config
