// The bucket's scripted cases. Each says what the server of a profile answers; the simulated one
// must say the same, and both the status that stands here.
#include <algorithm>
#include <initializer_list>
#include <utility>

#include "sim/world/bucket.hpp"
#include "tests/conformance/cases.hpp"

namespace leasehold::conformance {
namespace {

using Verb = BucketVerb;
using Profile = sim::BucketProfile;

BucketOp simple(Verb verb, const std::string& key, std::int32_t expect) {
    BucketOp op;
    op.verb = verb;
    op.key = key;
    op.expect = expect;
    return op;
}
BucketOp get(const std::string& key, std::int32_t expect = 200, TagFrom tag = TagFrom::none) {
    BucketOp op = simple(Verb::get, key, expect);
    op.tag = tag;
    return op;
}
BucketOp put(const std::string& key, std::int32_t expect = 200, std::uint32_t content = 1,
             BodyForm form = BodyForm::fenced) {
    BucketOp op = simple(Verb::put, key, expect);
    op.form = form;
    op.content = content;
    return op;
}
BucketOp put_new(const std::string& key, std::int32_t expect, std::uint32_t content = 1) {
    BucketOp op = put(key, expect, content);
    op.condition = PutCondition::if_none_match;
    return op;
}
BucketOp put_over(const std::string& key, std::int32_t expect, TagFrom tag = TagFrom::seen,
                  std::uint32_t content = 2) {
    BucketOp op = put(key, expect, content);
    op.condition = PutCondition::if_match;
    op.tag = tag;
    return op;
}
BucketOp remove(const std::string& key, std::int32_t expect = 204, TagFrom tag = TagFrom::none) {
    BucketOp op = simple(Verb::remove, key, expect);
    op.tag = tag;
    return op;
}
BucketOp list(const std::string& prefix = "", const std::string& after = "") {
    BucketOp op = simple(Verb::list, after, 200);
    op.prefix = prefix;
    return op;
}
BucketOp by(std::uint32_t client, BucketOp op) {
    op.client = client;
    return op;
}
BucketOp at_some_time(BucketOp op) {
    op.expect = 0;
    return op;
}

/// One operation after another.
Case<BucketOp> steps(const std::string& name, const std::vector<BucketOp>& ops) {
    Case<BucketOp> made{"bucket." + name, {}};
    for (const BucketOp& op : ops)
        made.sequence.push_back({op});
    return made;
}
void add(Case<BucketOp>& made, const std::vector<BucketOp>& at_once) {
    made.sequence.push_back(at_once);
}

void reading(std::vector<Case<BucketOp>>& all) {
    all.push_back(steps("get-of-a-missing-key", {get("k", 404), get("k", 404, TagFrom::wrong)}));
    all.push_back(steps("put-then-get", {put("k"), get("k"), by(1, get("k"))}));
    all.push_back(
        steps("get-of-the-known-version",
              {put("k"), get("k", 304, TagFrom::seen), get("k", 200, TagFrom::wrong),
               put("k", 200, 2), get("k", 200, TagFrom::older), get("k", 304, TagFrom::seen)}));
    for (const auto form : {BodyForm::fenced, BodyForm::tagged, BodyForm::plain, BodyForm::empty})
        all.push_back(steps("what-is-put-is-got-form-" + std::to_string(static_cast<int>(form)),
                            {put("k", 200, 1, form), get("k"), list()}));
    BucketOp large = put("k");
    large.size = 300'000;
    all.push_back(steps("a-larger-object", {large, get("k"), list()}));
    all.push_back(steps("the-tag-is-of-the-content-alone",
                        {put("k"), put("k"), put("other"), put("k", 200, 2), put("k"),
                         put("p", 200, 1, BodyForm::plain), put("p", 200, 1, BodyForm::tagged),
                         get("p"), put("p", 200, 1, BodyForm::plain), get("p")}));
    all.push_back(steps("an-overwrite-is-seen-at-once",
                        {put("k"), put("k", 200, 2), by(1, get("k")), by(1, list()), remove("k"),
                         by(1, get("k", 404)), by(1, list())}));
}

void conditions(std::vector<Case<BucketOp>>& all, Profile profile) {
    const std::int32_t missing = sim::rules_of(profile).missing_is_412 ? 412 : 404;
    all.push_back(steps("if-none-match-on-a-new-and-an-existing-key",
                        {put_new("k", 200), put_new("k", 412, 2), put_new("k", 412), get("k")}));
    all.push_back(steps("if-none-match-after-a-deletion",
                        {put_new("k", 200), remove("k"), put_new("k", 200, 2), get("k")}));
    all.push_back(steps("if-match-right-and-stale",
                        {put("k"), put_over("k", 200), put_over("k", 412, TagFrom::older, 3),
                         put_over("k", 412, TagFrom::wrong, 3), get("k")}));
    all.push_back(
        steps("if-match-on-a-missing-key", {put_over("k", missing, TagFrom::wrong), get("k", 404),
                                            put("k"), remove("k"), put_over("k", missing)}));
    all.push_back(steps("the-repeat-of-an-own-write",
                        {put("k"), by(1, get("k")), put_over("k", 200),
                         put_over("k", 412, TagFrom::older), by(1, put_over("k", 412)), get("k")}));
    all.push_back(
        steps("if-match-knows-content-and-no-history",
              {put("k"), put("k", 200, 2), put("k"), put_over("k", 412, TagFrom::older, 3),
               by(1, put("x")), put_over("k", 200, TagFrom::seen, 3)}));
}

/// The status of a DELETE of a key that is not there, and of one with If-Match.
std::int32_t missing_removal(const sim::StoreRules& rules) {
    return rules.tells_of_missing ? 404 : 204;
}
std::int32_t unmatched_removal(const sim::StoreRules& rules) {
    return rules.unmatched_missing != 0 ? rules.unmatched_missing : missing_removal(rules);
}

void deleting(std::vector<Case<BucketOp>>& all, const sim::BucketSpec& spec) {
    const bool ignores = spec.preconditions.if_match_on_delete == sim::PreconditionRule::ignored;
    const sim::StoreRules rules = sim::rules_of(spec.profile);
    const std::int32_t missing = missing_removal(rules);
    const std::int32_t unmatched = unmatched_removal(rules);
    all.push_back(steps("delete-of-an-existing-and-a-missing-key",
                        {put("k"), remove("k"), get("k", 404), remove("k", missing), list()}));
    all.push_back(steps("delete-with-a-wrong-tag",
                        {put("k"), remove("k", ignores ? 204 : 412, TagFrom::wrong),
                         get("k", ignores ? 404 : 200), list()}));
    all.push_back(steps("delete-with-the-right-tag",
                        {put("k"), remove("k", 204, TagFrom::seen), get("k", 404)}));
    all.push_back(steps("delete-of-a-missing-key-with-a-tag",
                        {remove("k", unmatched, TagFrom::wrong), put("k"), remove("k"),
                         remove("k", unmatched, TagFrom::seen)}));
}

void listing(std::vector<Case<BucketOp>>& all, Profile profile) {
    std::vector<BucketOp> ops;
    // Azurite orders by UTF-16, where this one lies before U+FF21 (findings/azurite-list-order.sh).
    if (!sim::rules_of(profile).utf16_order) ops.push_back(put("\xf0\x9f\x98\x80"));
    for (const char* key :
         {"b", "a-", "a.txt", "0", "A", "~", "_x", "z", "\xc3\xa9", "a b", "a+b", "a%20b", "a&b<c>",
          "\xe6\x97\xa5\xe6\x9c\xac", "\xef\xbc\xa1", "d/1", "d/10", "d/2", "d-"})
        ops.push_back(put(key, 200, static_cast<std::uint32_t>(ops.size())));
    for (const auto& [prefix, after] :
         std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                    {"a", ""},
                                                                    {"d/", ""},
                                                                    {"d", ""},
                                                                    {"d/1", ""},
                                                                    {"none", ""},
                                                                    {"", "a b"},
                                                                    {"", "zzz"},
                                                                    {"d/", "d/1"},
                                                                    {"d/", "d/15"},
                                                                    {"d/", "a"},
                                                                    {"d/", "z"},
                                                                    {"a", "a%"},
                                                                    {"\xc3\xa9", ""},
                                                                    {"", "\xc3\xa9"}})
        ops.push_back(list(prefix, after));
    all.push_back(steps("the-order-of-a-list-is-that-of-bytes", ops));
    all.push_back(steps("a-list-of-nothing", {list(), list("p"), list("", "k")}));
    all.push_back(steps("keys-like-our-own",
                        {put(".ha/epoch"), put("etl/bingen/assets/1h/1"), put(".ha/probe/x"),
                         list(), list(".ha/"), list("etl/"), get(".ha/epoch")}));
}

/// Pages of 1000: a longer list is truncated, one that ends with its page is not.
Case<BucketOp> pages() {
    BucketOp fill = put("k/", 200, 1, BodyForm::plain);
    fill.fill = 1003;
    std::vector<BucketOp> ops{fill, put("l")};
    for (const char* after : {"", "k/10001", "k/10002", "k/10003", "k/10999", "k/11002", "k/2"})
        ops.push_back(list("k/", after));
    ops.push_back(list());
    ops.push_back(list("", "k/10003"));
    return steps("pages-hold-a-thousand-keys", ops);
}

void paths(std::vector<Case<BucketOp>>& all, Profile profile) {
    const sim::StoreRules rules = sim::rules_of(profile);
    const bool files = rules.keys_are_paths;
    const std::int32_t below = files ? rules.path_refusal : 200;
    const std::int32_t there = files ? 404 : 200;
    const std::int32_t folder = rules.keeps_folders ? 500 : 204;
    const std::int32_t unmatched = rules.missing_is_412 ? 412 : 404;
    const std::int32_t gone = unmatched_removal(rules);
    all.push_back(steps("a-key-below-an-object",
                        {put("f"), put("f/g", below), get("f/g", there), list(), list("f/"),
                         list("f"), put("f/g/h", below), put("f0"), list("", "f"), list("", "f/g"),
                         remove("f"), list(), remove("f/g"), list(), remove("f/g/h"), list()}));
    all.push_back(steps("a-key-above-objects",
                        {put("d/e"), put("d/f/g"), get("d", 404), put("d", below), list(),
                         remove("d", folder), get("d", 404), get("d/e"), list(), remove("d/e"),
                         remove("d/f/g"), list(), put("d"), list()}));
    Case<BucketOp> conditional =
        steps("conditions-on-keys-above-and-below", {put("f"), put("d/e")});
    for (const BucketOp& op :
         {put_new("f/g", below),
          put_over("f/h", files && !rules.conditions_first ? below : unmatched, TagFrom::wrong),
          put_over("d", unmatched, TagFrom::wrong), put_new("d", rules.folders_exist ? 412 : below),
          get("f/g", there), remove("f/h", gone, TagFrom::wrong),
          remove("d/x", gone, TagFrom::wrong), list()})
        add(conditional, {op});
    all.push_back(conditional);
}

/// Stores differ about such keys, so the agent's client sends none of them.
void unusable(std::vector<Case<BucketOp>>& all) {
    const std::string part(255, 'k');
    const std::string long_key = part + "/" + part + "/" + part + "/" + part + "/";  // 1024 bytes
    std::vector<BucketOp> ops;
    for (const std::string& key :
         {long_key + "k", part + "k", "a/" + part + "k/b", std::string("/a"), std::string("a/"),
          std::string("a//b"), std::string("../a"), std::string("a/./b"), std::string("a\tb")})
        for (const BucketOp& op : {put(key, 400), get(key, 400), remove(key, 400)})
            ops.push_back(op);
    ops.push_back(list());
    all.push_back(steps("keys-that-name-no-file", ops));
    all.push_back(steps("a-part-of-255-bytes", {put(part), get(part), list()}));
}

/// A removal that empties a folder beside a put into it.
void in_one_folder(std::vector<Case<BucketOp>>& all) {
    Case<BucketOp> folder = steps("a-put-beside-a-removal-in-its-folder", {});
    for (std::uint32_t round = 0; round < 8; ++round) {
        add(folder, {put("n/1", 200, 60 + round)});
        add(folder,
            {at_some_time(by(0, remove("n/1"))), at_some_time(by(1, put("n/m/2", 0, 70 + round)))});
        add(folder, {at_some_time(get("n/m/2"))});
        add(folder, {list()});
        add(folder, {remove("n/m/2", 0)});
    }
    all.push_back(std::move(folder));
}

void at_once(std::vector<Case<BucketOp>>& all) {
    std::vector<BucketOp> gets;
    std::vector<BucketOp> over;
    std::vector<BucketOp> fresh;
    for (std::uint32_t client = 0; client < 8; ++client) {
        gets.push_back(at_some_time(by(client, get("k"))));
        over.push_back(by(client, put_over("k", 0, TagFrom::seen, 10 + client)));
        fresh.push_back(by(client, put_new("k", 0, 20 + client)));
    }
    Case<BucketOp> swap = steps("of-conditional-puts-one-is-written", {put("k")});
    add(swap, gets);
    add(swap, over);
    add(swap, {get("k")});
    all.push_back(swap);
    Case<BucketOp> make = steps("of-puts-for-a-new-key-one-is-written", {});
    add(make, fresh);
    add(make, {get("k")});
    all.push_back(make);
    Case<BucketOp> race = steps("a-conditional-put-and-a-conditional-delete", {});
    for (std::uint32_t round = 0; round < 20; ++round) {
        add(race, {put("k", 200, 40 + 2 * round)});
        add(race, {by(1, get("k"))});
        add(race, {by(0, remove("k", 0, TagFrom::seen)),
                   by(1, put_over("k", 0, TagFrom::seen, 41 + 2 * round))});
        add(race, {at_some_time(get("k"))});
    }
    all.push_back(race);
    Case<BucketOp> mixed = steps("a-put-a-delete-and-readers", {put("k")});
    for (std::uint32_t round = 0; round < 10; ++round) {
        add(mixed, {at_some_time(by(0, put("k", 0, 30 + round))), at_some_time(by(1, remove("k"))),
                    at_some_time(by(2, get("k"))), at_some_time(by(3, list()))});
        add(mixed, {at_some_time(get("k"))});
    }
    all.push_back(mixed);
}

}  // namespace

std::vector<Case<BucketOp>> bucket_cases(const sim::BucketSpec& spec) {
    std::vector<Case<BucketOp>> all;
    reading(all);
    conditions(all, spec.profile);
    deleting(all, spec);
    listing(all, spec.profile);
    paths(all, spec.profile);
    unusable(all);
    all.push_back(pages());
    if (sim::rules_of(spec.profile).forgets) return all;
    at_once(all);
    in_one_folder(all);
    return all;
}

}  // namespace leasehold::conformance
