// kubert 0.25.0, LeaseManager::spawn with a lease of 15 s and a grace of 5 s.
#include <algorithm>
#include <utility>
#include <variant>

#include "sim/peers/libraries.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 15s, kGrace = 5s;
constexpr int kRetries = 3;  // backon's default; then the task ends, and the process with it

}  // namespace

KubertElector::KubertElector(std::string identity, bool release)
    : line_(std::move(identity), 10s, false), release_(release) {}

Instant KubertElector::next_deadline() const {
    if (line_.stopped()) return kNever;
    return std::min(line_.waiting() ? kNever : wake_, line_.leads_until());
}

void KubertElector::step(Now now, const Event& event, Effects& out) {
    if (line_.stopped()) return;
    if (line_.leads() && now.monotonic >= line_.leads_until()) line_.follow(now, out);
    if (std::holds_alternative<Start>(event)) wake_ = now.monotonic;
    if (std::holds_alternative<Stop>(event)) stop(now, out);
    if (line_.stopped()) return;
    if (const LeaseReply* reply = line_.answered(now, event, out)) answered(now, *reply, out);
    if (line_.stopped() || line_.waiting() || now.monotonic < wake_) return;
    wake_ = kNever;
    if (known_)
        ensure_claimed(now, out);
    else
        send(now, Call::init, LeaseRecord{}, out);
}

/// Who drops the receiver has stopped to believe it.
void KubertElector::stop(Now now, Effects& out) {
    line_.drop();
    line_.follow(now, out);
    if (!release_ || !mine() || now.wall >= claim_->expiry) {
        line_.stop(now, out);
        return;
    }
    LeaseRecord none;
    none.duration_seconds = 1;  // it leaves none at all
    none.transitions = lease_->record.transitions;
    send(now, Call::vacate, none, out);
}

void KubertElector::send(Now now, Call call, LeaseRecord record, Effects& out) {
    call_ = call;
    if (call == Call::init || call == Call::get)
        line_.get(now, out);
    else
        line_.put(now, call == Call::create ? nullptr : lease_, std::move(record), out);
}

void KubertElector::ensure_claimed(Now now, Effects& out) {
    if (mine()) {
        if (now.wall < claim_->expiry - kGrace) {
            claimed(now, out);
            return;
        }
        LeaseRecord renewed = lease_->record;
        renewed.renew_time = micro_time(now.wall);
        renewed.duration_seconds = static_cast<std::int32_t>(kLease / 1s);
        send(now, Call::renew, std::move(renewed), out);
        return;
    }
    if (claim_ && now.wall < claim_->expiry) {
        claimed(now, out);
        return;
    }
    LeaseRecord taken = line_.own(now, kLease);
    taken.transitions = lease_->record.transitions + 1;
    gain_ = gain_of(lease_->record);
    send(now, Call::acquire, std::move(taken), out);
}

void KubertElector::answered(Now now, const LeaseReply& reply, Effects& out) {
    const bool written = reply.status == 200 || reply.status == 201;
    switch (call_) {
        case Call::vacate:
            if (written) mark(out, MarkId::released_lease);
            line_.stop(now, out);
            return;
        case Call::init:
            if (reply.status == 404) {  // its users install the Lease beforehand
                LeaseRecord none;
                none.duration_seconds = 1;
                send(now, Call::create, none, out);
                return;
            }
            [[fallthrough]];
        case Call::get:
        case Call::create:
            if (!written) {
                failed(now, out);
                return;
            }
            read(now, reply.lease);
            ensure_claimed(now, out);
            return;
        case Call::acquire:
        case Call::renew:
            if (written) {
                lease_ = reply.lease;
                claim_ = Claim{line_.identity(), line_.asked().wall + kLease};
                claimed(now, out);
            } else if (reply.status == 409) {
                send(now, Call::get, LeaseRecord{}, out);
            } else {
                failed(now, out);
            }
            return;
    }
}

/// An empty name is a name: only a record without a time is unclaimed.
void KubertElector::read(Now now, const LeasePtr& lease) {
    known_ = true;
    lease_ = lease;
    claim_.reset();
    const LeaseRecord& got = lease->record;
    if (!got.renew_time || got.duration_seconds == 0) return;
    const WallTime expiry = *got.renew_time + std::chrono::seconds(got.duration_seconds);
    if (expiry > now.wall) claim_ = Claim{got.holder, expiry};
}

void KubertElector::claimed(Now now, Effects& out) {
    ran_ = true;
    retries_ = 0;
    const Duration left = claim_->expiry - now.wall;
    if (mine() && left > Duration{}) {
        const bool led = line_.leads();
        line_.lead(Term{lease_->version.value()}, now.monotonic + left, out);
        if (!led && gain_) mark(out, *gain_);
    } else if (line_.leads()) {
        line_.follow(now, out);
        mark(out, MarkId::stepped_down_foreign);
    }
    wake_ = now.monotonic + std::max(Duration{}, left - (mine() ? kGrace : Duration{}));
}

void KubertElector::failed(Now now, Effects& out) {
    if (!ran_ || retries_ == kRetries) {
        begin_again(now, out);
        return;
    }
    // At most the grace, which a follower has none of.
    const Duration pause = mine() ? std::min<Duration>(kGrace, 1s * (1 << retries_)) : Duration{};
    ++retries_;
    wake_ = now.monotonic + pause;
}

void KubertElector::begin_again(Now now, Effects& out) {
    line_.follow(now, out);
    known_ = ran_ = false;
    retries_ = 0;
    claim_.reset();
    wake_ = now.monotonic + 1s;
}

}  // namespace leasehold::sim
