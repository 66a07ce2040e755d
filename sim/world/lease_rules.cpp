#include "sim/world/lease_rules.hpp"

#include <chrono>
#include <utility>

#include "model/base/check.hpp"

namespace leasehold::sim {
namespace {

LeaseReply failure(std::int32_t status, StatusReason reason, bool about_lease = true) {
    LeaseReply reply;
    reply.status = status;
    reply.reason = reason;
    reply.about_lease = about_lease;
    return reply;
}

LeaseReply success(std::int32_t status, LeasePtr lease) {
    LeaseReply reply;
    reply.status = status;
    reply.lease = std::move(lease);
    return reply;
}

bool whole_microseconds(const std::optional<WallTime>& time) {
    return !time || time->time_since_epoch().count() % 1000 == 0;
}

// MicroTime has exactly six digits: anything else is no Lease, and is refused unread (400).
bool malformed(const LeaseRecord& record) {
    return !whole_microseconds(record.acquire_time) || !whole_microseconds(record.renew_time);
}

// What the server's validation refuses (422): of a POST before all else, of a PUT once the uid and
// the version are right.
bool invalid(const LeaseRecord& record) {
    return record.duration_seconds <= 0 || record.transitions < 0;
}

// Its details name the kind "Lease" and not the resource "leases".
LeaseReply refused_as_invalid() {
    return failure(422, StatusReason::invalid, false);
}

LeaseRuling refuse(LeaseReply reply) {
    return {.reply = std::move(reply), .write = nullptr, .creates = false};
}

LeaseRuling store(std::int32_t status, const Lease& body) {
    return {.reply = success(status, nullptr),
            .write = std::make_shared<Lease>(body),
            .creates = status == 201};
}

LeaseRuling create(const LeasePtr& present, const Lease& body, Version version) {
    if (invalid(body.record)) return refuse(refused_as_invalid());
    if (version.value() != 0) return refuse(failure(500, StatusReason::none, false));
    if (present) return refuse(failure(409, StatusReason::already_exists));
    return store(201, body);
}

LeaseRuling update(const LeasePtr& present, const Lease& body) {
    if (!present) {
        // A PUT with a uid is refused; without one it creates (Lease allows create on update).
        if (!body.uid.empty()) return refuse(failure(409, StatusReason::conflict));
        return create(present, body, Version{});
    }
    if (!body.uid.empty() && body.uid != present->uid)
        return refuse(failure(409, StatusReason::conflict));
    if (body.version.value() == 0) return refuse(failure(422, StatusReason::invalid));
    if (body.version != present->version) return refuse(failure(409, StatusReason::conflict));
    if (invalid(body.record)) return refuse(refused_as_invalid());
    // Equal content: nothing is written, no event.
    if (body.record == present->record && body.extra == present->extra)
        return refuse(success(200, present));
    LeaseRuling ruling = store(200, body);
    ruling.write->uid = present->uid;
    return ruling;
}

}  // namespace

LeaseRuling rule(const LeasePtr& present, LeaseVerb verb, const LeasePtr& body) {
    CHECK((verb == LeaseVerb::get) == (body == nullptr));
    if (body && malformed(body->record))
        return refuse(failure(400, StatusReason::bad_request, false));
    switch (verb) {
        case LeaseVerb::get:
            return refuse(present ? success(200, present) : failure(404, StatusReason::not_found));
        case LeaseVerb::create:
            return create(present, *body, body->version);
        case LeaseVerb::update:
            return update(present, *body);
    }
    check_failed("known verb", __FILE__, __LINE__, "");
}

std::shared_ptr<Lease> edited(const Lease& present, LeaseEdit edit, const LeasePtr& released) {
    auto after = std::make_shared<Lease>(present);
    switch (edit) {
        case LeaseEdit::clear_holder:
            after->record.holder.clear();
            break;
        case LeaseEdit::steal_holder:
            after->record.holder = "operator";
            break;
        case LeaseEdit::shorten_duration:
            after->record.duration_seconds = 1;
            break;
        case LeaseEdit::label:
            after->extra += "e";
            break;
        case LeaseEdit::recreate_empty:
            return nullptr;  // two requests: remove() and create_empty()
        case LeaseEdit::lengthen_duration:
            after->record.duration_seconds = 60;
            break;
        case LeaseEdit::renew_holder:
            if (!after->record.renew_time) return nullptr;
            *after->record.renew_time += std::chrono::seconds(1);
            break;
        case LeaseEdit::replay_release:
            if (!released || released->uid != present.uid) return nullptr;
            after->record = released->record;
            break;
    }
    if (after->record == present.record && after->extra == present.extra) return nullptr;
    return after;
}

}  // namespace leasehold::sim
