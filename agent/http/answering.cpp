// How a connection's answers go out: the head, then the payload piece by piece.
#include <algorithm>
#include <utility>

#include "agent/http/connection.hpp"

namespace leasehold::agent {
namespace {

// A payload up to so long goes out with its head. A second trip through the kernel, and a packet of
// its own, would be the greater part of what a query costs.
constexpr std::size_t kWithHead = 16U << 10;

}  // namespace

void Connection::answer(Answer answer) {
    call_.reset();
    turn_.reset();
    reader_.reset();
    spool_.reset();
    buffer_.reset();
    if (shared_->draining) keep_alive_ = false;
    shared_->metrics.http_request(route_name(asked_.route), answer.status);
    answer.fields.emplace_back("Content-Length", std::to_string(answer.size()));
    out_ = answer_head(answer.status, answer.fields, keep_alive_, http10_);
    if (!asked_.head) {
        out_ += answer.body;
        payload_ = std::move(answer.payload);
        if (payload_ && payload_->size() <= kWithHead &&
            payload_->view().size() == payload_->size()) {
            out_ += payload_->view();
            payload_.reset();
        }
    }
    sending_ = out_;
    sent_ = 0;
    phase_ = Phase::sending;
    limit(shared_->options.idle_timeout);
}

void Connection::refuse(const Refusal& refusal) {
    answer(refusal_answer(refusal));
}

/// The next bytes of the payload, if there are any more.
bool Connection::next_piece() {
    if (!payload_ || sent_ >= payload_->size()) return false;
    limit(shared_->options.idle_timeout);  // progress: a whole piece has gone out
    const std::string_view view = payload_->view();
    if (view.empty()) {
        load();
        return true;
    }
    sending_ = view.substr(sent_, Shared::kPiece);
    sent_ += sending_.size();
    return true;
}

void Connection::load() {
    phase_ = Phase::loading;
    shared_->pool->run(
        [payload = payload_, offset = sent_] { return read_piece(*payload, offset); },
        [self = shared_from_this()](std::string piece) {
            if (self->phase_ != Phase::loading) return;
            self->loaded(std::move(piece));
            self->run();
        });
}

void Connection::loaded(std::string piece) {
    // The length is already promised: only a broken connection can say that the rest is missing.
    if (piece.empty()) return close();
    out_ = std::move(piece);
    sending_ = out_;
    sent_ += out_.size();
    phase_ = Phase::sending;
}

/// The answer has gone out: the next request, or the end.
void Connection::answered() {
    out_ = std::string();
    payload_.reset();
    sent_ = 0;
    asked_ = Asked{};
    if (std::exchange(keep_alive_, false) && !shared_->draining) {
        begun_ = false;
        starved_ = unread_.empty();
        phase_ = Phase::head;
        limit(shared_->options.idle_timeout);
        return;
    }
    channel_->finish();
    phase_ = Phase::lingering;
    limit(Shared::kLinger);
}

}  // namespace leasehold::agent
