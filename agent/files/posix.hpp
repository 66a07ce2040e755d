// The few POSIX calls that a durable file store needs, with errors as std::system_error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>

namespace leasehold::agent::files {

/// An open file or directory, closed with its owner.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }

    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] int release() { return std::exchange(number_, -1); }

  private:
    int number_ = -1;
};

/// Throws std::system_error of errno.
[[noreturn]] void fail(const std::string& doing);

/// openat with O_CLOEXEC and O_NOFOLLOW: a symbolic link is never a way out of the store.
[[nodiscard]] Descriptor open_at(const Descriptor& directory, const std::string& name, int flags,
                                 mode_t mode = 0);
/// The same, or nothing when there is no such file.
[[nodiscard]] std::optional<Descriptor> open_if_there(const Descriptor& directory,
                                                      const std::string& name, int flags);
/// A folder that is made if it is missing.
[[nodiscard]] Descriptor open_folder(const Descriptor& parent, const std::string& name);
[[nodiscard]] struct stat status_of(const Descriptor& file, const std::string& name);
/// Content or names to the disk. An error loses what was not yet there: the caller starts anew.
void sync(const Descriptor& file, const std::string& name);
void write_all(const Descriptor& file, std::string_view text, const std::string& name);
/// No error when it is not there.
void unlink_if_there(const Descriptor& directory, const std::string& name);

}  // namespace leasehold::agent::files
