// BodyBuffer: how content of a known size becomes a Blob without being copied.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

#include "agent/base/crc32.hpp"
#include "agent/base/sha256.hpp"
#include "model/base/blob.hpp"

namespace leasehold::agent {

/// It stays in memory, and is received where it will lie. One thread fills; one at a time hashes,
/// at the same time.
class BodyBuffer {
  public:
    /// Memory is touched as it is filled. At most kSpoolInMemory.
    explicit BodyBuffer(std::size_t size);

    /// What is yet to be filled.
    [[nodiscard]] std::span<char> rest() const {
        return {bytes_.get() + filled_.load(), size_ - filled_.load()};
    }
    void fill(std::size_t count) { filled_ += count; }

    /// Until it has come to the end of what is filled, and of what is filled meanwhile.
    void hash();
    /// Bytes that are filled and not hashed. Not while hash() runs.
    [[nodiscard]] std::size_t unhashed() const { return filled_.load() - hashed_; }
    /// All of it, filled and hashed, as a Blob. The buffer is empty afterwards.
    [[nodiscard]] Blob finish();

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
    std::atomic<std::size_t> filled_ = 0;
    std::size_t hashed_ = 0;
    Sha256 hash_;
    Crc32 crc32_;
};

}  // namespace leasehold::agent
