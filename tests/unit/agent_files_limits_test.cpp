// The local store at its limits: a full disk, a folder that can't be written, a second process.
#include <csignal>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/files/tagged_files.hpp"
#include "tests/unit/agent_files_rig.hpp"

namespace leasehold::agent {
namespace {

constexpr uid_t kNobody = 65534;

constexpr int kThrew = 99;

/// Runs the body in a process of its own (limits and mounts end with it). Its exit code.
int in_child(const std::function<int()>& body) {
    std::cout.flush();
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            ::_exit(body());
        } catch (const std::exception& error) {
            std::cerr << "in the child: " << error.what() << "\n";
            ::_exit(kThrew);
        }
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

/// A tmpfs of 1 MiB over `path`, for this process alone. False when that isn't allowed here.
bool mount_small(const fs::path& path) {
    const int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(flags) != 0) return false;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") == 0;
}

/// A client that reads slowly holds what it asked for, and another one holds another load.
TEST(AgentFiles, WhatIsHeldInMemoryOfAllLoadsIsBounded) {
    const TestFolder folder;
    files::TaggedFiles store(folder.path());
    const std::string large(4U << 20, 'x');
    write_file(folder.path() / "large", large);
    write_file(folder.path() / "small", "small");
    const auto load = [&](const std::string& key) {
        SendFile request;
        request.verb = FileVerb::load;
        request.key = ObjectKey(key);
        return bytes_of(store.perform(request).reply.entries->front().payload);
    };
    std::vector<BytesPtr> held;
    for (int i = 0; i < 20; ++i)
        held.push_back(load("large"));
    for (std::size_t i = 0; i < held.size(); ++i)
        EXPECT_EQ(held[i]->view().empty(), i >= 16) << i;
    EXPECT_TRUE(text_of(*held.back()) == large);
    EXPECT_EQ(load("small")->view(), "small");
    held.pop_back();
    held.erase(held.begin());
    EXPECT_FALSE(load("large")->view().empty()) << "one has gone";
}

/// Expectations of a child, which can't tell more than an exit code.
class Expectations {
  public:
    void expect(bool fine) {
        ++number_;
        if (fine) return;
        std::cerr << "expectation " << number_ << " of the child failed\n";
        failed_ = 1;
    }
    [[nodiscard]] int failed() const { return failed_; }

