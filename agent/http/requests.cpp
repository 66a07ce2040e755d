// What a connection's requests ask for: from the head to a call of the replica.
#include <optional>
#include <string>
#include <utility>

#include "agent/http/connection.hpp"

namespace leasehold::agent {

void Connection::on_head() {
    const Head& head = reader_->head();
    // Of a refusal too: what follows its head would be read as the next answer.
    asked_.head = head.method == Method::head;
    if (reader_->state() == RequestReader::State::refused) return refuse(reader_->refusal());
    const bool whole = reader_->state() == RequestReader::State::complete;
    http10_ = head.http10;
    keep_alive_ = whole && head.keep_alive;

    auto asked = admitted(*shared_, head);
    if (!asked) return refuse(asked.error());
    asked_ = std::move(*asked);
    if (asked_.route == Route::put_backup) return await_turn();
    if (!whole) return refuse(refusals::takes_no_body());
    dispatch();
}

void Connection::dispatch() {
    // While it waits, a request holds what is needed to answer it and no more.
    reader_.reset();
    if (unread_.empty()) unread_ = std::string();
    unlimited();
    phase_ = Phase::waiting;
    const std::optional<CallId> call = ask(*shared_, asked_, answered_by_replica());
    if (phase_ == Phase::waiting) call_ = call;
}

/// It may come inside the call; the phase says whether the connection still waits for it.
Answered Connection::answered_by_replica() {
    return [self = shared_from_this()](Answer said) {
        if (self->phase_ != Phase::waiting) return;
        self->answer(std::move(said));
        self->run();
    };
}

// ---- uploads ------------------------------------------------------------------------------------

void Connection::await_turn() {
    phase_ = Phase::turn;
    limit(kLook);
    shared_->uploads.take([weak = weak_from_this()](const Turns::Turn& turn) {
        const auto self = weak.lock();
        if (!self || self->phase_ != Phase::turn) return;
        self->turn_ = turn;
        self->accept_body();
        self->run();
    });
}

void Connection::accept_body() {
    starved_ = unread_.empty() && reader_->state() == RequestReader::State::body;
    begin_body();
    limit(shared_->options.idle_timeout);
    out_.clear();
    if (reader_->head().expects_continue && starved_) out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    sending_ = out_;
    phase_ = Phase::accepting;
}

void Connection::begin_body() {
    const std::optional<std::uint64_t> length = reader_->content_length();
    if (!length || *length == 0 || *length > kSpoolInMemory) {
        spool_ = std::make_shared<Spool>(shared_->options.spool_directory);
        return;
    }
    // From here on its bytes are the body's, as they come: there is nothing to parse.
    buffer_ = std::make_shared<BodyBuffer>(*length);
    const std::size_t count = unread_.copy(buffer_->rest().data(), buffer_->rest().size());
    unread_.erase(0, count);
    buffer_->fill(count);
}

void Connection::spool(bool last) {
    spooling_ = true;
    if (last) {
        phase_ = Phase::storing;
        unlimited();
    } else {
        limit(shared_->options.idle_timeout);  // for the next piece
    }
    // The work holds no connection: its last reference must go on the loop. A turn goes when the
    // piece is no longer held, whatever becomes of the connection.
    shared_->pool->run(
        [spool = spool_, buffer = buffer_, piece = reader_->take_body(), last]() -> Spooled {
            if (!buffer) return spool_piece(*spool, piece, last);
            buffer->hash();
            return {0, last ? buffer->finish() : Blob{}};
        },
        [self = shared_from_this(), turn = turn_](Spooled done) {
            self->spooling_ = false;
            // Refused or closed meanwhile: a connection that goes on has no piece under way.
            if (self->phase_ != Phase::body && self->phase_ != Phase::storing) return;
            self->spooled(done.error, std::move(done.payload));
            self->run();
        });
}

void Connection::spooled(int error, Blob payload) {
    if (error != 0) return answer(not_spooled(error));
    if (phase_ == Phase::body) return limit(shared_->options.idle_timeout);
    keep_alive_ = reader_->head().keep_alive;
    phase_ = Phase::waiting;
    reader_.reset();
    spool_.reset();
    buffer_.reset();
    if (unread_.empty()) unread_ = std::string();
    save(*shared_, asked_, std::move(payload), std::move(turn_), answered_by_replica());
}

}  // namespace leasehold::agent
