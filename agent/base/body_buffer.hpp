// BodyBuffer: how content of a known size becomes a Blob without being copied.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "agent/base/sha256.hpp"
#include "model/base/blob.hpp"

namespace leasehold::agent {

/// It stays in memory, and is received where it will lie. One thread fills; one at a time hashes
/// what was filled before it was asked to.
class BodyBuffer {
  public:
    /// Memory is touched as it is filled. At most kSpoolInMemory.
    explicit BodyBuffer(std::size_t size);

    /// What is yet to be filled.
    [[nodiscard]] std::span<char> rest() const { return {bytes_.get() + filled_, size_ - filled_}; }
    void fill(std::size_t count) { filled_ += count; }
    [[nodiscard]] std::size_t filled() const { return filled_; }

    /// Up to the first `end` bytes.
    void hash(std::size_t end);
    /// All of it, filled and hashed, as a Blob. The buffer is empty afterwards.
    [[nodiscard]] Blob finish();

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
    std::size_t filled_ = 0;
    std::size_t hashed_ = 0;
    Sha256 hash_;
};

}  // namespace leasehold::agent
