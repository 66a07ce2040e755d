#include "model/storage/calls.hpp"

#include <string>

#include "model/base/check.hpp"

namespace leasehold::storage {

void Calls::begin(CallId id, Call call) {
    if (call.deadline != kNever) deadlines_.emplace(call.deadline, id);
    const bool fresh = calls_.emplace(id, std::move(call)).second;
    CHECK_MSG(fresh, "call " + std::to_string(id.value()) + " came twice");
}

const Call* Calls::find(CallId id) const {
    const auto found = calls_.find(id);
    return found == calls_.end() ? nullptr : &found->second;
}

const Call& Calls::at(CallId id) const {
    const Call* call = find(id);
    CHECK_MSG(call != nullptr, "call " + std::to_string(id.value()) + " is not open");
    return *call;
}

void Calls::end(CallId id, CallKind kind) {
    const auto found = calls_.find(id);
    CHECK_MSG(found != calls_.end(), "call " + std::to_string(id.value()) + " is answered twice");
    CHECK_MSG(found->second.kind == kind, "a call is answered as another kind");
    if (found->second.deadline != kNever) deadlines_.erase({found->second.deadline, id});
    calls_.erase(found);
}

void Calls::answer(const ReadDone& done, Effects& out) {
    end(done.call, CallKind::read);
    out.emplace_back(done);
}

void Calls::answer(const QueryDone& done, Effects& out) {
    end(done.call, CallKind::query);
    if (done.outcome == QueryOutcome::not_available_yet) mark(out, MarkId::query_not_available);
    out.emplace_back(done);
}

void Calls::answer(const WriteDone& done, Effects& out) {
    end(done.call, CallKind::write);
    if (done.ack == WriteAck::fenced) mark(out, MarkId::write_fenced);
    out.emplace_back(done);
}

Instant Calls::next_deadline() const {
    return deadlines_.empty() ? kNever : deadlines_.begin()->first;
}

std::optional<CallId> Calls::expired(Instant now) const {
    if (deadlines_.empty() || deadlines_.begin()->first > now) return std::nullopt;
    return deadlines_.begin()->second;
}

std::vector<CallId> Calls::open(CallKind kind) const {
    std::vector<CallId> found;
    for (const auto& [id, call] : calls_)
        if (call.kind == kind) found.push_back(id);
    return found;
}

std::size_t Calls::count(CallKind kind) const {
    std::size_t n = 0;
    for (const auto& [id, call] : calls_)
        n += call.kind == kind ? 1U : 0U;
    return n;
}

}  // namespace leasehold::storage
