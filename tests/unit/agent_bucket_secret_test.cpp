// The bucket secret: what is taken from good ones, and every word of what is said about bad ones.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/credentials.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent {
namespace {

constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string error_of(const std::string& text) {
    const auto config = parse_bucket_config(text, "secret.yaml");
    return config ? "accepted" : config.error();
}

/// A secret of type S3 with `more` lines in its config.
std::string s3(const std::string& more) {
    return "type: S3\nconfig:\n  bucket: backup\n  endpoint: minio:9000\n" + more;
}

/// Keys of the example that choose nothing here.
const std::vector<std::string> kWithoutEffect{"http_config.idle_conn_timeout",
                                              "http_config.response_header_timeout",
                                              "http_config.tls_handshake_timeout",
                                              "http_config.expect_continue_timeout",
                                              "http_config.max_idle_conns",
                                              "http_config.max_idle_conns_per_host",
                                              "http_config.max_conns_per_host",
                                              "http_config.disable_compression",
                                              "part_size",
                                              "max_retries",
                                              "trace.enable"};

TEST(AgentBucketSecret, ThanosExampleWithEveryKeyIsUnderstood) {
    const auto config = parse_bucket_config(R"(
type: S3
config:
  bucket: "kubecost-etl"
  endpoint: "S3.eu-central-1.amazonaws.com:443"
  region: ""
  disable_dualstack: false
  disable_multipart: false
  aws_sdk_auth: false
  access_key: "AKIAIOSFODNN7EXAMPLE"
  insecure: false
  signature_version2: false
  secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
  session_token: "token"
  put_user_metadata: {"X-Amz-Acl": "bucket-owner-full-control", Team: finops}
  http_config:
    idle_conn_timeout: 1m30s
    response_header_timeout: 2m
    insecure_skip_verify: false
    tls_handshake_timeout: 10s
    expect_continue_timeout: 1s
    max_idle_conns: 100
    max_idle_conns_per_host: 100
    max_conns_per_host: 0
    tls_config:
      ca_file: /etc/ca.pem
      cert_file: /etc/client.pem
      key_file: /etc/client.key
      server_name: s3.internal
      insecure_skip_verify: true
    disable_compression: false
  trace:
    enable: true
  list_objects_version: ""
  bucket_lookup_type: auto
  send_content_md5: true
  part_size: 134217728
  sse_config:
    type: "SSE-KMS"
    kms_key_id: "alias/etl"
    kms_encryption_context: {purpose: backup}
    encryption_key: ""
  sts_endpoint: ""
  max_retries: 0
prefix: "/kubecost/etl/"
)",
                                            "secret.yaml");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->type, BucketType::s3);
    EXPECT_EQ(config->bucket, "kubecost-etl");
    EXPECT_EQ(config->endpoint, "s3.eu-central-1.amazonaws.com");
    EXPECT_EQ(config->region, "eu-central-1");
    EXPECT_TRUE(config->virtual_host);
    EXPECT_EQ(config->access_key, "AKIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(config->secret_key, kSecret);
    EXPECT_EQ(config->session_token, "token");
    const std::map<std::string, std::string> metadata{{"x-amz-acl", "bucket-owner-full-control"},
                                                      {"x-amz-meta-team", "finops"}};
    EXPECT_EQ(config->user_metadata, metadata);
    EXPECT_EQ(config->tls.ca_file, "/etc/ca.pem");
    EXPECT_EQ(config->tls.certificate_file, "/etc/client.pem");
    EXPECT_EQ(config->tls.key_file, "/etc/client.key");
    EXPECT_EQ(config->tls.server_name, "s3.internal");
    EXPECT_FALSE(config->tls.verify);
    EXPECT_EQ(config->encryption, Encryption::sse_kms);
    EXPECT_EQ(config->kms_key_id, "alias/etl");
    EXPECT_EQ(config->kms_context, R"({"purpose":"backup"})");
    EXPECT_EQ(config->prefix, "kubecost/etl");
    EXPECT_TRUE(config->send_content_md5);
    EXPECT_FALSE(config->region_guessed);
    EXPECT_EQ(config->without_effect, kWithoutEffect);
}

