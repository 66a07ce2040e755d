// The bucket secret, key by key: what each does, and the forms in which people write them.
#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/s3_section.hpp"

namespace leasehold::agent {
namespace {

std::string error_of(const std::string& text) {
    const auto config = parse_bucket_config(text, "secret.yaml");
    return config ? "accepted" : config.error();
}

/// A secret of type S3 with `more` lines in its config.
std::string s3(const std::string& more) {
    return "type: S3\nconfig:\n  bucket: backup\n  endpoint: minio:9000\n" + more;
}

/// curl leaves out a header of blanks, and the signature would still name it: 403 for every PUT.
TEST(AgentBucketSecret, MetadataIsWhatAServerReads) {
    const auto read =
        parse_bucket_config(s3("  put_user_metadata: {Team: \"  a b \"}\n"), "secret.yaml");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->user_metadata.at("x-amz-meta-team"), "a b");
    for (const char* empty : {"", " ", "   "})
        EXPECT_EQ(error_of(s3("  put_user_metadata: {Team: \"" + std::string(empty) + "\"}\n")),
                  "secret.yaml:5:22: config.put_user_metadata: a value that is empty: leave the "
                  "entry out");
}

/// A key whose text was accepted and which then chose nothing, unsaid, cost people their backups
/// (send_content_md5 before a bucket with Object Lock).
TEST(AgentBucketSecret, EachKeyIsInForceOrNamedAsWithoutEffectOrRefused) {
    const std::map<std::string_view, std::string> s3_keys{
        {"bucket", "bucket: other"},
        {"endpoint", "endpoint: other:9000"},
        {"region", "region: eu-central-1"},
        {"access_key", "access_key: other"},
        {"secret_key", "secret_key: other"},
        {"session_token", "session_token: t"},
        {"insecure", "insecure: true"},
        {"bucket_lookup_type", "bucket_lookup_type: virtual-hosted"},
        {"aws_sdk_auth", "aws_sdk_auth: true"},
        {"signature_version2", "signature_version2: true"},
        {"put_user_metadata", "put_user_metadata: {team: a}"},
        {"http_config", "http_config: {insecure_skip_verify: true}"},
        {"trace", "trace: {enable: true}"},
        {"list_objects_version", "list_objects_version: v1"},
        {"part_size", "part_size: 1"},
        {"sse_config", "sse_config: {type: SSE-S3}"},
        {"sts_endpoint", "sts_endpoint: sts"},
        {"send_content_md5", "send_content_md5: true"},
        {"disable_dualstack", "disable_dualstack: true"},
        {"disable_multipart", "disable_multipart: true"},
        {"max_retries", "max_retries: 3"}};
    const std::map<std::string_view, std::string> sse_keys{
        {"type", "type: SSE-S3"},
        {"kms_key_id", "type: SSE-KMS, kms_key_id: k"},
        {"kms_encryption_context", "type: SSE-KMS, kms_encryption_context: {a: b}"},
        {"encryption_key", "type: SSE-C, encryption_key: f"}};
    const std::map<std::string_view, std::string> tls_keys{
        {"ca_file", "ca_file: f"},
        {"cert_file", "cert_file: f, key_file: g"},
        {"key_file", "cert_file: g, key_file: f"},
        {"server_name", "server_name: s"},
        {"insecure_skip_verify", "insecure_skip_verify: true"}};
    std::map<std::string, std::string> lines;
    for (const auto key : kS3Keys)
        lines["config." + std::string(key)] = s3_keys.at(key);
    for (const auto key : kSseKeys)
        lines["sse_config." + std::string(key)] = "sse_config: {" + sse_keys.at(key) + "}";
    for (const auto key : kTlsKeys)
        lines["tls_config." + std::string(key)] =
            "http_config: {tls_config: {" + tls_keys.at(key) + "}}";
    for (const auto key : kHttpKeys) {
        const std::string value = key == "tls_config"        ? "{ca_file: f}"
                                  : key.ends_with("timeout") ? "5s"
                                  : key.starts_with("max")   ? "7"
                                                             : "true";
        lines["http_config." + std::string(key)] =
            "http_config: {" + std::string(key) + ": " + value + "}";
    }
    const std::map<std::string, std::string> usual{{"bucket", "bucket: backup"},
                                                   {"endpoint", "endpoint: minio:9000"},
                                                   {"access_key", "access_key: a"},
                                                   {"secret_key", "secret_key: s"}};
    const auto secret = [&](const std::string& line) {
        std::string text = "type: S3\nconfig:\n";
        for (const auto& [key, value] : usual)
            if (!line.starts_with(key + ":")) text += "  " + value + "\n";
        return parse_bucket_config(text + (line.empty() ? "" : "  " + line + "\n"), "s");
    };
    const auto base = secret("");
    ASSERT_TRUE(base) << base.error();
    EXPECT_TRUE(base->without_effect.empty());
    for (const auto& [key, line] : lines) {
        const auto with = secret(line);
        if (with)
            EXPECT_NE(*with, *base) << key << " is accepted and does nothing";
        else
            EXPECT_NE(with.error().find(key.substr(key.find('.') + 1)), std::string::npos)
                << with.error();
    }
}

TEST(AgentBucketSecret, BlankKeysAreNotGiven) {
    const auto plain = parse_bucket_config(s3(""), "s");
    for (const char* key : {"access_key", "secret_key", "region", "insecure", "http_config",
                            "sse_config", "put_user_metadata", "trace", "send_content_md5"}) {
        const auto blank = parse_bucket_config(s3("  " + std::string(key) + ":\n"), "s");
        ASSERT_TRUE(blank) << blank.error();
        EXPECT_EQ(*blank, *plain) << key;
    }
    EXPECT_EQ(*parse_bucket_config(s3("  region: ~\nprefix:\n"), "s"), *plain);
    EXPECT_EQ(error_of("type:\nconfig: {}\n"),
              "secret.yaml:1:1: type: missing (expected one of S3, GCS, AZURE, FILESYSTEM)");
}

TEST(AgentBucketSecret, BooleansAndNumbersAreThoseOfYaml) {
    for (const char* yes : {"true", "True", "TRUE", "yes", "on", "y"})
        EXPECT_TRUE(
            parse_bucket_config(s3("  insecure: " + std::string(yes) + "\n"), "s").value().insecure)
            << yes;
    for (const char* no : {"false", "FALSE", "no", "off", "N"})
        EXPECT_FALSE(
            parse_bucket_config(s3("  insecure: " + std::string(no) + "\n"), "s").value().insecure)
            << no;
    for (const char* value : {"0", "1w", "2y", "1h30m", "1.5s", "1w2d"})
        EXPECT_EQ(error_of(s3("  http_config: {idle_conn_timeout: " + std::string(value) + "}\n")),
                  "accepted")
            << value;
    for (const char* value : {"1e9", "0x8000000", "134_217_728", "128MiB", "1"})
        EXPECT_EQ(error_of(s3("  part_size: " + std::string(value) + "\n")), "accepted") << value;
    EXPECT_EQ(error_of(s3("  max_retries: -1\n")), "accepted");
    for (const char* value : {"1x", "w", "-1w", "120", "1 w"})
        EXPECT_NE(
            error_of(s3("  http_config: {idle_conn_timeout: \"" + std::string(value) + "\"}\n")),
            "accepted")
            << value;
    EXPECT_NE(error_of(s3("  max_retries: many\n")), "accepted");
}

TEST(AgentBucketSecret, NamesOfWhatIsMeant) {
    EXPECT_EQ(error_of(s3("  s3forcepathstyle: true\n")),
              "secret.yaml:5:3: unknown key \"s3forcepathstyle\": here it is bucket_lookup_type: "
              "path");
    EXPECT_EQ(
        error_of(s3("  encrypt_sse: true\n")),
        "secret.yaml:5:3: unknown key \"encrypt_sse\": here it is sse_config: {type: SSE-S3}");
    EXPECT_EQ(error_of(s3("  encrypt_sse: false\n")),  // of older lists of all keys
              "secret.yaml:5:3: unknown key \"encrypt_sse\": here it is sse_config, and off "
              "without: leave this line out");
    for (const char* manifest :
         {"apiVersion: v1\nkind: Secret\nstringData:\n  object-store.yaml: x\n",
          "stringData:\n  object-store.yaml: x\n", "data:\n  object-store.yaml: eA==\n",
          "object-store.yaml: |\n  type: S3\n  config: {}\n"})
        EXPECT_EQ(
            error_of(manifest),
            "secret.yaml:1:1: the bucket secret: a manifest of Kubernetes: expected the text that "
            "its Secret holds, as it stands under stringData, with type and config");
}

}  // namespace
}  // namespace leasehold::agent
