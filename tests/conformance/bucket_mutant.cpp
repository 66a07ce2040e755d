#include "tests/conformance/bucket_mutant.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

namespace leasehold::conformance {

void MutantBucket::fresh() {
    server_.fresh();
    pages_.clear();
}

std::vector<BucketReply> MutantBucket::perform(std::span<const BucketCall> calls) {
    if (calls.size() == 1 ||
        !(bug_ == BucketBug::etag_before_the_bytes || bug_ == BucketBug::etag_after_the_bytes))
        return in_some_order(calls);
    std::vector<BucketReply> before;
    for (const BucketCall& call : calls)
        before.push_back(look(call));
    std::vector<BucketReply> replies = in_some_order(calls);
    for (std::size_t i = 0; i < calls.size(); ++i)
        if (calls[i].request.verb == BucketVerb::get && replies[i].status == 200)
            replies[i] = mixed(calls[i], before[i], replies[i]);
    return replies;
}

std::vector<BucketReply> MutantBucket::in_some_order(std::span<const BucketCall> calls) {
    std::vector<std::size_t> order(calls.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random_.below(i)]);
    std::vector<BucketReply> replies(calls.size());
    std::vector<std::size_t> late;
    for (const std::size_t i : order)
        if (calls.size() > 1 && passes_now(calls[i])) late.push_back(i);
    for (const std::size_t i : order)
        if (std::find(late.begin(), late.end(), i) == late.end())
            replies[i] = loses_its_folder(calls[i], calls) ? gone(calls[i])
                                                           : one(calls[i], calls.size() > 1);
    for (const std::size_t i : late) {
        BucketCall removal = calls[i];
        removal.request.etag = ETag{};
        replies[i] = one(removal, true);
    }
    return replies;
}

bool MutantBucket::passes_now(const BucketCall& call) const {
    if (bug_ != BucketBug::delete_checks_too_early || call.request.verb != BucketVerb::remove)
        return false;
    SimBucket copy = server_;
    return copy.apply(call).status == 204;
}

bool MutantBucket::loses_its_folder(const BucketCall& call,
                                    std::span<const BucketCall> calls) const {
    return (bug_ == BucketBug::folder_gone_under_a_put ||
            bug_ == BucketBug::put_into_a_gone_folder_lands) &&
           call.request.verb == BucketVerb::put &&
           std::any_of(calls.begin(), calls.end(), [&](const BucketCall& other) {
               return empties_folder_of(other.request, call.request.key);
           });
}

BucketReply MutantBucket::gone(const BucketCall& call) {
    if (bug_ == BucketBug::put_into_a_gone_folder_lands) server_.apply(call);
    BucketReply reply;
    reply.status = 400;
    reply.code = BucketCode::other;
    return reply;
}

BucketReply MutantBucket::look(const BucketCall& call) const {
    BucketCall plain = call;
    plain.request.verb = BucketVerb::get;
    plain.request.etag = ETag{};
    SimBucket copy = server_;
    return copy.apply(plain);
}

BucketReply MutantBucket::mixed(const BucketCall& call, const BucketReply& before,
                                const BucketReply& reply) const {
    BucketReply after = look(call);
    const bool known = before.etag == call.request.etag || after.etag == call.request.etag;
    if (before.status != 200 || after.status != 200 || known) return reply;
    if (bug_ == BucketBug::etag_before_the_bytes) {
        after.etag = before.etag;
        return after;
    }
    BucketReply early = before;
    early.etag = after.etag;
    return early;
}

BucketReply MutantBucket::one(BucketCall call, bool at_once) {
    const bool was_there = server_.objects().contains(call.request.key);
    spoil(call, at_once);
    BucketReply reply = server_.apply(call);
    if (bug_ == BucketBug::delete_of_missing_is_404 && call.request.verb == BucketVerb::remove &&
        !was_there) {
        reply.status = 404;
        reply.code = BucketCode::no_such_key;
    }
    spoil(call, reply, at_once);
    return reply;
}

// What the bug makes of a request before it is looked at.
void MutantBucket::spoil(BucketCall& call, bool at_once) const {
    SendBucket& request = call.request;
    const auto forget = [&](PutCondition condition) {
        if (request.condition == condition) request.condition = PutCondition::none;
    };
    if (bug_ == BucketBug::if_none_match_ignored) forget(PutCondition::if_none_match);
    if (bug_ == BucketBug::if_match_ignored) forget(PutCondition::if_match);
    if (bug_ == BucketBug::race_has_two_winners && at_once) forget(PutCondition::if_none_match);
    if (bug_ == BucketBug::known_version_sent_again && request.verb == BucketVerb::get)
        request.etag = ETag{};
    if (bug_ == BucketBug::delete_ignores_its_tag && request.verb == BucketVerb::remove)
        request.etag = ETag{};
    if (bug_ == BucketBug::list_beyond_its_prefix && request.verb == BucketVerb::list &&
        !request.prefix.empty())
        request.prefix =
            ObjectKey(request.prefix.str().substr(0, request.prefix.view().size() - 1));
    if (bug_ == BucketBug::plus_is_a_space && request.verb != BucketVerb::list) {
        std::string key = request.key.str();
        std::replace(key.begin(), key.end(), '+', ' ');
        request.key = ObjectKey(key);
    }
    if (bug_ == BucketBug::metadata_lost && request.body) {
        auto body = std::make_shared<ObjectBody>(*request.body);
        body->metadata.clear();
        request.body = std::move(body);
    }
}

// What it makes of the answer.
void MutantBucket::spoil(const BucketCall& call, BucketReply& reply, bool at_once) {
    const SendBucket& request = call.request;
    if (bug_ == BucketBug::if_match_of_missing_is_412 && request.verb == BucketVerb::put &&
        reply.status == 404) {
        reply.status = 412;
        reply.code = BucketCode::precondition_failed;
    }
    if (bug_ == BucketBug::tag_of_each_write && request.verb == BucketVerb::put &&
        reply.status == 200)
        reply.etag = ETag("write-" + std::to_string(++writes_));
    if (bug_ == BucketBug::refused_put_lands && at_once && reply.status == 412 &&
        request.verb == BucketVerb::put) {
        BucketCall again = call;
        again.request.condition = PutCondition::none;
        server_.apply(again);
    }
    auto* content = std::get_if<ListPagePtr>(&reply.content);
    if (content == nullptr) return;
    auto page = std::make_shared<ListPage>(**content);
    spoil_page(call, *page);
    *content = std::move(page);
    if (bug_ == BucketBug::list_is_old && request.key.empty())
        std::swap(*content, pages_.try_emplace(request.prefix, *content).first->second);
}

void MutantBucket::spoil_page(const BucketCall& call, ListPage& page) const {
    if (bug_ == BucketBug::list_includes_its_start) {
        const auto start = server_.objects().find(call.request.key);
        if (start != server_.objects().end() &&
            start->first.view().starts_with(call.request.prefix.view()))
            page.entries.insert(page.entries.begin(),
                                {start->first, server_.tags().at(start->first),
                                 start->second->head.size() + start->second->payload.size});
    }
    if (bug_ == BucketBug::list_reversed) std::reverse(page.entries.begin(), page.entries.end());
    if (bug_ == BucketBug::last_page_said_to_go_on && page.entries.size() == 1000)
        page.truncated = true;
    if (bug_ == BucketBug::size_without_the_header)
        for (ListEntry& entry : page.entries)
            entry.size = server_.objects().at(entry.key)->payload.size;
}

}  // namespace leasehold::conformance
