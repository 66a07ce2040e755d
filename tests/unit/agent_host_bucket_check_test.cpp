// check_bucket: a directory, which does all that is asked, and a store that is not there. What S3
// servers do is tried by the client's own tests and by people (--check-bucket).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include <stdlib.h>

#include "agent/host/bucket_check.hpp"

namespace leasehold::agent {
namespace {

class AgentBucketCheck : public ::testing::Test {
  protected:
    AgentBucketCheck() {
        std::string name = std::filesystem::temp_directory_path() / "leasehold-check-";
        name += std::string(6, 'X');
        folder_ = ::mkdtemp(name.data());
        config_.http.spool_directory = folder_;
        config_.bucket.emplace();
    }
    ~AgentBucketCheck() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
    AgentConfig config_;
};

TEST_F(AgentBucketCheck, ADirectoryDoesAllThatIsAsked) {
    config_.bucket->type = BucketType::filesystem;
    config_.bucket->directory = folder_ / "b";
    const auto findings = check_bucket(config_);
    for (const BucketFinding& finding : findings)
        EXPECT_TRUE(finding.usable) << finding.what;
    EXPECT_EQ(table_of(findings),
              "  LIST                            works, no objects -> is the bucket's name right? "
              "Some stores make what is missing\n"
              "  GET of a key that is not there  404 NoSuchKey\n"
              "  PUT                             stored\n"
              "  GET                             what was stored\n"
              "  If-None-Match on PUT            honoured\n"
              "  If-Match on PUT                 honoured\n"
              "  two conditional PUTs at once    one won, in 20 rounds\n"
              "  If-Match on DELETE              honoured\n"
              "  DELETE                          works\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "b" / ".ha")) << "it leaves nothing behind";
}

TEST_F(AgentBucketCheck, AStoreThatIsNotThereIsToldAndEndsIt) {
    config_.bucket->bucket = "b";
    config_.bucket->endpoint = "127.0.0.1:1";
    config_.bucket->region = "us-east-1";
    config_.bucket->insecure = true;
    config_.bucket->access_key = "a";
    config_.bucket->secret_key = "s";
    const auto findings = check_bucket(config_);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_FALSE(findings[0].usable);
    EXPECT_TRUE(findings[0].found.starts_with("Failed to connect to 127.0.0.1 port 1"))
        << findings[0].found;
}

}  // namespace
}  // namespace leasehold::agent
