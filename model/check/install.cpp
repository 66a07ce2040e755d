#include "model/check/install.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace leasehold::check {

namespace {

ReplicaConfig single(const StorageConfig& storage) {
    ReplicaConfig config;
    config.storage = storage;
    config.storage->ha = false;
    return config;
}

BucketReply with(std::int32_t status, BucketCode code = BucketCode::none) {
    BucketReply reply;
    reply.status = status;
    reply.code = code;
    return reply;
}

}  // namespace

Install::Install(const StorageConfig& storage, Now now)
    : replica_(single(storage)), last_(now), answer_(Stopped{}) {
    step(now, Start{});
}

void Install::preload(const ObjectKey& key, const ETag& etag, const Blob& payload) {
    auto body = std::make_shared<ObjectBody>();
    body->payload = payload;
    bucket_[key] = Object{etag, std::move(body)};
}

void Install::step(Now now, const Event& event) {
    answer_ = Stopped{};
    now.monotonic = std::max(now.monotonic, last_.monotonic);
    last_ = now;
    if (replica_.next_deadline() <= now.monotonic) {
        replica_.step(now, Timer{}, effects_);
        perform(now);
    }
    replica_.step(now, event, effects_);
    perform(now);
}

void Install::perform(Now now) {
    for (std::size_t i = 0; i < effects_.size(); ++i) {
        const Effect effect = effects_[i];  // steps append
        if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
            replica_.step(now,
                          BucketAnswered{bucket->request,
                                         std::make_shared<const BucketReply>(answer(*bucket))},
                          effects_);
        } else if (const auto* file = std::get_if<SendFile>(&effect)) {
            replica_.step(now, FileAnswered{file->request, files_.handle(*file)}, effects_);
        } else if (std::holds_alternative<ReadDone>(effect) ||
                   std::holds_alternative<WriteDone>(effect) ||
                   std::holds_alternative<QueryDone>(effect)) {
            answer_ = effect;
        }
    }
    effects_.clear();
}

BucketReply Install::answer(const SendBucket& request) {
    switch (request.verb) {
        case BucketVerb::get:
            return get(request);
        case BucketVerb::put:
            return put(request);
        case BucketVerb::remove:
            bucket_.erase(request.key);
            return with(204);
        case BucketVerb::list:
            return list(request);
    }
    return with(400, BucketCode::other);
}

BucketReply Install::get(const SendBucket& request) const {
    const auto found = bucket_.find(request.key);
    if (found == bucket_.end()) return with(404, BucketCode::no_such_key);
    if (!request.etag.empty() && request.etag == found->second.etag) return with(304);
    BucketReply reply = with(200);
    reply.etag = found->second.etag;
    reply.content = found->second.body;
    return reply;
}

BucketReply Install::put(const SendBucket& request) {
    Object& object = bucket_[request.key];
    object = Object{ETag("version-" + std::to_string(++versions_)), request.body};
    BucketReply reply = with(200);
    reply.etag = object.etag;
    return reply;
}

BucketReply Install::list(const SendBucket& request) const {
    auto page = std::make_shared<ListPage>();
    for (auto at = bucket_.upper_bound(request.key); at != bucket_.end(); ++at)
        if (at->first.view().starts_with(request.prefix.view()))
            page->entries.push_back({at->first, at->second.etag, at->second.body->payload.size});
    BucketReply reply = with(200);
    reply.content = ListPagePtr(std::move(page));
    return reply;
}

const ReadDone* Install::read_done() const {
    return std::get_if<ReadDone>(&answer_);
}
const WriteDone* Install::write_done() const {
    return std::get_if<WriteDone>(&answer_);
}
const QueryDone* Install::query_done() const {
    return std::get_if<QueryDone>(&answer_);
}

const Blob* Install::stored(const ObjectKey& key) const {
    const auto found = bucket_.find(key);
    return found == bucket_.end() ? nullptr : &found->second.body->payload;
}
ETag Install::version(const ObjectKey& key) const {
    const auto found = bucket_.find(key);
    return found == bucket_.end() ? ETag{} : found->second.etag;
}

}  // namespace leasehold::check
