// TreeBuilder: our tree from yaml-cpp's events, in either dialect. Internal.
#pragma once

#include <yaml-cpp/eventhandler.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/tree.hpp"

namespace leasehold::config {

enum class Dialect : std::uint8_t {
    strict,  ///< refuses what our own formats have no use for
    helm     ///< takes what Helm takes
};

class TreeBuilder : public YAML::EventHandler {
  public:
    /// `text` outlives the builder.
    TreeBuilder(std::string_view text, std::string file, Dialect dialect)
        : text_(text),
          file_(std::make_shared<const std::string>(std::move(file))),
          dialect_(dialect) {}

    /// The document; null when there was none. Once.
    [[nodiscard]] Node take_root();
    /// Byte of the text at which the last node began.
    [[nodiscard]] std::size_t last_offset() const { return last_offset_; }

    void OnDocumentStart(const YAML::Mark& mark) override;
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override;
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override;
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override;
    void OnMapEnd() override { close(); }

    static constexpr const char* kNoAliases =
        "anchors and aliases (&name, *name) are not "
        "supported: write the value out";

  private:
    /// A list or map that is open.
    struct Frame {
        Node node;
        std::optional<Node> key;
        std::map<std::string, std::size_t> places;  ///< of the keys so far
        YAML::anchor_t anchor = 0;
    };

    [[nodiscard]] std::size_t offset_of(const YAML::Mark& mark) const;
    Node make(NodeKind kind, const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag);
    void check_quote(const Node& node, std::size_t at) const;
    void mark_shared(Node& node) const;
    void open(Node node, YAML::anchor_t anchor);
    void close();
    void add(Node node, YAML::anchor_t anchor);
    void add_root(Node node);
    void add_key(Frame& frame, Node node);
    void add_value(Frame& frame, Node node);
    void merge(Node& map);
    void merge_one(Node& map, const Node& from);
    [[nodiscard]] bool lenient() const { return dialect_ == Dialect::helm; }

    std::string_view text_;
    std::shared_ptr<const std::string> file_;
    Dialect dialect_;
    std::vector<Frame> frames_;
    std::optional<Node> root_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::set<std::pair<int, int>> shared_;  ///< places of what aliases stand for
    std::size_t copied_ = 0;                ///< nodes that aliases stood for
    std::size_t last_offset_ = 0;
    int documents_ = 0;
};

}  // namespace leasehold::config
