#include "agent/bucket/s3_request.hpp"

#include <cstdint>

#include "agent/base/md5.hpp"
#include "agent/bucket/user_metadata.hpp"

namespace leasehold::agent {
namespace {

std::string md5(std::string_view bytes) {
    Md5 hash;
    hash.add(bytes);
    return hash.finish();
}

std::string quoted(const ETag& etag) {
    return '"' + etag.str() + '"';
}

void add_customer_key(const BucketConfig& config, SignedHeaders& headers) {
    if (config.encryption != Encryption::sse_c) return;
    const std::string name = "x-amz-server-side-encryption-customer-";
    headers[name + "algorithm"] = "AES256";
    headers[name + "key"] = base64(config.customer_key);
    headers[name + "key-md5"] = base64(md5(config.customer_key));
}

void add_put_encryption(const BucketConfig& config, SignedHeaders& headers) {
    const std::string name = "x-amz-server-side-encryption";
    if (config.encryption == Encryption::sse_s3) headers[name] = "AES256";
    if (config.encryption != Encryption::sse_kms) return;
    headers[name] = "aws:kms";
    if (!config.kms_key_id.empty()) headers[name + "-aws-kms-key-id"] = config.kms_key_id;
    if (!config.kms_context.empty()) headers[name + "-context"] = base64(config.kms_context);
}

void add_put(const BucketConfig& config, const SendBucket& request, SignedHeaders& headers) {
    for (const auto& [name, value] : config.user_metadata)
        headers[name] = value;
    if (!request.body->metadata.empty()) headers[kStampHeader] = request.body->metadata;
    if (request.condition == PutCondition::if_match) headers["if-match"] = quoted(request.etag);
    if (request.condition == PutCondition::if_none_match) headers["if-none-match"] = "*";
    add_put_encryption(config, headers);
    add_customer_key(config, headers);
}

std::string bytes_of(const Sha256Value& value) {
    return std::string(value.begin(), value.end());
}

std::string big_endian(std::uint32_t word) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>(static_cast<unsigned char>(word >> shift));
    return bytes;
}

}  // namespace

void add_checksums(S3Request& request, const BodyHash& hash, bool checksum) {
    // Verified by the store, unlike x-amz-content-sha256, which half of them only sign. Buckets
    // with Object Lock refuse a PUT that has neither of these.
    if (checksum && hash.sha256)
        request.headers["x-amz-checksum-sha256"] = base64(bytes_of(*hash.sha256));
    if (checksum && hash.crc32)
        request.headers["x-amz-checksum-crc32"] = base64(big_endian(*hash.crc32));
    if (!hash.md5.empty()) request.headers["content-md5"] = base64(hash.md5);
}

S3Request s3_request(const BucketConfig& config, const SendBucket& request,
                     std::string_view token) {
    S3Request out;
    out.url = request.verb == BucketVerb::list
                  ? list_url(config, request.prefix.view(), request.key.view(), token)
                  : object_url(config, request.key.view());
    out.method = "GET";
    switch (request.verb) {
        case BucketVerb::get:
            if (!request.etag.empty()) out.headers["if-none-match"] = quoted(request.etag);
            add_customer_key(config, out.headers);
            break;
        case BucketVerb::put:
            out.method = "PUT";
            add_put(config, request, out.headers);
            break;
        case BucketVerb::remove:
            out.method = "DELETE";
            if (!request.etag.empty()) out.headers["if-match"] = quoted(request.etag);
            break;
        case BucketVerb::list:
            break;
    }
    return out;
}

}  // namespace leasehold::agent
