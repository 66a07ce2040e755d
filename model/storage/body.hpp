// The bodies that a leader puts into the bucket.
#pragma once

#include <memory>

#include "model/protocol/stamp.hpp"
#include "model/storage/config.hpp"

namespace leasehold::storage {

/// Keys under this are ours: the epoch and the probe. They are no data and are not tracked.
inline constexpr std::string_view kOwnKeys = ".ha/";
[[nodiscard]] inline ObjectKey epoch_key() {
    return ObjectKey{".ha/epoch"};
}
[[nodiscard]] inline ObjectKey probe_key(const StorageConfig& config) {
    return ObjectKey{".ha/probe/" + config.identity};
}

/// The payload under its stamp, in the configured format. With HA off the payload alone.
[[nodiscard]] inline ObjectBodyPtr data_body(const StorageConfig& config, const Blob& payload,
                                             const Stamp& stamp) {
    // The stamp says which write of which epoch this is. Without it nobody could tell an own
    // write whose reply was lost from a rival's, nor an old leader's late PUT from today's data. A
    // single install has neither rivals nor successors, and adds nothing to its bucket.
    auto body = std::make_shared<ObjectBody>();
    body->payload = payload;
    if (!config.ha) return body;
    if (config.format == ObjectFormat::fenced)
        body->head = encode_header(stamp);
    else
        body->metadata = encode_metadata(stamp);
    return body;
}

/// An object of ours under `.ha/`: a header alone in either format, for nobody else reads it.
[[nodiscard]] inline ObjectBodyPtr own_body(const Stamp& stamp) {
    auto body = std::make_shared<ObjectBody>();
    // In the body, because an ETag covers the body alone: rewriting equal bytes must change it,
    // or a deposed leader's condition would still match.
    body->head = encode_header(stamp);
    return body;
}

}  // namespace leasehold::storage
