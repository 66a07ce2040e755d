#include "model/storage/calls.hpp"

#include <string>

#include "model/base/check.hpp"

namespace leasehold::storage {

void Calls::begin(CallId id, Call call) {
    // A call without a deadline stands in no queue: its answer, a cancel or a stop ends it.
    if (call.deadline != kNever) deadlines_.emplace(call.deadline, id);
    const bool fresh = calls_.emplace(id, std::move(call)).second;
    // Two calls under one id would share one answer, and the second caller would wait for ever.
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
    // Each call ends exactly once. A second answer means that two machines took the call for
    // theirs: one that was cancelled here and is delivered there, say. Which of them is right can't
    // be told any more, and a driver would hand the second one to whoever comes next.
    CHECK_MSG(found != calls_.end(), "call " + std::to_string(id.value()) + " is answered twice");
    // A read that is answered as a query would be counted, and judged by checkers, as one.
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
    // Reached counts as passed: a Timer at exactly this instant finds something to do, or a driver
    // would be told the same deadline again and again.
    if (deadlines_.empty() || deadlines_.begin()->first > now) return std::nullopt;
    return deadlines_.begin()->second;
}

std::vector<CallId> Calls::open(CallKind kind) const {
    // Copied, for whoever asks answers them while walking.
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
