#include "sim/world/bucket.hpp"

#include <array>
#include <memory>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold::sim {
namespace {

BucketReply refused(std::int32_t status, BucketCode code) {
    BucketReply reply;
    reply.status = status;
    reply.code = code;
    return reply;
}

}  // namespace

ETag etag_of(const ObjectBody& body) {
    std::uint64_t hash = hash_text(body.head);
    for (const std::uint64_t word :
         {body.payload.size, body.payload.digest.high, body.payload.digest.low})
        hash = mix64(hash ^ (word + 0x9e3779b97f4a7c15ULL));
    std::string text(16, '0');
    for (std::size_t i = 0; i < text.size(); ++i, hash >>= 4)
        text[i] = "0123456789abcdef"[hash & 15U];
    return ETag(std::move(text));
}

BucketReply Bucket::handle(const SendBucket& request, std::optional<BucketChange>& change) {
    switch (request.verb) {
        case BucketVerb::get:
            return get(request);
        case BucketVerb::put:
            return put(request, change);
        case BucketVerb::remove:
            return remove(request, change);
        case BucketVerb::list:
            return list(request);
    }
    check_failed("known verb", __FILE__, __LINE__, "");
}

BucketReply Bucket::get(const SendBucket& request) const {
    const auto found = objects_.find(request.key);
    if (found == objects_.end()) return refused(404, BucketCode::no_such_key);
    BucketReply reply;
    reply.etag = found->second.etag;
    reply.status = !request.etag.empty() && request.etag == reply.etag ? 304 : 200;
    if (reply.status == 200) reply.content = found->second.body;
    return reply;
}

BucketReply Bucket::put(const SendBucket& request, std::optional<BucketChange>& change) {
    CHECK(request.body != nullptr);
    const auto found = objects_.find(request.key);
    if (spec_.honours_preconditions && request.condition == PutCondition::if_match) {
        if (found == objects_.end()) return refused(404, BucketCode::no_such_key);
        if (found->second.etag != request.etag)
            return refused(412, BucketCode::precondition_failed);
    }
    if (spec_.honours_preconditions && request.condition == PutCondition::if_none_match &&
        found != objects_.end())
        return refused(412, BucketCode::precondition_failed);
    change = plant(request.key, request.body);
    BucketReply reply;
    reply.status = 200;
    reply.etag = change->etag;
    return reply;
}

BucketReply Bucket::remove(const SendBucket& request, std::optional<BucketChange>& change) {
    const auto found = objects_.find(request.key);
    if (found != objects_.end()) {
        const bool honours = spec_.honours_preconditions && spec_.honours_conditional_delete;
        if (honours && !request.etag.empty() && found->second.etag != request.etag)
            return refused(412, BucketCode::precondition_failed);
        change = BucketChange{request.key, ETag{}, nullptr, ++version_};
        objects_.erase(found);
    }
    return refused(204, BucketCode::none);  // a missing key is no error
}

BucketReply Bucket::list(const SendBucket& request) {
    BucketReply reply;
    reply.status = 200;
    if (page_ && page_version_ == version_ && page_prefix_ == request.prefix &&
        page_after_ == request.key) {
        reply.content = page_;
        return reply;
    }
    auto page = std::make_shared<ListPage>();
    const auto from = std::max(request.prefix, request.key);
    for (auto at = objects_.lower_bound(from); at != objects_.end(); ++at) {
        const std::string_view key = at->first.view();
        if (!key.starts_with(request.prefix.view())) break;
        if (!request.key.empty() && at->first <= request.key) continue;
        if (page->entries.size() == spec_.page_size) {
            page->truncated = true;
            break;
        }
        const ObjectBody& body = *at->second.body;
        page->entries.push_back({at->first, at->second.etag, body.head.size() + body.payload.size});
    }
    page_ = page;
    page_version_ = version_;
    page_prefix_ = request.prefix;
    page_after_ = request.key;
    reply.content = page_;
    return reply;
}

BucketChange Bucket::plant(const ObjectKey& key, ObjectBodyPtr body) {
    Object& object = objects_[key];
    object.etag = etag_of(*body);
    object.body = std::move(body);
    return BucketChange{key, object.etag, object.body, ++version_};
}

}  // namespace leasehold::sim
