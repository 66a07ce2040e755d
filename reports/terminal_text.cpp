#include "reports/terminal_text.hpp"

#include <algorithm>

namespace leasehold::reports {

using check::Outcome;

std::string painted(std::string_view text, Colour colour, Style style) {
    if (!style.colour) return std::string(text);
    static constexpr std::array<std::string_view, 5> kCodes{"32", "1;31", "33", "2", "1"};
    return "\x1b[" + std::string(kCodes.at(static_cast<std::size_t>(colour))) + "m" +
           std::string(text) + "\x1b[0m";
}

std::string left(std::string_view text, std::size_t width) {
    std::string result(text);
    if (result.size() < width) result.append(width - result.size(), ' ');
    return result;
}

std::string right(std::string_view text, std::size_t width) {
    std::string result(text);
    if (result.size() < width) result.insert(0, width - result.size(), ' ');
    return result;
}

std::string_view verdict_word(Outcome outcome) {
    switch (outcome) {
        case Outcome::pass:
            return "PASS";
        case Outcome::safety:
        case Outcome::liveness:
            return "FAIL";
        case Outcome::inconclusive:
            return "INCONCLUSIVE";
        case Outcome::nondeterministic:
            return "NONDETERMINISTIC";
        case Outcome::internal:
            return "INTERNAL ERROR";
    }
    return "INTERNAL ERROR";
}

Colour verdict_colour(Outcome outcome) {
    if (outcome == Outcome::pass) return Colour::green;
    return outcome == Outcome::inconclusive ? Colour::yellow : Colour::red;
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return grouped(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

namespace {

bool is_met(const check::RunResult& run, const std::string& what) {
    return std::ranges::any_of(run.expectations, [&](const check::Expectation& expectation) {
        return expectation.met && expectation.what == what;
    });
}

}  // namespace

bool was_expected(const check::RunResult& run, const check::Verdict& verdict) {
    return is_met(run, "violates " + verdict.id) || was_allowed(run, verdict);
}

bool was_allowed(const check::RunResult& run, const check::Verdict& verdict) {
    return is_met(run, "may violate " + verdict.id);
}

std::string replay_command(const check::RunResult& run, std::string_view arguments) {
    return "leasehold run " + shell_quoted(run.file) + " --seed " + std::to_string(run.seed) +
           std::string(arguments);
}

std::string wrap(std::string_view text, std::size_t first_column, std::size_t indent,
                 std::size_t width) {
    std::string result;
    while (text.ends_with('\n') || text.ends_with(' '))
        text.remove_suffix(1);
    std::size_t column = first_column;
    bool line_start = true;
    while (!text.empty()) {
        const std::size_t space = text.find_first_of(" \n");
        const std::string_view word = text.substr(0, space);
        const char separator = space == std::string_view::npos ? '\0' : text[space];
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
        if (!line_start && column + 1 + word.size() > width) {
            result += "\n" + std::string(indent, ' ');
            column = indent;
            line_start = true;
        }
        if (!line_start) {
            result += ' ';
            ++column;
        }
        result += word;
        column += word.size();
        line_start = false;
        if (separator == '\n') {
            result += "\n" + std::string(indent, ' ');
            column = indent;
            line_start = true;
        }
    }
    return result;
}

std::string shell_quoted(std::string_view word) {
    static constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos)
        return std::string(word);
    std::string result = "'";
    for (const char c : word)
        result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

std::string grouped(std::uint64_t value) {
    std::string digits = std::to_string(value);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

}  // namespace leasehold::reports
