// The bucket's server side: conditions, listing, tags; what MinIO and Versity answered.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/base/check.hpp"
#include "sim/world/bucket.hpp"

namespace leasehold::sim {
namespace {

ObjectBodyPtr body_of(std::uint64_t digest, std::uint64_t size = 10, std::string head = "") {
    auto body = std::make_shared<ObjectBody>();
    body->head = std::move(head);
    body->payload.size = size;
    body->payload.digest = ContentDigest{digest, digest + 1};
    return body;
}

class BucketRules : public ::testing::Test {
  protected:
    BucketReply send(const SendBucket& request) {
        change.reset();
        return bucket.handle(request, change);
    }
    BucketReply put(const std::string& key, ObjectBodyPtr body,
                    PutCondition condition = PutCondition::none, const ETag& etag = ETag{}) {
        SendBucket request;
        request.verb = BucketVerb::put;
        request.key = ObjectKey(key);
        request.body = std::move(body);
        request.condition = condition;
        request.etag = etag;
        return send(request);
    }
    BucketReply get(const std::string& key, const ETag& known = ETag{}) {
        SendBucket request;
        request.verb = BucketVerb::get;
        request.key = ObjectKey(key);
        request.etag = known;
        return send(request);
    }
    BucketReply remove(const std::string& key, const ETag& etag = ETag{}) {
        SendBucket request;
        request.verb = BucketVerb::remove;
        request.key = ObjectKey(key);
        request.etag = etag;
        return send(request);
    }
    ListPage list(const std::string& prefix = "", const std::string& after = "") {
        SendBucket request;
        request.verb = BucketVerb::list;
        request.prefix = ObjectKey(prefix);
        request.key = ObjectKey(after);
        const BucketReply reply = send(request);
        EXPECT_EQ(reply.status, 200);
        EXPECT_FALSE(change);
        return *std::get<ListPagePtr>(reply.content);
    }
    static std::vector<std::string> keys(const ListPage& page) {
        std::vector<std::string> found;
        for (const ListEntry& entry : page.entries)
            found.push_back(entry.key.str());
        return found;
    }
    void use(BucketProfile profile) {
        BucketSpec spec;
        spec.profile = profile;
        bucket = Bucket(spec);
    }
    void use(bool honours, std::uint32_t page_size = 1000) {
        BucketSpec spec;
        const auto rule = honours ? PreconditionRule::honoured : PreconditionRule::ignored;
        spec.preconditions = {rule, rule, rule};
        spec.page_size = page_size;
        bucket = Bucket(spec);
    }
    void expect_refused(const BucketReply& reply, std::int32_t status, BucketCode code) {
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.code, code);
        EXPECT_FALSE(change) << "nothing was written";
    }

    Bucket bucket{BucketSpec{}};
    std::optional<BucketChange> change;
};

using Keys = std::vector<std::string>;

TEST_F(BucketRules, AGetOfAMissingKeyIsNoSuchKey) {
    expect_refused(get("k"), 404, BucketCode::no_such_key);
}

TEST_F(BucketRules, APutIsReadBackWithItsTagAtOnce) {
    const ObjectBodyPtr body = body_of(1);
    const BucketReply written = put("k", body);
    EXPECT_EQ(written.status, 200);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->etag, written.etag);
    EXPECT_EQ(change->body, body);
    const BucketReply read = get("k");
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(read.etag, written.etag);
    EXPECT_EQ(*std::get<ObjectBodyPtr>(read.content), *body);
}

TEST_F(BucketRules, AGetWithTheKnownTagIsNotModifiedAndCarriesNoContent) {
    const ETag etag = put("k", body_of(1)).etag;
    const BucketReply same = get("k", etag);
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.etag, etag);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(same.content));
    EXPECT_EQ(get("k", ETag("other")).status, 200);
}

TEST_F(BucketRules, TheTagIsThatOfTheContentAlone) {
    const ETag first = put("k", body_of(1)).etag;
    EXPECT_EQ(first.view().size(), 32U) << "as long as an MD5";
    EXPECT_EQ(put("other", body_of(1)).etag, first) << "equal bytes, equal tags";
    EXPECT_EQ(put("k", body_of(1)).etag, first);
    EXPECT_NE(put("k", body_of(2)).etag, first);
    EXPECT_NE(put("k", body_of(1, 11)).etag, first);
    EXPECT_NE(put("k", body_of(1, 10, "head")).etag, first) << "the header is content";
    auto tagged = std::make_shared<ObjectBody>(*body_of(1));
    tagged->metadata = "epoch=3";
    EXPECT_EQ(put("k", tagged).etag, first) << "metadata is not";
}

