// Fuzz target: the body of a watch. The first byte chooses where the stream is cut.
// fuzz-sources: agent/lease/watch_stream.cpp agent/lease/lease_json.cpp
// fuzz-sources: agent/lease/lease_status.cpp agent/lease/micro_time.cpp
// fuzz-sources: agent/lease/strict_json.cpp model/base/check.cpp
// fuzz-sources: agent/base/http_date.cpp agent/base/one_line.cpp agent/lease/watch_lines.cpp
// fuzz-options: -max_len=16384
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/lease/watch_stream.hpp"

namespace {

using namespace leasehold;

void must(bool holds) {
    if (!holds) std::abort();
}

std::vector<agent::WatchNews> take(std::string_view stream, std::size_t step) {
    agent::WatchStream watch(agent::LeaseName{"leasehold", "w"});
    std::vector<agent::WatchNews> all;
    for (std::size_t at = 0; at < stream.size(); at += step)
        for (agent::WatchNews& news : watch.take(stream.substr(at, step))) {
            must(all.empty() || all.back().kind != WatchKind::ended);
            all.push_back(std::move(news));
        }
    must(watch.ended() == (!all.empty() && all.back().kind == WatchKind::ended));
    return all;
}

bool same(const agent::WatchNews& a, const agent::WatchNews& b) {
    return a.kind == b.kind && a.version == b.version && a.why == b.why &&
           (a.lease == nullptr) == (b.lease == nullptr) &&
           (a.lease == nullptr || *a.lease == *b.lease);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = take(stream, size);
    const auto pieces = take(stream, 1U + data[0]);
    must(std::equal(whole.begin(), whole.end(), pieces.begin(), pieces.end(), same));
    for (const agent::WatchNews& news : whole) {
        must((news.kind == WatchKind::seen) == (news.lease != nullptr));
        if (news.kind == WatchKind::deleted || news.kind == WatchKind::bookmark)
            must(news.version != Version());
    }
    return 0;
}
