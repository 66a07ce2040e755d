// What is wrong with an input, where, and how it travels to the one who tells a person.
#pragma once

#include <string>
#include <string_view>

namespace leasehold::config {

/// What is wrong with the input, and where.
struct Diagnostic {
    std::string file;     ///< as given; "--set" for an option's text
    int line = 0;         ///< 1-based; 0 = unknown (the file as a whole)
    int column = 0;       ///< 1-based, in bytes; 0 = unknown
    std::string message;  ///< one line: what was found, what was expected, the nearest valid name
    /// "file:line:column: message", without the parts that are unknown.
    [[nodiscard]] std::string to_string() const;
};

/// Bad input on its way from a reader to the door that it was called through, which catches it.
struct InputError {
    Diagnostic diagnostic;
};

/// File name of nodes that came from the command line: the flag, a blank and the option's text.
inline constexpr std::string_view kSetPrefix = "--set";

/// For a person: one line of bearable length whatever the input holds, and the text of a --set in
/// the message rather than in the file's name.
[[nodiscard]] Diagnostic presentable(Diagnostic found);

}  // namespace leasehold::config