TEST_F(BucketRules, IfNoneMatchWritesOnlyWhatIsNotThere) {
    EXPECT_EQ(put("k", body_of(1), PutCondition::if_none_match).status, 200);
    expect_refused(put("k", body_of(2), PutCondition::if_none_match), 412,
                   BucketCode::precondition_failed);
    expect_refused(put("k", body_of(1), PutCondition::if_none_match), 412,
                   BucketCode::precondition_failed);
    EXPECT_EQ(get("k").etag, etag_of(*body_of(1)));
    remove("k");
    EXPECT_EQ(put("k", body_of(2), PutCondition::if_none_match).status, 200);
}

TEST_F(BucketRules, IfMatchWritesOnlyOverThatTag) {
    const ETag first = put("k", body_of(1)).etag;
    expect_refused(put("k", body_of(2), PutCondition::if_match, ETag("stale")), 412,
                   BucketCode::precondition_failed);
    const ETag second = put("k", body_of(2), PutCondition::if_match, first).etag;
    EXPECT_EQ(get("k").etag, second);
    expect_refused(put("k", body_of(3), PutCondition::if_match, first), 412,
                   BucketCode::precondition_failed);
    // The repeat of an own conditional PUT that had succeeded.
    expect_refused(put("k", body_of(2), PutCondition::if_match, first), 412,
                   BucketCode::precondition_failed);
}

TEST_F(BucketRules, IfMatchOnAMissingKeyIsNoSuchKey) {
    const BucketReply reply = put("k", body_of(1), PutCondition::if_match, ETag("any"));
    expect_refused(reply, 404, BucketCode::no_such_key);
    EXPECT_EQ(classify(BucketVerb::put, reply), BucketOutcome::precondition_failed);
}

TEST_F(BucketRules, OfSimultaneousConditionalPutsExactlyOneWins) {
    const ETag base = put("k", body_of(1)).etag;
    int won = 0;
    for (std::uint64_t n = 0; n < 16; ++n)
        won += put("k", body_of(100 + n), PutCondition::if_match, base).status == 200 ? 1 : 0;
    EXPECT_EQ(won, 1);
    EXPECT_EQ(get("k").etag, etag_of(*body_of(100)));
}

TEST_F(BucketRules, AStoreThatIgnoresPreconditionsWritesWhateverTheyAre) {
    use(false);
    EXPECT_EQ(put("k", body_of(1), PutCondition::if_match, ETag("any")).status, 200);
    EXPECT_EQ(put("k", body_of(2), PutCondition::if_none_match).status, 200);
    EXPECT_EQ(put("k", body_of(3), PutCondition::if_match, ETag("stale")).status, 200);
    EXPECT_EQ(get("k").etag, etag_of(*body_of(3)));
    EXPECT_EQ(remove("k", ETag("stale")).status, 204) << "as MinIO: deleted all the same";
    expect_refused(get("k"), 404, BucketCode::no_such_key);
}

TEST_F(BucketRules, EachConditionHasARuleOfItsOwn) {
    using enum PreconditionRule;
    BucketSpec spec;
    spec.preconditions = {ignored, refused, checked_then_stored, std::chrono::milliseconds(5)};
    bucket = Bucket(spec);
    const auto body = std::make_shared<const ObjectBody>();
    ASSERT_EQ(put("k", body).status, 200);
    EXPECT_EQ(put("k", body, PutCondition::if_none_match).status, 200) << "ignored";
    expect_refused(put("k", body, PutCondition::if_match, etag_of(*body)), 501,
                   BucketCode::not_implemented);
    SendBucket late;
    late.verb = BucketVerb::remove;
    late.key = ObjectKey("k");
    late.etag = etag_of(*body);
    EXPECT_TRUE(bucket.checks_apart(late));
    EXPECT_FALSE(bucket.refusal(late));
    ObjectBody other;
    other.payload.size = 7;
    ASSERT_EQ(put("k", std::make_shared<const ObjectBody>(other)).status, 200);
    EXPECT_TRUE(bucket.refusal(late)) << "it would not be met any more";
    EXPECT_EQ(bucket.handle(late, change, true).status, 204) << "and is not looked at again";
    EXPECT_EQ(get("k").status, 404);
}

