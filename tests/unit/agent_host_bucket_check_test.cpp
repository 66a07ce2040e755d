// check_bucket: a directory, which does all that is asked, and a store that is not there. What S3
// servers do is tried by the client's own tests and by people (--check-bucket).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "agent/host/bucket_check.hpp"
#include "tests/unit/agent_host_bucket_rig.hpp"

namespace leasehold::agent {
namespace {

class AgentBucketCheck : public BucketCommand {};

TEST_F(AgentBucketCheck, ADirectoryDoesAllThatIsAsked) {
    const auto findings = check_bucket(config_);
    for (const BucketFinding& finding : findings)
        EXPECT_TRUE(finding.usable) << finding.what;
    EXPECT_EQ(table_of(findings),
              "  LIST                            works, no objects -> is the bucket's name right? "
              "Some stores make what is missing\n"
              "  GET of a key that is not there  404\n"
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
    lies_nowhere();
    const auto findings = check_bucket(config_);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_FALSE(findings[0].usable);
    EXPECT_TRUE(findings[0].found.starts_with("Failed to connect to 127.0.0.1 port 1"))
        << findings[0].found;
}

}  // namespace
}  // namespace leasehold::agent
