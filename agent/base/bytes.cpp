#include "agent/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kPiece = 256U << 10;
constexpr mode_t kMode = 0644;  ///< of what may become a local file

class MemoryBytes : public Bytes {
  public:
    MemoryBytes(std::string text, std::optional<std::uint32_t> crc32)
        : text_(std::move(text)), crc32_(crc32) {}
    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out) const override {
        if (offset >= text_.size()) return 0;
        const std::size_t count = std::min<std::size_t>(out.size(), text_.size() - offset);
        std::memcpy(out.data(), text_.data() + offset, count);
        return count;
    }
    [[nodiscard]] std::string_view view() const override { return text_; }
    [[nodiscard]] std::optional<std::uint32_t> crc32() const override { return crc32_; }

  private:
    std::string text_;
    std::optional<std::uint32_t> crc32_;
};

class FileBytes : public Bytes {
  public:
    FileBytes(int descriptor, std::uint64_t offset, std::uint64_t size)
        : descriptor_(descriptor), offset_(offset), size_(size) {}
    ~FileBytes() override { ::close(descriptor_); }
    FileBytes(const FileBytes&) = delete;
    FileBytes& operator=(const FileBytes&) = delete;

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out) const override {
        if (offset >= size_) return 0;
        const std::size_t wanted = std::min<std::uint64_t>(out.size(), size_ - offset);
        std::size_t done = 0;
        while (done < wanted) {
            const ssize_t got = ::pread(descriptor_, out.data() + done, wanted - done,
                                        static_cast<off_t>(offset_ + offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail_errno("reading a spooled payload");
            if (got == 0) {
                errno = EIO;  // shorter than it was: torn under our hands
                fail_errno("reading a spooled payload");
            }
            done += static_cast<std::size_t>(got);
        }
        return done;
    }

  protected:
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
    std::uint64_t offset_;
    std::uint64_t size_;
};

class SpooledBytes final : public FileBytes {
  public:
    SpooledBytes(int descriptor, std::uint64_t size, std::uint32_t crc32)
        : FileBytes(descriptor, 0, size), crc32_(crc32) {}
    [[nodiscard]] std::optional<std::uint32_t> crc32() const override { return crc32_; }
    [[nodiscard]] int spool_file() const override { return descriptor(); }

  private:
    std::uint32_t crc32_;
};

}  // namespace

BytesPtr memory_bytes(std::string text, std::optional<std::uint32_t> crc32) {
    return std::make_shared<MemoryBytes>(std::move(text), crc32);
}

BytesPtr file_bytes(int descriptor, std::uint64_t offset, std::uint64_t size) {
    return std::make_shared<FileBytes>(descriptor, offset, size);
}

BytesPtr bytes_of(const Blob& blob) {
    return std::static_pointer_cast<const Bytes>(blob.bytes);
}

std::string text_of(const Bytes& bytes) {
    std::string text(bytes.size(), '\0');
    CHECK(bytes.read(0, text) == text.size());
    return text;
}

Sha256Value digest_of(std::span<const BytesPtr> parts) {
    Sha256 hash;
    std::vector<char> buffer;
    for (const BytesPtr& part : parts) {
        if (const std::string_view view = part->view(); view.size() == part->size()) {
            hash.add(view);
            continue;
        }
        buffer.resize(kPiece);
        for (std::uint64_t offset = 0; offset < part->size();) {
            const std::size_t got = part->read(offset, buffer);
            hash.add({buffer.data(), got});
            offset += got;
        }
    }
    return hash.finish();
}

Spool::Spool(std::string directory) : directory_(std::move(directory)) {}

Spool::~Spool() = default;

void Spool::append(std::string_view piece) {
    hash_.add(piece);
    crc32_.add(piece);
    size_ += piece.size();
    if (!file_.valid() && memory_.size() + piece.size() > kSpoolInMemory) spill();
    if (!file_.valid()) {
        memory_ += piece;
    } else {
        write_out(piece);
    }
}

void Spool::spill() {
    file_ = Descriptor(::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
    if (!file_.valid()) {
        // Some file systems know no O_TMPFILE.
        std::string name = directory_ + "/.spool-" + std::string(6, 'X');
        file_ = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
        if (!file_.valid()) fail_errno("making a spool file in " + directory_);
        ::unlink(name.c_str());
    }
    write_out(memory_);
    memory_ = std::string();
}

void Spool::write_out(std::string_view piece) {
    write_all(file_, piece, "a spool file in " + directory_);
}

Blob Spool::finish() {
    Blob blob;
    blob.size = std::exchange(size_, 0);
    blob.digest = content_digest(hash_.finish());
    const std::uint32_t crc32 = std::exchange(crc32_, {}).value();
    if (!file_.valid()) {
        blob.bytes = memory_bytes(std::exchange(memory_, std::string()), crc32);
    } else {
        blob.bytes = std::make_shared<SpooledBytes>(file_.release(), blob.size, crc32);
    }
    return blob;
}

Blob blob_of(std::string text) {
    Spool spool(".");
    if (text.size() <= kSpoolInMemory) {
        spool.append(text);
        return spool.finish();
    }
    Blob blob;
    blob.size = text.size();
    blob.bytes = memory_bytes(std::move(text));
    const std::array<BytesPtr, 1> parts{bytes_of(blob)};
    blob.digest = content_digest(digest_of(parts));
    return blob;
}

}  // namespace leasehold::agent
