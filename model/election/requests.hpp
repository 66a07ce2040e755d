// Requests: the one exchange with the Lease API that may be in flight, and when the next may leave.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "model/base/strong.hpp"
#include "model/base/time.hpp"
#include "model/election/own_record.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold::election {

/// What is in flight, and what was known when it left.
struct Request {
    RequestId id;
    LeaseVerb verb = LeaseVerb::get;
    WriteKind kind = WriteKind::renew;  ///< writes only
    std::uint64_t nonce = 0;            ///< writes only
    Instant sent_at{};
    Version known;            ///< the newest version then; a PUT's precondition
    bool was_absent = false;  ///< the Lease was known to be missing then
    friend bool operator==(const Request&, const Request&) = default;
};

/// At most one is in flight; its id is odd (the controller's are even).
class Requests {
  public:
    explicit Requests(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] bool idle() const { return !in_flight_; }
    [[nodiscard]] bool looking() const { return in_flight_ && in_flight_->verb == LeaseVerb::get; }
    [[nodiscard]] bool writing() const { return in_flight_ && !looking(); }
    /// Null while idle.
    [[nodiscard]] const Request* in_flight() const { return in_flight_ ? &*in_flight_ : nullptr; }

    /// Sends `request`; its id is set here.
    RequestId begin(Request request) {
        // One at a time. With two writes in flight it could not be told which of them a conflict
        // was about; with a GET beside a write, whether what it shows is from before or after.
        CHECK(!in_flight_);
        request.id = RequestId(2 * ++sent_ - 1);
        if (request.verb == LeaseVerb::get) {
            // One look serves all who wanted one: they wanted to know what is there from now on.
            look_at = kNever;
            last_look = request.sent_at;
        }
        in_flight_ = request;
        return request.id;
    }
    /// What `id` answers, which is in flight no more; none: it no longer matters.
    std::optional<Request> end(RequestId id) {
        std::optional<Request> request;
        // A dropped request's answer may still come, and says nothing that a newer one would not.
        if (in_flight_ && in_flight_->id == id) request.swap(in_flight_);
        return request;
    }
    /// The answer of what is in flight will not matter.
    void drop() { in_flight_.reset(); }
    /// Drops a GET that something more urgent would have to wait for; it is sent again after it.
    void postpone_look(Instant now) {
        if (!looking()) return;
        drop();
        look_at = now;
    }
    void look_by(Instant at) { look_at = std::min(look_at, at); }
    /// Not 0, which is "no annotation".
    std::uint64_t draw_nonce() {
        std::uint64_t nonce = 0;
        // Drawn and not counted: two processes under one identity, by a mistake of an operator,
        // must not take each other's writes for their own.
        while (nonce == 0)
            nonce = random_.next();
        return nonce;
    }

    Instant look_at = kNever;            ///< the next GET
    Instant last_look = Instant::min();  ///< when the last GET was sent
    Instant write_at = Instant::min();   ///< no write before; a leader's next renewal

    /// Shows what still matters (StateVisitor), the last look apart. How many requests there were,
    /// and which nonces are to come, says nothing.
    template <class Visitor>
    void visit(Visitor& visitor, Duration retry_period) const {
        visitor.value(in_flight_.has_value());
        if (in_flight_) {
            visitor.id(in_flight_->id.value());
            visitor.value(static_cast<std::int64_t>(in_flight_->verb));
            visitor.value(static_cast<std::int64_t>(in_flight_->kind));
            visitor.name(in_flight_->nonce);
            visitor.since(in_flight_->sent_at, retry_period);
            visitor.version(in_flight_->known);
            visitor.value(in_flight_->was_absent);
        }
        visitor.until(look_at);
        visitor.since(last_look, retry_period);
        visitor.until(write_at);
    }

    friend bool operator==(const Requests&, const Requests&) = default;

  private:
    std::optional<Request> in_flight_;
    std::uint64_t sent_ = 0;
    Random random_;  ///< of the nonces
};

/// When to try again after a failure: at the cadence of the retryPeriod from the send, so that
/// instant failures make no busy loop, and later if the server asks for it and it leaves `room`.
[[nodiscard]] inline Instant retry_at(Instant now, const Request& request, const LeaseReply& reply,
                                      Duration retry_period, Duration room) {
    const Instant cadence = std::max(now, request.sent_at + retry_period);
    // A throttled renewal that obeyed "Retry-After: 60" would lose the Lease by obedience (clause
    // 11).
    if (reply.status != 429 || reply.retry_after <= Duration::zero()) return cadence;
    return reply.retry_after > room ? cadence : std::max(cadence, now + reply.retry_after);
}

}  // namespace leasehold::election