TEST(AgentBucketSecret, SmallestOnesAndTheirDefaults) {
    const auto config = parse_bucket_config(s3(""), "secret.yaml");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->region, "us-east-1");
    EXPECT_FALSE(config->virtual_host);
    EXPECT_FALSE(config->insecure);
    EXPECT_TRUE(config->tls.verify);
    EXPECT_EQ(config->prefix, "");
    const auto files =
        parse_bucket_config("type: filesystem\nconfig: {directory: shared/b}\n", "x");
    ASSERT_TRUE(files) << files.error();
    EXPECT_EQ(files->type, BucketType::filesystem);
    EXPECT_EQ(files->directory, "shared/b");
}

TEST(AgentBucketSecret, EndpointsNameTheirRegionAndAddressing) {
    const auto at = [](const std::string& endpoint, const std::string& more = "") {
        return *parse_bucket_config(
            "type: s3\nconfig: {bucket: b-1, endpoint: \"" + endpoint + "\"" + more + "}", "x");
    };
    EXPECT_EQ(at("s3.amazonaws.com").region, "us-east-1");
    EXPECT_TRUE(at("s3.amazonaws.com").region_guessed);
    EXPECT_TRUE(at("minio:9000").region_guessed);
    EXPECT_FALSE(at("s3.us-east-2.amazonaws.com").region_guessed);
    EXPECT_FALSE(at("minio:9000", ", region: us-east-1").region_guessed);
    EXPECT_EQ(at("bucket.vpce-1a-2b.s3.eu-west-3.vpce.amazonaws.com").region, "eu-west-3");
    // As minio-go chooses where nothing is said.
    for (const char* host :
         {"s3.amazonaws.com", "s3-eu-west-1.amazonaws.com", "s3.dualstack.eu-west-1.amazonaws.com",
          "bucket.vpce-1a-2b.s3.eu-west-3.vpce.amazonaws.com", "storage.googleapis.com",
          "oss-cn-hangzhou.aliyuncs.com", "s3.oss-cn-hangzhou-internal.aliyuncs.com"})
        EXPECT_TRUE(at(host).virtual_host) << host;
    for (const char* host : {"minio:9000", "vpce-1a-2b.s3.eu-west-3.vpce.amazonaws.com",
                             "nyc3.digitaloceanspaces.com", "b-1.minio.svc"})
        EXPECT_FALSE(at(host).virtual_host) << host;
    EXPECT_EQ(at("s3.amazonaws.com/").endpoint, "s3.amazonaws.com");
    EXPECT_EQ(at("s3-ap-southeast-2.amazonaws.com").region, "ap-southeast-2");
    EXPECT_EQ(at("s3.dualstack.us-gov-west-1.amazonaws.com").region, "us-gov-west-1");
    EXPECT_EQ(at("s3.cn-north-1.amazonaws.com.cn").region, "cn-north-1");
    EXPECT_EQ(at("s3.eu-west-1.amazonaws.com", ", region: other").region, "other");
    EXPECT_FALSE(at("s3.amazonaws.com", ", bucket_lookup_type: path").virtual_host);
    EXPECT_TRUE(at("minio", ", bucket_lookup_type: virtual-hosted").virtual_host);
    EXPECT_EQ(at("[::1]:9000").endpoint, "[::1]:9000");
    EXPECT_EQ(at("minio:80", ", insecure: true").endpoint, "minio");
    EXPECT_EQ(at("minio:80").endpoint, "minio:80");
}

struct Broken {
    std::string text;
    std::string message;
};

void expect_messages(const std::vector<Broken>& cases) {
    for (const Broken& broken : cases)
        EXPECT_EQ(error_of(broken.text), broken.message) << broken.text;
}

