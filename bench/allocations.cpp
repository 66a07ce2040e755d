#include "bench/allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count{0};
std::atomic<std::uint64_t> bytes{0};

/// What the heap loses by it: glibc keeps one word before each piece.
std::uint64_t taken_by(void* memory) {
    return malloc_usable_size(memory) + sizeof(std::size_t);
}

void release(void* memory) noexcept {
    if (memory != nullptr) bytes.fetch_sub(taken_by(memory), std::memory_order_relaxed);
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    count.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(taken_by(memory), std::memory_order_relaxed);
    return memory;
}
void operator delete(void* memory) noexcept {
    release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    release(memory);
}

namespace leasehold::bench {

std::uint64_t allocations() {
    return count.load();
}
std::uint64_t allocated_bytes() {
    return bytes.load();
}

}  // namespace leasehold::bench
