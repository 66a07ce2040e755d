#include "agent/base/body_buffer.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include "agent/base/bytes.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

class BufferBytes : public Bytes {
  public:
    BufferBytes(std::unique_ptr<char[]> bytes, std::size_t size, std::uint32_t crc32)
        : bytes_(std::move(bytes)), size_(size), crc32_(crc32) {}
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out) const override {
        return offset >= size_ ? 0 : view().copy(out.data(), out.size(), offset);
    }
    [[nodiscard]] std::string_view view() const override { return {bytes_.get(), size_}; }
    [[nodiscard]] std::optional<std::uint32_t> crc32() const override { return crc32_; }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
    std::uint32_t crc32_;
};

}  // namespace

BodyBuffer::BodyBuffer(std::size_t size)
    : bytes_(std::make_unique_for_overwrite<char[]>(size)), size_(size) {
    CHECK(size <= kSpoolInMemory);
}

void BodyBuffer::hash() {
    for (std::size_t end = filled_.load(); hashed_ < end; end = filled_.load()) {
        const std::string_view come(bytes_.get() + hashed_, end - hashed_);
        hash_.add(come);
        crc32_.add(come);
        hashed_ = end;
    }
}

Blob BodyBuffer::finish() {
    CHECK(hashed_ == size_);
    Blob blob;
    blob.size = size_;
    blob.digest = content_digest(hash_.finish());
    blob.bytes = std::make_shared<BufferBytes>(std::move(bytes_), size_, crc32_.value());
    return blob;
}

}  // namespace leasehold::agent
