// TaggedFiles: the files of the local store and their records, on the disk. Blocking.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/base/holdings.hpp"
#include "agent/files/key_path.hpp"
#include "agent/files/posix.hpp"
#include "agent/files/tag_record.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent::files {

/// What became of one request, and for people why it failed.
struct Outcome {
    FileReply reply;
    std::string trouble;
};

/// Any thread; two requests for one key never at once, but for a list, which may see either state.
class TaggedFiles {
  public:
    /// Takes the store for this process and tidies up after a crash. Throws std::system_error, or
    /// std::runtime_error when another process has it.
    explicit TaggedFiles(const std::string& root);

    [[nodiscard]] Outcome perform(const SendFile& request) noexcept;
    /// The payload's present content, not verified; null when it is not there or can't be opened.
    [[nodiscard]] BytesPtr open(const ObjectKey& key) const;
    [[nodiscard]] const std::string& spool_directory() const { return spool_directory_; }

  private:
    /// The payload's file, open, and where it lies.
    struct Payload {
        Descriptor file;
        std::uint64_t size = 0;
        std::int64_t modified = 0;
    };
    struct Examined {
        FileStatus status = FileStatus::ok;
        Content content;
    };
    /// A temporary file that is removed unless it was renamed.
    class Temporary;

    FileReply answer(const SendFile& request);
    [[nodiscard]] FileReply list() const;
    [[nodiscard]] FileReply load(const ObjectKey& key) const;
    void store(const SendFile& request);
    [[nodiscard]] FileStatus retag(const SendFile& request);
    void remove(const ObjectKey& key);

    [[nodiscard]] std::optional<Descriptor> folder_of(const KeyPath& path) const;
    Descriptor make_folder_of(const KeyPath& path);
    [[nodiscard]] std::optional<Payload> open_payload(const ObjectKey& key) const;
    [[nodiscard]] Examined examine(const ObjectKey& key) const;
    [[nodiscard]] std::optional<std::string> read_record(const ObjectKey& key) const;
    void write_record(const ObjectKey& key, const TagRecord& record);
    [[nodiscard]] std::vector<ObjectKey> keys(std::filesystem::directory_options options) const;
    void remove_orphans();

    std::string root_path_;
    std::string spool_directory_;
    Descriptor root_;
    Descriptor lock_;
    Descriptor temporary_;
    Descriptor records_;
    std::atomic<std::uint64_t> temporaries_{0};
    Holdings in_memory_;  ///< bytes of payloads above kSmall
    std::mutex durable_mutex_;
    std::set<std::vector<std::string>> durable_folders_;  ///< their names are on the disk
};

}  // namespace leasehold::agent::files
