// Fuzz target: the XML answers of an S3 server. The first two bytes choose how much of what
// follows is the prefix asked for, and how much the key to start after.
//
// fuzz-sources: agent/bucket/s3_xml.cpp agent/bucket/key_rule.cpp model/base/check.cpp
// fuzz-sources: agent/bucket/page_order.cpp
// fuzz-sources: agent/base/one_line.cpp agent/base/percent.cpp agent/base/utf8.cpp
// fuzz-links: pugixml
// fuzz-options: -max_len=8192
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_xml.hpp"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace leasehold;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view body = text.size() > 2 ? text.substr(2) : std::string_view();
    const std::string_view prefix = body.substr(0, text.empty() ? 0 : text[0] & 7);
    const std::string_view after = body.substr(0, text.size() < 2 ? 0 : text[1] & 7);

    const agent::S3Error error = agent::parse_error(body);
    must(error.code.size() <= 64 && error.region.size() <= 64 && error.message.size() <= 200);
    must(error.code.empty() == (agent::bucket_code(error.code) == BucketCode::none));

    for (const auto& [from, start] :
         {std::pair(std::string_view(), std::string_view()), std::pair(prefix, after)}) {
        const auto page = agent::parse_list_page(body, from, start, from.size());
        if (!page) continue;
        std::string_view last;
        for (const ListEntry& entry : page->page.entries) {
            must(agent::usable_key(entry.key.view()));
            must(!entry.etag.empty());
            must(last < entry.key.view());
            last = entry.key.view();
        }
    }
    return 0;
}
