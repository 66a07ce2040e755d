// Azure's wire: what is signed, URLs, pages, errors, and every key of its secret.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "agent/bucket/azure_place.hpp"
#include "agent/bucket/azure_plan.hpp"
#include "agent/bucket/azure_reply.hpp"
#include "agent/bucket/azure_request.hpp"
#include "agent/bucket/azure_section.hpp"
#include "agent/bucket/azure_shared_key.hpp"
#include "agent/bucket/azure_xml.hpp"
#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_section.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent {
namespace {

using namespace testing;

const AzurePlace kPlace{"https://acme.blob.core.windows.net", "acme", "backups", "pre/fix"};

TEST(AgentAzureSharedKey, SignsWhatAzureDocuments) {
    // The example of the service's own documentation (Get Container Metadata, 2015-02-21).
    const AzureUrl url{"https://myaccount.blob.core.windows.net",
                       "/mycontainer",
                       {{"comp", "metadata"}, {"restype", "container"}, {"timeout", "20"}}};
    const AzureHeaders headers{{"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"},
                               {"x-ms-version", "2015-02-21"}};
    EXPECT_EQ(string_to_sign("GET", url, headers, "myaccount", 0),
              "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n"
              "x-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\n"
              "restype:container\ntimeout:20");
    const AzureHeaders put{{"content-md5", "bQ=="},
                           {"content-type", "text/plain"},
                           {"if-none-match", "*"},
                           {"if-match", "\"e\""},
                           {"x-ms-version", "v"}};
    EXPECT_EQ(string_to_sign("PUT", {"", "/a%20b", {}}, put, "acc", 11),
              "PUT\n\n\n11\nbQ==\ntext/plain\n\n\n\"e\"\n*\n\n\nx-ms-version:v\n/acc/a%20b");
}

TEST(AgentAzureSharedKey, HeaderIsAnHmacOfTheKeysBytes) {
    // RFC 4231, test case 2: key "Jefe".
    EXPECT_EQ(shared_key("what do ya want for nothing?", "acc", "SmVmZQ=="),
              "SharedKey acc:W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    EXPECT_EQ(account_key("SmVmZQ==").value(), "Jefe");
    for (const char* bad : {"", "a", "####", "SmVmZQ"})
        EXPECT_FALSE(account_key(bad)) << bad;
    EXPECT_EQ(http_date(WallTime(std::chrono::seconds(1435361952))),
              "Fri, 26 Jun 2015 23:39:12 GMT");
}

TEST(AgentAzureRequest, EachVerb) {
    const std::string base = kPlace.url + "/backups";
    const AzureRequest got = azure_request(kPlace, get_request("a b/ü", "0x8D"), "", "");
    EXPECT_EQ(got.method + " " + got.url.text(""), "GET " + base + "/pre/fix/a%20b/%C3%BC");
    EXPECT_EQ(got.headers.at("if-none-match"), "\"0x8D\"");
    const AzureRequest put =
        azure_request(kPlace, put_request("a", "x", PutCondition::if_match, "0x8D"), "", "m");
    EXPECT_EQ(put.headers.at("if-match"), "\"0x8D\"");
    EXPECT_EQ(put.headers.at("content-md5"), "bQ==");
    EXPECT_EQ(put.headers.at("x-ms-blob-type"), "BlockBlob");
    EXPECT_FALSE(put.headers.contains("x-ms-meta-leasehold"));
    EXPECT_EQ(azure_request(kPlace, put_request("a", "x", PutCondition::if_none_match), "", "m")
                  .headers.at("if-none-match"),
              "*");
    SendBucket plain = put_request("a", "x");
    auto body = std::make_shared<ObjectBody>(*plain.body);
    body->metadata = "stamp";
    plain.body = std::move(body);
    EXPECT_EQ(azure_request(kPlace, plain, "", "m").headers.at("x-ms-meta-leasehold"), "stamp");
    const AzureRequest gone = azure_request(kPlace, remove_request("a", "0x8D"), "", "");
    EXPECT_EQ(gone.method, "DELETE");
    EXPECT_EQ(gone.headers.at("if-match"), "\"0x8D\"");
    EXPECT_EQ(azure_request(kPlace, list_request("etl/"), "2!m=", "").url.text("sv=1&sig=a%2B"),
              base +
                  "?comp=list&marker=2%21m%3D&maxresults=1000&prefix=pre%2Ffix%2Fetl%2F&"
                  "restype=container&sv=1&sig=a%2B");
}

std::string page(const std::string& blobs, const std::string& marker = "") {
    return "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>" +
           blobs + "</Blobs><NextMarker>" + marker + "</NextMarker></EnumerationResults>";
}

std::string blob(const std::string& name, const std::string& size = "7") {
    return "<Blob><Name>" + name + "</Name><Properties><Etag>0x8D</Etag><Content-Length>" + size +
           "</Content-Length></Properties></Blob>";
}

TEST(AgentAzureXml, Pages) {
    const auto read =
        parse_azure_page(page(blob("p/a") + blob("p/b&amp;") + blob("p/c"), "m"), "p/", "p/a", 2);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->marker, "m");
    EXPECT_TRUE(read->page.truncated);
    ASSERT_EQ(read->page.entries.size(), 2U) << "what was listed before is left out";
    EXPECT_EQ(read->page.entries[0].key.str(), "b&");
    EXPECT_EQ(read->page.entries[0].etag.str(), "0x8D");
    EXPECT_EQ(read->page.entries[0].size, 7U);
    EXPECT_TRUE(parse_azure_page(page(""), "", "", 0)->page.entries.empty());
    for (const std::string& bad :
         {std::string("no"), std::string("<Error/>"), page(blob("b") + blob("a")),
          page(blob("a", "x")), page(blob("")), std::string("<EnumerationResults/>")})
        EXPECT_FALSE(parse_azure_page(bad, "", "", 0)) << bad;
    EXPECT_FALSE(parse_azure_page(page(blob("q/a")), "p/", "", 0));
}

/// U+FFFF is a character like others in a key, and none in XML.
TEST(AgentAzureXml, AnEncodedNameIsAKeyToo) {
    const std::string name = "<Name Encoded=\"true\">p%2Fb+%EF%BF%BF</Name>";
    std::string second = blob("x");
    second.replace(second.find("<Name>"), 14, name);
    const auto read = parse_azure_page(page(blob("p/a") + second + blob("p/c%2F")), "p/", "", 2);
    ASSERT_TRUE(read) << read.error();
    ASSERT_EQ(read->page.entries.size(), 3U) << "what a LIST leaves out counts as gone";
    EXPECT_EQ(read->page.entries[1].key.str(), "b+\xEF\xBF\xBF");
    EXPECT_EQ(read->page.entries[2].key.str(), "c%2F") << "encoded only where it says so";
    second.replace(second.find("%2F"), 3, "%zz");
    EXPECT_FALSE(parse_azure_page(page(second), "p", "", 0));
}

TEST(AgentAzureXml, AnothersKeyNeedsNoEtag) {
    const auto read = parse_azure_page(
        page(blob("a") + "<Blob><Name>b/</Name><Properties/></Blob>" + blob("c")), "", "", 0);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->page.entries.size(), 2U);
}

