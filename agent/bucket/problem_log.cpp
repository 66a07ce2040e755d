#include "agent/bucket/problem_log.hpp"

#include <algorithm>
#include <cstddef>

#include <spdlog/spdlog.h>

namespace leasehold::agent {
namespace {

constexpr std::array<const char*, 4> kVerbs{"GET", "PUT", "DELETE", "LIST"};  // of BucketVerb

}  // namespace

void ProblemLog::note(BucketVerb verb, std::string_view key, const std::string& problem) {
    const auto index = static_cast<std::size_t>(verb);
    std::string kind = problem;
    if (!kind.starts_with("answered"))  // else the number is the status
        std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
    std::string& last = last_.at(index);
    if (kind == last) return;
    last = kind;
    if (problem.empty())
        spdlog::info("bucket: {} works again", kVerbs.at(index));
    else
        spdlog::warn("bucket: {}{}{}: {}", kVerbs.at(index), key.empty() ? "" : " ", key, problem);
}

}  // namespace leasehold::agent
