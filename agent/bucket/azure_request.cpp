#include "agent/bucket/azure_request.hpp"

#include "agent/base/md5.hpp"

namespace leasehold::agent {
namespace {

std::string quoted(const ETag& etag) {
    return '"' + etag.str() + '"';
}

void add_put(const SendBucket& request, const std::string& md5, AzureHeaders& headers) {
    headers["x-ms-blob-type"] = "BlockBlob";
    headers["content-type"] = "application/octet-stream";
    headers["content-md5"] = base64(md5);
    if (!request.body->metadata.empty()) headers[kAzureStampHeader] = request.body->metadata;
    if (request.condition == PutCondition::if_match) headers["if-match"] = quoted(request.etag);
    if (request.condition == PutCondition::if_none_match) headers["if-none-match"] = "*";
}

}  // namespace

AzureRequest azure_request(const AzurePlace& place, const SendBucket& request,
                           std::string_view marker, const std::string& md5) {
    AzureRequest out;
    out.url = request.verb == BucketVerb::list ? blobs_url(place, request.prefix.view(), marker)
                                               : blob_url(place, request.key.view());
    out.headers["x-ms-version"] = "2021-12-02";
    switch (request.verb) {
        case BucketVerb::get:
            if (!request.etag.empty()) out.headers["if-none-match"] = quoted(request.etag);
            break;
        case BucketVerb::put:
            out.method = "PUT";
            add_put(request, md5, out.headers);
            break;
        case BucketVerb::remove:
            out.method = "DELETE";
            // A blob with snapshots can't be removed alone.
            out.headers["x-ms-delete-snapshots"] = "include";
            if (!request.etag.empty()) out.headers["if-match"] = quoted(request.etag);
            break;
        case BucketVerb::list:
            break;
    }
    return out;
}

}  // namespace leasehold::agent
