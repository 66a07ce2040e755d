// The few POSIX calls that a durable file store needs, with errors as std::system_error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/stat.h>

#include "agent/base/descriptor.hpp"

namespace leasehold::agent::files {

/// openat with O_CLOEXEC and O_NOFOLLOW: a symbolic link is never a way out of the store.
[[nodiscard]] Descriptor open_at(const Descriptor& directory, const std::string& name, int flags,
                                 mode_t mode = 0);
/// The same, or nothing when there is no such file.
[[nodiscard]] std::optional<Descriptor> open_if_there(const Descriptor& directory,
                                                      const std::string& name, int flags);
/// A folder that is made if it is missing; `made` says so.
[[nodiscard]] Descriptor open_folder(const Descriptor& parent, const std::string& name,
                                     bool* made = nullptr);
[[nodiscard]] struct stat status_of(const Descriptor& file, const std::string& name);
/// Content or names to the disk. An error loses what was not yet there: the caller starts anew.
void sync(const Descriptor& file, const std::string& name);
/// No error when it is not there.
void unlink_if_there(const Descriptor& directory, const std::string& name);

}  // namespace leasehold::agent::files