TEST(AgentBucketSecret, MisplacedAndUnknownKeys) {
    expect_messages({
        {"type: S3\nconfig:\nbucket: backup\nendpoint: minio\n",
         "secret.yaml:3:1: misplaced key \"bucket\" at the top level: it belongs in config (indent "
         "it under \"config:\")"},
        {"type: S3\nconfig:\n  bucket: b\n  endpoint: e\n  prefix: p\n",
         "secret.yaml:5:3: misplaced key \"prefix\" in config: it belongs at the top level, beside "
         "type and config"},
        {s3("  http_config:\n    tls_config:\n    ca_file: x\n"),
         "secret.yaml:7:5: misplaced key \"ca_file\" in config.http_config: it belongs in "
         "config.http_config.tls_config"},
        {"type: S3\nconfig:\n  bucket: b\n  endpint: e\n",
         "secret.yaml:4:3: unknown key \"endpint\" in config; did you mean \"endpoint\"?"},
        {"typ: S3\n",
         "secret.yaml:1:1: unknown key \"typ\" at the top level; did you mean "
         "\"type\"?"},
        {"config: {}\n",
         "secret.yaml:1:1: type: missing (expected one of S3, GCS, AZURE, FILESYSTEM)"},
        {"type: swift\nconfig: {bucket: b, service_account: x}\n",
         "secret.yaml:1:7: type: SWIFT is not supported: this program writes to S3 (any server "
         "that "
         "speaks its protocol), GCS, AZURE and FILESYSTEM"},
        {"type: S33\nconfig: {}\n",
         "secret.yaml:1:7: type: unknown name \"S33\"; did you mean \"S3\"?"},
    });
}

TEST(AgentBucketSecret, MissingAndUnfitValues) {
    expect_messages({
        {"type: S3\n", "secret.yaml:1:1: config: missing: the bucket's settings"},
        {"type: S3\nconfig:\n", "secret.yaml:2:1: config: empty (are its keys indented?)"},
        {"type: S3\nconfig: {endpoint: e}\n",
         "secret.yaml:2:9: config.bucket: missing: the bucket's name"},
        {"type: S3\nconfig: {bucket: b}\n",
         "secret.yaml:2:9: config.endpoint: missing: host[:port] of the S3 server, such as "
         "s3.eu-central-1.amazonaws.com"},
        {"type: S3\nconfig: {bucket: b, endpoint: \"https://minio\"}\n",
         "secret.yaml:2:31: config.endpoint: expected host[:port] without a scheme: leave out "
         "\"https://\""},
        {"type: S3\nconfig: {bucket: b, endpoint: \"http://minio\"}\n",
         "secret.yaml:2:31: config.endpoint: expected host[:port] without a scheme: leave out "
         "\"http://\" and write insecure: true"},
        {"type: S3\nconfig: {bucket: b, endpoint: \"minio/b\"}\n",
         "secret.yaml:2:31: config.endpoint: expected host[:port] without a path: the bucket's "
         "name goes to bucket, a folder to prefix at the top level"},
        {"type: S3\nconfig: {bucket: b, endpoint: \"minio:99999\"}\n",
         "secret.yaml:2:31: config.endpoint: expected host[:port]: the port must be a number from "
         "1 to 65535"},
        {"type: S3\nconfig: {bucket: b, endpoint: b.s3.eu-west-1.amazonaws.com}\n",
         "secret.yaml:2:31: config.endpoint: begins with the bucket's name: leave it out, it is "
         "put "
         "before by itself"},
        {s3("  access_key: AKIAEXAMPLE\n"),
         "secret.yaml:3:3: config.secret_key: missing: access_key and secret_key are given both "
         "or neither"},
        {s3("  aws_sdk_auth: true\n  access_key: a\n  secret_key: b\n"),
         "secret.yaml:5:17: config.aws_sdk_auth: true excludes access_key and secret_key: keys "
         "come from the environment, the shared credentials file or a role then"},
    });
}