TEST_F(BucketRules, ObjectsAreDamagedRemovedAndArchivedWhereTheyLie) {
    ObjectBody body;
    body.payload.size = 100;
    put(".ha/epoch", std::make_shared<const ObjectBody>());
    put("a", std::make_shared<const ObjectBody>(body));
    put("b", std::make_shared<const ObjectBody>(body));
    put(".ha/probe/x", std::make_shared<const ObjectBody>());
    EXPECT_EQ(bucket.chosen(ObjectChoice::newest), std::vector{ObjectKey("b")});
    EXPECT_EQ(bucket.chosen(ObjectChoice::epoch), std::vector{ObjectKey(".ha/epoch")});
    EXPECT_EQ(bucket.chosen(ObjectChoice::all).size(), 4U);
    bucket.damage(ObjectKey("b"), ObjectDamage::truncated);
    EXPECT_EQ(std::get<ObjectBodyPtr>(get("b").content)->payload.size, 50U);
    bucket.damage(ObjectKey("a"), ObjectDamage::corrupt);
    const ObjectBody found = *std::get<ObjectBodyPtr>(get("a").content);
    EXPECT_EQ(found.payload.size, 100U);
    EXPECT_NE(found.payload.digest, body.payload.digest);
    const Bucket::Laid archived = bucket.archive(ObjectKey("a"));
    EXPECT_EQ(get("a").status, 403);
    EXPECT_EQ(list().entries.size(), 4U) << "it is still listed";
    bucket.thaw(archived);
    EXPECT_EQ(get("a").status, 200);
    bucket.archive(ObjectKey("a"));
    put("a", std::make_shared<const ObjectBody>(body));
    EXPECT_EQ(get("a").status, 200) << "written anew";
    bucket.damage(ObjectKey("a"), ObjectDamage::removed);
    EXPECT_EQ(get("a").status, 404);
}

TEST_F(BucketRules, ADeleteRemovesAndOfAMissingKeyIsNoError) {
    put("k", body_of(1));
    EXPECT_EQ(remove("k").status, 204);
    ASSERT_TRUE(change);
    EXPECT_TRUE(change->etag.empty());
    EXPECT_EQ(change->body, nullptr);
    EXPECT_EQ(get("k").status, 404);
    EXPECT_EQ(remove("k").status, 204);
    EXPECT_FALSE(change) << "nothing was there to change";
    EXPECT_EQ(bucket.size(), 0U);
}

TEST_F(BucketRules, ADeleteWithAStaleTagIsRefusedWhereTheStoreHonoursIt) {
    const ETag etag = put("k", body_of(1)).etag;
    expect_refused(remove("k", ETag("stale")), 412, BucketCode::precondition_failed);
    EXPECT_EQ(get("k").status, 200);
    EXPECT_EQ(remove("k", etag).status, 204);
    EXPECT_EQ(get("k").status, 404);
}

TEST_F(BucketRules, EachChangeHasAGreaterVersion) {
    std::uint64_t last = 0;
    for (std::uint64_t n = 0; n < 6; ++n) {
        if (n % 3 == 2)
            remove("k");
        else
            put("k", body_of(n));
        ASSERT_TRUE(change);
        EXPECT_GT(change->version, last);
        last = change->version;
    }
}

TEST_F(BucketRules, AListIsInTheOrderOfBytesWithTagsAndSizes) {
    for (const char* key : {"b", "a/2", "a/10", "\xc3\xa9", "Z", "a"})
        put(key, body_of(1, 10, "12"));
    const ListPage page = list();
    EXPECT_EQ(keys(page), (Keys{"Z", "a", "a/10", "a/2", "b", "\xc3\xa9"}));
    EXPECT_FALSE(page.truncated);
    for (const ListEntry& entry : page.entries) {
        EXPECT_EQ(entry.etag, get(entry.key.str()).etag);
        EXPECT_EQ(entry.size, 12U) << "header and payload";
    }
}

TEST_F(BucketRules, AListHoldsThePrefixAndStartsAfterItsKeyExclusively) {
    for (const char* key : {"a", "etl", "etl/1", "etl/2", "etl/3", "etm"})
        put(key, body_of(1));
    EXPECT_EQ(keys(list("etl/")), (Keys{"etl/1", "etl/2", "etl/3"}));
    EXPECT_EQ(keys(list("etl/", "etl/1")), (Keys{"etl/2", "etl/3"}));
    EXPECT_EQ(keys(list("etl/", "etl/15")), (Keys{"etl/2", "etl/3"})) << "a key that is not there";
    EXPECT_EQ(keys(list("etl/", "a")), (Keys{"etl/1", "etl/2", "etl/3"}));
    EXPECT_EQ(keys(list("etl/", "etl/3")), Keys{});
    EXPECT_EQ(keys(list("etl/", "zzz")), Keys{});
    EXPECT_EQ(keys(list("", "etl/2")), (Keys{"etl/3", "etm"}));
    EXPECT_EQ(keys(list("none")), Keys{});
}

