// DirectoryStore: S3's conditional operations on a directory that several processes share.
//
//   <directory>/<prefix>/<key>         the object's bytes, and nothing else
//   <directory>/.leasehold/lock        flock: taken for each look at a condition and the change
//   <directory>/.leasehold/tmp/        objects on their way in, until they are renamed
//   <directory>/.leasehold/metadata/   stamps of plain objects, by the key's hash
//
// The ETag is the content's SHA-256, so that a file which somebody put there by hand has one too.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/bucket/attempt.hpp"
#include "agent/bucket/directory_files.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

class DirectoryStore {
  public:
    struct Answer {
        BucketReply reply;
        std::string problem;  ///< for people; empty = all well
    };

    /// Makes the directory where it is missing, and forgets what crashed processes left. Throws
    /// std::system_error.
    DirectoryStore(std::string directory, std::string prefix);

    /// One operation; blocks. Several threads and processes may be in it at a time. What changes
    /// something does so only while `attempt` lets it.
    [[nodiscard]] Answer handle(const SendBucket& request, Attempt& attempt);

  private:
    /// What tells one content of a path from another without reading it.
    struct Identity {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::int64_t modified = 0;  ///< ns
        std::int64_t changed = 0;   ///< ns
        friend bool operator==(const Identity&, const Identity&) = default;
    };

    Answer get(const SendBucket& request, Attempt& attempt);
    Answer put(const SendBucket& request, Attempt& attempt);
    Answer remove(const SendBucket& request, Attempt& attempt);
    Answer list(const SendBucket& request, Attempt& attempt);

    [[nodiscard]] std::string full_key(std::string_view key) const;
    [[nodiscard]] std::string path_of(const std::string& full) const;
    [[nodiscard]] std::string metadata_path(const std::string& full) const;
    /// The lock, or nothing when the attempt is over.
    [[nodiscard]] std::optional<FileLock> lock(FileLock::Kind kind, const Attempt& attempt) const;
    [[nodiscard]] ETag etag_of(const std::string& full, const Descriptor& file);
    [[nodiscard]] std::optional<ETag> current_etag(const std::string& full);
    void write_metadata(const std::string& full, const ETag& now, const std::string& metadata,
                        const ETag& before);
    void collect(const std::string& folder, std::string_view prefix, std::string_view after,
                 std::vector<std::string>& keys, const Attempt& attempt,
                 std::vector<FolderId>& above) const;

    std::string root_;
    std::string own_;  ///< <directory>/.leasehold
    std::string prefix_;
    std::mutex mutex_;
    std::map<std::string, std::pair<Identity, ETag>> etags_;  ///< of full keys
};

}  // namespace leasehold::agent