/// Azure stores a\b as a/b and "a." as "a": a key that it changes is nobody's.
TEST(AgentAzureKeys, WhatAzureChangesIsNoKey) {
    for (const char* good : {"a", "a/b", ".a/b.c", "a/..b", "a b/\xEF\xBF\xBF"})
        EXPECT_TRUE(usable_azure_key(good)) << good;
    for (const char* bad : {"a\\b", "\\a", "a.", "a./b", "a/b.", "a/...", "..", "a//b", "a\nb"})
        EXPECT_FALSE(usable_azure_key(bad)) << bad;
    const auto read =
        parse_azure_page(page(blob("p/a.") + blob("p/a\\b") + blob("p/c")), "p/", "", 2);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->page.entries.size(), 1U);
    for (const char* prefix : {"team.", "a./b", "'a\\b'"}) {
        const auto secret = [&](const std::string& type, const std::string& inner) {
            return parse_bucket_config(
                "type: " + type + "\nprefix: " + prefix + "\nconfig: {" + inner + "}\n", "s");
        };
        const auto azure = secret("AZURE", "container: c, storage_account: acc");
        ASSERT_FALSE(azure) << prefix;
        EXPECT_NE(azure.error().find("not a folder's name in Azure"), std::string::npos);
        EXPECT_TRUE(secret("FILESYSTEM", "directory: /d")) << prefix << ": elsewhere it is one";
    }
}

