#include "sim/scenario/reader.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "sim/scenario/block.hpp"
#include "sim/scenario/blocks.hpp"
#include "sim/scenario/names.hpp"
#include "sim/scenario/values.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

const Node& require(const Block& block, std::string_view key, std::string_view example) {
    const Node* node = block.find(key);
    if (node == nullptr)
        fail(block.node(), "needs \"" + std::string(key) + "\", such as " + std::string(example));
    expect_scalar(*node, key);
    return *node;
}

void read_head(const Block& block, const std::string& path, Scenario& out) {
    const Node& name = require(block, "scenario", "scenario: leader-crash");
    if (!is_name(name.text))
        fail(name, "scenario: expected a name of lower-case letters, digits and '-', found " +
                       name.describe());
    const std::string stem = std::filesystem::path(path).stem().string();
    if (name.text != stem)
        fail(name, "scenario: " + name.describe() + " must be the file's name, \"" + stem + "\"");
    const Node& why = require(block, "why", "why: one sentence on what it shows");
    if (why.text.find_first_not_of(" \t\r\n") == std::string::npos)
        fail(why, "why: expected one sentence on what the scenario shows, found " + why.describe());
    out.name = name.text;
    out.why = why.text;
    out.file = path;
    if (block.duration("duration", out.duration, 1s) && out.duration > kLongestRun)
        fail(*block.find("duration"), "duration: must be at most " + format_duration(kLongestRun) +
                                          " (about 12 days), found " +
                                          block.find("duration")->describe());
    block.read("seeds", out.seeds, parse_seeds);
}

void read_all(const Node& root, const std::string& path, const ReadOptions& options,
              Scenario& out) {
    const Block block(root, "", names::kTop);
    read_head(block, path, out);
    out.values = read_values(block.find("values"), options);
    const std::uint32_t replicas = out.values.replicas;

    if (const Node* node = block.find("election")) read_election(*node, out.election);
    if (const Node* node = block.find("storage")) read_storage(*node, out.storage);
    out.storage.ha = out.elects();
    out.storage.file_store = out.values.file_store;
    out.storage.lease_duration = out.election.lease_duration;
    if (const Node* node = block.find("clocks")) read_clocks(*node, replicas, out.clocks);
    if (const Node* node = block.find("network")) read_network(*node, replicas, out.network);
    if (const Node* node = block.find("api")) read_api(*node, out.api);
    if (const Node* node = block.find("bucket")) read_bucket(*node, out.bucket);
    if (const Node* node = block.find("workload")) read_workload(*node, out.workload);
    if (!out.values.etl) out.workload.enabled = false;  // no pipelines, so nothing to export
    if (const Node* node = block.find("faults")) read_faults(*node, out);
    if (const Node* node = block.find("expect")) {
        read_expect(*node, out.expect);
        if (const Node* failover = node->find("failover"); failover != nullptr && !out.elects())
            fail(*failover, "expect.failover: there is no failover without an election");
    }
}

/// One line of bearable length, whatever the input holds.
std::string one_line(std::string text) {
    constexpr std::size_t kLongest = 400;
    if (text.size() > kLongest) {
        std::size_t end = kLongest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end;
        text = text.substr(0, end) + "...";
    }
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = ' ';
    return text;
}

/// For the caller: a --set's nodes carry the option's text in their file, but it belongs into the
/// message.
Diagnostic presentable(Diagnostic found) {
    if (!found.file.starts_with(kSetPrefix)) {
        found.message = one_line(std::move(found.message));
        return found;
    }
    const std::string option = found.file.substr(kSetPrefix.size());
    return Diagnostic{"--set", found.line, found.column,
                      one_line(found.message + " (in \"" + option + "\")")};
}

}  // namespace

std::string Diagnostic::to_string() const {
    std::string text = file;
    if (line > 0) text += ':' + std::to_string(line);
    if (line > 0 && column > 0) text += ':' + std::to_string(column);
    return text + ": " + message;
}

Result<Scenario, Diagnostic> parse_scenario(std::string_view text, const std::string& path,
                                            const ReadOptions& options) {
    try {
        Scenario scenario;
        read_all(parse_tree(text, path), path, options, scenario);
        return scenario;
    } catch (const InputError& error) {
        return Unexpected{presentable(error.diagnostic)};
    }
}

Result<Scenario, Diagnostic> read_scenario(const std::string& path, const ReadOptions& options) {
    std::string text;
    try {
        text = load_text(path);
    } catch (const InputError& error) {
        return Unexpected{error.diagnostic};
    }
    return parse_scenario(text, path, options);
}

Result<std::vector<std::string>, Diagnostic> find_scenarios(const std::vector<std::string>& paths) {
    namespace fs = std::filesystem;
    std::vector<std::string> found;
    for (const std::string& path : paths) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (!fs::exists(status))
            return Unexpected{Diagnostic{path, 0, 0, "no such file or directory"}};
        if (!fs::is_directory(status)) {
            found.push_back(path);
            continue;
        }
        std::vector<std::string> inside;
        for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
             it.increment(error))
            if (it->path().extension() == ".yaml" && it->is_regular_file(error))
                inside.push_back(it->path().string());
        if (error) return Unexpected{Diagnostic{path, 0, 0, "can't be read: " + error.message()}};
        if (inside.empty())
            return Unexpected{Diagnostic{path, 0, 0, "no scenarios (*.yaml) in this directory"}};
        std::sort(inside.begin(), inside.end());
        found.insert(found.end(), inside.begin(), inside.end());
    }
    return found;
}

}  // namespace leasehold::sim
