// What a connection's requests ask for: from the head to a call of the replica.
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/http/connection.hpp"

namespace leasehold::agent {

void Connection::on_head() {
    if (reader_->state() == RequestReader::State::refused) return refuse(reader_->refusal());
    const Head& head = reader_->head();
    const bool whole = reader_->state() == RequestReader::State::complete;
    http10_ = head.http10;
    keep_alive_ = whole && head.keep_alive;

    auto asked = route(head.method, head.target);
    // Probes of the kubelet carry no token, and come under the pod's address.
    const bool open = asked && (asked->route == Route::healthz || asked->route == Route::readyz);
    if (!open)
        if (const auto refusal = shared_->access.refusal(head)) return refuse(*refusal);
    if (!asked) return refuse(asked.error());
    asked_ = std::move(*asked);
    if (asked_.route == Route::put_backup) return await_turn();
    if (!whole) return refuse({400, "this request takes no body", {}});
    dispatch();
}

void Connection::dispatch() {
    // While it waits, a request holds what is needed to answer it and no more.
    reader_.reset();
    if (unread_.empty()) unread_ = std::string();
    unlimited();
    Service& service = shared_->service;
    switch (asked_.route) {
        case Route::healthz:
            return answer(text_answer(200, "ok\n", "text/plain"));
        case Route::readyz:
            return answer(service.ready() && !shared_->draining
                              ? text_answer(200, "ready\n", "text/plain")
                              : text_answer(503, "stopping\n", "text/plain"));
        case Route::metrics: {
            const Status status = service.status();
            shared_->metrics.duties(status.duties);
            shared_->metrics.storage(status.storage);
            return answer(text_answer(
                200,
                shared_->metrics.text(status.now, status.leadership, status.pending_reads,
                                      status.pending_writes, status.pending_queries),
                "text/plain; version=0.0.4; charset=utf-8"));
        }
        case Route::status:
            return answer(status_answer(service.status()));
        case Route::index:
            try {
                return answer(
                    index_answer(service.index(asked_.key), shared_->options.spool_directory));
            } catch (const std::system_error& error) {
                return answer(refusal_answer({507, error.what(), {}}));
            }
        case Route::read_backup:
            return call_read();
        case Route::query:
            return call_query();
        case Route::delete_backup:
            return call_remove();
        case Route::put_backup:
        case Route::none:
            break;
    }
}

// ---- uploads ------------------------------------------------------------------------------------

void Connection::await_turn() {
    if (!holds_slot_) {
        if (shared_->uploads >= shared_->options.upload_limit) {
            phase_ = Phase::turn;
            unlimited();
            shared_->waiting_uploads.push_back(weak_from_this());
            return;
        }
        ++shared_->uploads;
        holds_slot_ = true;
    }
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

/// Hands the slot on to the upload that has waited longest.
void Connection::free_slot() {
    if (!std::exchange(holds_slot_, false)) return;
    auto& waiting = shared_->waiting_uploads;
    while (!waiting.empty()) {
        const std::shared_ptr<Connection> next = waiting.front().lock();
        waiting.pop_front();
        if (!next || next->phase_ != Phase::turn) continue;
        next->holds_slot_ = true;
        asio::post(shared_->loop, [next] {
            if (next->phase_ != Phase::turn) return;
            next->await_turn();
            next->run();
        });
        return;
    }
    --shared_->uploads;
}

void Connection::spool(bool last) {
    struct Spooled {
        int error = 0;
        Blob payload;
    };
    spooling_ = true;
    if (last) {
        phase_ = Phase::storing;
        unlimited();
    } else {
        limit(shared_->options.idle_timeout);  // for the next piece
    }
    // The work holds no connection: its last reference must go on the loop.
    shared_->pool->run(
        [spool = spool_, buffer = buffer_, piece = reader_->take_body(), last]() -> Spooled {
            try {
                if (buffer) {
                    buffer->hash();
                    return {0, last ? buffer->finish() : Blob{}};
                }
                spool->append(piece);
                return {0, last ? spool->finish() : Blob{}};
            } catch (const std::system_error& error) {
                return {error.code().value(), Blob{}};
            }
        },
        [self = shared_from_this()](Spooled done) {
            self->spooling_ = false;
            // Refused or closed meanwhile: a connection that goes on has no piece under way.
            if (self->phase_ != Phase::body && self->phase_ != Phase::storing) return;
            self->spooled(done.error, std::move(done.payload));
            self->run();
        });
}

void Connection::spooled(int error, Blob payload) {
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return answer(failed_write(507, "no space left to spool the body"));
    if (error != 0) return answer(failed_write(500, std::generic_category().message(error)));
    if (phase_ == Phase::body) return limit(shared_->options.idle_timeout);
    keep_alive_ = reader_->head().keep_alive;
    call_write(std::move(payload));
}

// ---- calls of the replica -----------------------------------------------------------------------
// A callback may come inside its call; the phase says whether the connection still waits for it.

void Connection::call_read() {
    phase_ = Phase::waiting;
    const Instant deadline =
        asked_.deadline ? saturating_add(boottime(), *asked_.deadline) : kNever;
    called(shared_->service.read(ObjectKey(std::move(asked_.key)), ETag(std::move(asked_.known)),
                                 deadline, [self = shared_from_this()](const ReadDone& done) {
                                     if (self->phase_ != Phase::waiting) return;
                                     self->answer(read_answer(done));
                                     self->run();
                                 }));
}

void Connection::call_query() {
    phase_ = Phase::waiting;
    const Duration allowed = asked_.deadline.value_or(shared_->options.query_deadline);
    called(shared_->service.query(
        ObjectKey(std::move(asked_.key)), saturating_add(boottime(), allowed),
        [self = shared_from_this()](const QueryDone& done) {
            if (self->phase_ != Phase::waiting) return;
            const Shared& shared = *self->shared_;
            self->answer(
                query_answer(done, until_next_pass(boottime(), shared.metrics.last_pass_began(),
                                                   shared.options.poll_period)));
            self->run();
        }));
}

void Connection::call_write(Blob payload) {
    phase_ = Phase::waiting;
    reader_.reset();
    spool_.reset();
    buffer_.reset();
    if (unread_.empty()) unread_ = std::string();
    shared_->service.write(ObjectKey(std::move(asked_.key)), std::move(payload),
                           [self = shared_from_this()](const WriteDone& done) {
                               if (self->phase_ != Phase::waiting) return;
                               self->answer(write_answer(done));
                               self->run();
                           });
}

void Connection::call_remove() {
    phase_ = Phase::waiting;
    shared_->service.remove(ObjectKey(std::move(asked_.key)),
                            [self = shared_from_this()](const WriteDone& done) {
                                if (self->phase_ != Phase::waiting) return;
                                self->answer(write_answer(done));
                                self->run();
                            });
}

/// A write is not cancelled when its client goes: what was begun is finished.
void Connection::called(CallId call) {
    if (phase_ == Phase::waiting) call_ = call;
}

}  // namespace leasehold::agent
