#include <gtest/gtest.h>

#include <memory>

#include "model/protocol/object.hpp"

namespace leasehold {
namespace {

BucketReply with(std::int32_t status, BucketCode code = BucketCode::none) {
    BucketReply reply;
    reply.status = status;
    reply.code = code;
    return reply;
}

TEST(StorageObject, SuccessesAreWhatTheirVerbAskedFor) {
    BucketReply got = with(200);
    got.etag = ETag{"e"};
    got.content = std::make_shared<const ObjectBody>();
    EXPECT_EQ(classify(BucketVerb::get, got), BucketOutcome::object);
    BucketReply put = with(200);
    put.etag = ETag{"e"};
    EXPECT_EQ(classify(BucketVerb::put, put), BucketOutcome::written);
    EXPECT_EQ(classify(BucketVerb::remove, with(204)), BucketOutcome::removed);
    for (const int status : {200, 202})
        EXPECT_EQ(classify(BucketVerb::remove, with(status)), BucketOutcome::unknown) << status;
    BucketReply page = with(200);
    page.content = std::make_shared<const ListPage>();
    EXPECT_EQ(classify(BucketVerb::list, page), BucketOutcome::page);
    EXPECT_EQ(classify(BucketVerb::get, with(304)), BucketOutcome::unchanged);
}

TEST(StorageObject, ASuccessWithoutItsContentTaughtNothing) {
    EXPECT_EQ(classify(BucketVerb::get, with(200)), BucketOutcome::unknown);
    EXPECT_EQ(classify(BucketVerb::put, with(200)), BucketOutcome::unknown);
    EXPECT_EQ(classify(BucketVerb::list, with(200)), BucketOutcome::unknown);
}

TEST(StorageObject, WhatIsNeitherASuccessNorARefusalTaughtNothing) {
    for (const std::int32_t status : {199, 300, 307}) {
        BucketReply reply = with(status);
        reply.etag = ETag{"e"};
        EXPECT_EQ(classify(BucketVerb::put, reply), BucketOutcome::unknown) << status;
        EXPECT_EQ(classify(BucketVerb::remove, with(status)), BucketOutcome::unknown) << status;
    }
}

TEST(StorageObject, OnlyNoSuchKeyIsAbsence) {
    EXPECT_EQ(classify(BucketVerb::get, with(404, BucketCode::no_such_key)),
              BucketOutcome::missing);
    EXPECT_EQ(classify(BucketVerb::get, with(404)), BucketOutcome::denied) << "a proxy's page";
    EXPECT_EQ(classify(BucketVerb::get, with(404, BucketCode::no_such_bucket)),
              BucketOutcome::denied);
    EXPECT_EQ(classify(BucketVerb::put, with(404, BucketCode::no_such_key)),
              BucketOutcome::precondition_failed)
        << "If-Match on a key that is gone";
    EXPECT_EQ(classify(BucketVerb::put, with(404, BucketCode::no_such_bucket)),
              BucketOutcome::denied);
    EXPECT_EQ(classify(BucketVerb::remove, with(404, BucketCode::no_such_key)),
              BucketOutcome::removed);
}

TEST(StorageObject, WhatMayHaveBeenAppliedIsUnknown) {
    for (const BucketVerb verb :
         {BucketVerb::get, BucketVerb::put, BucketVerb::remove, BucketVerb::list}) {
        EXPECT_EQ(classify(verb, with(0)), BucketOutcome::unknown);
        EXPECT_EQ(classify(verb, with(409, BucketCode::conditional_request_conflict)),
                  BucketOutcome::unknown);
        EXPECT_EQ(classify(verb, with(408)), BucketOutcome::unknown);
        EXPECT_EQ(classify(verb, with(500, BucketCode::internal_error)), BucketOutcome::unknown);
        EXPECT_EQ(classify(verb, with(503)), BucketOutcome::unknown);
    }
}

TEST(StorageObject, RefusalsAndThrottlingAreToldApart) {
    EXPECT_EQ(classify(BucketVerb::put, with(412, BucketCode::precondition_failed)),
              BucketOutcome::precondition_failed);
    EXPECT_EQ(classify(BucketVerb::put, with(503, BucketCode::slow_down)),
              BucketOutcome::throttled);
    EXPECT_EQ(classify(BucketVerb::get, with(429)), BucketOutcome::throttled);
    EXPECT_EQ(classify(BucketVerb::put, with(403, BucketCode::access_denied)),
              BucketOutcome::denied);
    EXPECT_EQ(classify(BucketVerb::put, with(401)), BucketOutcome::denied);
    EXPECT_EQ(classify(BucketVerb::put, with(400)), BucketOutcome::denied);
}

TEST(StorageObject, AStoreThatDoesNoConditionsSaysSo) {
    BucketReply named = with(400);
    named.names_condition = true;
    for (const BucketVerb verb : {BucketVerb::put, BucketVerb::remove}) {
        EXPECT_EQ(classify(verb, with(501)), BucketOutcome::refused);
        EXPECT_EQ(classify(verb, named), BucketOutcome::refused);
    }
    EXPECT_EQ(classify(BucketVerb::get, with(501)), BucketOutcome::unknown);
}

TEST(StorageObject, NotSentIsKnownWhateverElseTheReplySays) {
    BucketReply reply = with(200);
    reply.not_sent = true;
    EXPECT_EQ(classify(BucketVerb::put, reply), BucketOutcome::not_sent);
}

}  // namespace
}  // namespace leasehold
