// Google Cloud Storage: what goes on the wire, and what answers mean. No network.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/bucket/gcs_json.hpp"
#include "agent/bucket/gcs_reply.hpp"
#include "agent/bucket/gcs_request.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

const GcsPlace kPlace{"https://storage.googleapis.com", "b.ucket", "pre/fix"};
const std::string kBase = "https://storage.googleapis.com";

Request request_for(const SendBucket& request, const std::string& page = "") {
    return gcs_request(kPlace, request, step_of(request, false), page);
}

TEST(AgentGcsRequest, EachVerb) {
    const Request get = request_for(get_request("a/ü b+c%"));
    EXPECT_EQ(get.method, "GET");
    EXPECT_EQ(get.url, kBase + "/b.ucket/pre/fix/a/%C3%BC%20b%2Bc%25");
    const Request known = request_for(get_request("a/b", "17"));
    EXPECT_EQ(known.method, "GET");
    EXPECT_EQ(known.url, kBase +
                             "/storage/v1/b/b.ucket/o/pre%2Ffix%2Fa%2Fb"
                             "?fields=generation&ifGenerationNotMatch=17");
    EXPECT_EQ(gcs_request(kPlace, get_request("a/b", "17"), GcsStep::content, "").url,
              kBase + "/b.ucket/pre/fix/a/b");
    const Request remove = request_for(remove_request("a"));
    EXPECT_EQ(remove.method, "DELETE");
    EXPECT_EQ(remove.url, kBase + "/storage/v1/b/b.ucket/o/pre%2Ffix%2Fa");
    EXPECT_EQ(request_for(remove_request("a", "5")).url,
              kBase + "/storage/v1/b/b.ucket/o/pre%2Ffix%2Fa?ifGenerationMatch=5");
    EXPECT_EQ(request_for(remove_request("a", "00000000")).url,
              kBase + "/storage/v1/b/b.ucket/o/pre%2Ffix%2Fa?ifGenerationMatch=1")
        << "another store's version is nobody's, and never the 0 of a missing object";
    EXPECT_EQ(request_for(get_request("a", "d41d8cd9")).url, kBase + "/b.ucket/pre/fix/a");
    const std::string upload =
        kBase + "/upload/storage/v1/b/b.ucket/o?uploadType=multipart&fields=generation";
    EXPECT_EQ(request_for(put_request("a", "x")).method, "POST");
    EXPECT_EQ(request_for(put_request("a", "x")).url, upload);
    EXPECT_EQ(request_for(put_request("a", "x", PutCondition::if_none_match)).url,
              upload + "&ifGenerationMatch=0");
    EXPECT_EQ(request_for(put_request("a", "x", PutCondition::if_match, "12")).url,
              upload + "&ifGenerationMatch=12");
    const std::string pages =
        kBase +
        "/storage/v1/b/b.ucket/o?maxResults=1000&fields=items%28name%2Cgeneration%2Csize"
        "%29%2CnextPageToken&prefix=pre%2Ffix%2Fetl%2F";
    EXPECT_EQ(request_for(list_request("etl/")).url, pages);
    EXPECT_EQ(request_for(list_request("etl/", "etl/x")).url,
              pages + "&startOffset=pre%2Ffix%2Fetl%2Fx%20")
        << "a full page, and not the key itself again";
    EXPECT_EQ(request_for(list_request("etl/"), "t=/").url, pages + "&pageToken=t%3D%2F");
}

TEST(AgentGcsRequest, AnUploadIsItsResourceAndItsContent) {
    SendBucket put = put_request("a", "hello");
    auto body = std::make_shared<ObjectBody>(*put.body);
    body->metadata = "stamp";
    put.body = body;
    Request request = request_for(put);
    add_upload(request, kPlace, put, put_body(*body).parts, "0123456789abcdef");
    std::string sent;
    for (const BytesPtr& part : request.body)
        sent += text_of(*part);
    const std::string type = request.headers.back();
    const std::string begin = "Content-Type: multipart/related; boundary=";
    ASSERT_TRUE(type.starts_with(begin)) << type;
    const std::string boundary = type.substr(begin.size());
    const std::string head =
        "--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n";
    ASSERT_TRUE(sent.starts_with(head)) << sent;
    const std::size_t end = sent.find("\r\n--" + boundary, head.size());
    EXPECT_EQ(nlohmann::json::parse(sent.substr(head.size(), end - head.size())),
              nlohmann::json({{"name", "pre/fix/a"},
                              {"contentType", "application/octet-stream"},
                              {"md5Hash", "MDEyMzQ1Njc4OWFiY2RlZg=="},
                              {"metadata", {{"leasehold", "stamp"}}}}));
    EXPECT_EQ(sent.substr(end), "\r\n--" + boundary +
                                    "\r\nContent-Type: application/octet-stream\r\n\r\nhello\r\n"
                                    "--" +
                                    boundary + "--\r\n");
}

Response response_of(int status, Headers headers = {}) {
    Response response;
    response.end = TransferEnd::answered;
    response.status = status;
    response.headers = std::move(headers);
    return response;
}

