// Bytes: the immutable content behind a Blob's handle; Spool: how content becomes a Blob.
//
// The model never reads a payload's bytes; the agent's clients do, through these. Content above
// kSpoolInMemory lives in a file without a name, so that neither slow clients nor large objects
// hold memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/crc32.hpp"
#include "agent/base/descriptor.hpp"
#include "agent/base/sha256.hpp"
#include "model/base/blob.hpp"

namespace leasehold::agent {

class Bytes {
  public:
    virtual ~Bytes() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Copies from `offset` into `out`; the number of bytes copied, 0 at the end. Throws
    /// std::system_error when the file cannot be read.
    [[nodiscard]] virtual std::size_t read(std::uint64_t offset, std::span<char> out) const = 0;
    /// All of it if it lies in memory, else empty.
    [[nodiscard]] virtual std::string_view view() const { return {}; }
    /// The CRC-32 of all of it, where this process took it as the content came in.
    [[nodiscard]] virtual std::optional<std::uint32_t> crc32() const { return std::nullopt; }
    /// The descriptor of the file that it was spooled to: this content, nothing else, and nobody
    /// else's. -1: there is none.
    [[nodiscard]] virtual int spool_file() const { return -1; }
};
using BytesPtr = std::shared_ptr<const Bytes>;

[[nodiscard]] BytesPtr memory_bytes(std::string text,
                                    std::optional<std::uint32_t> crc32 = std::nullopt);
/// `size` bytes of an open file from `offset`; takes the descriptor.
[[nodiscard]] BytesPtr file_bytes(int descriptor, std::uint64_t offset, std::uint64_t size);
/// The bytes behind a Blob made by this process; null when it has none.
[[nodiscard]] BytesPtr bytes_of(const Blob& blob);
/// All of it as text; for what is known to be small.
[[nodiscard]] std::string text_of(const Bytes& bytes);
/// SHA-256 over the parts, one after another. Throws std::system_error.
[[nodiscard]] Sha256Value digest_of(std::span<const BytesPtr> parts);

/// Content up to this stays in memory.
inline constexpr std::size_t kSpoolInMemory = 4U << 20;

/// Takes content piece by piece, hashes it, and gives a Blob.
class Spool {
  public:
    /// Temporary files lie in `directory` (of the local store, so that they share its space).
    explicit Spool(std::string directory);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// Throws std::system_error (ENOSPC ...).
    void append(std::string_view piece);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// The content so far as a Blob, digest included. The spool is empty afterwards.
    [[nodiscard]] Blob finish();

  private:
    void spill();
    void write_out(std::string_view piece);

    std::string directory_;
    std::string memory_;
    Descriptor file_;
    std::uint64_t size_ = 0;
    Sha256 hash_;
    Crc32 crc32_;
};

/// A small payload as a Blob.
[[nodiscard]] Blob blob_of(std::string text);

}  // namespace leasehold::agent
