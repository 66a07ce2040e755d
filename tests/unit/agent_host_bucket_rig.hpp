// Commands over a configured bucket: a folder of its own, with a directory in it that is the
// bucket.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <stdlib.h>

#include "agent/config/config.hpp"

namespace leasehold::agent {

class BucketCommand : public ::testing::Test {
  protected:
    BucketCommand() {
        std::string name = std::filesystem::temp_directory_path() / "leasehold-bucket-";
        name += std::string(6, 'X');
        folder_ = ::mkdtemp(name.data());
        config_.http.spool_directory = folder_;
        config_.bucket.emplace();
        config_.bucket->type = BucketType::filesystem;
        config_.bucket->directory = folder_ / "b";
    }
    ~BucketCommand() override { std::filesystem::remove_all(folder_); }

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

    std::filesystem::path folder_;
    AgentConfig config_;
};

}  // namespace leasehold::agent
