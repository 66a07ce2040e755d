#include "agent/files/posix.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace leasehold::agent::files {
namespace {

constexpr mode_t kFolderMode = 0755;

int try_open(const Descriptor& directory, const std::string& name, int flags, mode_t mode) {
    int number = -1;
    do {
        number = ::openat(directory.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
    } while (number < 0 && errno == EINTR);
    return number;
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

void fail(const std::string& doing) {
    throw std::system_error(errno, std::generic_category(), doing);
}

Descriptor open_at(const Descriptor& directory, const std::string& name, int flags, mode_t mode) {
    Descriptor file(try_open(directory, name, flags, mode));
    if (file.get() < 0) fail("opening " + name);
    return file;
}

std::optional<Descriptor> open_if_there(const Descriptor& directory, const std::string& name,
                                        int flags) {
    Descriptor file(try_open(directory, name, flags, 0));
    if (file.get() >= 0) return file;
    if (errno != ENOENT && errno != ENOTDIR) fail("opening " + name);
    return std::nullopt;
}

Descriptor open_folder(const Descriptor& parent, const std::string& name) {
    if (::mkdirat(parent.get(), name.c_str(), kFolderMode) != 0 && errno != EEXIST)
        fail("making the folder " + name);
    return open_at(parent, name, O_RDONLY | O_DIRECTORY);
}

struct stat status_of(const Descriptor& file, const std::string& name) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail("looking at " + name);
    return status;
}

void sync(const Descriptor& file, const std::string& name) {
    // Never repeated after an error: the kernel may have dropped the pages and say "done".
    if (::fsync(file.get()) != 0) fail("syncing " + name);
}

void write_all(const Descriptor& file, std::string_view text, const std::string& name) {
    while (!text.empty()) {
        const ssize_t done = ::write(file.get(), text.data(), text.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail("writing " + name);
        text.remove_prefix(static_cast<std::size_t>(done));
    }
}

void unlink_if_there(const Descriptor& directory, const std::string& name) {
    if (::unlinkat(directory.get(), name.c_str(), 0) != 0 && errno != ENOENT && errno != ENOTDIR)
        fail("removing " + name);
}

}  // namespace leasehold::agent::files