TEST_F(BucketRules, PagesHoldEachKeyOnceAndOnlyTheLastIsNotTruncated) {
    use(true, 3);
    Keys all;
    for (int n = 100; n < 118; ++n)
        all.push_back("k/" + std::to_string(n));
    for (const std::string& key : all)
        put(key, body_of(1));
    put("z", body_of(1));
    Keys found;
    int pages = 0;
    std::string after;
    for (;;) {
        const ListPage page = list("k/", after);
        ++pages;
        EXPECT_LE(page.entries.size(), 3U);
        for (const std::string& key : keys(page))
            found.push_back(key);
        if (!page.truncated) break;
        ASSERT_EQ(page.entries.size(), 3U);
        after = page.entries.back().key.str();
        ASSERT_LE(pages, 10);
    }
    EXPECT_EQ(found, all);
    EXPECT_EQ(pages, 6) << "18 keys by 3; the key beside the prefix makes no further page";
}

TEST_F(BucketRules, AListSeesEveryChangeAtOnce) {
    put("a", body_of(1));
    EXPECT_EQ(keys(list()), Keys{"a"});
    EXPECT_EQ(keys(list()), Keys{"a"}) << "from the page that is kept";
    put("b", body_of(1));
    EXPECT_EQ(keys(list()), (Keys{"a", "b"}));
    const ETag before = list().entries[0].etag;
    put("a", body_of(2));
    EXPECT_NE(list().entries[0].etag, before);
    remove("a");
    EXPECT_EQ(keys(list()), Keys{"b"});
    EXPECT_EQ(keys(list("x")), Keys{});
    EXPECT_EQ(keys(list()), Keys{"b"}) << "another prefix's page is not taken for this one";
}

TEST_F(BucketRules, AwsStoresAKeyBesideThoseBelowItAndListsThemAll) {
    for (const char* key : {"a", "a/b", "a/b/c"})
        EXPECT_EQ(put(key, body_of(1)).status, 200);
    EXPECT_EQ(keys(list()), (Keys{"a", "a/b", "a/b/c"}));
}

TEST_F(BucketRules, MinioLeavesOutOfAListWhatLiesBelowAnObject) {
    use(BucketProfile::minio);
    for (const char* key : {"a-", "a/b", "a/b/c", "a", "ab", "d/e"})
        EXPECT_EQ(put(key, body_of(1)).status, 200);
    EXPECT_EQ(keys(list()), (Keys{"a", "a-", "ab", "d/e"}));
    EXPECT_EQ(keys(list("a/")), Keys{}) << "whatever the prefix";
    EXPECT_EQ(get("a/b/c").status, 200) << "it is there all the same";
    remove("a");
    EXPECT_EQ(keys(list("a/")), Keys{"a/b"}) << "and in its turn hides what lies below";
}

TEST_F(BucketRules, VersityRefusesAnObjectBelowOneAndAboveOthers) {
    use(BucketProfile::versity);
    put("f", body_of(1));
    expect_refused(put("f/g", body_of(1)), 400, BucketCode::other);
    expect_refused(put("f/g/h", body_of(1), PutCondition::if_none_match), 400, BucketCode::other);
    expect_refused(put("f/g", body_of(1), PutCondition::if_match, ETag("any")), 400,
                   BucketCode::other);
    expect_refused(get("f/g"), 404, BucketCode::no_such_key);
    EXPECT_EQ(remove("f/g").status, 204);
    put("d/e", body_of(1));
    expect_refused(put("d", body_of(1)), 400, BucketCode::other);
    expect_refused(put("d", body_of(1), PutCondition::if_none_match), 400, BucketCode::other);
    expect_refused(put("d", body_of(1), PutCondition::if_match, ETag("any")), 404,
                   BucketCode::no_such_key);
    EXPECT_EQ(remove("d").status, 204);
    EXPECT_EQ(keys(list()), (Keys{"d/e", "f"}));
    remove("d/e");
    EXPECT_EQ(put("d", body_of(1)).status, 200) << "a folder without files is none";
}