std::string json_error(int status, const std::string& reason, const std::string& message) {
    return nlohmann::json({{"error",
                            {{"code", status},
                             {"message", message},
                             {"errors", {{{"domain", "global"}, {"reason", reason}}}}}}})
        .dump();
}

std::string xml_error(const std::string& code) {
    return "<?xml version='1.0' encoding='UTF-8'?><Error><Code>" + code +
           "</Code><Message>m</Message></Error>";
}

GcsReply reply_to(const SendBucket& request, int status, const std::string& body,
                  const Headers& headers = {}, bool emulator = false) {
    GcsPlace place = kPlace;
    place.emulator = emulator;
    return gcs_reply({place, step_of(request, false)}, request, response_of(status, headers), body,
                     std::make_shared<const ObjectBody>(), false);
}

BucketOutcome outcome(const SendBucket& request, int status, const std::string& body,
                      const Headers& headers = {}, bool emulator = false) {
    return classify(request.verb, reply_to(request, status, body, headers, emulator).reply);
}

TEST(AgentGcsReply, GenerationsAreVersions) {
    const auto got =
        reply_to(get_request("a"), 200, "", {{"x-goog-generation", "1795841747171730"}});
    EXPECT_EQ(got.reply.etag, ETag("1795841747171730"));
    EXPECT_EQ(classify(BucketVerb::get, got.reply), BucketOutcome::object);
    const auto put = reply_to(put_request("a", "x"), 200, R"({"generation":"12"})");
    EXPECT_EQ(put.reply.etag, ETag("12"));
    EXPECT_EQ(classify(BucketVerb::put, put.reply), BucketOutcome::written);
    for (const char* const odd : {"", "0", "-1", "1x", "12345678901234567890"}) {
        const auto reply = reply_to(get_request("a"), 200, "", {{"x-goog-generation", odd}});
        EXPECT_EQ(classify(BucketVerb::get, reply.reply), BucketOutcome::unknown) << odd;
        EXPECT_EQ(reply.problem, "a successful answer without a generation");
        const std::string json = R"({"generation":")" + std::string(odd) + "\"}";
        EXPECT_EQ(outcome(put_request("a", "x"), 200, json), BucketOutcome::unknown) << odd;
    }
    EXPECT_EQ(outcome(put_request("a", "x"), 200, "<html/>"), BucketOutcome::unknown);
    EXPECT_EQ(outcome(remove_request("a", "5"), 204, ""), BucketOutcome::removed);
    EXPECT_EQ(outcome(remove_request("a", "5"), 200, ""), BucketOutcome::removed);
    EXPECT_EQ(outcome(remove_request("a", "5"), 200, "<html/>"), BucketOutcome::unknown);
    EXPECT_EQ(outcome(remove_request("a", "5"), 200, "null\n"), BucketOutcome::unknown);
    EXPECT_EQ(outcome(remove_request("a", "5"), 200, "null\n", {}, true), BucketOutcome::removed);
}

TEST(AgentGcsReply, AConditionalReadGoesOnOnlyWithAnotherGeneration) {
    const SendBucket known = get_request("a", "17");
    for (const auto& [status, body] :
         {std::pair(304, ""), std::pair(200, R"({"generation":"17"})")}) {
        const auto reply = reply_to(known, status, body);
        EXPECT_FALSE(reply.unfinished);
        EXPECT_EQ(classify(BucketVerb::get, reply.reply), BucketOutcome::unchanged);
        EXPECT_EQ(reply.reply.etag, ETag("17"));
    }
    EXPECT_TRUE(reply_to(known, 200, R"({"generation":"18"})").unfinished);
    EXPECT_FALSE(reply_to(known, 200, "{}").unfinished);
    EXPECT_EQ(outcome(known, 200, "{}"), BucketOutcome::unknown);
    EXPECT_EQ(outcome(known, 404, json_error(404, "notFound", "No such object: b.ucket/a")),
              BucketOutcome::missing);
}

