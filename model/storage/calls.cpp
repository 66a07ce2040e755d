// Calls: every one that came in is answered exactly once.

#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

Call& RWStorageController::begin_call(CallId id, Call call) {
    if (call.deadline != kNever) deadlines_.emplace(call.deadline, id);
    const auto [entry, fresh] = calls_.emplace(id, std::move(call));
    CHECK_MSG(fresh, "call " + std::to_string(id.value()) + " came twice");
    return entry->second;
}

Call RWStorageController::end_call(CallId id) {
    auto node = calls_.extract(id);
    CHECK_MSG(!node.empty(), "call " + std::to_string(id.value()) + " is answered twice");
    Call call = std::move(node.mapped());
    if (call.deadline != kNever) deadlines_.erase({call.deadline, id});
    return call;
}

void RWStorageController::finish_read(Context& c, CallId id, ReadOutcome outcome, Epoch epoch,
                                      const ETag& etag, const Blob& payload) {
    const Call call = end_call(id);
    CHECK(call.kind == CallKind::read);
    detach_read(id, call.key);
    c.out.emplace_back(ReadDone{id, outcome, epoch, etag, payload});
}

void RWStorageController::finish_query(Context& c, CallId id, QueryOutcome outcome, Epoch epoch,
                                       const ETag& etag, const Blob& payload) {
    const Call call = end_call(id);
    CHECK(call.kind == CallKind::query);
    if (outcome == QueryOutcome::not_available_yet) mark(c, MarkId::query_not_available);
    c.out.emplace_back(QueryDone{id, outcome, epoch, etag, payload});
}

void RWStorageController::expire_call(Context& c, CallId id) {
    const auto entry = calls_.find(id);
    CHECK(entry != calls_.end());
    switch (entry->second.kind) {
        case CallKind::read:
            finish_read(c, id, ReadOutcome::deadline);
            break;
        case CallKind::query:
            finish_query(c, id, QueryOutcome::deadline);
            break;
        case CallKind::write:
            abandon_job(c, entry->second.job, WriteAck::failed);
            break;
    }
}

// A cancel detaches its own caller only: the key's flight is nobody's and goes on.
void RWStorageController::on(Context& c, const Cancel& event) {
    const auto entry = calls_.find(event.call);
    if (entry == calls_.end()) return;  // answered meanwhile
    if (entry->second.kind == CallKind::read)
        finish_read(c, event.call, ReadOutcome::cancelled);
    else if (entry->second.kind == CallKind::query)
        finish_query(c, event.call, QueryOutcome::cancelled);
}

void RWStorageController::shut_reads_and_queries(Context& c) {
    std::vector<CallId> open;
    for (const auto& [id, call] : calls_)
        if (call.kind != CallKind::write) open.push_back(id);
    for (const CallId id : open) {
        if (calls_.at(id).kind == CallKind::read)
            finish_read(c, id, ReadOutcome::shutdown);
        else
            finish_query(c, id, QueryOutcome::shutdown);
    }
}

}  // namespace leasehold
