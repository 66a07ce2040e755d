// A story: a text file of commands with what they are expected to print.
//
//     # comment                      kept as it is; the first one says why the story exists
//     command word name=value ...
//     ----
//     expected lines, up to an empty one
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace leasehold::transcripts {

/// A story or command that can't be understood; the message begins with file and line.
class StoryError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// One command line, taken apart. Every word and every argument must be asked for (see finish).
class Command {
  public:
    /// `where` = "file:line", for messages.
    Command(std::string where, const std::string& line);

    [[nodiscard]] const std::string& verb() const { return verb_; }
    /// The next word without `=`; an error when there is none (`what` names what it should be).
    std::string word(std::string_view what);
    /// The value of `name=`; `otherwise` when absent. At most one.
    std::string text(const std::string& name, const std::string& otherwise = "");
    /// The value of `name=`, which must be there.
    std::string required(const std::string& name);
    /// All values of `name=`, in order.
    std::vector<std::string> all(const std::string& name);
    /// Was the bare word `name` given?
    bool flag(const std::string& name);
    [[nodiscard]] bool has(const std::string& name) const { return arguments_.contains(name); }
    /// An error unless everything was asked for.
    void finish() const;
    [[noreturn]] void fail(const std::string& message) const;

  private:
    std::string where_;
    std::string verb_;
    std::vector<std::string> words_;
    std::map<std::string, std::vector<std::string>> arguments_;
    std::set<std::string> used_;
};

/// A command with its surroundings, as it stands in the file.
struct Block {
    std::vector<std::string> before;  ///< comments and empty lines
    std::string command;
    std::size_t line = 0;  ///< of the command, from 1
    std::string expected;  ///< lines, each with its end
};

struct Story {
    std::vector<Block> blocks;
    std::vector<std::string> after;  ///< comments at the end
};

/// Takes `text` apart; `name` is the file's, for messages. The first line must be a comment.
[[nodiscard]] Story parse_story(const std::string& name, const std::string& text);
/// The file again, with what the blocks expect.
[[nodiscard]] std::string to_file(const Story& story);

}  // namespace leasehold::transcripts