TEST(AgentGcsReply, WhatErrorsMean) {
    const auto get = get_request("a");
    const auto put = put_request("a", "x", PutCondition::if_none_match);
    const auto remove = remove_request("a", "5");
    const auto list = list_request("");
    const std::string gone = json_error(404, "notFound", "The specified bucket does not exist.");
    const std::string missing = json_error(404, "notFound", "No such object: b.ucket/a");
    EXPECT_EQ(outcome(get, 404, xml_error("NoSuchKey")), BucketOutcome::missing);
    EXPECT_EQ(outcome(get, 404, xml_error("NoSuchBucket")), BucketOutcome::denied);
    EXPECT_EQ(outcome(remove, 404, missing), BucketOutcome::removed);
    EXPECT_EQ(outcome(remove, 404, gone), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, 404, gone), BucketOutcome::denied);
    EXPECT_EQ(outcome(list, 404, gone), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, 412, json_error(412, "conditionNotMet", "Precondition Failed")),
              BucketOutcome::precondition_failed);
    EXPECT_EQ(outcome(remove, 412, json_error(412, "conditionNotMet", "Precondition Failed")),
              BucketOutcome::precondition_failed);
    for (const int status : {403, 429})
        EXPECT_EQ(outcome(put, status, json_error(status, "rateLimitExceeded", "slow")),
                  BucketOutcome::throttled);
    EXPECT_EQ(outcome(get, 429, xml_error("TooManyRequests")), BucketOutcome::throttled);
    EXPECT_EQ(outcome(get, 503, xml_error("SlowDown")), BucketOutcome::throttled);
    EXPECT_EQ(outcome(put, 403, json_error(403, "forbidden", "no")), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, 409, json_error(409, "conflict", "no")), BucketOutcome::unknown);
    EXPECT_EQ(reply_to(put, 409, json_error(409, "conflict", "no")).problem,
              "answered 409 conflict: no");
    EXPECT_EQ(outcome(put, 401, json_error(401, "authError", "no")), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, 400, json_error(400, "invalid", "MD5")), BucketOutcome::denied);
    EXPECT_EQ(outcome(put, 503, json_error(503, "backendError", "b")), BucketOutcome::unknown);
    EXPECT_EQ(outcome(put, 500, ""), BucketOutcome::unknown);
    EXPECT_EQ(outcome(put, 408, ""), BucketOutcome::unknown);
    EXPECT_EQ(reply_to(put, 403, json_error(403, "forbidden", "etl@p has no rights")).problem,
              "answered 403 forbidden: etl@p has no rights");
    EXPECT_EQ(reply_to(put, 412, json_error(412, "conditionNotMet", "x")).problem, "");
    EXPECT_EQ(reply_to(put, 429, "", {{"retry-after", "7"}}).reply.retry_after,
              Duration(std::chrono::seconds(7)));
}

/// A proxy's page is no word of the store's; an emulator has no better one.
TEST(AgentGcsReply, ABareNotFoundIsAMissingObjectOfAnEmulatorAlone) {
    const auto get = get_request("a");
    EXPECT_EQ(outcome(get, 404, "Not Found\n"), BucketOutcome::denied);
    EXPECT_EQ(outcome(get, 404, "Not Found\n", {}, true), BucketOutcome::missing);
    EXPECT_EQ(outcome(get, 404, "404 page not found\n", {}, true), BucketOutcome::denied);
    EXPECT_EQ(outcome(remove_request("a"), 404, "Not Found\n", {}, true), BucketOutcome::denied);
}

std::string page_of(const std::vector<std::string>& names, const std::string& token = "") {
    nlohmann::json json{{"kind", "storage#objects"}};
    for (const std::string& name : names)
        json["items"].push_back({{"name", name}, {"generation", "7"}, {"size", "3"}});
    if (!token.empty()) json["nextPageToken"] = token;
    return json.dump();
}

TEST(AgentGcsReply, Pages) {
    const auto first = reply_to(list_request("e/"), 200,
                                page_of({"pre/fix/e/a", "pre/fix/e//odd", "pre/fix/e/b"}, "T"));
    EXPECT_EQ(first.problem, "a LIST's answer is not in order, or begins before where it should");
    const auto page =
        reply_to(list_request("e/"), 200, page_of({"pre/fix/e/a", "pre/fix/e/b/"}, "T"));
    EXPECT_EQ(keys_of(page.reply), "e/a ...");
    EXPECT_FALSE(page.unfinished);
    const auto& entry = std::get<ListPagePtr>(page.reply.content)->entries.at(0);
    EXPECT_EQ(entry.etag, ETag("7"));
    EXPECT_EQ(entry.size, 3U);
    EXPECT_EQ(keys_of(reply_to(list_request("e/", "e/a"), 200, page_of({"pre/fix/e/b"})).reply),
              "e/b");
    EXPECT_EQ(keys_of(reply_to(list_request("e/"), 200, "{}").reply), "");
    const auto empty = reply_to(list_request("e/", "e/a"), 200, page_of({"pre/fix/e/b/"}, "T2"));
    EXPECT_TRUE(empty.unfinished) << "the model would not know how to go on";
    EXPECT_EQ(empty.page, "T2");
}

TEST(AgentGcsReply, PagesThatAreNotBelieved) {
    for (const std::string& body :
         {std::string("<html/>"), std::string("[]"), std::string(R"({"items":{}})"),
          std::string(R"({"items":[{"name":"pre/fix/e/a","size":"3"}]})"),
          std::string(R"({"items":[{"name":"pre/fix/e/a","generation":"7","size":"x"}]})"),
          std::string(R"({"items":["pre/fix/e/a"]})"), page_of({"pre/fix/f"}),
          page_of({"pre/fix/e/a", "pre/fix/e/a"})}) {
        const auto reply = reply_to(list_request("e/"), 200, body);
        EXPECT_NE(reply.problem, "") << body;
        EXPECT_EQ(classify(BucketVerb::list, reply.reply), BucketOutcome::unknown) << body;
    }
}

}  // namespace
}  // namespace leasehold::agent::testing
