// A file store in a folder of its own, asked one thing at a time.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/files/file_store.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent {

namespace fs = std::filesystem;

inline FileTag tag_of(std::uint64_t epoch, const std::string& etag, bool dirty = false) {
    return FileTag{Epoch(epoch), ETag(etag), dirty, true};
}

inline std::string read_file(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(text).str();
}

inline void write_file(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

/// An own folder whose path is a path.
class TestFolder {
  public:
    [[nodiscard]] fs::path path() const { return own_.path(); }

  private:
    test::OwnFolder own_;
};

class FilesRig {
  public:
    explicit FilesRig(fs::path root, std::size_t threads = 2)
        : root_(std::move(root)), threads_(threads) {
        make();
    }

    [[nodiscard]] const fs::path& root() const { return root_; }
    [[nodiscard]] fs::path own(const std::string& name) const {
        return root_ / ".leasehold" / name;
    }
    [[nodiscard]] FileStore& store() { return *store_; }

    void send(RequestId id, FileVerb verb, const std::string& key, const FileTag& tag = {},
              const Blob& payload = {}) {
        SendFile request;
        request.request = id;
        request.verb = verb;
        request.key = ObjectKey(key);
        request.tag = tag;
        request.payload = payload;
        store_->send(request);
    }
    /// Runs until `count` more answers have come: all of them so far, in their order.
    const std::vector<FileAnswered>& wait(std::size_t count) {
        for (const std::size_t wanted = answers_.size() + count; answers_.size() < wanted;)
            loop_.run_one();
        return answers_;
    }
    /// How many answers have come when work that is asked for now has been done.
    std::size_t answers_before_new_work() {
        std::optional<std::size_t> count;
        pool_->run([] { return true; }, [&](bool) { count = answers_.size(); });
        while (!count)
            loop_.run_one();
        return *count;
    }
    FileReply ask(FileVerb verb, const std::string& key = "", const FileTag& tag = {},
                  const Blob& payload = {}) {
        send(RequestId(++last_), verb, key, tag, payload);
        return wait(1).back().reply;
    }
    FileStatus put(const std::string& key, const std::string& text, const FileTag& tag) {
        return ask(FileVerb::store, key, tag, blob_of(text)).status;
    }
    /// All that was told of failures and their ends, a line each.
    [[nodiscard]] const std::vector<std::string>& told() const { return told_; }
    [[nodiscard]] DutyState duty() const {
        return duties_.states().at(static_cast<std::size_t>(Duty::local_files));
    }
    /// The process ends and another one starts.
    void restart() {
        store_.reset();
        pool_.reset();  // work under way still has the store's lock
        make();
    }
    /// The whole list as text, one line an entry.
    std::string listed() {
        const FileReply reply = ask(FileVerb::list);
        if (reply.status != FileStatus::ok) return "status " + text_of_status(reply.status);
        std::vector<std::string> lines;
        for (const FileEntry& entry : *reply.entries)
            lines.push_back(text_of_entry(entry));
        std::sort(lines.begin(), lines.end());
        std::string text;
        for (const std::string& line : lines)
            text += line + "\n";
        return text;
    }
    /// What a load gives as text: tag and content, or the status.
    std::string loaded(const std::string& key) {
        const FileReply reply = ask(FileVerb::load, key);
        if (reply.status != FileStatus::ok) return text_of_status(reply.status);
        const FileEntry& entry = reply.entries->front();
        const std::string content = text_of(*bytes_of(entry.payload));
        EXPECT_EQ(entry.payload, blob_of(content));
        EXPECT_EQ(entry.key.view(), key);
        return text_of_tag(entry.tag) + " " + content;
    }

    static std::string text_of_status(FileStatus status) {
        static const char* const names[] = {"ok", "missing", "corrupt", "no_space", "io_error"};
        return names[static_cast<std::size_t>(status)];
    }
    static std::string text_of_tag(const FileTag& tag) {
        return std::to_string(tag.epoch.value()) + "/" + tag.etag.str() +
               (tag.write_id == 0 ? "" : "/write " + std::to_string(tag.write_id)) +
               (tag.dirty ? "/dirty" : "") + (tag.tagged ? "" : "/untagged");
    }
    static std::string text_of_entry(const FileEntry& entry) {
        return entry.key.str() + " " + text_of_tag(entry.tag) + " " +
               std::to_string(entry.payload.size);
    }

  private:
    void make() {
        pool_ = std::make_unique<FilePool>(loop_, threads_);
        store_ = std::make_unique<FileStore>(
            loop_, *pool_, root_,
            [this](const Event& event) { answers_.push_back(std::get<FileAnswered>(event)); },
            &duties_);
    }

    fs::path root_;
    std::size_t threads_;
    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    std::unique_ptr<FilePool> pool_;
    std::vector<FileAnswered> answers_;
    std::vector<std::string> told_;
    Duties duties_{[this](bool, const std::string& line) { told_.push_back(line); }};
    std::uint64_t last_ = 1000;
    std::unique_ptr<FileStore> store_;
};

}  // namespace leasehold::agent
