#include "agent/bucket/problem_log.hpp"

#include <array>
#include <cstddef>

#include "agent/base/clock.hpp"

namespace leasehold::agent {
namespace {

constexpr std::array<const char*, 4> kVerbs{"GET", "PUT", "DELETE", "LIST"};  // of BucketVerb

/// The same trouble again, whatever its milliseconds, ports and request ids.
std::string kind_of(const std::string& problem) {
    if (problem.starts_with("answered")) return problem.substr(0, problem.find(':'));
    std::string kind = problem;
    std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
    return kind;
}

}  // namespace

void ProblemLog::note(BucketVerb verb, std::string_view key, const BucketReply& reply,
                      const std::string& problem) {
    if (duties_ == nullptr) return;
    const std::string work = kVerbs.at(static_cast<std::size_t>(verb));
    const bool writes = verb == BucketVerb::put || verb == BucketVerb::remove;
    const Duty duty = writes ? Duty::bucket_writes : Duty::bucket_reads;
    if (!problem.empty()) {
        std::string line = "bucket: " + work;
        if (!key.empty()) line += " " + std::string(key);
        duties_->failed(read_now(), duty, work, kind_of(problem), line + ": " + problem);
        return;
    }
    const bool gone = verb == BucketVerb::remove && reply.code == BucketCode::no_such_key;
    const bool done = reply.status >= 200 && (reply.status < 300 || !writes || gone);
    if (done) duties_->worked(read_now(), duty, work);
}

}  // namespace leasehold::agent
