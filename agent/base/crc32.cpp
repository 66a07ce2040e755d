#include "agent/base/crc32.hpp"

#include <libdeflate.h>

namespace leasehold::agent {

void Crc32::add(std::string_view bytes) {
    // Without bytes libdeflate gives the start value, whatever came before.
    if (!bytes.empty()) value_ = libdeflate_crc32(value_, bytes.data(), bytes.size());
}

}  // namespace leasehold::agent