AzureReply reply_to(const SendBucket& request, int status, const std::string& code = "",
                    const Headers& headers = {}, const std::string& body = "") {
    Response response;
    response.end = TransferEnd::answered;
    response.status = status;
    response.headers = headers;
    const std::string text = code.empty() ? body
                                          : "<Error><Code>" + code +
                                                "</Code><Message>Words.\nRequestId:1\nTime:2"
                                                "</Message></Error>";
    return azure_reply(kPlace, request, response, text, std::make_shared<const ObjectBody>(),
                       false);
}

TEST(AgentAzureReply, WhatAnswersMean) {
    const Headers tag{{"etag", "\"0x8D\""}};
    const auto outcome = [](const SendBucket& request, const AzureReply& answer) {
        return classify(request.verb, answer.reply);
    };
    const SendBucket get = get_request("a");
    const SendBucket put = put_request("a", "x", PutCondition::if_match, "e");
    const SendBucket create = put_request("a", "x", PutCondition::if_none_match);
    const SendBucket gone = remove_request("a", "e");
    EXPECT_EQ(outcome(get, reply_to(get, 200, "", tag)), BucketOutcome::object);
    EXPECT_EQ(outcome(get, reply_to(get, 304)), BucketOutcome::unchanged);
    EXPECT_EQ(reply_to(get, 304, "ConditionNotMet").reply.code, BucketCode::none) << "as S3";
    EXPECT_EQ(outcome(get, reply_to(get, 404, "BlobNotFound")), BucketOutcome::missing);
    EXPECT_EQ(outcome(get, reply_to(get, 404, "ContainerNotFound")), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, reply_to(put, 201, "", tag)), BucketOutcome::written);
    EXPECT_EQ(reply_to(put, 201, "", tag).reply.etag.str(), "0x8D");
    EXPECT_EQ(outcome(put, reply_to(put, 201)), BucketOutcome::unknown);
    EXPECT_EQ(outcome(put, reply_to(put, 412, "ConditionNotMet")),
              BucketOutcome::precondition_failed);
    EXPECT_EQ(outcome(create, reply_to(create, 409, "BlobAlreadyExists")),
              BucketOutcome::precondition_failed);
    EXPECT_EQ(reply_to(create, 409, "BlobAlreadyExists").problem, "");
    EXPECT_EQ(outcome(put, reply_to(put, 409, "BlobAlreadyExists")), BucketOutcome::unknown)
        << "it was not asked for";
    EXPECT_EQ(outcome(put, reply_to(put, 412, "LeaseIdMissing")), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, reply_to(put, 409, "BlobImmutableDueToPolicy")), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, reply_to(put, 409, "ContainerBeingDeleted")), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, reply_to(put, 403, "AuthenticationFailed")), BucketOutcome::denied);
    EXPECT_EQ(reply_to(put, 403, "AuthenticationFailed").problem,
              "answered 403 AuthenticationFailed: Words.");
    EXPECT_EQ(outcome(put, reply_to(put, 503, "ServerBusy")), BucketOutcome::throttled);
    EXPECT_EQ(outcome(put, reply_to(put, 500, "OperationTimedOut")), BucketOutcome::unknown);
    for (const char* cold : {"BlobArchived", "BlobBeingRehydrated"})
        EXPECT_EQ(outcome(get, reply_to(get, 409, cold)), BucketOutcome::denied)
            << cold << ": of this key, and no outage";
    EXPECT_EQ(outcome(gone, reply_to(gone, 202)), BucketOutcome::removed);
    EXPECT_EQ(outcome(gone, reply_to(gone, 200)), BucketOutcome::removed);
    EXPECT_EQ(outcome(gone, reply_to(gone, 200, "", {}, "<html/>")), BucketOutcome::unknown);
    EXPECT_NE(reply_to(gone, 200, "", {}, "<html/>").problem, "");
    EXPECT_EQ(outcome(gone, reply_to(gone, 404, "BlobNotFound")), BucketOutcome::removed);
    EXPECT_EQ(outcome(gone, reply_to(gone, 412, "ConditionNotMet")),
              BucketOutcome::precondition_failed);
    const SendBucket list = list_request("etl/");
    const AzureReply empty = reply_to(list, 200, "", {}, page("", "m"));
    EXPECT_TRUE(empty.unfinished) << "a page may be empty and not the last";
    EXPECT_EQ(outcome(list, reply_to(list, 200, "", {}, page(blob("pre/fix/etl/a")))),
              BucketOutcome::page);
}

