#include "reports/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace leasehold::reports {
namespace {

constexpr std::size_t kBufferSize = 1U << 16;

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), owner_(getpid()) {
    struct stat info {};
    if (path_.empty()) {
        errno = ENOENT;
        fail("write");
    }
    if (stat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
        // A device or a pipe cannot be replaced by renaming and must not be.
        errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
        fail("replace");
    }
    temporary_ = path_ + ".XXXXXX";
    descriptor_ = mkstemp(temporary_.data());
    if (descriptor_ < 0) fail("write");
    // mkstemp's 0600 would surprise: use what an ordinary new file gets.
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor_, 0666U & ~mask);
    fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!temporary_.empty() && getpid() == owner_) unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* doing) const {
    const std::string reason = errno == EINVAL ? "not a regular file" : std::strerror(errno);
    throw OutputError(path_ + ": cannot " + doing + ": " + reason);
}

void AtomicFile::write(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kBufferSize) flush();
}

void AtomicFile::flush() {
    std::size_t done = 0;
    while (done < buffer_.size()) {
        const ssize_t count = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("write");
        done += static_cast<std::size_t>(count);
    }
    buffer_.clear();
}

void AtomicFile::rewind() {
    buffer_.clear();
    if (ftruncate(descriptor_, 0) != 0 || lseek(descriptor_, 0, SEEK_SET) != 0) fail("write");
}

void AtomicFile::commit() {
    flush();
    if (fsync(descriptor_) != 0) fail("write");
    const int closing = std::exchange(descriptor_, -1);
    if (close(closing) != 0) fail("write");
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("write");
    temporary_.clear();
    // The name must survive a power cut too; some file systems refuse to sync a directory.
    const int directory = open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        static_cast<void>(fsync(directory));
        close(directory);
    }
}

void write_file(const std::string& path, std::string_view text) {
    AtomicFile file(path);
    file.write(text);
    file.commit();
}

}  // namespace leasehold::reports
