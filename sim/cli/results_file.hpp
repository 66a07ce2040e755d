// The results of a campaign on disk, while it runs.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "reports/atomic_file.hpp"

namespace leasehold::cli {

/// The file that results are appended to, a line in one write: a SIGKILL leaves whole lines. Made
/// anew (`fresh`), or opened to be gone on with. Throws OutputError.
class ResultsFile {
  public:
    ResultsFile(const std::string& path, bool fresh) : path_(path) {
        descriptor_ =
            open(path.c_str(), O_WRONLY | O_CLOEXEC | (fresh ? O_CREAT | O_EXCL : 0), 0644);
        if (descriptor_ < 0) fail("open");
    }
    ~ResultsFile() { close(descriptor_); }
    ResultsFile(const ResultsFile&) = delete;
    ResultsFile& operator=(const ResultsFile&) = delete;

    /// Takes the file for this process, before it is read; false: another one has it, and what two
    /// write is no record. Where the file system knows no locks there is nothing to tell by.
    [[nodiscard]] bool take() const {
        // The workers of a process that was killed keep its lock until they die of its end.
        for (int tries = 0; flock(descriptor_, LOCK_EX | LOCK_NB) != 0; ++tries) {
            if (errno != EWOULDBLOCK) return true;
            if (tries == 50) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return true;
    }
    /// Drops what lies behind the first `keep` bytes; lines come there.
    void keep(std::size_t keep) {
        if (ftruncate(descriptor_, static_cast<off_t>(keep)) != 0) fail("truncate");
        if (lseek(descriptor_, 0, SEEK_END) < 0) fail("seek in");
    }
    void write_line(const std::string& line) {
        if (::write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
            fail("write");
    }

  private:
    [[noreturn]] void fail(const char* doing) const {
        throw reports::OutputError(path_ + ": cannot " + doing + ": " + std::strerror(errno));
    }
    std::string path_;
    int descriptor_ = -1;
};

}  // namespace leasehold::cli
