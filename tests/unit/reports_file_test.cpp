#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/atomic_file.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::reports {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
  protected:
    [[nodiscard]] std::string path() const { return own_.path("out.txt"); }
    [[nodiscard]] std::string content() const {
        std::ostringstream text;
        text << std::ifstream(path()).rdbuf();
        return text.str();
    }
    [[nodiscard]] std::ptrdiff_t files() const {
        return std::distance(fs::directory_iterator(directory_), fs::directory_iterator());
    }
    const test::OwnFolder own_;
    const fs::path directory_ = own_.path();
};

TEST_F(AtomicFileTest, ReplacesTheWholeFileOnlyWhenCommitted) {
    write_file(path(), "old");
    AtomicFile file(path());
    file.write("new");
    file.flush();
    EXPECT_EQ(content(), "old");
    file.commit();
    EXPECT_EQ(content(), "new");
    EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFileTest, LeavesNothingWhenItIsGivenUp) {
    {
        AtomicFile file(path());
        file.write(std::string(1 << 20, 'x'));
        EXPECT_EQ(files(), 1);
    }
    EXPECT_EQ(files(), 0);
}

TEST_F(AtomicFileTest, AChildWritesAndTheParentCommits) {
    AtomicFile file(path());
    const pid_t child = fork();
    if (child == 0) {
        file.write("half a try");
        file.flush();
        file.rewind();
        file.write("by the child");
        file.flush();
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    file.commit();
    EXPECT_EQ(content(), "by the child");
}

TEST_F(AtomicFileTest, AnUnwritablePlaceIsAnErrorAtOnce) {
    EXPECT_THROW(AtomicFile("/proc/nothing/out"), OutputError);
    EXPECT_THROW(AtomicFile(directory_.string()), OutputError);
    EXPECT_THROW(AtomicFile("/dev/null"), OutputError);
    EXPECT_THROW(AtomicFile(""), OutputError);
}

}  // namespace
}  // namespace leasehold::reports