TEST(AgentBucketSecret, ValuesOfAnotherTypeOrMeaning) {
    expect_messages({
        {s3("  insecure: \"true\"\n"),
         "secret.yaml:5:13: config.insecure: expected true or false, without quotes"},
        {s3("  bucket_lookup_type: dns\n"),
         "secret.yaml:5:23: config.bucket_lookup_type: unknown name \"dns\" (expected one of auto, "
         "path, virtual-hosted)"},
        {s3("  http_config: {response_header_timeout: 120}\n"),
         "secret.yaml:5:42: config.http_config.response_header_timeout: expected a duration with "
         "a unit, such as 90s or 2m"},
        {s3("  sse_config: {type: SSE-C}\n"),
         "secret.yaml:5:15: config.sse_config.encryption_key: missing: SSE-C needs the path of a "
         "file with a key of 32 bytes"},
        {s3("  sse_config: {kms_key_id: k}\n"),
         "secret.yaml:5:28: config.sse_config.kms_key_id: only with type SSE-KMS"},
        {s3("  put_user_metadata: {leasehold: x}\n"),
         "secret.yaml:5:22: config.put_user_metadata: \"leasehold\" is kept for this program"},
        {s3("  put_user_metadata: {X-Amz-Date: x}\n"),
         "secret.yaml:5:22: config.put_user_metadata: an x-amz-* header that is not X-Amz-Acl, "
         "X-Amz-Grant-*, X-Amz-Storage-Class, X-Amz-Tagging or X-Amz-Meta-* (encryption goes to "
         "sse_config)"},
        {s3("prefix: a/../b\n"),
         "secret.yaml:5:9: prefix: not a folder's name: no empty parts, no \".\" or \"..\", each "
         "part at most 255 bytes"},
        {"type: FILESYSTEM\nconfig: {bucket: b}\n",
         "secret.yaml:2:10: misplaced key \"bucket\" in config: it belongs in config of type S3"},
        {s3("  bucket: again\n"), "secret.yaml:5:3: duplicate key (first on line 3)"},
        {"type: S3\nconfig:\n\tbucket: b\n",
         "secret.yaml:3:1: not valid YAML: a tab in the indentation: blanks are wanted"},
        {s3("  access_key: {{ .Values.key }}\n"),
         "secret.yaml:5:16: expected a key (is {{ ... }} a template that nothing rendered?)"},
        {"", "secret.yaml: empty: no YAML in it"},
        {"- type: S3\n",
         "secret.yaml:1:1: the bucket secret: expected \"key: value\" lines, found a list"},
    });
}

TEST(AgentBucketSecret, NoMessageShowsASecret) {
    const std::string secret = kSecret;
    const std::string cases[] = {
        s3("  access_key: a\n  secret_key:" + secret + "\n"),
        "type: S3\nconfig:\n  secret_key:" + secret + "\n",
        "type: S3\nconfig: secret_key:" + secret + "\n",
        s3("  " + secret + ": x\n"),
        s3("  " + secret + ": x\n  " + secret + ": y\n"),
        s3("  secret_key: !" + secret + "\n"),
        s3("  secret_key: *" + secret + "\n"),
        s3("  secret_key: &" + secret + " x\n"),
        s3("  secret_key: \"" + secret + "\n"),
        s3("  secret_key: '" + secret + " with blanks'\n  access_key: a\n"),
        s3("  secret_key: [" + secret + "]\n"),
        s3("  secret_key: {" + secret + ": x}\n"),
        s3("  access_key:\n    secret_key: " + secret + "\n"),
        s3("  insecure: " + secret + "\n"),
        s3("  bucket_lookup_type: " + secret + "\n"),
        s3("  list_objects_version: " + secret + "\n"),
        s3("  sse_config: {type: " + secret + "}\n"),
        s3("  part_size: " + secret + "\n"),
        s3("  max_retries: " + secret + "\n"),
        s3("  http_config: {idle_conn_timeout: " + secret + "}\n"),
        s3("  put_user_metadata: {\"" + secret + "\": x}\n"),
        s3("  put_user_metadata: {X-Amz-Other: \"" + secret + "\"}\n"),
        "type: " + secret + "\nconfig: {}\n",
        "type: S3\nconfig: {bucket: b, endpoint: \"https://u:" + secret + "@minio\"}\n",
        "type: S3\nconfig: {bucket: \"" + secret + "\", endpoint: e}\n",
        "? [" + secret + "]\n: x\n",
    };
    for (const std::string& text : cases) {
        const std::string error = error_of(text);
        EXPECT_NE(error, "accepted") << text;
        EXPECT_EQ(error.find("wJalr"), std::string::npos) << error;
    }
}

