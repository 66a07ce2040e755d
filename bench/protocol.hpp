// The model's vocabulary under the names of today, for a present and for an older model.
//
// bench/compare builds these sources in older revisions too. Where their headers or types had other
// names, this file knows it, and no other.
#pragma once

#include <cstdint>
#include <string>

#include "model/storage/controller.hpp"

// IWYU pragma: begin_exports
#if __has_include("model/protocol/stamp.hpp")
#include "model/election/record.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/leadership.hpp"
#include "model/protocol/stamp.hpp"
#else
// Until f03b2d0 the controller's header brought events and leadership. By a macro, because every
// other quoted name is that of a file of the present tree.
#define LEASEHOLD_STAMP_OF_OLD "model/storage/stamp.hpp"
#include LEASEHOLD_STAMP_OF_OLD

namespace leasehold {
struct ResumeBucket {  ///< no older model sends it
    RequestId request;
};
struct LeaseRecord;
/// An older model takes an empty holder for a release without a mark.
inline std::uint64_t release_mark(const std::string&, const LeaseRecord&) {
    return 0;
}
}  // namespace leasehold
#endif
// IWYU pragma: end_exports

namespace leasehold::bench {

/// Is this a put of which half stays behind until ResumeBucket? Older models know none.
template <class Put>
[[nodiscard]] bool is_stalled(const Put& put) {
    if constexpr (requires { put.stalled; })
        return put.stalled;
    else
        return false;
}

/// The tag with the id of the write that its content comes from, where tags have one.
template <class Tag>
[[nodiscard]] Tag with_write_id(Tag tag, std::uint64_t id) {
    if constexpr (requires { tag.write_id; }) tag.write_id = id;
    return tag;
}

}  // namespace leasehold::bench
