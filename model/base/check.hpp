// CHECK: a broken internal belief stops the machine, in every build.
#pragma once

#include <stdexcept>
#include <string>

namespace leasehold {

/// A belief of the code about itself was false. The simulator turns it into exit code 70 with
/// the history so far; the agent lets it end the process.
class CheckFailure : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

[[noreturn]] void check_failed(const char* expression, const char* file, int line,
                               const std::string& message);

}  // namespace leasehold

/// Throws CheckFailure unless `condition` holds.
#define CHECK(condition)                                                   \
    do {                                                                   \
        if (!(condition)) [[unlikely]]                                     \
            ::leasehold::check_failed(#condition, __FILE__, __LINE__, ""); \
    } while (false)

/// The same with words for the reader; `message` is only evaluated on failure.
#define CHECK_MSG(condition, message)                                             \
    do {                                                                          \
        if (!(condition)) [[unlikely]]                                            \
            ::leasehold::check_failed(#condition, __FILE__, __LINE__, (message)); \
    } while (false)
