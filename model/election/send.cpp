// Requests: what is written, how long it may take, and what an answer to a write means.
#include <algorithm>
#include <limits>
#include <utility>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

namespace {

using namespace std::chrono_literals;

/// Own writes remembered. Forgetting one is safe: its record then counts as foreign.
constexpr std::size_t kWritesKept = 8;

}  // namespace

/// No attempt reaches beyond the gate's end or the end of a release, so that its answer still
/// finds the role that sent it.
Duration Elector::timeout(Now now) const {
    Duration left = attempt_timeout_;
    if (const auto* leading = std::get_if<Leading>(&role_)) {
        left = std::min(left,
                        std::min(leadership_.valid_until, leading->stop_deadline) - now.monotonic);
    } else if (const auto* releasing = std::get_if<Releasing>(&role_)) {
        if (releasing->deadline != kNever)
            left = std::min(left, releasing->deadline - now.monotonic);
    }
    CHECK(left > Duration::zero());
    return left;
}

void Elector::send_look(Now now, Effects& out) {
    CHECK(!in_flight_);
    const RequestId id(2 * ++requests_ - 1);
    in_flight_ = Request{.id = id,
                         .verb = LeaseVerb::get,
                         .kind = {},
                         .nonce = 0,
                         .sent_at = now.monotonic,
                         .known = known_,
                         .was_absent = absent_since_.has_value()};
    look_at_ = kNever;
    last_look_ = now.monotonic;
    out.emplace_back(SendLease{id, LeaseVerb::get, nullptr, timeout(now)});
}

/// A renewTime that no earlier write of ours has had: with an equal one, and client-go's
/// annotations of old, a PUT could write nothing and still be answered 200 (election-review 3).
WallTime Elector::next_renew_time(WallTime wall) {
    WallTime at = std::chrono::floor<std::chrono::microseconds>(wall);
    if (last_renew_time_) {
        // client-go compares records by whole seconds (election-review 14).
        const Duration step = config_.client_go_peers ? Duration(1s) : Duration(1us);
        at = std::max(at, *last_renew_time_ + step);
    }
    last_renew_time_ = at;
    return at;
}

LeaseRecord Elector::record_to_write(Now now, WriteKind kind, std::uint64_t nonce) {
    LeaseRecord record;
    record.holder = config_.identity;
    record.duration_seconds = static_cast<std::int32_t>(config_.lease_duration / 1s);
    record.renew_time = next_renew_time(now.wall);
    record.nonce = nonce;
    record.acquisition = nonce;
    record.acquire_time = record.renew_time;
    if (kind == WriteKind::create || kind == WriteKind::recreate) {
        // A create is no proof: it tells the others, too, how long a leader unseen may last.
        const Duration longest = std::max(config_.lease_duration, largest_duration_);
        record.max_lease_seconds = static_cast<std::int32_t>(longest / 1s);
    }
    if (const auto* leading = std::get_if<Leading>(&role_)) {
        record.acquisition = leading->acquisition;
        record.acquire_time = leading->acquire_time;
        record.transitions = leading->transitions;
    } else if (observed_) {
        const LeaseRecord& old = observed_->lease->record;
        const bool changes = kind != WriteKind::release && old.holder != config_.identity;
        const bool room = old.transitions < std::numeric_limits<std::int32_t>::max();
        record.transitions = std::max(old.transitions, 0) + (changes && room ? 1 : 0);
        if (kind == WriteKind::release) {
            record.holder.clear();
            record.duration_seconds = 1;
            record.acquisition = old.acquisition;
            record.released = old.acquisition;
            record.acquire_time = old.acquire_time;
        }
    }
    return record;
}

void Elector::send_write(Now now, WriteKind kind, Effects& out) {
    CHECK(!in_flight_ && !must_look_);
    const bool post = kind == WriteKind::create || kind == WriteKind::recreate;
    CHECK(post ? absent_since_.has_value() : observed_.has_value());
    std::uint64_t nonce = 0;
    while (nonce == 0)
        nonce = random_.next();

    auto lease = std::make_shared<Lease>();
    if (!post) {
        // Version and uid are the precondition; whatever else the object holds is echoed.
        lease->version = observed_->lease->version;
        lease->uid = observed_->lease->uid;
        lease->extra = observed_->lease->extra;
        CHECK(lease->version == known_);
    }
    lease->record = record_to_write(now, kind, nonce);

    if (writes_.size() == kWritesKept) {
        const std::uint64_t present = observed_ ? observed_->lease->record.nonce : 0;
        writes_.erase(std::ranges::find_if(
            writes_, [&](const OwnWrite& write) { return write.nonce != present; }));
    }
    writes_.push_back(OwnWrite{.nonce = nonce,
                               .renew_time = *lease->record.renew_time,
                               .sent_at = now.monotonic,
                               .kind = kind,
                               .precondition = lease->version,
                               .counts = kind != WriteKind::release && kind != WriteKind::create,
                               .proven = !post});
    newest_sent_ = now.monotonic;
    const RequestId id(2 * ++requests_ - 1);
    const LeaseVerb verb = post ? LeaseVerb::create : LeaseVerb::update;
    in_flight_ = Request{.id = id,
                         .verb = verb,
                         .kind = kind,
                         .nonce = nonce,
                         .sent_at = now.monotonic,
                         .known = known_,
                         .was_absent = post};
    write_at_ = now.monotonic + config_.retry_period;
    refused_.reset();
    out.emplace_back(SendLease{id, verb, std::move(lease), timeout(now)});
}

