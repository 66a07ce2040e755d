#include "model/base/check.hpp"

namespace leasehold {

void check_failed(const char* expression, const char* file, int line, const std::string& message) {
    std::string text =
        std::string(file) + ":" + std::to_string(line) + ": CHECK failed: " + expression;
    if (!message.empty()) text += ": " + message;
    throw CheckFailure(text);
}

}  // namespace leasehold
