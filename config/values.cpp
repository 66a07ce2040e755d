#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "config/helm_value.hpp"
#include "config/misplaced.hpp"
#include "config/nearest.hpp"
#include "config/set_option.hpp"

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
                single(entry);
                deployment(entry.value);
            } else if (entry.key.text == kSections[1]) {
                single(entry);
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
        if (section.kind == NodeKind::null || section.whole)
            forget({Key::replicas, Key::leader_follower});
        if (section.kind == NodeKind::null) return;
        expect_map(section, kSections[0]);
        for (const Node::Entry& entry : section.entries) {
            if (entry.key.text == "replicas") {
                single(entry);
                put(Key::replicas, entry.value);
            } else if (entry.key.text == "leaderFollower") {
                single(entry);
                leader_follower(entry.value);
            } else {
                ignore(entry, kDeployment, kSections[0]);
            }
        }
    }

    void leader_follower(const Node& section) {
        if (section.kind == NodeKind::null || section.whole) forget({Key::leader_follower});
        if (section.kind == NodeKind::null) return;
        expect_map(section, "kubecostDeployment.leaderFollower");
        for (const Node::Entry& entry : section.entries) {
            if (entry.key.text == "enabled") {
                single(entry);
                put(Key::leader_follower, entry.value);
            } else {
                ignore(entry, kLeaderFollower, "kubecostDeployment.leaderFollower");
            }
        }
    }

    void model(const Node& section) {
        if (section.kind == NodeKind::null || section.whole)
            forget({Key::etl, Key::file_store, Key::bucket_secret});
        if (section.kind == NodeKind::null) return;
        expect_map(section, kSections[1]);
        for (const Node::Entry& entry : section.entries) {
            const auto found = std::find(kModel.begin(), kModel.end(), entry.key.text);
            if (found == kModel.end()) {
                ignore(entry, kModel, kSections[1]);
                continue;
            }
            single(entry);
            constexpr std::array kModelKeys{Key::etl, Key::file_store, Key::bucket_secret};
            put(kModelKeys[static_cast<std::size_t>(found - kModel.begin())], entry.value);
        }
    }

    /// Of a key given twice in one file the first would be lost without a word.
    static void single(const Node::Entry& entry) {
        if (entry.earlier != 0)
            fail(entry.key, "duplicate key " + entry.key.describe() + " (first on line " +
                                std::to_string(entry.earlier) + ")");
    }

    void forget(std::initializer_list<Key> keys) {
        for (const Key key : keys)
            values_[static_cast<std::size_t>(key)].reset();
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
        const std::string path(section);
        refuse_misplaced_key(entry.key, path);
        refuse_misplaced(entry.value, path.empty() ? name : path + "." + name);
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
    if (const auto truth = helm_truth(*node)) {
        out = *truth;
        return;
    }
    fail(*node, std::string(what) + ": expected true or false" +
                    (node->quoted ? " without quotes (to the chart every text is true)" : "") +
                    ", found " + node->describe());
}

void read_replicas(const std::optional<Node>& node, std::uint32_t& out) {
    constexpr std::string_view kWhat = "kubecostDeployment.replicas";
    if (!node) return;
    expect_scalar(*node, kWhat);
    const auto count = helm_number(*node);
    if (!count || *count < 1 || *count > kReplicasMax)
        fail(*node, std::string(kWhat) + ": expected a whole number from 1 to " +
                        std::to_string(kReplicasMax) + ", found " + node->describe());
    out = static_cast<std::uint32_t>(*count);
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

bool says_something_known(const Node& layer) {
    return std::any_of(kSections.begin(), kSections.end(),
                       [&](std::string_view name) { return layer.find(name) != nullptr; });
}

/// What the chart takes and puts elsewhere than its reader may think.
void note_surroundings(const Node& layer, std::vector<std::string>& notes) {
    const Node* model = layer.find(kSections[1]);
    if (model == nullptr) return;
    const auto say = [&](const Node& at, const std::string& what) {
        notes.push_back(presentable(Diagnostic{*at.file, at.line, at.column, what}).to_string());
    };
    if (const Node* replicas = model->find("replicas"))
        say(*replicas,
            "kubecostModel.replicas means nothing to the chart: kubecostDeployment.replicas does");
    const Node* extra = model->find("extraEnv");
    if (extra == nullptr) return;
    for (const Node& variable : extra->items)
        if (const Node* name = variable.find("name");
            name != nullptr && name->text == "LEADER_FOLLOWER_ENABLED")
            say(*name,
                "kubecostModel.extraEnv sets LEADER_FOLLOWER_ENABLED in the pod, and is not read "
                "here: set kubecostDeployment.leaderFollower.enabled");
}

void add_notes(const std::vector<Node>& layers, std::vector<std::string>& notes) {
    for (const Node& layer : layers) {
        note_surroundings(layer, notes);
        if (!layer.file->starts_with(kSetPrefix) && !says_something_known(layer))
            notes.push_back(*layer.file +
                            ": says nothing of kubecostDeployment or kubecostModel, which alone "
                            "mean something here: is it the cost-analyzer chart's, up to 2.x?");
    }
}

Node read_file(const std::string& file) {
    const auto refuse = [&](const std::string& why) {
        throw InputError{Diagnostic{file, 0, 0, why}};
    };
    if (file.empty()) throw InputError{Diagnostic{"-f", 0, 0, "expected a file's name"}};
    if (file == "-") refuse("standard input is not read: give a file");
    if (file.find("://") != std::string::npos) refuse("nothing is fetched: give a file");
    return parse_values_tree(load_text(file), file);
}

}  // namespace

std::vector<std::string> ValueSources::file_names() const {
    std::vector<std::string> names;
    for (const std::string& one : files) {
        std::size_t start = 0;
        for (std::size_t end = one.find(','); end != std::string::npos;
             end = one.find(',', start)) {
            names.push_back(one.substr(start, end - start));
            start = end + 1;
        }
        names.push_back(one.substr(start));
    }
    return names;
}

std::vector<Node> read_layers(const ValueSources& sources) {
    std::vector<Node> layers;
    for (const std::string& file : sources.file_names())
        layers.push_back(read_file(file));
    const auto add = [&](SetFlag flag, const std::vector<std::string>& options) {
        for (const std::string& option : options)
            layers.push_back(parse_set(flag, option));
    };
    add(SetFlag::json, sources.jsons);
    add(SetFlag::set, sources.sets);
    add(SetFlag::string, sources.strings);
    add(SetFlag::file, sources.from_files);
    add(SetFlag::literal, sources.literals);
    return layers;
}

ValuesSpec read_values(const Node* inline_values, const ValueSources& sources) {
    return read_values(inline_values, read_layers(sources));
}

ValuesSpec read_values(const Node* inline_values, const std::vector<Node>& layers) {
    Merged merged;
    if (inline_values != nullptr) merged.apply(*inline_values);
    for (const Node& layer : layers)
        merged.apply(layer);

    ValuesSpec values;
    values.ignored_keys = merged.ignored();
    add_notes(layers, values.notes);
    read_replicas(merged.at(Key::replicas), values.replicas);
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
