// An elector of somebody's own, in one file: it believes no clock but its own.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace examples {

using namespace leasehold;
using namespace std::chrono_literals;

/// Takes the Lease when it has seen the same version for a whole lease, and leads from the sending
/// of a write that was answered, for less than a lease. So nobody takes it while it leads, however
/// late an answer comes and whatever the wall clocks say.
class PatientElector {
  public:
    explicit PatientElector(std::string identity) : identity_(std::move(identity)) {}

    void step(Now now, const Event& event, Effects& out) {
        if (leads_ && now.monotonic >= valid_until_) lead(false, now.monotonic, out);
        if (const auto* answer = std::get_if<LeaseAnswered>(&event))
            if (answer->request == request_) answered(now, answer->reply, out);
        if (std::holds_alternative<Stop>(event)) {
            if (leads_) lead(false, now.monotonic, out);
            out.emplace_back(RoleChanged{Role::stopped, Term{}});
            out.emplace_back(Stopped{});
            look_at_ = kNever;
        }
        if (now.monotonic < look_at_) return;
        look_at_ = now.monotonic + kPeriod;
        send(LeaseVerb::get, nullptr, now, out);
    }
    [[nodiscard]] Instant next_deadline() const {
        return leads_ ? std::min(look_at_, valid_until_) : look_at_;
    }
    [[nodiscard]] std::string summary() const { return leads_ ? "leads" : "follows"; }

  private:
    static constexpr Duration kPeriod = 2s;
    static constexpr Duration kLease = 15s;
    static constexpr Duration kValid = 12s;  // less than a lease, by more than clocks drift

    void answered(Now now, const LeaseReply& reply, Effects& out) {
        if (verb_ != LeaseVerb::get) {
            if (!reply.lease) return;  // refused, or unknown: what it became, the next GET tells
            valid_until_ = sent_at_ + kValid;
            if (!leads_) term_ = Term{reply.lease->version.value()};
            lead(now.monotonic < valid_until_, valid_until_, out);
        } else if (reply.lease) {
            if (reply.lease->version != seen_ || first_seen_ == kNever) {
                seen_ = reply.lease->version;
                first_seen_ = now.monotonic;
            }
            const std::string& holder = reply.lease->record.holder;
            if (holder == identity_ || now.monotonic >= first_seen_ + kLease)
                write(LeaseVerb::update, *reply.lease, now, out);
        } else if (reply.status == 404) {
            write(LeaseVerb::create, Lease{}, now, out);
        }
    }
    void write(LeaseVerb verb, Lease lease, Now now, Effects& out) {
        if (lease.record.holder != identity_ && verb == LeaseVerb::update)
            ++lease.record.transitions;
        lease.record.holder = identity_;
        lease.record.duration_seconds = 15;
        lease.record.renew_time = std::chrono::floor<std::chrono::microseconds>(now.wall);
        send(verb, std::make_shared<Lease>(std::move(lease)), now, out);
    }
    void send(LeaseVerb verb, LeasePtr lease, Now now, Effects& out) {
        verb_ = verb;
        sent_at_ = now.monotonic;
        request_ = RequestId{request_.value() + 1};
        out.emplace_back(SendLease{request_, verb, std::move(lease), 1s});
    }
    void lead(bool leads, Instant until, Effects& out) {
        out.emplace_back(GateMoved{term_, until});
        if (leads != leads_)
            out.emplace_back(leads ? RoleChanged{Role::leader, term_} : RoleChanged{});
        leads_ = leads;
    }

    std::string identity_;
    Instant look_at_ = Instant::min();
    RequestId request_;
    LeaseVerb verb_ = LeaseVerb::get;
    Instant sent_at_, valid_until_;
    Version seen_;
    Instant first_seen_ = kNever;
    bool leads_ = false;
    Term term_;
};

}  // namespace examples
