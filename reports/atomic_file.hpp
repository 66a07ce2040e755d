// A file that appears whole or not at all: temporary in the same directory, fsync, rename.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace leasehold::reports {

/// An output cannot be written (exit code 74). The text names the file and the reason.
class OutputError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Opens its temporary at once, so that an unwritable place is known before the work is done, and
/// removes it unless committed. The descriptor survives fork: a child may write, its parent
/// commits.
class AtomicFile {
  public:
    /// Throws OutputError.
    explicit AtomicFile(std::string path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// Buffered. Throws OutputError.
    void write(std::string_view text);
    /// Hands what is buffered to the system; the last act of a child that writes.
    void flush();
    /// Forgets all that was written: a second try begins.
    void rewind();
    /// Makes the file durable and visible under its name.
    void commit();
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    [[noreturn]] void fail(const char* doing) const;

    std::string path_;
    std::string temporary_;
    std::string buffer_;
    int descriptor_ = -1;
    int owner_ = 0;  ///< process that removes the temporary
};

/// All at once. Throws OutputError.
void write_file(const std::string& path, std::string_view text);

}  // namespace leasehold::reports
