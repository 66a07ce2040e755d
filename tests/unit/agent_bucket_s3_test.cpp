// S3 without a network: URLs, signatures, XML answers.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_url.hpp"
#include "agent/bucket/s3_xml.hpp"
#include "agent/bucket/sigv4.hpp"

namespace leasehold::agent {
namespace {

BucketConfig minio() {
    BucketConfig config;
    config.bucket = "obs";
    config.endpoint = "127.0.0.1:9000";
    config.region = "us-east-1";
    return config;
}

TEST(AgentBucketUrl, EncodesStrictly) {
    EXPECT_EQ(percent_encode("a b+c=d~e-f_g.h/i", true), "a%20b%2Bc%3Dd~e-f_g.h/i");
    EXPECT_EQ(percent_encode("a/b", false), "a%2Fb");
    EXPECT_EQ(percent_encode("\xc3\xa9*'()!\"%", false), "%C3%A9%2A%27%28%29%21%22%25");
    BucketConfig config = minio();
    EXPECT_EQ(object_url(config, "x/1 2").text(), "https://127.0.0.1:9000/obs/x/1%202");
    EXPECT_EQ(list_url(config, "", "").text(),
              "https://127.0.0.1:9000/obs/?encoding-type=url&list-type=2&max-keys=1000");
    EXPECT_EQ(list_url(config, "p", "p/a", "t/=").query,
              "continuation-token=t%2F%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=p");
    config.prefix = "etl/base";
    config.insecure = true;
    EXPECT_EQ(object_url(config, "k").text(), "http://127.0.0.1:9000/obs/etl/base/k");
    EXPECT_EQ(list_url(config, "a", "a/b c").text(),
              "http://127.0.0.1:9000/obs/?encoding-type=url&list-type=2&max-keys=1000"
              "&prefix=etl%2Fbase%2Fa&start-after=etl%2Fbase%2Fa%2Fb%20c");
    EXPECT_EQ(list_url(config, "", "").query,
              "encoding-type=url&list-type=2&max-keys=1000&prefix=etl%2Fbase%2F");
    config.virtual_host = true;
    EXPECT_EQ(object_url(config, "k").text(), "http://obs.127.0.0.1:9000/etl/base/k");
    EXPECT_EQ(list_url(config, "", "").path, "/");
}

TEST(AgentBucketKeys, OnlyThoseThatCanBeFiles) {
    for (const char* key : {"a", ".ha/epoch", "a b/\xc3\xa9+=", "...", "a/..b"})
        EXPECT_TRUE(usable_key(key)) << key;
    for (const char* key : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\nb", "a\x7f",
                            "a\xff", "a\xed\xa0\x80", "\xc3"})
        EXPECT_FALSE(usable_key(key)) << ::testing::PrintToString(std::string(key));
    EXPECT_TRUE(usable_key(std::string(255, 'x')));
    EXPECT_FALSE(usable_key(std::string(256, 'x')));
    const std::string component = "/" + std::string(255, 'x');
    EXPECT_FALSE(usable_key("a" + component + component + component + component));
}

// AWS's published examples: "Examples of the complete Signature Version 4 process" of S3, and the
// key derivation with a session token left out.
const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
constexpr std::string_view kExampleDate = "20130524T000000Z";

S3Url example(const std::string& path, const std::string& query) {
    return {"https", "examplebucket.s3.amazonaws.com", path, query};
}

SignedHeaders example_headers(const std::string& sha256) {
    return {{"host", "examplebucket.s3.amazonaws.com"},
            {"x-amz-content-sha256", sha256},
            {"x-amz-date", std::string(kExampleDate)}};
}

TEST(AgentBucketSignature, AwsExampleGet) {
    SignedHeaders headers = example_headers(std::string(kEmptySha256));
    headers["range"] = "bytes=0-9";
    EXPECT_EQ(authorization(headers, "GET", example("/test.txt", ""), kEmptySha256, kExample,
                            "us-east-1", "s3", kExampleDate),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
              "aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
              "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(AgentBucketSignature, AwsExamplePut) {
    const std::string sha256 = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    SignedHeaders headers = example_headers(sha256);
    headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
    headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
    const std::string value = authorization(headers, "PUT", example("/test%24file.text", ""),
                                            sha256, kExample, "us-east-1", "s3", kExampleDate);
    EXPECT_NE(value.find("Signature="
                         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
              std::string::npos)
        << value;
}

TEST(AgentBucketSignature, AwsExampleList) {
    const std::string value = authorization(example_headers(std::string(kEmptySha256)), "GET",
                                            example("/", "max-keys=2&prefix=J"), kEmptySha256,
                                            kExample, "us-east-1", "s3", kExampleDate);
    EXPECT_NE(value.find("Signature="
                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
              std::string::npos)
        << value;
}

TEST(AgentBucketSignature, CoversEveryHeaderInOrderOfNames) {
    SignedHeaders headers{{"x-amz-server-side-encryption", "aws:kms"},
                          {"x-amz-server-side-encryption-aws-kms-key-id", "k"},
                          {"if-match", "\"e\""}};
    Credentials credentials = kExample;
    credentials.session_token = "token";
    const WallTime at{std::chrono::seconds(1369353600)};
    EXPECT_EQ(amz_date(at), kExampleDate);
    sign(headers, "PUT", example("/k", ""), kEmptySha256, credentials, "us-east-1", at);
    EXPECT_EQ(headers["x-amz-security-token"], "token");
    EXPECT_NE(
        headers["authorization"].find("SignedHeaders=host;if-match;x-amz-content-sha256;x-amz-date;"
                                      "x-amz-security-token;x-amz-server-side-encryption;"
                                      "x-amz-server-side-encryption-aws-kms-key-id, "),
        std::string::npos)
        << headers["authorization"];
}

const std::string kMinioPage =
    R"(<?xml version="1.0" encoding="UTF-8"?><ListBucketResult )"
    R"(xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lst</Name><Prefix></Prefix>)"
    R"(<NextContinuationToken>QVtt</NextContinuationToken><KeyCount>2</KeyCount>)"
    R"(<MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated><Contents><Key>p/0</Key>)"
    R"(<LastModified>2026-11-22T14:03:21.046Z</LastModified>)"
    R"(<ETag>&#34;cfcd208495d565ef66e7dff9f98764da&#34;</ETag><Size>1</Size>)"
    R"(<StorageClass>STANDARD</StorageClass></Contents><Contents><Key>p/A &amp; b</Key>)"
    R"(<LastModified>2026-11-22T14:03:20.939Z</LastModified>)"
    R"(<ETag>&#34;7fc56270e7a70fa81a5935b72eacbe29&#34;</ETag><Size>12</Size>)"
    R"(<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>)";
const std::string kVersityPage =
    R"(<?xml version="1.0" encoding="UTF-8"?><ListBucketResult )"
    R"(xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lst</Name>)"
    R"(<NextContinuationToken>A</NextContinuationToken><KeyCount>2</KeyCount>)"
    R"(<MaxKeys>2</MaxKeys><IsTruncated>false</IsTruncated><Contents>)"
    R"(<LastModified>2026-11-22T14:03:21Z</LastModified>)"
    R"(<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>)"
    R"(<ETag>&#34;cfcd208495d565ef66e7dff9f98764da&#34;</ETag><Key>0</Key><Size>1</Size>)"
    R"(<StorageClass>STANDARD</StorageClass></Contents><EncodingType></EncodingType>)"
    R"(</ListBucketResult>)";

TEST(AgentBucketXml, PagesOfBothServers) {
    const auto minio_page = parse_list_page(kMinioPage, "p/", "", 2);
    ASSERT_TRUE(minio_page) << minio_page.error();
    EXPECT_TRUE(minio_page->page.truncated);
    const std::vector<ListEntry> expected{
        {ObjectKey("0"), ETag("cfcd208495d565ef66e7dff9f98764da"), 1},
        {ObjectKey("A & b"), ETag("7fc56270e7a70fa81a5935b72eacbe29"), 12}};
    EXPECT_EQ(minio_page->page.entries, expected);
    const auto versity_page = parse_list_page(kVersityPage, "", "", 0);
    ASSERT_TRUE(versity_page) << versity_page.error();
    EXPECT_FALSE(versity_page->page.truncated);
    ASSERT_EQ(versity_page->page.entries.size(), 1U);
    EXPECT_EQ(versity_page->page.entries[0].key.view(), "0");
}

std::string page_of(const std::string& contents) {
    return "<ListBucketResult><IsTruncated>false</IsTruncated>" + contents + "</ListBucketResult>";
}
std::string entry_of(const std::string& key) {
    return "<Contents><Key>" + key + "</Key><ETag>\"e\"</ETag><Size>1</Size></Contents>";
}

TEST(AgentBucketXml, KeysOfFoldersAndOddPathsAreLeftOut) {
    const auto page = parse_list_page(
        page_of(entry_of("a/") + entry_of("a/ d ") + entry_of("a/../c") + entry_of("a//b")), "", "",
        0);
    ASSERT_TRUE(page) << page.error();
    ASSERT_EQ(page->page.entries.size(), 1U);
    EXPECT_EQ(page->page.entries[0].key.view(), "a/ d ");
}

TEST(AgentBucketXml, WhatAPageEndedWithIsKnownWhateverItsKeysAre) {
    const auto page = parse_list_page(
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</"
        "NextContinuationToken>" +
            entry_of("p/a/") + entry_of("p/b//c") + "</ListBucketResult>",
        "p/", "p/A", 2);
    ASSERT_TRUE(page) << page.error();
    EXPECT_TRUE(page->page.entries.empty());
    EXPECT_EQ(page->last, "p/b//c");
    EXPECT_EQ(page->token, "t");
    EXPECT_EQ(parse_list_page(page_of(""), "p/", "p/A", 2)->last, "p/A");
}

/// Amazon and MinIO write a blank as "+", rclone and moto as "%20"; Versity encodes nothing, and
/// says so with an empty element.
TEST(AgentBucketXml, KeysAreDecodedWhereTheAnswerSaysThatTheyAreEncoded) {
    const auto keys = [](const std::string& encoding, const std::string& contents) {
        const auto page = parse_list_page(
            page_of(contents + "<EncodingType>" + encoding + "</EncodingType>"), "", "", 0);
        if (!page) return page.error();
        std::string all;
        for (const ListEntry& entry : page->page.entries)
            all += "[" + entry.key.str() + "]";
        return all;
    };
    EXPECT_EQ(keys("url", entry_of("%01") + entry_of("a+b") + entry_of("a%20c") +
                              entry_of("a%2Bb/c") + entry_of("a%EF%BF%BE")),
              "[a b][a c][a+b/c][a\xef\xbf\xbe]");
    EXPECT_EQ(keys("", entry_of("a%20c") + entry_of("a+b")), "[a%20c][a+b]");
    EXPECT_EQ(keys("url", entry_of("a%2")),
              "a LIST's answer has a key with a broken percent escape");
}

TEST(AgentBucketXml, UnbelievablePagesAreRefused) {
    const auto error = [](const std::string& body, std::string_view prefix = "",
                          std::string_view after = "") {
        const auto page = parse_list_page(body, prefix, after, 0);
        return page ? "accepted" : page.error();
    };
    EXPECT_EQ(error(""), "a LIST's answer is not XML");
    EXPECT_EQ(error(kMinioPage.substr(0, kMinioPage.size() - 4)), "a LIST's answer is not XML");
    EXPECT_EQ(error("<html><body>login</body></html>"),
              "a LIST's answer is not a ListBucketResult");
    EXPECT_EQ(error("<ListBucketResult/>"), "a LIST's answer does not say whether it IsTruncated");
    EXPECT_EQ(error(page_of("<Contents><Key>a</Key></Contents>")),
              "a LIST's answer has an entry without Key, ETag or Size");
    EXPECT_EQ(error(page_of("<Contents><Key>a</Key><ETag>e</ETag><Size>-1</Size></Contents>")),
              "a LIST's answer has an entry without Key, ETag or Size");
    EXPECT_EQ(error(page_of(entry_of("x")), "p/"), "a LIST's answer has keys not asked for");
    const std::string order = "a LIST's answer is not in order, or begins before where it should";
    EXPECT_EQ(error(page_of(entry_of("b") + entry_of("a"))), order);
    EXPECT_EQ(error(page_of(entry_of("a") + entry_of("a"))), order);
    EXPECT_EQ(error(page_of(entry_of("a")), "", "a"), order);
    EXPECT_EQ(
        error(page_of(entry_of("a") + entry_of("\xf0\x9f\x98\x80") + entry_of("\xee\x80\x80"))),
        order)
        << "UTF-16 order is not byte order";
    std::string deep;
    for (int i = 0; i < 200000; ++i)
        deep += "<a>";
    EXPECT_EQ(error(deep), "a LIST's answer is not XML");
}

TEST(AgentBucketXml, LargePagesAndDoctypes) {
    std::string contents;
    for (int i = 10000; i < 11000; ++i)
        contents += entry_of(std::string(700, 'k') + std::to_string(i));
    const auto page = parse_list_page(page_of(contents), "", "", 0);
    ASSERT_TRUE(page) << page.error();
    EXPECT_TRUE(page->page.entries.empty()) << "components of 705 bytes are no files";
    const auto bomb = parse_list_page(
        "<!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" + page_of(entry_of("&b;")), "",
        "", 0);
    ASSERT_TRUE(bomb) << bomb.error();
    ASSERT_EQ(bomb->page.entries.size(), 1U);
    EXPECT_EQ(bomb->page.entries[0].key.view(), "&b;") << "entities of a DOCTYPE are not expanded";
}

TEST(AgentBucketXml, ErrorsThatNameAHeader) {
    const auto error = [](const std::string& inner) {
        return parse_error("<Error><Code>InvalidArgument</Code>" + inner + "</Error>");
    };
    EXPECT_TRUE(error("<Header>If-None-Match</Header>").names_condition);
    EXPECT_TRUE(error("<Message>Unsupported header 'if-match' received</Message>").names_condition);
    EXPECT_FALSE(error("<Message>no</Message><Key>etl/if-match</Key>").names_condition);
    EXPECT_FALSE(error("<Resource>/b/if-none-match</Resource>").names_condition);
    EXPECT_FALSE(error("<Message>x-amz-date is missing</Message>").names_condition);
    // Backblaze B2's words.
    const S3Error checksum = error(
        "<Message>Unsupported header 'x-amz-checksum-sha256' received for this API "
        "call.</Message>");
    EXPECT_TRUE(checksum.names_checksum);
    EXPECT_FALSE(checksum.names_body_hash);
    EXPECT_TRUE(error("<Message>UNSIGNED-PAYLOAD</Message>").names_body_hash);
    EXPECT_FALSE(error("<Key>UNSIGNED-PAYLOAD</Key>").names_body_hash);
    // Amazon's SignatureDoesNotMatch repeats the request.
    const S3Error repeated = error(
        "<Message>It does not match.</Message><StringToSign>if-match</StringToSign>"
        "<CanonicalRequest>PUT\n/b/k\n\nif-none-match:*\nx-amz-checksum-crc32:AAAAAA==\n"
        "x-amz-content-sha256:UNSIGNED-PAYLOAD</CanonicalRequest><CanonicalRequestBytes>"
        "x-amz-checksum-crc32</CanonicalRequestBytes>");
    EXPECT_FALSE(repeated.names_condition || repeated.names_checksum || repeated.names_body_hash);
    // Of a bucket with Object Lock.
    const S3Error missing = error(
        "<Message>Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests "
        "with Object Lock parameters</Message>");
    EXPECT_TRUE(missing.wants_checksum);
    EXPECT_FALSE(missing.names_checksum);
    EXPECT_FALSE(checksum.names_condition);
    EXPECT_EQ(error("<Region>eu-central-1</Region>").region, "eu-central-1");
    EXPECT_EQ(error("<Region>eu central\n1</Region>").region, "");
    const auto malformed = [](const std::string& message) {
        return parse_error("<Error><Code>AuthorizationHeaderMalformed</Code><Message>" + message +
                           "</Message></Error>")
            .region;
    };
    EXPECT_EQ(malformed("The authorization header is malformed; the region 'us-east-1' is wrong; "
                        "expecting 'nl-ams'"),
              "nl-ams");
    EXPECT_EQ(malformed("the region \"a\" is wrong; expecting \"eu-west-2\"."), "eu-west-2");
    for (const char* none : {"expecting", "expecting ", "expecting 'a", "expecting 'a b'", "no"})
        EXPECT_EQ(malformed(none), "") << none;
    EXPECT_EQ(error("<Message>expecting 'eu'</Message>").region, "") << "of another refusal";
    EXPECT_EQ(error("<Message>two\nlines</Message>").message, "two lines");
    EXPECT_EQ(error("<Message>" + std::string(199, 'x') + "\u00e9</Message>").message,
              std::string(199, 'x'));
}

TEST(AgentBucketXml, ErrorCodes) {
    const std::string body =
        R"(<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Message>The )"
        R"(specified key does not exist.</Message><RequestId>A7</RequestId></Error>)";
    EXPECT_EQ(parse_error(body).code, "NoSuchKey");
    EXPECT_EQ(parse_error(body).message, "The specified key does not exist.");
    for (const std::string& nothing :
         {std::string("<html><head><title>502 Bad Gateway</title></head></html>"), std::string(),
          body.substr(0, 80)}) {
        EXPECT_EQ(parse_error(nothing).code, "") << nothing;
        EXPECT_EQ(parse_error(nothing).message, "") << nothing;
    }
    EXPECT_EQ(bucket_code("NotImplemented"), BucketCode::not_implemented);
    EXPECT_EQ(bucket_code(""), BucketCode::none);
    EXPECT_EQ(bucket_code("NoSuchKey"), BucketCode::no_such_key);
    EXPECT_EQ(bucket_code("NoSuchBucket"), BucketCode::no_such_bucket);
    EXPECT_EQ(bucket_code("SlowDownRead"), BucketCode::slow_down);
    EXPECT_EQ(bucket_code("ExpiredToken"), BucketCode::access_denied);
    EXPECT_EQ(bucket_code("KeyTooLongError"), BucketCode::other);
    EXPECT_EQ(unquoted("\"abc\""), "abc");
    EXPECT_EQ(unquoted("W/\"abc\""), "abc");
    EXPECT_EQ(unquoted("abc-2"), "abc-2");
    EXPECT_EQ(unquoted("\""), "\"");
}

}  // namespace
}  // namespace leasehold::agent
