// The local file store under a stream of changes, to be killed at any point; and what is left.
//
//   crash_store work ROOT SEED [COUNT]   changes a few keys as fast as it can (COUNT: then ends)
//   crash_store verify ROOT              what a list and loads of all keys give
//
// Lines of work: `send ID VERB KEY SIZE DIGEST TAG` before a request leaves, `done ID STATUS` when
// it is answered. Lines of verify: `list KEY SIZE DIGEST TAG`, `load KEY STATUS SIZE DIGEST TAG`.
// A TAG is EPOCH/ETAG/DIRTY/TAGGED; digests are the first half of SHA-256 in hexadecimal.
#include <array>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "agent/files/file_store.hpp"

namespace leasehold::agent {
namespace {

constexpr std::array kKeys = {"top", "etl/bingen/assets/1d/0-86400", "etl/bingen/assets/1h/0-3600",
                              "etl/bingen/allocations/1d/0-86400", "a/b/c/d/e"};
/// Two requests of one key at once: the second waits its turn in the store.
constexpr std::size_t kAtOnce = 2;
constexpr std::size_t kThreads = 3;

/// One write to the pipe: what was said is said, even when the next instruction never comes.
void say(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(3);
}

std::string hex(const ContentDigest& digest) {
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx",
                  static_cast<unsigned long long>(digest.high),
                  static_cast<unsigned long long>(digest.low));
    return text.data();
}

std::string text_of(const Blob& blob) {
    return std::to_string(blob.size) + " " + hex(blob.digest);
}

std::string text_of(const FileTag& tag) {
    return std::to_string(tag.epoch.value()) + "/" + tag.etag.str() + "/" +
           (tag.dirty ? "dirty" : "clean") + "/" + (tag.tagged ? "tagged" : "untagged");
}

const char* name_of(FileStatus status) {
    constexpr std::array names{"ok", "missing", "corrupt", "no_space", "io_error"};
    return names.at(static_cast<std::size_t>(status));
}

class Work {
  public:
    Work(const std::string& root, std::uint64_t seed, std::uint64_t count)
        : random_(seed),
          count_(count),
          pool_(loop_, kThreads),
          store_(loop_, pool_, root,
                 [this](const Event& event) { done(std::get<FileAnswered>(event)); }) {}

    void run() {
        for (std::size_t i = 0; i < kAtOnce; ++i)
            for (const char* key : kKeys)
                next(key);
        const auto work = asio::make_work_guard(loop_);
        while (!under_way_.empty())
            loop_.run_one();
    }

  private:
    void next(const std::string& key) {
        if (last_ == count_) return;
        SendFile request;
        request.request = RequestId(++last_);
        request.key = ObjectKey(key);
        request.tag = FileTag{Epoch(last_), ETag("e" + std::to_string(random_())),
                              random_() % 2 == 0, random_() % 5 != 0};
        const std::uint64_t choice = random_() % 10;
        std::string verb = "store";
        request.verb = FileVerb::store;
        if (choice >= 9) {
            request.verb = FileVerb::remove;
            verb = "remove";
        } else if (choice >= 6) {
            request.verb = FileVerb::retag;
            verb = "retag";
        } else {
            request.payload = payload();
        }
        under_way_[request.request] = key;
        say("send " + std::to_string(last_) + " " + verb + " " + key + " " +
            text_of(request.payload) + " " + text_of(request.tag));
        store_.send(request);
    }

    void done(const FileAnswered& answer) {
        say("done " + std::to_string(answer.request.value()) + " " + name_of(answer.reply.status));
        const std::string key = under_way_.extract(answer.request).mapped();
        next(key);
    }

    /// Mostly small, often of one and the same size or content, sometimes above what stays in
    /// memory.
    Blob payload() {
        const std::uint64_t kind = random_() % 40;
        std::size_t size = random_() % 60'000;
        if (kind == 0) size = kSpoolInMemory + random_() % 1000;
        if (kind % 4 == 1) size = 4096;
        std::string text(size, static_cast<char>('a' + random_() % 3));
        if (kind % 8 != 1)
            for (char& c : text)
                c = static_cast<char>(random_());
        try {
            Spool spool(store_.spool_directory());
            spool.append(text);
            return spool.finish();
        } catch (const std::system_error&) {
            return blob_of("a full disk took no more");
        }
    }

    std::mt19937_64 random_;
    std::uint64_t count_;
    std::uint64_t last_ = 0;
    std::map<RequestId, std::string> under_way_;
    asio::io_context loop_;
    FilePool pool_;
    FileStore store_;
};

/// Digests come from the bytes that were served, whatever the store says.
void verify(const std::string& root) {
    asio::io_context loop;
    FilePool pool(loop, kThreads);
    std::deque<FileAnswered> answers;
    FileStore store(loop, pool, root,
                    [&](const Event& event) { answers.push_back(std::get<FileAnswered>(event)); });
    const auto work = asio::make_work_guard(loop);
    const auto ask = [&](FileVerb verb, const std::string& key) {
        SendFile request;
        request.verb = verb;
        request.key = ObjectKey(key);
        store.send(request);
        while (answers.empty())
            loop.run_one();
        const FileReply reply = answers.front().reply;
        answers.pop_front();
        return reply;
    };
    const FileReply list = ask(FileVerb::list, "");
    if (list.status != FileStatus::ok) say(std::string("list failed ") + name_of(list.status));
    if (list.entries)
        for (const FileEntry& entry : *list.entries)
            say("list " + entry.key.str() + " " + text_of(entry.payload) + " " +
                text_of(entry.tag));
    for (const std::string key : kKeys) {
        const FileReply reply = ask(FileVerb::load, key);
        std::string line = "load " + key + " " + name_of(reply.status);
        if (reply.status == FileStatus::ok) {
            const FileEntry& entry = reply.entries->front();
            const std::array<BytesPtr, 1> served{bytes_of(entry.payload)};
            const Blob blob{served[0]->size(), content_digest(digest_of(served)), nullptr};
            line += " " + text_of(blob) + " " + text_of(entry.tag);
        }
        say(line);
    }
}

}  // namespace
}  // namespace leasehold::agent

int main(int argc, char** argv) {
    using namespace leasehold::agent;
    spdlog::set_level(spdlog::level::off);  // its lines would be among ours
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() == 2 && arguments[0] == "verify") {
            verify(arguments[1]);
            return 0;
        }
        if ((arguments.size() == 3 || arguments.size() == 4) && arguments[0] == "work") {
            const std::uint64_t count =
                arguments.size() == 4 ? std::stoull(arguments[3]) : UINT64_MAX;
            Work(arguments[1], std::stoull(arguments[2]), count).run();
            return 0;
        }
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    std::cerr << "usage: crash_store work ROOT SEED [COUNT] | verify ROOT\n";
    return 64;
}
