// A bucket client on a loop of its own, for tests: one request in, its one answer out.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/base/file_pool.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent::testing {

inline SendBucket get_request(const std::string& key, const std::string& etag = "") {
    SendBucket request;
    request.verb = BucketVerb::get;
    request.key = ObjectKey(key);
    request.etag = ETag(etag);
    return request;
}

inline SendBucket put_request(const std::string& key, const std::string& text,
                              PutCondition condition = PutCondition::none,
                              const std::string& etag = "") {
    SendBucket request;
    request.verb = BucketVerb::put;
    request.key = ObjectKey(key);
    request.condition = condition;
    request.etag = ETag(etag);
    auto body = std::make_shared<ObjectBody>();
    body->payload = blob_of(text);
    request.body = std::move(body);
    return request;
}

inline SendBucket remove_request(const std::string& key, const std::string& etag = "") {
    SendBucket request;
    request.verb = BucketVerb::remove;
    request.key = ObjectKey(key);
    request.etag = ETag(etag);
    return request;
}

inline SendBucket list_request(const std::string& prefix = "", const std::string& after = "") {
    SendBucket request;
    request.verb = BucketVerb::list;
    request.prefix = ObjectKey(prefix);
    request.key = ObjectKey(after);
    return request;
}

inline std::string content_of(const BucketReply& reply) {
    const auto* body = std::get_if<ObjectBodyPtr>(&reply.content);
    if (body == nullptr || *body == nullptr) return "(no object)";
    const BytesPtr bytes = bytes_of((*body)->payload);
    return bytes ? text_of(*bytes) : "";
}

/// "a b c", with "..." when more follow.
inline std::string keys_of(const BucketReply& reply) {
    const auto* page = std::get_if<ListPagePtr>(&reply.content);
    if (page == nullptr || *page == nullptr) return "(no page)";
    std::string text;
    for (const ListEntry& entry : (*page)->entries)
        text += (text.empty() ? "" : " ") + entry.key.str();
    return text + ((*page)->truncated ? " ..." : "");
}

class BucketRig {
  public:
    using Make =
        std::function<std::unique_ptr<BucketClient>(const BucketContext&, BucketClient::Deliver)>;

    explicit BucketRig(const BucketConfig& config)
        : BucketRig([&](const BucketContext& context, BucketClient::Deliver deliver) {
              return make_bucket(config, context, std::move(deliver));
          }) {}
    explicit BucketRig(const Make& make) : folder_(), pool_(loop_, 4) {
        gate.publish(kNever);
        client_ = make(BucketContext{loop_, pool_, &gate, &uploads, folder_.file(""), &duties_},
                       [this](const Event& event) { take(event); });
    }

    RequestId send(SendBucket request, Duration timeout = std::chrono::seconds(10)) {
        request.request = RequestId(++last_);
        request.timeout = timeout;
        sending_ = true;
        client_->send(request);
        sending_ = false;
        return request.request;
    }
    void abort(RequestId id) {
        sending_ = true;
        client_->abort(id);
        sending_ = false;
    }
    void resume(RequestId id) {
        sending_ = true;
        client_->resume(id);
        sending_ = false;
    }
    BucketReply wait(RequestId id) {
        EXPECT_TRUE(run_until(loop_, [&] { return answers_.contains(id); }));
        return answers_.contains(id) ? *answers_.at(id) : BucketReply{};
    }
    BucketReply call(SendBucket request, Duration timeout = std::chrono::seconds(10)) {
        return wait(send(std::move(request), timeout));
    }
    /// Lets the loop run on; a second answer to one request is a failure.
    void idle(Duration span) {
        const Instant end = boottime() + span;
        run_until(loop_, [&] { return boottime() >= end; });
    }
    [[nodiscard]] bool answered(RequestId id) const { return answers_.contains(id); }
    void drop_client() { client_.reset(); }
    [[nodiscard]] asio::io_context& loop() { return loop_; }
    [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

    WriteGate gate;
    SocketSet uploads;
    std::vector<std::string> lines;  ///< of the log

  private:
    void take(const Event& event) {
        const auto& answer = std::get<BucketAnswered>(event);
        EXPECT_FALSE(sending_) << "answered inside a call";
        EXPECT_TRUE(answers_.emplace(answer.request, answer.reply).second) << "answered twice";
    }

    TemporaryFolder folder_;
    Duties duties_{[this](bool complaint, const std::string& line) {
        lines.push_back((complaint ? "warning: " : "info: ") + line);
    }};
    asio::io_context loop_;
    FilePool pool_;
    std::map<RequestId, std::shared_ptr<const BucketReply>> answers_;
    std::uint64_t last_ = 0;
    bool sending_ = false;
    std::unique_ptr<BucketClient> client_;
};

}  // namespace leasehold::agent::testing
