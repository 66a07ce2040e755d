// The Lease API's scripted cases. Each line says what a real kube-apiserver answers (1.34
// and 1.37); the simulated one must say the same, and both the status that stands here.
#include <utility>

#include "tests/conformance/cases.hpp"

namespace leasehold::conformance {
namespace {

using Act = LeaseAct;
using Content = LeaseContent;
using V = VersionFrom;
using U = UidFrom;
using sim::LeaseEdit;

LeaseOp simple(std::uint32_t client, Act act, std::int32_t expect = 200) {
    LeaseOp op;
    op.client = client;
    op.act = act;
    op.expect = expect;
    return op;
}
LeaseOp get(std::uint32_t client, std::int32_t expect = 200) {
    return simple(client, Act::get, expect);
}
LeaseOp post(std::uint32_t client, std::int32_t expect, Content content = Content::take,
             V version = V::none, U uid = U::none) {
    return {client, Act::create, content, version, uid, 1, LeaseEdit::label, expect};
}
LeaseOp put(std::uint32_t client, std::int32_t expect, Content content = Content::renew,
            std::uint32_t step = 2, V version = V::seen, U uid = U::seen) {
    return {client, Act::update, content, version, uid, step, LeaseEdit::label, expect};
}
LeaseOp remove(std::int32_t expect = 200) {
    return simple(0, Act::remove, expect);
}
LeaseOp edit(LeaseEdit how, std::int32_t expect = 200) {
    LeaseOp op = simple(0, Act::edit, expect);
    op.edit = how;
    return op;
}
LeaseOp watch(std::uint32_t client, V from = V::seen) {
    LeaseOp op = simple(client, Act::watch);
    op.version = from;
    return op;
}
LeaseOp collect(std::uint32_t client) {
    return simple(client, Act::collect);
}

/// One operation after another.
Case<LeaseOp> steps(const std::string& name, const std::vector<LeaseOp>& ops) {
    Case<LeaseOp> made{"lease." + name, {}};
    for (const LeaseOp& op : ops)
        made.sequence.push_back({op});
    return made;
}
Case<LeaseOp> then(Case<LeaseOp> made, const std::vector<LeaseOp>& at_once) {
    made.sequence.push_back(at_once);
    return made;
}
Case<LeaseOp> then_one(Case<LeaseOp> made, const LeaseOp& op) {
    return then(std::move(made), std::vector<LeaseOp>{op});
}

void creating(std::vector<Case<LeaseOp>>& all) {
    all.push_back(steps("get-of-a-missing-lease", {get(0, 404)}));
    all.push_back(steps("post-makes-it", {post(0, 201), get(1)}));
    all.push_back(steps("post-of-an-existing-lease", {post(0, 201), post(1, 409), get(1)}));
    all.push_back(
        steps("post-with-a-version",
              {post(0, 201), remove(), post(0, 500, Content::take, V::seen), get(0, 404)}));
    all.push_back(steps("post-with-a-version-of-an-existing-lease",
                        {post(0, 201), post(0, 500, Content::take, V::seen)}));
    all.push_back(steps("post-with-a-uid-gets-another",
                        {post(0, 201, Content::take, V::none, U::wrong), get(0)}));
    all.push_back(steps("post-after-deletion-gets-another-uid-and-a-newer-version",
                        {post(0, 201), remove(), get(0, 404), post(0, 201), get(1)}));
    all.push_back(steps(
        "post-keeps-labels-and-annotations",
        {post(0, 201, Content::labelled), put(0, 200, Content::take), put(0, 200, Content::bounded),
         remove(), post(0, 201, Content::same, V::none, U::none), get(1)}));
}

void updating(std::vector<Case<LeaseOp>>& all) {
    all.push_back(steps("put-with-the-right-version", {post(0, 201), put(0, 200), get(1)}));
    all.push_back(steps("put-of-equal-content-writes-nothing",
                        {post(0, 201), put(0, 200, Content::same), get(0),
                         put(0, 200, Content::same), put(0, 200, Content::renew)}));
    all.push_back(steps("put-of-equal-content-after-a-renewal-writes-nothing",
                        {post(0, 201), put(0, 200, Content::renew), put(0, 200, Content::same),
                         get(1), put(1, 200, Content::same)}));
    all.push_back(steps("put-of-equal-content-with-a-stale-version",
                        {post(0, 201), put(0, 200), put(0, 409, Content::same, 2, V::older)}));
    all.push_back(
        steps("put-with-a-stale-version",
              {post(0, 201), put(0, 200), put(0, 409, Content::renew, 3, V::older), get(0)}));
    all.push_back(steps("put-with-a-version-of-the-future",
                        {post(0, 201), put(0, 409, Content::renew, 2, V::future), get(0)}));
    all.push_back(
        steps("put-without-a-version", {post(0, 201), put(0, 422, Content::renew, 2, V::none),
                                        put(0, 422, Content::same, 2, V::none), get(0)}));
    all.push_back(steps("put-with-another-uid",
                        {post(0, 201), put(0, 409, Content::renew, 2, V::seen, U::wrong), get(0)}));
    all.push_back(steps("the-uid-is-looked-at-first",
                        {post(0, 201), put(0, 409, Content::renew, 2, V::none, U::wrong),
                         put(0, 409, Content::renew, 2, V::older, U::wrong),
                         put(0, 409, Content::zero_duration, 2, V::seen, U::wrong)}));
    all.push_back(steps("put-without-a-uid",
                        {post(0, 201), put(0, 200, Content::renew, 2, V::seen, U::none), get(1)}));
    all.push_back(steps("put-of-a-deleted-lease-with-its-uid",
                        {post(0, 201), remove(), put(0, 409), get(0, 404)}));
    all.push_back(
        steps("put-of-a-deleted-lease-with-a-foreign-uid",
              {post(0, 201), remove(), put(0, 409, Content::renew, 2, V::seen, U::wrong)}));
    all.push_back(
        steps("put-of-a-deleted-lease-without-a-uid-makes-it",
              {post(0, 201), remove(), put(0, 201, Content::renew, 2, V::seen, U::none), get(1)}));
    all.push_back(
        steps("put-of-a-deleted-lease-with-nothing-makes-it",
              {post(0, 201), remove(), put(0, 201, Content::renew, 2, V::none, U::none), get(1)}));
    all.push_back(
        steps("put-of-a-lease-that-never-was", {put(0, 409, Content::renew, 2, V::none, U::wrong),
                                                put(0, 201, Content::renew, 2, V::none, U::none)}));
    all.push_back(steps("put-on-a-successor-of-a-deleted-lease",
                        {post(0, 201), remove(), post(1, 201), put(0, 409),
                         put(0, 409, Content::renew, 2, V::seen, U::none), get(0)}));
    all.push_back(steps("a-put-renews-nothing-that-another-took",
                        {post(0, 201), get(1), put(1, 200, Content::take), put(0, 409), get(0),
                         put(0, 200, Content::take, 3)}));
}

void contents(std::vector<Case<LeaseOp>>& all) {
    for (const auto& [name, content] :
         {std::pair{"duration-0", Content::zero_duration},
          std::pair{"duration-below-0", Content::negative_duration},
          std::pair{"transitions-below-0", Content::negative_transitions}}) {
        all.push_back(
            steps(std::string(name) + "-in-a-post", {post(0, 422, content), get(0, 404)}));
        all.push_back(steps(std::string(name) + "-in-a-put",
                            {post(0, 201), put(0, 422, content), put(0, 409, content, 2, V::future),
                             put(0, 422, content, 2, V::none), get(0)}));
    }
    all.push_back(
        steps("times-have-six-digits",
              {post(0, 400, Content::nanoseconds), get(0, 404), post(0, 201),
               put(0, 400, Content::nanoseconds), put(0, 400, Content::nanoseconds, 2, V::none),
               put(0, 400, Content::nanoseconds, 2, V::seen, U::wrong),
               post(1, 400, Content::nanoseconds), remove(), put(0, 400, Content::nanoseconds),
               get(0, 404)}));
    all.push_back(steps("invalid-content-of-an-existing-lease",
                        {post(0, 201), post(1, 422, Content::zero_duration)}));
    all.push_back(steps("invalid-content-with-a-version-in-a-post",
                        {post(0, 201), post(0, 422, Content::zero_duration, V::seen), remove(),
                         post(0, 422, Content::zero_duration, V::seen)}));
    all.push_back(steps("invalid-content-for-a-missing-lease-by-put",
                        {put(0, 422, Content::zero_duration, 2, V::none, U::none),
                         put(0, 409, Content::zero_duration, 2, V::none, U::wrong)}));
    all.push_back(steps("times-may-be-absent",
                        {post(0, 201, Content::untimed), put(0, 200, Content::renew),
                         put(0, 200, Content::untimed), put(0, 200, Content::same), get(1)}));
    all.push_back(steps("a-release-has-an-empty-holder-and-duration-1",
                        {post(0, 201), put(0, 200, Content::release), get(1),
                         put(1, 200, Content::take, 3), get(0)}));
    all.push_back(steps("annotations-come-and-go",
                        {post(0, 201), put(0, 200, Content::bare), get(1),
                         put(1, 200, Content::bounded), put(1, 200, Content::take, 3), get(0)}));
    all.push_back(steps("a-container-comes-and-goes",
                        {post(0, 201), put(0, 200, Content::housed), get(1),
                         put(1, 200, Content::same, 3), put(1, 200, Content::bare), get(0)}));
    all.push_back(steps("labels-are-echoed-changed-and-dropped",
                        {post(0, 201), edit(LeaseEdit::label), put(0, 409), get(0), put(0, 200),
                         put(0, 200, Content::labelled), put(0, 200, Content::unlabelled),
                         put(0, 200, Content::unlabelled), get(1)}));
    all.push_back(
        steps("an-operators-edits",
              {edit(LeaseEdit::label, 404), post(0, 201), edit(LeaseEdit::steal_holder), get(0),
               edit(LeaseEdit::shorten_duration), get(0), edit(LeaseEdit::clear_holder), get(0),
               edit(LeaseEdit::label), get(0), put(0, 200)}));
    all.push_back(steps(
        "an-operators-edit-of-nothing-writes-nothing",
        {post(0, 201), edit(LeaseEdit::steal_holder), get(0), edit(LeaseEdit::steal_holder), get(0),
         put(0, 200), edit(LeaseEdit::shorten_duration), edit(LeaseEdit::shorten_duration), get(0),
         edit(LeaseEdit::clear_holder), get(0), edit(LeaseEdit::clear_holder), get(0)}));
    all.push_back(steps("deletion-of-a-missing-lease",
                        {remove(404), post(0, 201), remove(), remove(404), get(0, 404)}));
}

void watching(std::vector<Case<LeaseOp>>& all) {
    all.push_back(
        steps("a-watch-tells-what-is-newer", {post(0, 201), get(1), watch(1), put(0, 200),
                                              put(0, 200, Content::take), get(1), collect(1)}));
    all.push_back(
        steps("a-watch-tells-nothing-that-is-known",
              {post(0, 201), put(0, 200), watch(0), put(0, 200, Content::take, 3), collect(0)}));
    all.push_back(steps("a-watch-tells-the-past", {post(0, 201), put(0, 200), watch(0, V::older),
                                                   put(0, 200, Content::take, 3), collect(0)}));
    all.push_back(steps("a-watch-tells-a-deletion-with-its-version",
                        {post(0, 201), watch(0), remove(), post(0, 201), collect(0)}));
    all.push_back(steps("a-watch-tells-a-deletion-of-the-past",
                        {post(0, 201), put(0, 200), remove(), post(1, 201), watch(0), get(0),
                         put(0, 200, Content::take, 3), collect(0)}));
    all.push_back(
        steps("a-watch-tells-nothing-of-a-put-that-wrote-nothing",
              {post(0, 201), watch(0), put(0, 200, Content::same), put(0, 200, Content::same),
               put(0, 200), put(0, 409, Content::take, 3, V::older), collect(0)}));
    all.push_back(
        steps("a-watch-tells-an-operators-edits",
              {post(0, 201), watch(0), edit(LeaseEdit::label), edit(LeaseEdit::steal_holder),
               edit(LeaseEdit::steal_holder), edit(LeaseEdit::clear_holder), get(0), collect(0)}));
    all.push_back(steps("a-watch-from-nothing-begins-with-what-is",
                        {post(0, 201), put(0, 200), watch(1, V::none),
                         put(0, 200, Content::take, 3), get(1), collect(1)}));
    all.push_back(steps("a-watch-from-nothing-of-a-missing-lease",
                        {watch(1, V::none), post(0, 201), put(0, 200), get(1), collect(1)}));
}

void at_once(std::vector<Case<LeaseOp>>& all) {
    std::vector<LeaseOp> puts;
    std::vector<LeaseOp> posts;
    std::vector<LeaseOp> gets;
    for (std::uint32_t client = 0; client < 8; ++client) {
        puts.push_back(put(client, 0, Content::take, 3));
        posts.push_back(post(client, 0));
        gets.push_back(get(client));
    }
    Case<LeaseOp> race = steps("of-puts-with-one-version-one-is-written", {post(0, 201)});
    all.push_back(then_one(then(then(std::move(race), gets), puts), get(0)));
    all.push_back(then_one(then(steps("of-posts-one-makes-it", {}), posts), get(0)));
    Case<LeaseOp> deleted = steps("a-put-and-a-deletion", {post(0, 201), watch(0)});
    deleted = then(std::move(deleted), {put(0, 0), remove(0), get(1, 0)});
    for (const LeaseOp& op :
         {get(0, 0), post(0, 0), get(0), put(0, 200, Content::take, 3), collect(0)})
        deleted = then_one(std::move(deleted), op);
    all.push_back(deleted);
    Case<LeaseOp> edited = steps("a-put-and-an-operators-edit", {post(0, 201), watch(0)});
    edited = then(std::move(edited), {put(0, 0), edit(LeaseEdit::steal_holder, 0), get(1, 0)});
    for (const LeaseOp& op : {get(0), put(0, 200, Content::take, 3), collect(0)})
        edited = then_one(std::move(edited), op);
    all.push_back(edited);
}

}  // namespace

std::vector<Case<LeaseOp>> lease_cases() {
    std::vector<Case<LeaseOp>> all;
    creating(all);
    updating(all);
    contents(all);
    watching(all);
    at_once(all);
    return all;
}

}  // namespace leasehold::conformance
