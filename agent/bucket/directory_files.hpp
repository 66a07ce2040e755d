// Files of a bucket that is a directory: descriptors, locks, durable writes. All of it blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>

#include "agent/base/descriptor.hpp"

namespace leasehold::agent {

/// An open regular file; nothing when there is none (no such name, a folder, a link). Throws
/// std::system_error for any other reason.
[[nodiscard]] std::optional<Descriptor> open_regular(const std::string& path);
[[nodiscard]] struct stat status_of(const Descriptor& file);
/// The content from `offset`, in pieces. Throws std::system_error.
void read_pieces(const Descriptor& file, std::uint64_t offset,
                 const std::function<void(std::string_view)>& piece);
/// A folder, by whatever path it is reached: device and inode.
using FolderId = std::pair<std::uint64_t, std::uint64_t>;
/// Nothing when there is no folder at `path`. Links are followed. Throws std::system_error where
/// that cannot be told.
[[nodiscard]] std::optional<FolderId> folder_id(const std::string& path);
void sync_file(const Descriptor& file);
void sync_directory(const std::string& path);
/// Makes the folders of `path` that are missing, durably, below the existing `root`.
void make_directories(const std::string& root, std::string_view path);

/// A file that becomes another by rename, or goes.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& directory);
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] const Descriptor& file() const { return file_; }
    /// Takes the name `path`, durably (the content must have been synced).
    void become(const std::string& path);

  private:
    std::string path_;
    Descriptor file_;
};

/// An flock on an existing file. It ends with the object, and with the process.
class FileLock {
  public:
    enum class Kind { shared, exclusive };
    /// Tries until `give_up()`; nothing then. Throws std::system_error, ENOENT when the file isn't
    /// there.
    static std::optional<FileLock> take(const std::string& path, Kind kind,
                                        const std::function<bool()>& give_up);

  private:
    explicit FileLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

}  // namespace leasehold::agent