/// When to try again after a failure: at the cadence of the retryPeriod from the send, so that
/// instant failures make no busy loop, and later if the server asks for it and there is room.
Instant Elector::retry_at(Now now, const Request& request, const LeaseReply& reply) const {
    const Instant cadence = std::max(now.monotonic, request.sent_at + config_.retry_period);
    if (reply.status != 429 || reply.retry_after <= Duration::zero()) return cadence;
    Duration room = config_.lease_duration;
    if (std::holds_alternative<Leading>(role_)) {
        room = leadership_.valid_until - now.monotonic - attempt_timeout_;
    } else if (const auto* releasing = std::get_if<Releasing>(&role_)) {
        room = releasing->deadline - now.monotonic - attempt_timeout_;
    }
    if (reply.retry_after > room) return cadence;
    return std::max(cadence, now.monotonic + reply.retry_after);
}

/// No write before the truth is known, and that is asked for at once.
void Elector::must_look(Now now) {
    must_look_ = true;
    look_at_ = std::min(look_at_, now.monotonic);
}

void Elector::on(Now now, const LeaseAnswered& event, Effects& out) {
    if (!in_flight_ || in_flight_->id != event.request) {
        mark(out, MarkId::stale_answer);
        return;
    }
    const Request request = *in_flight_;
    in_flight_.reset();
    if (request.verb == LeaseVerb::get) {
        on_looked(now, request, event.reply, out);
    } else {
        on_write_answered(now, request, event.reply, out);
    }
}

void Elector::on_write_answered(Now now, const Request& request, const LeaseReply& reply,
                                Effects& out) {
    switch (classify(request.verb, reply)) {
        case LeaseOutcome::written:
            on_written(now, request, reply.lease, out);
            break;
        case LeaseOutcome::rejected:
            on_refused(now, request, reply, out);
            break;
        case LeaseOutcome::conflict:
        case LeaseOutcome::exists:
        case LeaseOutcome::missing:
            // The write stays in the list: something in between may have sent it twice.
            if (request.kind == WriteKind::take_expired) mark(out, MarkId::takeover_lost_race);
            if (request.kind == WriteKind::release) mark(out, MarkId::release_retried);
            refused_ = request.known;
            must_look(now);
            break;
        case LeaseOutcome::found:
            CHECK_MSG(false, "a write was answered as a GET");
        case LeaseOutcome::unknown:
            if (request.kind == WriteKind::renew) mark(out, MarkId::renewal_unknown);
            if (request.kind == WriteKind::release) mark(out, MarkId::release_retried);
            must_look(now);
            break;
    }
}

/// Certainly not applied.
void Elector::on_refused(Now now, const Request& request, const LeaseReply& reply, Effects& out) {
    std::erase_if(writes_, [&](const OwnWrite& write) { return write.nonce == request.nonce; });
    write_at_ = retry_at(now, request, reply);
    const bool renewal = request.kind == WriteKind::renew || request.kind == WriteKind::recreate;
    if (renewal && reply.status == 429) mark(out, MarkId::renewal_throttled);
}

/// 200 or 201. That it was applied is certain; what the record is now may be known better.
void Elector::on_written(Now now, const Request& request, const LeasePtr& lease, Effects& out) {
    const Version version = lease->version;
    // A create is a new revision: at the known one or below, the cluster was set back.
    const bool created = request.verb == LeaseVerb::create;
    if (version < request.known || (created && version == request.known)) {
        restored(now, lease, out);
        return;
    }
    if (version == request.known) {
        // A PUT of equal content writes nothing: followers saw no renewal, so it was none.
        std::erase_if(writes_, [&](const OwnWrite& write) { return write.nonce == request.nonce; });
        mark(out, MarkId::renewal_unchanged);
        return;
    }
    if (version >= known_) {
        if (lease->record.nonce != request.nonce) {
            must_look(now);  // the answer shows another record than was sent
            return;
        }
        observe(now, lease, out);
    }
    const bool present = observed_ && observed_->lease->record.nonce == request.nonce;
    if (request.kind == WriteKind::release) {
        mark(out, MarkId::released_lease);
        if (std::holds_alternative<Releasing>(role_)) end_release(now, out);
        return;
    }
    OwnWrite* write = own_observed();
    if (!present || !write) {
        mark(out, MarkId::stale_answer);  // a watch event has shown a newer record already
        return;
    }
    if (request.kind == WriteKind::create) mark(out, MarkId::created_lease);
    if (write->counts) {
        if (std::holds_alternative<Leading>(role_)) {
            extend(*write, out);
        } else if (std::holds_alternative<Following>(role_) && write->proven) {
            grant(now, *write, out);
        }
    }
    open_watch(now, out);
}

}  // namespace leasehold