TEST(AgentBucketSecret, FilesThatItNamesMustBeThere) {
    const leasehold::test::OwnFolder directory;
    EXPECT_EQ(load_bucket_config("missing.yaml").error(), "missing.yaml: no such file");
    const std::string secret =
        directory.write("s.yaml", s3("  http_config: {tls_config: {ca_file: absent.pem}}\n"));
    EXPECT_EQ(load_bucket_config(secret).error(),
              secret + ": ca_file: the file \"absent.pem\" can't be read or is empty");
    const std::string key = directory.write("key", std::string(31, 'k'));
    const std::string sse = directory.write(
        "sse.yaml", s3("  sse_config: {type: SSE-C, encryption_key: \"" + key + "\"}\n"));
    EXPECT_EQ(load_bucket_config(sse).error(),
              sse + ": encryption_key: the file \"" + key + "\" must hold exactly 32 bytes");
    directory.write("key", std::string(32, 'k'));
    const auto loaded = load_bucket_config(sse);
    ASSERT_TRUE(loaded) << loaded.error();
    EXPECT_EQ(loaded->customer_key, std::string(32, 'k'));
    EXPECT_EQ(loaded->file, sse);
}

TEST(AgentBucketCredentials, SecretThenEnvironmentThenSharedFile) {
    const leasehold::test::OwnFolder directory;
    const std::string shared =
        directory.write("credentials",
                        "# comment\n[default]\naws_access_key_id = D\naws_secret_access_key=ds\n"
                        "[ team ]\r\n aws_access_key_id=T\r\naws_secret_access_key = ts \r\n"
                        "aws_session_token = tt\r\n[half]\naws_access_key_id = H\n");
    std::map<std::string, std::string> variables{{"AWS_SHARED_CREDENTIALS_FILE", shared}};
    const VariableLookup environment = [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
    const auto load = [&](const BucketConfig& config) {
        auto loaded = KeySource(config, environment).load();
        if (!loaded)
            return Result<Credentials, std::string>(Unexpected<std::string>{loaded.error()});
        return Result<Credentials, std::string>(loaded->value_or(Credentials{}));
    };
    BucketConfig config;
    EXPECT_EQ(*load(config), (Credentials{"D", "ds", ""}));
    variables["AWS_PROFILE"] = "team";
    EXPECT_EQ(*load(config), (Credentials{"T", "ts", "tt"}));
    variables["AWS_PROFILE"] = "half";
    EXPECT_EQ(load(config).error(),
              shared +
                  ": profile [half] has no aws_access_key_id with aws_secret_access_key "
                  "(roles and credential processes of a file are not supported)");
    variables["AWS_PROFILE"] = "none";
    EXPECT_EQ(load(config).error(), shared + ": profile [none] is missing");
    variables["AWS_ACCESS_KEY_ID"] = "E";
    EXPECT_FALSE(load(config));
    variables["AWS_SECRET_ACCESS_KEY"] = "es";
    variables["AWS_SESSION_TOKEN"] = "et";
    EXPECT_EQ(*load(config), (Credentials{"E", "es", "et"}));
    config.access_key = "S";
    config.secret_key = "ss";
    EXPECT_EQ(*load(config), (Credentials{"S", "ss", ""}));
    variables.clear();
    EXPECT_EQ(*load(BucketConfig{}), Credentials{}) << "nothing is configured";
    variables = {{"HOME", "/nonexistent"}};
    EXPECT_EQ(*load(BucketConfig{}), Credentials{}) << "nor is there a file";
    variables = {{"AWS_SHARED_CREDENTIALS_FILE", shared},
                 {"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"},
                 {"AWS_PROFILE", "team"}};
    EXPECT_EQ(*load(BucketConfig{}), Credentials{}) << "a web identity goes before the file";
}

TEST(AgentBucketCredentials, ARotatedSecretIsReadAgain) {
    const leasehold::test::OwnFolder directory;
    const std::string file =
        directory.write("s.yaml", s3("  access_key: old\n  secret_key: one\n"));
    const auto config = load_bucket_config(file);
    ASSERT_TRUE(config) << config.error();
    const KeySource source(*config, [](const char*) { return std::string(); });
    EXPECT_EQ((*source.load())->access_key, "old");
    directory.write("s.yaml", s3("  access_key: new\n  secret_key: two\n"));
    EXPECT_EQ(**source.load(), (Credentials{"new", "two", ""}));
    directory.write("s.yaml", s3("  access_key: torn\n"));
    EXPECT_FALSE(source.load());
}

}  // namespace
}  // namespace leasehold::agent
