#include "agent/base/descriptor.hpp"

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace leasehold::agent {

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

void fail_errno(const std::string& doing) {
    throw std::system_error(errno, std::generic_category(), doing);
}

void write_all(const Descriptor& file, std::string_view text, const std::string& name) {
    while (!text.empty()) {
        const ssize_t done = ::write(file.number(), text.data(), text.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail_errno("writing " + name);
        text.remove_prefix(static_cast<std::size_t>(done));
    }
}

}  // namespace leasehold::agent
