#include "sim/peers/line.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

/// How long one sending of a patient client waits; longer than any answer that is only slow.
constexpr Duration kSentAgainAfter = 5s;

}  // namespace

WallTime micro_time(WallTime time) {
    return std::chrono::floor<std::chrono::microseconds>(time);
}

MarkId gain_of(const LeaseRecord& record) {
    return record.holder.empty() ? MarkId::acquired_free_lease : MarkId::takeover_after_expiry;
}

Line::Line(std::string identity, Duration timeout, bool patient)
    : identity_(std::move(identity)), timeout_(timeout), patient_(patient) {}

void Line::get(Now now, Effects& out) {
    request_.verb = LeaseVerb::get;
    request_.lease = nullptr;
    asked_ = now;
    send(now, out);
}

void Line::put(Now now, const LeasePtr& base, LeaseRecord record, Effects& out) {
    auto lease = base ? std::make_shared<Lease>(*base) : std::make_shared<Lease>();
    record.nonce = lease->record.nonce;
    record.acquisition = lease->record.acquisition;
    record.released = lease->record.released;
    record.max_lease_seconds = lease->record.max_lease_seconds;
    record.container = lease->record.container;
    record.container_mark = lease->record.container_mark;
    lease->record = std::move(record);
    request_.verb = base ? LeaseVerb::update : LeaseVerb::create;
    request_.lease = std::move(lease);
    asked_ = now;
    send(now, out);
}

void Line::send(Now now, Effects& out) {
    const Duration left = timeout_ - (now.monotonic - asked_.monotonic);
    request_.timeout = patient_ ? std::min(kSentAgainAfter, left) : left;
    request_.request = RequestId{request_.request.value() + 1};
    waiting_ = true;
    out.emplace_back(request_);
}

const LeaseReply* Line::answered(Now now, const Event& event, Effects& out) {
    const auto* answer = std::get_if<LeaseAnswered>(&event);
    if (answer == nullptr || !waiting_ || answer->request != request_.request) return nullptr;
    if (answer->reply.status == 0 && now.monotonic - asked_.monotonic < timeout_ && patient_) {
        send(now, out);
        return nullptr;
    }
    waiting_ = false;
    return &answer->reply;
}

void Line::lead(Term term, Instant until, Effects& out) {
    if (!leads_) term_ = term;
    until_ = until;
    out.emplace_back(GateMoved{term_, until});
    if (!std::exchange(leads_, true)) out.emplace_back(RoleChanged{Role::leader, term_});
}

void Line::follow(Now now, Effects& out) {
    if (!std::exchange(leads_, false)) return;
    until_ = kNever;
    out.emplace_back(GateMoved{term_, now.monotonic});
    out.emplace_back(RoleChanged{Role::follower, Term{}});
}

void Line::stop(Now now, Effects& out) {
    waiting_ = false;
    stopped_ = true;
    if (std::exchange(leads_, false)) out.emplace_back(GateMoved{term_, now.monotonic});
    until_ = kNever;
    out.emplace_back(RoleChanged{Role::stopped, Term{}});
    out.emplace_back(Stopped{});
}

LeaseRecord Line::own(Now now, Duration lease) const {
    LeaseRecord record;
    record.holder = identity_;
    record.duration_seconds = static_cast<std::int32_t>(lease / 1s);
    record.acquire_time = record.renew_time = micro_time(now.wall);
    return record;
}

std::string Line::summary(const char* library) const {
    return std::string(library) +
           (leads_ ? ", leads in term " + std::to_string(term_.value()) : ", does not lead");
}

}  // namespace leasehold::sim
