// What a request of the model is on the wire of Google Cloud Storage.
#pragma once

#include <cstdint>
#include <string>

#include "agent/bucket/gcs_url.hpp"
#include "agent/bucket/put_body.hpp"
#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

/// The user metadata field that holds the stamp of a plain object: as the JSON interface names it,
/// and as a header of the XML one.
inline constexpr const char* kGcsStamp = "leasehold";
inline constexpr const char* kGcsStampHeader = "x-goog-meta-leasehold";

/// A conditional read is two exchanges when the object has changed: the interface that knows the
/// condition brings no user metadata with the content (gcs_url.hpp).
enum class GcsStep : std::uint8_t {
    whole,    ///< all there is to a put, a remove or a page
    version,  ///< is it still the generation that is known?
    content   ///< the object as it is now
};
/// Of a request whose exchange before (if `going_on`) brought no answer yet.
[[nodiscard]] GcsStep step_of(const SendBucket& request, bool going_on);

/// Method, URL and headers, yet without a token and a body. `page` is a token that the answer
/// before brought, or empty.
[[nodiscard]] Request gcs_request(const GcsPlace& place, const SendBucket& request, GcsStep step,
                                  const std::string& page);
/// Of a put: the object's resource (name, user metadata with the stamp, and the digest that the
/// store holds the content against), then the content.
void add_upload(Request& request, const GcsPlace& place, const SendBucket& put,
                std::vector<BytesPtr> content, const std::string& md5);

}  // namespace leasehold::agent