TEST_F(BucketRules, GoogleGivesEachWriteAVersionAndTellsOfWhatIsMissing) {
    use(BucketProfile::gcs);
    const ETag first = put("k", body_of(1)).etag;
    EXPECT_NE(put("other", body_of(1)).etag, first) << "equal bytes, other versions";
    const ETag second = put("k", body_of(1)).etag;
    EXPECT_NE(second, first);
    expect_refused(put("k", body_of(2), PutCondition::if_match, first), 412,
                   BucketCode::precondition_failed);
    EXPECT_EQ(remove("k", second).status, 204);
    expect_refused(remove("k"), 404, BucketCode::no_such_key);
    expect_refused(put("k", body_of(1), PutCondition::if_match, second), 412,
                   BucketCode::precondition_failed);
    const ETag third = put("k", body_of(1), PutCondition::if_none_match).etag;
    EXPECT_NE(third, first) << "a version never comes back";
    EXPECT_NE(third, second);
}

TEST_F(BucketRules, AzureGivesEachWriteATagAndComparesItWithWhatIsMissingToo) {
    use(BucketProfile::azure);
    const ETag first = put("k", body_of(1)).etag;
    const ETag second = put("k", body_of(1)).etag;
    EXPECT_NE(second, first);
    EXPECT_EQ(remove("k", second).status, 204);
    expect_refused(remove("k"), 404, BucketCode::no_such_key);
    expect_refused(remove("k", second), 412, BucketCode::precondition_failed);
    expect_refused(put("k", body_of(1), PutCondition::if_match, second), 412,
                   BucketCode::precondition_failed);
}

TEST_F(BucketRules, FurtherServersThatKeepFilesAnswerInTheirOwnWays) {
    use(BucketProfile::rclone);
    put("d/e", body_of(1));
    expect_refused(put("d/e/f", body_of(1)), 400, BucketCode::other);
    expect_refused(put("d/e/f", body_of(1), PutCondition::if_match, ETag("any")), 404,
                   BucketCode::no_such_key);
    expect_refused(remove("d"), 500, BucketCode::internal_error);
    use(BucketProfile::s3proxy);
    put("d/e", body_of(1));
    expect_refused(put("d", body_of(1), PutCondition::if_none_match), 412,
                   BucketCode::precondition_failed);
    expect_refused(put("d", body_of(1)), 500, BucketCode::internal_error);
    EXPECT_EQ(remove("d").status, 204);
}

TEST_F(BucketRules, MotoAndS3MockTellOfAConditionOnAMissingKeyAlone) {
    for (const auto profile : {BucketProfile::moto, BucketProfile::s3mock}) {
        use(profile);
        EXPECT_EQ(remove("k").status, 204);
        expect_refused(remove("k", ETag("any")), 404, BucketCode::no_such_key);
    }
}

TEST_F(BucketRules, AKeyMustBeAbleToNameAFile) {
    const std::string part(255, 'k');
    const std::string longest = part + "/" + part + "/" + part + "/" + part + "/";  // 1024
    for (const std::string& key : {part, longest.substr(0, 1023), std::string("a/.b"),
                                   std::string("..a"), std::string("\xc3\xa9 +")})
        EXPECT_EQ(put(key, body_of(1)).status, 200) << key;
    for (const std::string& key :
         {longest + "k", part + "k", "a/" + part + "k/b", std::string("/a"), std::string("a/"),
          std::string("a//b"), std::string("../a"), std::string("a/."), std::string("a\tb"),
          std::string("a\x7f"), std::string()}) {
        expect_refused(put(key, body_of(1)), 400, BucketCode::other);
        expect_refused(get(key), 400, BucketCode::other);
        expect_refused(remove(key), 400, BucketCode::other);
        EXPECT_EQ(classify(BucketVerb::put, put(key, body_of(1))), BucketOutcome::denied);
    }
}

TEST_F(BucketRules, AForeignObjectIsPlantedWithoutConditions) {
    const BucketChange first = bucket.plant(ObjectKey("k"), body_of(1));
    EXPECT_EQ(first.etag, etag_of(*body_of(1)));
    bucket.plant(ObjectKey("k"), body_of(2));
    EXPECT_EQ(get("k").etag, etag_of(*body_of(2)));
}

TEST_F(BucketRules, APutWithoutABodyIsABrokenBelief) {
    EXPECT_THROW(put("k", nullptr), CheckFailure);
}

}  // namespace
}  // namespace leasehold::sim
