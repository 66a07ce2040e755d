#include "tests/conformance/lease_mutant.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

namespace leasehold::conformance {
namespace {

constexpr const char* kOneUid = "uid-0";

template <class Change>
void alter(LeasePtr& lease, Change&& change) {
    if (!lease) return;
    auto other = std::make_shared<Lease>(*lease);
    change(*other);
    lease = std::move(other);
}

}  // namespace

void MutantLease::fresh() {
    server_.fresh();
    deleted_ = false;
    lost_.clear();
}

std::vector<LeaseAnswer> MutantLease::perform(std::span<const LeaseCall> calls) {
    std::vector<std::size_t> order(calls.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random_.below(i)]);
    std::vector<LeaseAnswer> answers(calls.size());
    for (const std::size_t i : order)
        answers[i] = one(calls[i], calls.size() > 1);
    lost_.clear();
    return answers;
}

LeaseAnswer MutantLease::one(LeaseCall call, bool at_once) {
    spoil(call, at_once);
    const Version before = server_.lease() ? server_.lease()->version : Version{};
    LeaseAnswer answer = server_.apply(call);
    if (at_once && server_.lease() && server_.lease()->version != before) lost_[before] = true;
    spoil(call, answer, at_once);
    return answer;
}

// What the bug makes of a request before it is looked at.
void MutantLease::spoil(LeaseCall& call, bool at_once) {
    const LeasePtr stored = server_.lease();
    const bool update = call.act == LeaseAct::update;
    const bool stale =
        update && stored && call.body->version.value() != 0 && call.body->version < stored->version;
    const auto as_stored = [&](Lease& lease) { lease.version = stored->version; };
    if (bug_ == LeaseBug::equal_put_writes && update && stored &&
        call.body->version == stored->version) {
        LeaseCall touch;
        touch.act = LeaseAct::edit;
        server_.apply(touch);
        alter(call.body, [&](Lease& lease) { lease.version = server_.lease()->version; });
    }
    if (bug_ == LeaseBug::put_of_missing_creates && update && !stored)
        alter(call.body, [](Lease& lease) { lease.uid.clear(); });
    if (bug_ == LeaseBug::post_overwrites && call.act == LeaseAct::create && stored) {
        LeaseCall removal;
        removal.act = LeaseAct::remove;
        server_.apply(removal);
    }
    if (bug_ == LeaseBug::stale_put_lands && stale) alter(call.body, as_stored);
    if (bug_ == LeaseBug::race_has_two_winners && at_once && stale &&
        lost_.contains(call.body->version))
        alter(call.body, as_stored);
    if (bug_ == LeaseBug::uid_unchecked && update && stored)
        alter(call.body, [](Lease& lease) { lease.uid.clear(); });
    if (bug_ == LeaseBug::uid_survives_deletion && update && stored && call.body->uid == kOneUid)
        alter(call.body, [&](Lease& lease) { lease.uid = stored->uid; });
    if (bug_ == LeaseBug::label_lost && update)
        alter(call.body, [](Lease& lease) { lease.extra.clear(); });
    if (bug_ == LeaseBug::zero_duration_taken && call.body &&
        call.body->record.duration_seconds == 0)
        alter(call.body, [](Lease& lease) { lease.record.duration_seconds = 1; });
    if (bug_ == LeaseBug::watch_tells_the_known && call.act == LeaseAct::watch &&
        call.version.value() > 1)
        call.version = Version(call.version.value() - 1);
}

// What it makes of the answer.
void MutantLease::spoil(const LeaseCall& call, LeaseAnswer& answer, bool at_once) {
    LeaseReply& reply = answer.reply;
    if (bug_ == LeaseBug::put_of_missing_is_not_found && call.act == LeaseAct::update &&
        !server_.lease() && reply.status == 409) {
        reply.status = 404;
        reply.reason = StatusReason::not_found;
    }
    if (bug_ == LeaseBug::missing_not_about_the_lease && reply.status == 404)
        reply.about_lease = false;
    if (bug_ == LeaseBug::uid_survives_deletion)
        alter(reply.lease, [](Lease& lease) { lease.uid = kOneUid; });
    if (call.act == LeaseAct::remove && reply.status == 200) deleted_ = true;
    if (bug_ == LeaseBug::creation_misnamed && reply.status == 201 && deleted_)
        alter(reply.lease,
              [](Lease& lease) { lease.version = Version(lease.version.value() - 1); });
    if (bug_ == LeaseBug::version_restarts && call.act == LeaseAct::remove) server_.fresh();
    if (bug_ == LeaseBug::refused_put_lands && at_once && call.act == LeaseAct::update &&
        reply.status == 409 && server_.lease()) {
        LeaseCall again = call;
        alter(again.body, [&](Lease& lease) {
            lease.version = server_.lease()->version;
            lease.uid.clear();
        });
        server_.apply(again);
    }
    spoil_events(answer.events);
}

void MutantLease::spoil_events(std::vector<LeaseEvent>& events) const {
    if (bug_ == LeaseBug::deletion_untold)
        std::erase_if(events, [](const LeaseEvent& e) { return e.kind == WatchKind::deleted; });
    if (bug_ == LeaseBug::event_told_twice && !events.empty()) events.push_back(events.back());
    if (bug_ == LeaseBug::events_out_of_order && events.size() > 1)
        std::swap(events.front(), events.back());
}

}  // namespace leasehold::conformance
