#include "tests/conformance/sim_lease.hpp"

#include <optional>

#include "model/base/random.hpp"
#include "tests/conformance/lease_text.hpp"

namespace leasehold::conformance {
namespace {

LeaseAnswer plain(std::int32_t status) {
    LeaseAnswer answer;
    answer.reply.status = status;
    return answer;
}

LeaseEvent event_of(const sim::LeaseChange& change) {
    return {change.after ? WatchKind::seen : WatchKind::deleted, change.version, change.after};
}

}  // namespace

void SimLease::fresh() {
    *this = SimLease(mix64(seed_ + 1), profile_);
}

std::vector<LeaseAnswer> SimLease::perform(std::span<const LeaseCall> calls) {
    std::vector<LeaseAnswer> answers;
    for (const LeaseCall& call : calls)
        answers.push_back(apply(call));
    return answers;
}

LeaseAnswer SimLease::apply(const LeaseCall& call) {
    std::optional<sim::LeaseChange> change;
    LeaseAnswer answer;
    switch (call.act) {
        case LeaseAct::get:
            answer.reply = api_.handle(LeaseVerb::get, nullptr, change);
            break;
        case LeaseAct::create:
            answer.reply = api_.handle(LeaseVerb::create, call.body, change);
            break;
        case LeaseAct::update:
            answer.reply = api_.handle(LeaseVerb::update, call.body, change);
            break;
        case LeaseAct::remove:
            answer = plain(api_.lease() ? 200 : 404);
            change = api_.remove();
            break;
        case LeaseAct::edit:
            answer = plain(api_.lease() ? 200 : 404);
            change = api_.edit(call.edit);
            break;
        case LeaseAct::watch:
            return open(call);
        case LeaseAct::collect:
            return collect(call);
    }
    const bool created = change && !change->before && change->after;
    answer.misnamed = created && api_.misnames_creations();
    if (change) note(*change);
    return answer;
}

void SimLease::note(const sim::LeaseChange& change) {
    const std::string content =
        change.after ? record_text(change.after->record) + change.after->extra : "deleted";
    course_ = mix64(course_ ^ hash_text(content));
    for (auto& [client, watch] : watches_)
        watch.events.push_back(event_of(change));
}

LeaseAnswer SimLease::open(const LeaseCall& call) {
    Watch watch;
    watch.from = call.version;
    const auto missed = api_.changes_since(call.version);
    if (!missed) watch.events.push_back({});  // 410 Expired, and the stream ends
    if (missed)
        for (const sim::LeaseChange& change : *missed)
            watch.events.push_back(event_of(change));
    watches_[call.client] = std::move(watch);
    return plain(200);
}

LeaseAnswer SimLease::collect(const LeaseCall& call) {
    const auto found = watches_.find(call.client);
    if (found == watches_.end()) return plain(0);
    LeaseAnswer answer = plain(200);
    if (call.version > found->second.from) {
        for (const LeaseEvent& event : found->second.events) {
            if (event.version <= call.version) answer.events.push_back(event);
            if (event.kind == WatchKind::ended) break;
        }
    }
    watches_.erase(found);
    return answer;
}

}  // namespace leasehold::conformance
