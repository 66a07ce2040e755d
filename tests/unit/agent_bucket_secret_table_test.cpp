// Bucket secrets as users have them, and what becomes of them: here, in thanos-io/objstore
// v0.0.0-20250804093838 and in OpenCost's reader of October 2024, whose answers were had by running
// them.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent/bucket/bucket_config.hpp"

namespace leasehold::agent {
namespace {

/// A: accepted, R: refused.
struct Row {
    const char* what;
    const char* answers;  ///< ours, objstore's, OpenCost's
    std::string text;
};

std::string s3(const std::string& more) {
    return "type: S3\nconfig:\n  bucket: backup\n  endpoint: minio:9000\n" + more;
}

std::vector<Row> rows() {
    const std::string keys = "  access_key: A\n  secret_key: S\n";
    return {
        {"keys", "AAA", s3(keys)},
        {"a role", "AAA", s3("  region: eu-west-1\n")},
        {"jsonnet's quoted keys", "AAA",
         "\"type\": \"S3\"\n\"config\":\n  \"bucket\": \"b\"\n  \"endpoint\": \"e\"\n"},
        {"JSON", "AAA", R"({"type":"S3","config":{"bucket":"b","endpoint":"e"}})"},
        {"lower-case type", "AAA", "type: s3\nconfig: {bucket: b, endpoint: e}\n"},
        {"CRLF", "AAA", "type: S3\r\nconfig:\r\n  bucket: b\r\n  endpoint: e\r\n"},
        {"BOM", "AAA", "\xef\xbb\xbf" + s3(keys)},
        {"a document mark in front", "AAA", "---\n" + s3(keys)},
        {"time-outs of 0s", "AAA", s3("  http_config: {idle_conn_timeout: 0s}\n")},
        {"SSE-S3", "AAA", s3("  sse_config: {type: SSE-S3}\n")},
        {"SSE-KMS", "AAA", s3("  sse_config: {type: SSE-KMS, kms_key_id: k}\n")},
        {"access_key:", "AAA", s3("  access_key:\n  secret_key:\n")},
        {"region:", "AAA", s3("  region:\n")},
        {"region: ~", "AAA", s3("  region: ~\n")},
        {"prefix:", "AAA", s3("prefix:\n")},
        {"insecure:", "AAA", s3("  insecure:\n")},
        {"http_config:", "AAA", s3("  http_config:\n")},
        {"sse_config:", "AAA", s3("  sse_config:\n")},
        {"put_user_metadata:", "AAA", s3("  put_user_metadata:\n")},
        {"trace:", "AAA", s3("  trace:\n")},
        {"insecure: True", "AAA", s3("  insecure: True\n")},
        {"insecure: FALSE", "AAA", s3("  insecure: FALSE\n")},
        {"insecure: yes", "AAA", s3("  insecure: yes\n")},
        {"insecure: off", "AAA", s3("  insecure: off\n")},
        {"max_retries: -1", "AAA", s3("  max_retries: -1\n")},
        {"part_size: 0x8000000", "AAA", s3("  part_size: 0x8000000\n")},
        {"part_size: 134_217_728", "AAA", s3("  part_size: 134_217_728\n")},
        {"a time-out of 0", "AAA", s3("  http_config: {idle_conn_timeout: 0}\n")},
        {"a time-out of 1w", "AAR", s3("  http_config: {idle_conn_timeout: 1w}\n")},
        {"a time-out of 1.5s", "ARA", s3("  http_config: {idle_conn_timeout: 1.5s}\n")},
        {"part_size: 128MiB", "ARR", s3("  part_size: 128MiB\n")},
        {"a token without keys", "AAA", s3("  session_token: t\n")},
        {"an endpoint with a slash", "AAA",
         "type: S3\nconfig: {bucket: b, endpoint: s3.amazonaws.com/}\n"},
        // Taken by the others, who then do something else than what is written, or fail later.
        {"list_objects_version: v1", "AAA", s3("  list_objects_version: v1\n")},
        {"kms_key_id without a type", "RAA", s3("  sse_config: {kms_key_id: k}\n")},
        {"anchors", "RAA", s3("  access_key: &k A\n  secret_key: *k\n")},
        {"a second document", "RAA", s3(keys) + "---\ntype: GCS\n"},
        {"a bucket with a slash", "RAA", "type: S3\nconfig: {bucket: a/b, endpoint: e}\n"},
        {"a secret key with a line end", "RAA", s3("  access_key: A\n  secret_key: |\n    S\n")},
        {"no bucket", "RAA", "type: S3\nconfig: {endpoint: e}\n"},
        // OpenCost takes no notice of keys that it does not know.
        {"encrypt_sse", "RRA", s3("  encrypt_sse: true\n")},
        {"s3forcepathstyle", "RRA", s3("  s3forcepathstyle: true\n")},
        {"prefix inside of config", "RRA", s3("  prefix: p\n")},
        {"access_key_id", "RRA", s3("  access_key_id: A\n")},
        {"insecure: \"true\"", "RRR", s3("  insecure: \"true\"\n")},
        {"no endpoint", "RRR", "type: S3\nconfig: {bucket: b}\n"},
        {"a scheme", "RRR", "type: S3\nconfig: {bucket: b, endpoint: 'https://e'}\n"},
        {"a key given twice", "RRR", s3("  bucket: c\n")},
        {"a tab", "RRR", "type: S3\nconfig:\n\tbucket: b\n"},
        {"no type", "RRR", "config: {bucket: b, endpoint: e}\n"},
        {"half a pair of keys", "RRR", s3("  access_key: A\n")},
        {"config not indented", "RRR", "type: S3\nconfig:\nbucket: b\nendpoint: e\n"},
    };
}

TEST(AgentBucketSecretTable, IsReadAsTheRealReadersReadItOrRefusedForAReason) {
    for (const Row& row : rows()) {
        const auto read = parse_bucket_config(row.text, "object-store.yaml");
        EXPECT_EQ(read.has_value(), row.answers[0] == 'A')
            << row.what << (read ? "" : ": " + read.error());
        const std::string others = row.answers + 1;
        // All three are of one mind, or it is one of the few where we know better.
        if (others == "RR" && row.answers[0] == 'A') {
            EXPECT_STREQ(row.what, "part_size: 128MiB");
        }
    }
}

}  // namespace
}  // namespace leasehold::agent
