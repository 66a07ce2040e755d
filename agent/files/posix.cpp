#include "agent/files/posix.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace leasehold::agent::files {
namespace {

constexpr mode_t kFolderMode = 0755;

int try_open(const Descriptor& directory, const std::string& name, int flags, mode_t mode) {
    int number = -1;
    do {
        number = ::openat(directory.number(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
    } while (number < 0 && errno == EINTR);
    return number;
}

}  // namespace

Descriptor open_at(const Descriptor& directory, const std::string& name, int flags, mode_t mode) {
    Descriptor file(try_open(directory, name, flags, mode));
    if (file.number() < 0) fail_errno("opening " + name);
    return file;
}

std::optional<Descriptor> open_if_there(const Descriptor& directory, const std::string& name,
                                        int flags) {
    Descriptor file(try_open(directory, name, flags, 0));
    if (file.number() >= 0) return file;
    if (errno != ENOENT && errno != ENOTDIR) fail_errno("opening " + name);
    return std::nullopt;
}

Descriptor open_folder(const Descriptor& parent, const std::string& name, bool* made) {
    const bool missing = ::mkdirat(parent.number(), name.c_str(), kFolderMode) == 0;
    if (!missing && errno != EEXIST) fail_errno("making the folder " + name);
    if (made != nullptr) *made = missing;
    return open_at(parent, name, O_RDONLY | O_DIRECTORY);
}

struct stat status_of(const Descriptor& file, const std::string& name) {
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) fail_errno("looking at " + name);
    return status;
}

void sync(const Descriptor& file, const std::string& name) {
    // Never repeated after an error: the kernel may have dropped the pages and say "done".
    if (::fsync(file.number()) != 0) fail_errno("syncing " + name);
}

void unlink_if_there(const Descriptor& directory, const std::string& name) {
    if (::unlinkat(directory.number(), name.c_str(), 0) != 0 && errno != ENOENT && errno != ENOTDIR)
        fail_errno("removing " + name);
}

}  // namespace leasehold::agent::files
