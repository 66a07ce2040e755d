#include "tests/conformance/real_bucket.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "agent/bucket/make_bucket.hpp"
#include "tests/conformance/unique.hpp"

namespace leasehold::conformance {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeout = 30s;
constexpr std::size_t kFilling = 32;  // puts in flight

}  // namespace

RealBucket::RealBucket(agent::BucketConfig config)
    : config_(std::move(config)), prefix_(config_.prefix), pool_(loop_, 2) {
    if (!prefix_.empty()) prefix_ += "/";
    prefix_ += "conformance-" + unique_name() + "/";
}

void RealBucket::fresh() {
    clients_.clear();
    config_.prefix = prefix_ + std::to_string(++buckets_);
}

agent::BucketClient& RealBucket::client_of(std::uint32_t number) {
    auto& client = clients_[number];
    if (!client) {
        const agent::BucketContext context{loop_, pool_, nullptr, nullptr,
                                           std::filesystem::temp_directory_path().string()};
        client = agent::make_bucket(config_, context, [this](const Event& event) {
            const auto& answered = std::get<BucketAnswered>(event);
            const auto found = waiting_.find(answered.request);
            if (found == waiting_.end()) throw std::logic_error("an answer to nothing");
            const Answer answer = std::move(found->second);
            waiting_.erase(found);
            answer(*answered.reply);
        });
    }
    return *client;
}

void RealBucket::send(std::uint32_t client, SendBucket request, Answer answer) {
    request.request = RequestId(++requests_);
    request.timeout = kTimeout;
    waiting_[request.request] = std::move(answer);
    client_of(client).send(request);
}

void RealBucket::run_until(std::size_t left) {
    loop_.restart();
    while (waiting_.size() > left)
        if (loop_.run_one() == 0) throw std::logic_error("the loop ended without an answer");
}

std::vector<BucketReply> RealBucket::perform(std::span<const BucketCall> calls) {
    std::vector<BucketReply> replies(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (calls[i].fill == 1)
            send(calls[i].client, calls[i].request,
                 [&replies, i](BucketReply reply) { replies[i] = std::move(reply); });
        else
            replies[i] = fill(calls[i]);
    }
    run_until(0);
    return replies;
}

/// The last put's answer, or the first that is no success.
BucketReply RealBucket::fill(const BucketCall& call) {
    BucketReply all;
    all.status = 200;
    SendBucket request = call.request;
    for (std::uint32_t n = 0; n < call.fill; ++n) {
        request.key = filled_key(call.request.key, n);
        // Answers come in any order, and versions may be those of writes.
        const bool last = n + 1 == call.fill;
        send(call.client, request, [&all, last](BucketReply reply) {
            if (all.status == 200 && (last || reply.status != 200)) all = std::move(reply);
        });
        run_until(kFilling - 1);
    }
    run_until(0);
    return all;
}

}  // namespace leasehold::conformance