Result<BucketConfig, std::string> secret(const std::string& lines) {
    return parse_bucket_config("type: AZURE\nconfig: {container: backups" + lines + "}\n", "s");
}

TEST(AgentAzureSecret, ConnectionStrings) {
    const auto all = parse_azure_connection(
        "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=SmVmZQ==;"
        "BlobEndpoint=http://127.0.0.1:10000/acc/;QueueEndpoint=http://q");
    ASSERT_TRUE(all) << all.error();
    EXPECT_EQ(all->endpoint, "http://127.0.0.1:10000/acc");
    EXPECT_EQ(all->key, "SmVmZQ==");
    EXPECT_EQ(
        parse_azure_connection("AccountName=a;AccountKey=k;EndpointSuffix=core.chinacloudapi.cn")
            ->endpoint,
        "https://a.blob.core.chinacloudapi.cn");
    const auto sas = parse_azure_connection(
        "BlobEndpoint=https://a.blob.core.windows.net;SharedAccessSignature=?sv=1&sig=x%3D");
    ASSERT_TRUE(sas) << sas.error();
    EXPECT_EQ(sas->sas, "sv=1&sig=x%3D");
    for (const char* bad : {"", "AccountName=a", "UseDevelopmentStorage=true", "hidden",
                            "AccountName=a;AccountKey=hidden;BlobEndpoint=nowhere",
                            "AccountName=a;AccountKey=hidden;DefaultEndpointsProtocol=ftp"}) {
        const auto read = parse_azure_connection(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().find("hidden"), std::string::npos);
    }
}

/// Every key that is accepted changes something, be it the list of what has no effect.
TEST(AgentAzureSecret, NoAcceptedKeyDoesNothing) {
    const std::map<std::string_view, std::string> values{
        {"storage_account", "other"},
        {"storage_account_key", "SmVmZQ=="},
        {"storage_connection_string", "AccountName=a;AccountKey=SmVmZQ=="},
        {"storage_create_container", "true"},
        {"container", "another"},
        {"endpoint", "blob.core.usgovcloudapi.net"},
        {"user_assigned_id", "id"},
        {"max_retries", "3"},
        {"msi_resource", "https://acc"},
        {"az_tenant_id", "t, client_id: c, client_secret: s"},
        {"client_id", "c, az_tenant_id: t, client_secret: s"},
        {"client_secret", "s, az_tenant_id: t, client_id: c"},
        {"azure_storage_account_type", "blob"},
        {"pipeline_config", "{max_tries: 1}"},
        {"reader_config", "{max_retry_requests: 1}"},
        {"http_config", "{insecure_skip_verify: true}"}};
    const auto with = [](const std::string& key, const std::string& value) {
        std::string text = "type: AZURE\nconfig: {" + key + ": " + value;
        if (key != "container") text += ", container: backups";
        if (key != "storage_account") text += ", storage_account: acc";
        return parse_bucket_config(text + "}\n", "s");
    };
    const auto base = secret(", storage_account: acc");
    ASSERT_TRUE(base) << base.error();
    EXPECT_EQ(base->azure.url, "https://acc.blob.core.windows.net");
    for (const auto key : kAzureKeys) {
        const auto read = with(std::string(key), values.at(key));
        ASSERT_TRUE(read) << key << ": " << read.error();
        EXPECT_NE(*read, *base) << key << " is accepted and does nothing";
    }
    for (const auto key : kPipelineKeys) {
        const std::string value = key == "max_tries" ? "1" : "1s";
        const auto read = with("pipeline_config", "{" + std::string(key) + ": " + value + "}");
        ASSERT_TRUE(read) << read.error();
        EXPECT_EQ(read->without_effect.at(0), "pipeline_config." + std::string(key));
    }
    for (const auto key : kReaderKeys) {
        const auto read = with("reader_config", "{" + std::string(key) + ": 1}");
        ASSERT_TRUE(read) << read.error();
        EXPECT_EQ(read->without_effect.at(0), "reader_config." + std::string(key));
    }
}

