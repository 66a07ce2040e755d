#include "agent/host/bucket_session.hpp"

#include <chrono>
#include <utility>

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAttempt = 10s;
constexpr std::size_t kThreads = 2;
constexpr int kTries = 3;
constexpr Duration kBackOff = 500ms;

}  // namespace

BucketSession::BucketSession(const AgentConfig& config)
    : pool_(loop_, kThreads),
      duties_([](bool, const std::string&) {}),  // the command tells it all
      bucket_(make_bucket(*config.bucket,
                          BucketContext{loop_, pool_, nullptr, nullptr, config.http.spool_directory,
                                        &duties_, &word_, &region_, &clock_},
                          [this](const Event& event) {
                              const auto& answer = std::get<BucketAnswered>(event);
                              answers_[answer.request] = *answer.reply;
                          })) {}

SendBucket BucketSession::request(BucketVerb verb, const ObjectKey& key) {
    SendBucket out;
    out.request = RequestId(++requests_);
    out.verb = verb;
    out.key = key;
    out.timeout = kAttempt;
    return out;
}

void BucketSession::send(const SendBucket& what) {
    const bool writes = what.verb == BucketVerb::put || what.verb == BucketVerb::remove;
    asked_ = writes ? Duty::bucket_writes : Duty::bucket_reads;
    bucket_->send(what);
}

BucketReply BucketSession::wait(RequestId id) {
    while (!answers_.contains(id)) {
        loop_.restart();
        loop_.run_one_for(100ms);
    }
    return answers_.extract(id).mapped();
}

BucketReply BucketSession::ask(const SendBucket& what) {
    send(what);
    return wait(what.request);
}

BucketSession::Told BucketSession::insist(SendBucket what) {
    Told told;
    for (int i = 0; i < kTries; ++i) {
        what.request = RequestId(++requests_);
        told.reply = ask(what);
        told.outcome = classify(what.verb, told.reply);
        const bool denied = told.outcome == BucketOutcome::denied;
        const bool later = told.outcome == BucketOutcome::unknown ||
                           told.outcome == BucketOutcome::not_sent ||
                           told.outcome == BucketOutcome::throttled;
        if (!denied && !later) break;
        if (later && i + 1 < kTries) pass(kBackOff);
    }
    return told;
}

void BucketSession::pass(Duration span) {
    loop_.restart();
    loop_.run_for(span);
}

std::string BucketSession::status_and_word(const BucketReply& reply) const {
    return std::to_string(reply.status) + (word_.empty() ? "" : " " + word_);
}

std::string BucketSession::words(const BucketReply& reply) const {
    const DutyState state = duties_.states().at(static_cast<std::size_t>(asked_));
    // "bucket: PUT etl/key: what was said"
    const std::size_t colon = state.error.find(": ", state.error.find(": ") + 2);
    if (state.failing && colon != state.error.npos) return state.error.substr(colon + 2);
    return reply.status == 0 ? "no answer" : "answered " + std::to_string(reply.status);
}

}  // namespace leasehold::agent
