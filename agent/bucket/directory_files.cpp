#include "agent/bucket/directory_files.hpp"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <random>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace leasehold::agent {
namespace {

constexpr std::size_t kPiece = 256U << 10;
constexpr std::chrono::milliseconds kLockPoll{2};

}  // namespace

std::optional<Descriptor> open_regular(const std::string& path) {
    // NONBLOCK: a FIFO in the folder must not hold us.
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.valid()) {
        if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO)
            return std::nullopt;
        fail_errno("opening " + path);
    }
    if (!S_ISREG(status_of(file).st_mode)) return std::nullopt;
    return file;
}

struct stat status_of(const Descriptor& file) {
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) fail_errno("fstat");
    return status;
}

void read_pieces(const Descriptor& file, std::uint64_t offset,
                 const std::function<void(std::string_view)>& piece) {
    std::vector<char> buffer(kPiece);
    for (;;) {
        const ssize_t got =
            ::pread(file.number(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_errno("reading an object");
        if (got == 0) return;
        piece({buffer.data(), static_cast<std::size_t>(got)});
        offset += static_cast<std::uint64_t>(got);
    }
}

std::optional<FolderId> folder_id(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return std::nullopt;
        fail_errno("looking at " + path);
    }
    if (!S_ISDIR(status.st_mode)) return std::nullopt;
    return FolderId{status.st_dev, status.st_ino};
}

void sync_file(const Descriptor& file) {
    if (::fsync(file.number()) != 0) fail_errno("fsync of an object");
}

void sync_directory(const std::string& path) {
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) fail_errno("opening " + path);
    if (::fsync(directory.number()) != 0) fail_errno("fsync of " + path);
}

void make_directories(const std::string& root, std::string_view path) {
    std::string parent = root;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string next = parent + "/" + std::string(path.substr(0, slash));
        if (::mkdir(next.c_str(), 0777) == 0)
            sync_directory(parent);
        else if (errno != EEXIST)
            fail_errno("making " + next);
        parent = next;
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
}

TemporaryFile::TemporaryFile(const std::string& directory) {
    // Not mkstemp: its files are private, and others may share the directory as another user.
    std::random_device random;
    do {
        const std::uint64_t name = (std::uint64_t{random()} << 32) | random();
        path_ = directory + "/put-" + std::to_string(name);
        file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    } while (!file_.valid() && errno == EEXIST);
    if (!file_.valid()) fail_errno("making a file in " + directory);
}

TemporaryFile::~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

void TemporaryFile::become(const std::string& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) fail_errno("renaming to " + path);
    path_.clear();
    sync_directory(std::filesystem::path(path).parent_path().string());
}

std::optional<FileLock> FileLock::take(const std::string& path, Kind kind,
                                       const std::function<bool()>& give_up) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!file.valid()) fail_errno("opening " + path);
    const int operation = (kind == Kind::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
    while (::flock(file.number(), operation) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) fail_errno("locking " + path);
        if (give_up()) return std::nullopt;
        std::this_thread::sleep_for(kLockPoll);
    }
    return FileLock(std::move(file));
}

}  // namespace leasehold::agent
