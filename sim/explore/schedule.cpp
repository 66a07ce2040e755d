// The file of a schedule: a header, then one action a line, as a person would say it.
#include "sim/explore/schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "config/nearest.hpp"

namespace leasehold::explore {

namespace {

constexpr std::string_view kHeader = "leasehold-explore 1";
constexpr std::array<std::string_view, 14> kWords{
    "tick",    "start",  "timer", "arrive", "answer",  "give-up", "watch",
    "drained", "resume", "land",  "own",    "own-old", "ended",   "late"};
constexpr std::uint32_t kMostFaults = 9;

std::string name_of(std::uint8_t replica) {
    return std::string(1, static_cast<char>('a' + replica));
}

std::string line_of(const Action& action) {
    if (action.what == Happens::tick) return "tick";
    if (action.what == Happens::land) return "land " + std::to_string(action.replica);
    if (action.what == Happens::fault)
        return "fault " + std::string(fault_name(action.fault)) + " " + name_of(action.replica);
    return std::string(kWords.at(static_cast<std::size_t>(action.what))) + " " +
           name_of(action.replica);
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        if (end > 0) words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

std::optional<std::uint32_t> number_of(std::string_view word, std::uint32_t most) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value > most)
        return std::nullopt;
    return value;
}

/// Reads line by line; what is wrong is said once.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<Recorded, std::string> read() {
        Recorded recorded;
        if (!next() || line_ != kHeader) return wrong("expected '" + std::string(kHeader) + "'");
        if (const std::string problem = read_head(recorded.space); !problem.empty())
            return wrong(problem);
        while (next()) {
            Action action;
            if (const std::string problem = read_action(recorded.space, action); !problem.empty())
                return wrong(problem);
            recorded.schedule.push_back(action);
        }
        if (recorded.schedule.empty()) return wrong("expected an action, such as 'start a'");
        return recorded;
    }

  private:
    /// The next line that says something.
    bool next() {
        while (!text_.empty()) {
            const std::size_t end = std::min(text_.find('\n'), text_.size());
            line_ = text_.substr(0, end);
            text_.remove_prefix(std::min(end + 1, text_.size()));
            ++number_;
            line_ = line_.substr(0, line_.find('#'));
            while (!line_.empty() && (line_.back() == ' ' || line_.back() == '\r'))
                line_.remove_suffix(1);
            if (!line_.empty()) return true;
        }
        line_ = {};
        return false;
    }

    Unexpected<std::string> wrong(const std::string& problem) const {
        const std::string found =
            line_.empty() ? "the end of the file" : "'" + std::string(line_.substr(0, 80)) + "'";
        return Unexpected(std::to_string(number_) + ": " + problem + ", found " + found);
    }

    std::string read_head(Space& space) {
        if (!next() || !line_.starts_with("space ")) return "expected 'space NAME'";
        const std::string_view name = line_.substr(6);
        const Space* known = find_space(name);
        if (!known) {
            std::vector<std::string_view> names;
            for (const Space& each : spaces())
                names.push_back(each.name);
            return "no space of that name" + config::suggestion(name, names);
        }
        space = *known;
        if (!next() || !line_.starts_with("faults ")) return "expected 'faults N'";
        const auto faults = number_of(line_.substr(7), kMostFaults);
        if (!faults) return "expected 'faults N', N from 0 to " + std::to_string(kMostFaults);
        space.most_faults = *faults;
        return "";
    }

    std::string read_action(const Space& space, Action& action) const {
        std::vector<std::string_view> words = words_of(line_);
        std::string_view what = words.empty() ? std::string_view() : words.front();
        if (what == "fault") {
            action.what = Happens::fault;
            if (words.size() != 3) return "expected 'fault KIND REPLICA'";
            std::vector<std::string_view> names;
            for (std::size_t i = 0; i < kFaultKinds; ++i)
                names.push_back(fault_name(static_cast<Fault>(i)));
            const auto found = std::find(names.begin(), names.end(), words[1]);
            if (found == names.end())
                return "no fault of that name" + config::suggestion(words[1], names);
            action.fault = static_cast<Fault>(found - names.begin());
            words.erase(words.begin());
        } else {
            const auto found = std::find(kWords.begin(), kWords.end(), what);
            if (found == kWords.end())
                return "no action of that name" + config::suggestion(what, kWords);
            action.what = static_cast<Happens>(found - kWords.begin());
        }
        if (action.what == Happens::tick) return words.size() == 1 ? "" : "expected 'tick' alone";
        if (words.size() != 2) return "expected '" + std::string(what) + " WHICH'";
        if (action.what == Happens::land) {
            const auto index = number_of(words[1], 255);
            if (!index) return "expected 'land N', N from 0 to 255";
            action.replica = static_cast<std::uint8_t>(*index);
            return "";
        }
        const char letter = words[1].front();
        if (words[1].size() != 1 || letter < 'a' ||
            letter >= static_cast<char>('a' + space.replicas))
            return "expected a replica from a to " +
                   name_of(static_cast<std::uint8_t>(space.replicas - 1));
        action.replica = static_cast<std::uint8_t>(letter - 'a');
        return "";
    }

    std::string_view text_;
    std::string_view line_;
    std::size_t number_ = 0;
};

}  // namespace

std::string to_file(const Space& space, const Schedule& schedule) {
    std::string text = std::string(kHeader) + "\nspace " + std::string(space.name) + "\nfaults " +
                       std::to_string(space.most_faults) + "\n";
    for (const Action& action : schedule)
        text += line_of(action) + "\n";
    return text;
}

Result<Recorded, std::string> from_file(std::string_view text) {
    return Reader(text).read();
}

}  // namespace leasehold::explore
