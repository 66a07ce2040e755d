// Preloaded into a program: writes down what it does to the disk, and what it says meanwhile.
//
// Lines of $RECORD_DISK_LOG, in the one order in which things happened (each call and its line are
// one step for all threads):
//   create INODE PATH | write INODE HEX | sync INODE MTIME_NS | mkdir PATH | rename OLD NEW
//   unlink PATH | syncdir PATH | say TEXT          (TEXT: what went to the standard output)
// Only what lies below $RECORD_DISK_ROOT counts; a file without a name is nobody's.
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

std::mutex& order() {
    static std::mutex mutex;
    return mutex;
}

template <class Function>
Function next(const char* name) {
    void* const found = dlsym(RTLD_NEXT, name);
    if (found == nullptr) std::abort();
    return reinterpret_cast<Function>(found);
}

std::string variable(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr) std::abort();
    return text;
}

bool below_root(const std::string& path) {
    static const std::string root = variable("RECORD_DISK_ROOT");
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

void note(const std::string& line) {
    static std::FILE* const log = std::fopen(variable("RECORD_DISK_LOG").c_str(), "we");
    if (log == nullptr) std::abort();
    std::fputs((line + "\n").c_str(), log);
}

std::string path_of(int descriptor) {
    std::array<char, 4096> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
    return size < 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(size));
}

std::string path_of(int directory, const char* name) {
    return name[0] == '/' || directory == AT_FDCWD ? name : path_of(directory) + "/" + name;
}

struct stat status_of(int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) std::abort();
    return status;
}

/// A regular file of the store that has a name.
bool is_file(int descriptor) {
    const struct stat status = status_of(descriptor);
    return S_ISREG(status.st_mode) && status.st_nlink > 0 && below_root(path_of(descriptor));
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4U];
        text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15U];
    }
    return text;
}

}  // namespace

extern "C" {

int openat(int directory, const char* name, int flags, ...) {
    static const auto real = next<int (*)(int, const char*, int, ...)>("openat");
    std::va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    const std::lock_guard lock(order());
    const std::string path = path_of(directory, name);
    struct stat before {};
    const bool there = ::stat(path.c_str(), &before) == 0;
    const int file = real(directory, name, flags, mode);
    if (file >= 0 && (flags & O_CREAT) != 0 && (!there || (flags & O_TRUNC) != 0) && is_file(file))
        note("create " + std::to_string(status_of(file).st_ino) + " " + path);
    return file;
}

ssize_t write(int file, const void* bytes, std::size_t count) {
    static const auto real = next<ssize_t (*)(int, const void*, std::size_t)>("write");
    const std::lock_guard lock(order());
    const ssize_t done = real(file, bytes, count);
    if (done <= 0) return done;
    const std::string_view text(static_cast<const char*>(bytes), static_cast<std::size_t>(done));
    if (file == STDOUT_FILENO) {
        note("say " + std::string(text.substr(0, text.find('\n'))));
    } else if (is_file(file)) {
        note("write " + std::to_string(status_of(file).st_ino) + " " + hex(text));
    }
    return done;
}

int fsync(int file) {
    static const auto real = next<int (*)(int)>("fsync");
    const std::lock_guard lock(order());
    const int result = real(file);
    if (result != 0) return result;
    const struct stat status = status_of(file);
    if (S_ISDIR(status.st_mode) && below_root(path_of(file))) {
        note("syncdir " + path_of(file));
    } else if (is_file(file)) {
        const long long modified = status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec;
        note("sync " + std::to_string(status.st_ino) + " " + std::to_string(modified));
    }
    return result;
}

/// A file that had no name, all of it: its content is as safe as that of any other that was written
/// and not synced.
int linkat(int from, const char* old_name, int to, const char* new_name, int flags) noexcept {
    static const auto real = next<int (*)(int, const char*, int, const char*, int)>("linkat");
    const std::lock_guard lock(order());
    const int result = real(from, old_name, to, new_name, flags);
    const std::string path = path_of(to, new_name);
    if (result != 0 || !below_root(path)) return result;
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || text.empty()) std::abort();
    note("create " + std::to_string(status.st_ino) + " " + path);
    note("write " + std::to_string(status.st_ino) + " " + hex(text));
    return result;
}

int renameat(int from, const char* old_name, int to, const char* new_name) noexcept {
    static const auto real = next<int (*)(int, const char*, int, const char*)>("renameat");
    const std::lock_guard lock(order());
    const int result = real(from, old_name, to, new_name);
    if (result == 0) note("rename " + path_of(from, old_name) + " " + path_of(to, new_name));
    return result;
}

int unlinkat(int directory, const char* name, int flags) noexcept {
    static const auto real = next<int (*)(int, const char*, int)>("unlinkat");
    const std::lock_guard lock(order());
    const int result = real(directory, name, flags);
    if (result == 0) note("unlink " + path_of(directory, name));
    return result;
}

int mkdirat(int directory, const char* name, mode_t mode) noexcept {
    static const auto real = next<int (*)(int, const char*, mode_t)>("mkdirat");
    const std::lock_guard lock(order());
    const int result = real(directory, name, mode);
    if (result == 0) note("mkdir " + path_of(directory, name));
    return result;
}

}  // extern "C"