/// TLS is in force; what tunes another library's connections is named by --check-config.
TEST(AgentAzureSecret, EachKeyOfHttpConfigIsInForceOrNamed) {
    const std::string account = ", storage_account: acc, storage_account_key: SmVmZQ==";
    const auto base = secret(account);
    ASSERT_TRUE(base) << base.error();
    for (const auto key : kHttpKeys) {
        const bool tls = key == "tls_config" || key == "insecure_skip_verify";
        const std::string value = key == "tls_config"        ? "{ca_file: f}"
                                  : key.ends_with("timeout") ? "5s"
                                  : key.starts_with("max")   ? "7"
                                                             : "true";
        const auto read =
            secret(account + ", http_config: {" + std::string(key) + ": " + value + "}");
        ASSERT_TRUE(read) << read.error();
        EXPECT_EQ(read->tls != base->tls, tls) << key;
        EXPECT_EQ(read->without_effect, tls ? std::vector<std::string>{}
                                            : std::vector{"http_config." + std::string(key)});
    }
    for (const auto key : kTlsKeys) {
        const bool pair = key == "cert_file" || key == "key_file";
        const std::string other = key == "cert_file" ? ", key_file: k" : ", cert_file: c";
        const std::string value = key == "insecure_skip_verify" ? "true" : "f";
        const auto read = secret(account + ", http_config: {tls_config: {" + std::string(key) +
                                 ": " + value + (pair ? other : "") + "}}");
        ASSERT_TRUE(read) << read.error();
        EXPECT_NE(read->tls, base->tls) << key << " is accepted and does nothing";
        EXPECT_TRUE(read->without_effect.empty()) << key;
    }
    for (const char* unknown : {"proxy_url: p", "insecure_skip_verfy: true", "tls_config: {ca: f}"})
        EXPECT_FALSE(secret(account + ", http_config: {" + unknown + "}")) << unknown;
}

TEST(AgentAzureSecret, Refusals) {
    for (const auto& [lines, words] : std::map<std::string, std::string>{
             {"", "storage_account: missing"},
             {", storage_account: Acc", "lower-case letters"},
             {", storage_account: a, storage_account_key: '###'", "not base64"},
             {", storage_account: a, client_id: c", "given together"},
             {", storage_account: a, storage_account_key: SmVmZQ==, user_assigned_id: u",
              "excludes storage_account_key"},
             {", storage_account: a, max_tries: 1", "it belongs in config.pipeline_config"},
             {", storage_account: a, access_key: k", "it belongs in config of type S3"},
             {", storage_acount: a", "did you mean \"storage_account\""},
             {", storage_account_name: a", "\"storage_account_name\": here it is storage_account"},
             {", storage_account: a, bucket: b", "unknown key \"bucket\": here it is container"},
             {", storage_account: a, storage_account_key: SmVmZQ==, "
              "storage_connection_string: 'AccountName=a;AccountKey=SmVmZQ=='",
              "exclude each other"}}) {
        const auto read = secret(lines);
        ASSERT_FALSE(read) << lines;
        EXPECT_NE(read.error().find(words), std::string::npos) << read.error();
    }
}

TEST(AgentAzurePlan, OrderAndMistakes) {
    const auto plan = [](const std::string& lines, std::map<std::string, std::string> variables) {
        return plan_azure(*secret(", storage_account: acc" + lines), [variables](const char* name) {
            const auto found = variables.find(name);
            return found == variables.end() ? std::string() : found->second;
        });
    };
    const std::map<std::string, std::string> workload{
        {"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_FEDERATED_TOKEN_FILE", "/f"}};
    EXPECT_EQ(name_of(*plan(", storage_account_key: SmVmZQ==", workload)), "the bucket's secret");
    EXPECT_EQ(name_of(*plan("", workload)),
              "workload identity of c (token /f, https://login.microsoftonline.com)");
    auto secreted = workload;
    secreted["AZURE_CLIENT_SECRET"] = "s";
    EXPECT_EQ(name_of(*plan("", secreted)),
              "client secret of c (https://login.microsoftonline.com)");
    EXPECT_EQ(name_of(*plan(", user_assigned_id: u", workload)),
              "managed identity u at http://169.254.169.254");
    EXPECT_EQ(name_of(*plan("", {})), "managed identity at http://169.254.169.254");
    EXPECT_EQ(plan("", {{"AZURE_FEDERATED_TOKEN_FILE", "/f"}}).error(),
              "AZURE_TENANT_ID is missing: AZURE_FEDERATED_TOKEN_FILE needs it");
    EXPECT_FALSE(plan("", {{"AZURE_AUTHORITY_HOST", "http://elsewhere"}}));
    EXPECT_TRUE(plan("", {{"AZURE_AUTHORITY_HOST", "http://127.0.0.1:1"}}));
}

}  // namespace
}  // namespace leasehold::agent
