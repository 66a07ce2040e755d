#include "tests/transcripts/story.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace leasehold::transcripts {

Command::Command(std::string where, const std::string& line) : where_(std::move(where)) {
    std::istringstream in(line);
    in >> verb_;
    for (std::string token; in >> token;) {
        const std::size_t equals = token.find('=');
        if (equals == std::string::npos) {
            words_.push_back(token);
        } else {
            arguments_[token.substr(0, equals)].push_back(token.substr(equals + 1));
        }
    }
}

void Command::fail(const std::string& message) const {
    throw StoryError(where_ + ": " + verb_ + ": " + message);
}

std::string Command::word(std::string_view what) {
    if (words_.empty()) fail("expected " + std::string(what));
    std::string first = words_.front();
    words_.erase(words_.begin());
    return first;
}

std::string Command::text(const std::string& name, const std::string& otherwise) {
    const auto found = arguments_.find(name);
    if (found == arguments_.end()) return otherwise;
    if (found->second.size() != 1) fail(name + "= stands twice");
    used_.insert(name);
    return found->second.front();
}

std::string Command::required(const std::string& name) {
    if (!has(name)) fail("expected " + name + "=");
    return text(name);
}

std::vector<std::string> Command::all(const std::string& name) {
    used_.insert(name);
    const auto found = arguments_.find(name);
    return found == arguments_.end() ? std::vector<std::string>() : found->second;
}

bool Command::flag(const std::string& name) {
    const auto found = std::find(words_.begin(), words_.end(), name);
    if (found == words_.end()) return false;
    words_.erase(found);
    return true;
}

void Command::finish() const {
    if (!words_.empty()) fail("unknown word '" + words_.front() + "'");
    for (const auto& [name, values] : arguments_)
        if (!used_.contains(name)) fail("unknown argument '" + name + "='");
}

namespace {

enum class Part { before, separator, expected };

}  // namespace

Story parse_story(const std::string& name, const std::string& text) {
    const auto error = [&](std::size_t line, const std::string& message) {
        return StoryError(name + ":" + std::to_string(line) + ": " + message);
    };
    if (!text.starts_with("# ")) throw error(1, "a story begins with a comment that says why");
    Story story;
    Block block;
    Part part = Part::before;
    std::size_t number = 0;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (part == Part::separator) {
            if (line != "----") throw error(number, "expected ---- after the command");
            part = Part::expected;
        } else if (part == Part::expected && !line.empty()) {
            block.expected += line + "\n";
        } else if (part == Part::expected) {
            story.blocks.push_back(std::exchange(block, Block{}));
            part = Part::before;
        } else if (line.empty() || line.starts_with("#")) {
            block.before.push_back(line);
        } else {
            block.command = line;
            block.line = number;
            part = Part::separator;
        }
    }
    if (part == Part::separator) throw error(number, "expected ---- after the command");
    if (part == Part::expected) story.blocks.push_back(std::exchange(block, Block{}));
    if (story.blocks.empty()) throw error(number, "no command");
    story.after = block.before;
    return story;
}

std::string to_file(const Story& story) {
    std::string text;
    for (std::size_t i = 0; i < story.blocks.size(); ++i) {
        const Block& block = story.blocks[i];
        for (const std::string& line : block.before)
            text += line + "\n";
        text += block.command + "\n----\n" + block.expected;
        if (i + 1 < story.blocks.size() || !story.after.empty()) text += "\n";
    }
    for (const std::string& line : story.after)
        text += line + "\n";
    return text;
}

}  // namespace leasehold::transcripts
