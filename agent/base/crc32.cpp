#include "agent/base/crc32.hpp"

#include <libdeflate.h>

namespace leasehold::agent {
namespace {

// Polynomials over two elements, modulo that of CRC-32; the highest bit is the power 0.
constexpr std::uint32_t kModulus = 0xEDB88320;
constexpr std::uint32_t kOne = 1U << 31;
constexpr std::uint32_t kByte = 1U << 23;  ///< x to the 8

std::uint32_t product(std::uint32_t a, std::uint32_t b) {
    std::uint32_t sum = 0;
    for (std::uint32_t power = kOne; power != 0; power >>= 1) {
        if ((a & power) != 0) sum ^= b;
        b = (b >> 1) ^ ((b & 1) != 0 ? kModulus : 0);
    }
    return sum;
}

}  // namespace

void Crc32::add(std::string_view bytes) {
    // Without bytes libdeflate gives the start value, whatever came before.
    if (!bytes.empty()) value_ = libdeflate_crc32(value_, bytes.data(), bytes.size());
}

std::uint32_t crc32_of_both(std::uint32_t a, std::uint32_t b, std::uint64_t size) {
    // B's bytes shift A's remainder by eight powers each: by squares, since there may be 5 GiB.
    std::uint32_t shift = kOne;
    for (std::uint32_t square = kByte; size != 0; size >>= 1, square = product(square, square))
        if ((size & 1) != 0) shift = product(shift, square);
    return product(shift, a) ^ b;
}

}  // namespace leasehold::agent
