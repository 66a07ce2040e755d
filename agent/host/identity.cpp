#include "agent/host/identity.hpp"

#include <sys/random.h>

#include "model/base/check.hpp"

namespace leasehold::agent {

std::uint64_t random_word() {
    std::uint64_t word = 0;
    CHECK(::getrandom(&word, sizeof word, 0) == static_cast<ssize_t>(sizeof word));
    return word;
}

std::string make_identity(const std::string& pod_name) {
    std::uint64_t word = random_word();
    std::string identity = pod_name + "_";
    for (int digit = 0; digit < 16; ++digit, word >>= 4)
        identity += "0123456789abcdef"[word & 15U];
    return identity;
}

}  // namespace leasehold::agent