  private:
    int number_ = 0;
    int failed_ = 0;
};

constexpr int kNoMount = 77;

int fill_a_disk(const fs::path& path) {
    if (!mount_small(path)) return kNoMount;
    Expectations child;
    FilesRig rig(path);
    child.expect(rig.put("kept", std::string(300'000, 'k'), tag_of(1, "e")) == FileStatus::ok);
    child.expect(rig.put("kept", std::string(900'000, 'n'), tag_of(2, "f")) ==
                 FileStatus::no_space);
    child.expect(rig.put("more", std::string(900'000, 'm'), tag_of(2, "f")) ==
                 FileStatus::no_space);
    child.expect(fs::is_empty(rig.own("tmp")));
    child.expect(rig.loaded("kept") == "1/e " + std::string(300'000, 'k'));
    child.expect(rig.loaded("more") == "missing");
    child.expect(rig.ask(FileVerb::remove, "kept").status == FileStatus::ok);
    child.expect(rig.put("more", std::string(900'000, 'm'), tag_of(2, "f")) == FileStatus::ok);
    return child.failed();
}

/// The payload fits, the record does not: nothing may have changed.
int fill_a_disk_for_records(const fs::path& path) {
    if (!mount_small(path)) return kNoMount;
    Expectations child;
    FilesRig rig(path);
    child.expect(rig.put("k", "old", tag_of(1, "e")) == FileStatus::ok);
    const int filler = ::open((path / ".leasehold" / "filler").c_str(), O_WRONLY | O_CREAT, 0600);
    const std::string page(4096, 'f');
    while (::write(filler, page.data(), page.size()) > 0)
        continue;
    ::close(filler);
    fs::resize_file(path / ".leasehold" / "filler",
                    fs::file_size(path / ".leasehold" / "filler") - page.size());
    child.expect(rig.put("k", "new", tag_of(2, "f")) == FileStatus::no_space);
    child.expect(rig.loaded("k") == "1/e old");
    child.expect(rig.ask(FileVerb::retag, "k", tag_of(3, "g")).status == FileStatus::ok);
    child.expect(rig.loaded("k") == "3/g old");
    child.expect(fs::is_empty(rig.own("tmp")));
    return child.failed();
}

int meet_the_file_limit(const fs::path& path) {
    Expectations child;
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{500'000, 500'000};
    child.expect(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    FilesRig rig(path);
    child.expect(rig.put("k", std::string(300'000, 'k'), tag_of(1, "e")) == FileStatus::ok);
    child.expect(rig.put("k", std::string(900'000, 'n'), tag_of(2, "f")) == FileStatus::no_space);
    child.expect(rig.loaded("k") == "1/e " + std::string(300'000, 'k'));
    child.expect(fs::is_empty(rig.own("tmp")));
    return child.failed();
}

TEST(AgentFilesLimits, AFullDiskIsSaidAndLosesNothing) {
    const TestFolder folder;
    for (const auto& body : {fill_a_disk, fill_a_disk_for_records}) {
        const int failed = in_child([&] { return body(folder.path()); });
        if (failed == kNoMount) {  // then the next test is what is left
            std::cout << "no tmpfs may be mounted here: the limit of files stands in for it\n";
            continue;
        }
        EXPECT_EQ(failed, 0);
    }
}

TEST(AgentFilesLimits, TheLimitOfOneFileIsNoSpaceToo) {
    const TestFolder folder;
    EXPECT_EQ(in_child([&] { return meet_the_file_limit(folder.path()); }), 0);
}

/// The message of the error that making a store gives.
template <class Error>
std::string message_of_start(const fs::path& root) {
    try {
        const FilesRig rig(root);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(AgentFilesLimits, AFolderThatCantBeWrittenIsNamedAtStart) {
    const TestFolder folder;
    write_file(folder.path() / "file", "x");
    const fs::path root = folder.path() / "file" / "store";
    EXPECT_EQ(message_of_start<std::system_error>(root),
              root.string() + ": this folder can't hold the local files: Not a directory");
    const fs::path closed = folder.path() / "closed";
    fs::create_directory(closed);
    fs::permissions(folder.path(), fs::perms(0755));
    fs::permissions(closed, fs::perms(0555));
    const int failed = in_child([&] {
        if (::geteuid() == 0 && ::setuid(kNobody) != 0) return 2;
        const std::string wanted =
            closed.string() + ": this folder can't hold the local files: Permission denied";
        return message_of_start<std::system_error>(closed) == wanted ? 0 : 1;
    });
    EXPECT_EQ(failed, 0);
}

TEST(AgentFilesLimits, AFolderThatIsClosedLaterIsAnIoErrorAndLosesNothing) {
    const TestFolder folder;
    fs::permissions(folder.path(), fs::perms(0777));
    const int failed = in_child([&] {
        if (::geteuid() == 0 && ::setuid(kNobody) != 0) return kThrew;
        Expectations child;
        FilesRig rig(folder.path());
        child.expect(rig.put("a/k", "old", tag_of(1, "e")) == FileStatus::ok);
        fs::permissions(folder.path() / "a", fs::perms(0555));
        child.expect(rig.put("a/k", "new", tag_of(2, "f")) == FileStatus::io_error);
        child.expect(rig.ask(FileVerb::remove, "a/k").status == FileStatus::io_error);
        child.expect(rig.loaded("a/k") == "1/e old");
        child.expect(rig.listed() == "a/k 1/e 3\n");
        child.expect(fs::is_empty(rig.own("tmp")));
        fs::permissions(folder.path() / "a", fs::perms(0000));
        child.expect(rig.loaded("a/k") == "io_error");
        child.expect(rig.listed().empty());
        rig.restart();  // must not take the record of what it can't see for an orphan
        fs::permissions(folder.path() / "a", fs::perms(0755));
        child.expect(rig.loaded("a/k") == "1/e old");
        return child.failed();
    });
    EXPECT_EQ(failed, 0);
}

TEST(AgentFilesLimits, ASecondProcessIsTurnedAwayUntilTheFirstHasEnded) {
    const TestFolder folder;
    auto first = std::make_unique<FilesRig>(folder.path());
    first->put("k", "text", tag_of(1, "e"));
    const auto second = [&] {
        return in_child([&] {
            const std::string wanted = folder.path().string() +
                                       ": another process has this file store (it holds "
                                       ".leasehold/lock)";
            const std::string message = message_of_start<std::runtime_error>(folder.path());
            return message == wanted ? 0 : message == "no error" ? 1 : 2;
        });
    };
    EXPECT_EQ(second(), 0);
    EXPECT_EQ(first->loaded("k"), "1/e text");
    first.reset();
    EXPECT_EQ(second(), 1);
}

}  // namespace
}  // namespace leasehold::agent
