#include "agent/http/http2_stream.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/base/clock.hpp"

namespace leasehold::agent {
namespace {

// What a field counts for beside its bytes (RFC 9113, 10.5.1).
constexpr std::size_t kFieldOverhead = 32;

Method method_of(std::string_view name) {
    if (name == "GET") return Method::get;
    if (name == "HEAD") return Method::head;
    if (name == "PUT") return Method::put;
    if (name == "DELETE") return Method::remove;
    return Method::other;
}

}  // namespace

// ---- the head -----------------------------------------------------------------------------------

void Http2Stream::Heading::once(std::string& field, bool& seen, std::string_view value) {
    if (std::exchange(seen, true)) refusal = refusals::stands_twice();
    field = value;
}

/// That a request has its method and path, each once, and a length that is a number, nghttp2 sees
/// to.
void Http2Stream::Heading::take(std::string_view name, std::string_view value) {
    size += name.size() + value.size() + kFieldOverhead;
    if (size > kHeadBytesMax) {
        refusal = refusals::head_too_large();
        return;
    }
    if (name == ":method") head.method = method_of(value);
    if (name == ":path" && value.size() > kTargetBytesMax)
        refusal = refusals::target_too_long();
    else if (name == ":path")
        head.target = value;
    if (name == ":authority") head.host = value;
    if (name == "host") {
        if (!head.host.empty() && head.host != value)
            refusal = {400, "it is asked of two hosts", {}};
        once(head.host, has_host, value);
    }
    if (name == "authorization") once(head.authorization, has_authorization, value);
    if (name == "content-length") {
        std::uint64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        length = number;
    }
    if (name == "expect") {
        head.expects_continue = is_100_continue(value);
        if (!head.expects_continue) refusal = refusals::other_expectation();
    }
}

Http2Stream::Http2Stream(std::shared_ptr<Shared> shared, Http2Port& port, std::int32_t id)
    : shared_(std::move(shared)), port_(&port), id_(id), heading_(std::make_unique<Heading>()) {
    limit();
}

void Http2Stream::field(std::string_view name, std::string_view value) {
    if (phase_ == Phase::head) heading_->take(name, value);
}

void Http2Stream::serve() {
    if (phase_ != Phase::head) return;
    asked_.head = heading_->head.method == Method::head;  // of a refusal too
    if (heading_->refusal) return refuse(*heading_->refusal);
    auto asked = leasehold::agent::admitted(*shared_, heading_->head);
    if (!asked) return refuse(asked.error());
    asked_ = std::move(*asked);
    if (!is_probe(asked_.route)) {
        port_->admitted();
        if (!fits()) return put_off();
    }
    if (asked_.route == Route::put_backup) {
        if (heading_->length.value_or(0) > shared_->options.body_limit)
            return refuse(refusals::body_too_large());
        return await_turn();
    }
    // Some clients say that the body is empty, and end the request by an empty piece of it.
    const bool empty = ended_ || heading_->length == 0;
    if (!empty || count_ > 0) return refuse(refusals::takes_no_body());
    heading_.reset();
    unlimited();
    phase_ = Phase::waiting;
    const std::optional<CallId> call = ask(*shared_, asked_, answered_by_replica());
    if (phase_ == Phase::waiting) call_ = call;
}

/// Of all connections together. Strangers do not count: they would take the place of those who may
/// ask, and a connection of theirs has few.
bool Http2Stream::fits() {
    if (shared_->streams >= shared_->options.connection_limit) {
        shared_->metrics.http_request(route_name(Route::none), 503);
        return false;
    }
    ++shared_->streams;
    counted_ = true;
    return true;
}

// ---- uploads ------------------------------------------------------------------------------------

void Http2Stream::await_turn() {
    phase_ = Phase::turn;
    unlimited();
    shared_->uploads.take([weak = weak_from_this()](const Turns::Turn& turn) {
        const auto self = weak.lock();
        if (self && self->phase_ == Phase::turn) self->take_turn(turn);
    });
}

void Http2Stream::take_turn(const Turns::Turn& turn) {
    let_go();
    turn_ = turn;
    spool_ = std::make_shared<Spool>(shared_->options.spool_directory);
    phase_ = Phase::body;
    limit();
    if (!ended_) {
        if (heading_->head.expects_continue) port_->proceed(id_);
        port_->open(id_, Shared::kLargestPiece);
    }
    heading_.reset();
    spool();
}

void Http2Stream::put_off() {
    let_go();
    phase_ = Phase::closed;
    unlimited();
    port_->put_off(id_);
}

/// What came before its turn is its own, or nobody's.
void Http2Stream::let_go() {
    if (phase_ == Phase::head || phase_ == Phase::turn) shared_->early_bytes -= count_;
}

void Http2Stream::body(std::string_view piece) {
    const bool early = phase_ == Phase::head || phase_ == Phase::turn;
    if (!early && phase_ != Phase::body) return;
    // There is no window for it then, once the client knows; what it may send before it knows is
    // not little, of a thousand streams.
    if (early && shared_->early_bytes + piece.size() > Shared::kEarlyBytes) return put_off();
    if (early) shared_->early_bytes += piece.size();
    count_ += piece.size();
    if (count_ > shared_->options.body_limit) return refuse(refusals::body_too_large());
    piece_.append(piece);
    spool();
}

void Http2Stream::ended() {
    ended_ = true;
    spool();
}

/// One piece at a time; the next one grows meanwhile, at most by the window.
void Http2Stream::spool() {
    if (phase_ != Phase::body || spooling_) return;
    if (!ended_ && piece_.size() < Shared::kUploadPiece) return;
    spooling_ = true;
    limit();
    const std::size_t count = piece_.size();
    // The work holds no stream: its last reference must go on the loop. A turn goes when the piece
    // is no longer held, whatever becomes of the stream.
    shared_->pool->run(
        [spool = spool_, piece = std::exchange(piece_, {}), last = ended_] {
            return spool_piece(*spool, piece, last);
        },
        [self = shared_from_this(), turn = turn_, count, last = ended_](const Spooled& done) {
            self->spooling_ = false;
            if (self->phase_ != Phase::body) return;  // refused or closed meanwhile
            if (done.error != 0) return self->answer(not_spooled(done.error));
            if (last) return self->saved(done.payload);
            self->limit();
            self->port_->dealt_with(self->id_, count);
            self->spool();
        });
}

void Http2Stream::saved(Blob payload) {
    unlimited();
    phase_ = Phase::waiting;
    spool_.reset();
    save(*shared_, asked_, std::move(payload), std::move(turn_), answered_by_replica());
}

// ---- the answer ---------------------------------------------------------------------------------

/// It may come inside the call; the phase says whether the stream still waits for it.
Answered Http2Stream::answered_by_replica() {
    return [self = shared_from_this()](Answer said) {
        if (self->phase_ == Phase::waiting) self->answer(std::move(said));
    };
}

void Http2Stream::answer(Answer said) {
    let_go();
    call_.reset();
    turn_.reset();
    spool_.reset();
    heading_.reset();
    piece_ = std::string();
    count_ = 0;
    shared_->metrics.http_request(route_name(asked_.route), said.status);
    said.fields.emplace_back("content-length", std::to_string(said.size()));
    payload_ = said.payload ? std::move(said.payload) : memory_bytes(std::move(said.body));
    if (asked_.head || payload_->size() == 0) payload_.reset();
    phase_ = Phase::answering;
    limit();
    port_->begin(id_, said.status, said.fields, payload_ != nullptr);
}

void Http2Stream::refuse(const Refusal& refusal) {
    answer(refusal_answer(refusal));
}

Http2Stream::Portion Http2Stream::read(std::span<char> out) {
    if (phase_ != Phase::answering || !payload_) return {Content::broken, 0};
    const bool in_memory = !payload_->view().empty();
    if (!in_memory && piece_.empty()) {
        load();
        return {Content::later, 0};
    }
    const std::string_view rest = in_memory ? payload_->view().substr(count_) : piece_;
    const std::size_t count = rest.copy(out.data(), out.size());
    if (!in_memory) piece_.erase(0, count);
    if (count_ / Shared::kPiece != (count_ + count) / Shared::kPiece) limit();  // progress
    count_ += count;
    return {count_ == payload_->size() ? Content::last : Content::some, count};
}

/// A client that reads nothing holds one piece.
void Http2Stream::load() {
    if (std::exchange(loading_, true)) return;
    shared_->pool->run(
        [payload = payload_, offset = count_] { return read_piece(*payload, offset); },
        [self = shared_from_this()](std::string piece) {
            self->loading_ = false;
            if (self->phase_ != Phase::answering) return;
            // The length is already promised.
            if (piece.empty()) return self->port_->give_up(self->id_);
            self->piece_ = std::move(piece);
            self->port_->more(self->id_);
        });
}

void Http2Stream::gone() {
    const auto self = shared_from_this();
    let_go();
    if (std::exchange(counted_, false)) --shared_->streams;
    phase_ = Phase::closed;
    port_ = nullptr;
    unlimited();
    turn_.reset();
    payload_.reset();
    piece_ = std::string();
    if (call_) shared_->service.cancel(*std::exchange(call_, std::nullopt));
}

// ---- time limits --------------------------------------------------------------------------------

void Http2Stream::limit() {
    if (shared_->deadlines)
        shared_->deadlines->set(*this, saturating_add(boottime(), shared_->options.idle_timeout));
}

void Http2Stream::unlimited() {
    if (shared_->deadlines) shared_->deadlines->set(*this, kNever);
}

void Http2Stream::expired() {
    const auto self = shared_from_this();
    if (spooling_ || loading_) return limit();  // the wait is not the client's
    if (phase_ == Phase::answering) return port_->give_up(id_);
    refuse(refusals::too_slow());
}

}  // namespace leasehold::agent
