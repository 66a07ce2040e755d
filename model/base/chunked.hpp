// Chunked: a growing sequence whose elements stay where they are.
#pragma once

#include <cstddef>
#include <vector>

namespace leasehold {

/// Elements by position, added at the end and never removed; references stay valid. Unlike
/// std::deque it wastes no eighth of each small block, which a hundred thousand keys would notice.
template <class T>
class Chunked {
  public:
    T& push_back(const T& value) {
        if (size_ % kChunk == 0) {
            chunks_.emplace_back();
            chunks_.back().reserve(kChunk);
        }
        ++size_;
        return chunks_.back().emplace_back(value);
    }
    [[nodiscard]] T& operator[](std::size_t at) { return chunks_[at / kChunk][at % kChunk]; }
    [[nodiscard]] const T& operator[](std::size_t at) const {
        return chunks_[at / kChunk][at % kChunk];
    }
    [[nodiscard]] std::size_t size() const { return size_; }

    Chunked() = default;
    Chunked(const Chunked& other) : size_(other.size_) {
        for (const std::vector<T>& chunk : other.chunks_) {
            chunks_.emplace_back().reserve(kChunk);
            chunks_.back().insert(chunks_.back().end(), chunk.begin(), chunk.end());
        }
    }
    Chunked(Chunked&&) noexcept = default;
    Chunked& operator=(const Chunked& other) {
        *this = Chunked(other);
        return *this;
    }
    Chunked& operator=(Chunked&&) noexcept = default;
    ~Chunked() = default;
    friend bool operator==(const Chunked&, const Chunked&) = default;

  private:
    static constexpr std::size_t kChunk = 256;
    std::vector<std::vector<T>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace leasehold
