// The process's log: one line for what is said in one.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <spdlog/spdlog.h>

#include "agent/host/log.hpp"

namespace leasehold::agent {
namespace {

std::string said(LogFormat format, const std::string& text) {
    const auto before = spdlog::default_logger();
    ::testing::internal::CaptureStderr();
    start_log(format, "info");
    log_duty(true, text);
    spdlog::default_logger()->flush();
    spdlog::set_default_logger(before);
    return ::testing::internal::GetCapturedStderr();
}

/// A caller chooses the key of his write, and an identity in a Lease may hold anything.
TEST(AgentLog, WhatOthersNameIsNoLineOfItsOwn) {
    const std::string key = "PUT a\n2026-01-01T00:00:00.000 info all is well\r\x1b[2J\x7f b";
    for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
        const std::string line = said(format, key);
        EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
        for (const char c : {'\r', '\x1b', '\x7f'}) {
            if (format == LogFormat::json && c == '\x7f') continue;
            EXPECT_EQ(line.find(c), line.npos) << line;
        }
    }
    EXPECT_NE(said(LogFormat::text, "k\xC3\xBC \t b ").find("warning k\xC3\xBC   b \n"),
              std::string::npos);
}

}  // namespace
}  // namespace leasehold::agent
