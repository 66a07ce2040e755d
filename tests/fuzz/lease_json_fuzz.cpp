// Fuzz target: a Lease and a Status as a server answers them, with times and Retry-After.
// fuzz-sources: agent/lease/lease_json.cpp agent/lease/lease_status.cpp agent/lease/micro_time.cpp
// fuzz-sources: agent/lease/strict_json.cpp model/base/check.cpp
// fuzz-sources: agent/base/http_date.cpp agent/base/one_line.cpp
// fuzz-options: -max_len=8192
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/base/http_date.hpp"
#include "agent/lease/lease_json.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/micro_time.hpp"

namespace {

using namespace leasehold;

void must(bool holds) {
    if (!holds) std::abort();
}

/// What was read is what is written: the next PUT loses nothing.
void check_lease(std::string_view text, const agent::LeaseName& name) {
    const auto lease = agent::decode_lease(text, name);
    if (!lease) {
        must(!lease.error().empty());
        return;
    }
    must(!lease->uid.empty() && lease->version != Version());
    must(lease->record.duration_seconds >= 0 && lease->record.transitions >= 0);
    const std::string put = agent::encode_lease(*lease, name, LeaseVerb::update);
    const auto again = agent::decode_lease(put, name);
    must(again.has_value() && *again == *lease);
    const std::string post = agent::encode_lease(*lease, name, LeaseVerb::create);
    must(!agent::decode_lease(post, name));  // names no uid
}

void check_times(std::string_view text) {
    if (const auto time = agent::parse_micro_time(text)) {
        const std::string written = agent::format_micro_time(*time);
        must(written.size() == 27 && agent::parse_micro_time(written) == time);
    }
    const Duration wait = agent::decode_retry_after(text, text.substr(text.size() / 2), WallTime(),
                                                    std::chrono::hours(1));
    must(wait >= Duration::zero() && wait <= std::chrono::hours(1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const agent::LeaseName name{"leasehold", "a"};
    check_lease(text, name);
    const agent::ApiStatus status = agent::decode_status(text, name);
    must(status.message.size() <= 200 && status.message.find('\n') == std::string::npos);
    check_times(text);
    return 0;
}
