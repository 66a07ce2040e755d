// The results of a campaign on disk, while it runs.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "reports/atomic_file.hpp"

namespace leasehold::cli {

/// The file that results are appended to, a line in one write: a SIGKILL leaves whole lines. Made
/// anew (`fresh`), or gone on with behind its first `keep` bytes. Throws OutputError.
class ResultsFile {
  public:
    ResultsFile(const std::string& path, bool fresh, std::size_t keep) : path_(path) {
        descriptor_ =
            open(path.c_str(), O_WRONLY | O_CLOEXEC | (fresh ? O_CREAT | O_EXCL : 0), 0644);
        if (descriptor_ < 0) fail("open");
        if (!fresh && ftruncate(descriptor_, static_cast<off_t>(keep)) != 0) fail("truncate");
        if (lseek(descriptor_, 0, SEEK_END) < 0) fail("seek in");
    }
    ~ResultsFile() { close(descriptor_); }
    ResultsFile(const ResultsFile&) = delete;
    ResultsFile& operator=(const ResultsFile&) = delete;

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
