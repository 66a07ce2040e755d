// Commands over a configured bucket: a folder of its own, with a directory in it that is the
// bucket.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "agent/config/config.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent {

class BucketCommand : public ::testing::Test {
  protected:
    BucketCommand() {
        config_.http.spool_directory = folder_;
        config_.bucket.emplace();
        config_.bucket->type = BucketType::filesystem;
        config_.bucket->directory = folder_ / "b";
    }

    /// From now on the bucket is on a port where nobody listens.
    void lies_nowhere() {
        config_.bucket.emplace();
        config_.bucket->bucket = "b";
        config_.bucket->endpoint = "127.0.0.1:1";
        config_.bucket->region = "us-east-1";
        config_.bucket->insecure = true;
        config_.bucket->access_key = "a";
        config_.bucket->secret_key = "s";
    }

    const test::OwnFolder own_;
    const std::filesystem::path folder_{own_.path()};
    AgentConfig config_;
};

}  // namespace leasehold::agent
