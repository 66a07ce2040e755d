// Requests: what is written, how long it may take, and what an answer means.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/election/record.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

using namespace election;

namespace {

using namespace std::chrono_literals;

/// Over `old`, what a write of `kind` says of whose Lease it is; the rest is set already.
///
/// As client-go has it, transitions count changes of holder, and a release is an empty holder with
/// a duration of a second. What client-go lacks is the mark: set last, for it names the renewTime
/// and transitions that are written with it.
void continue_from(LeaseRecord& record, const Lease& old, WriteKind kind) {
    const bool changes = kind != WriteKind::release && old.record.holder != record.holder;
    // The wire's int32 must not wrap: a release with fewer transitions than were seen lies before
    // them.
    const bool room = old.record.transitions < std::numeric_limits<std::int32_t>::max();
    record.transitions = std::max(old.record.transitions, 0) + (changes && room ? 1 : 0);
    if (kind != WriteKind::release) return;
    record.holder.clear();
    record.duration_seconds = 1;
    record.acquisition = old.record.acquisition;
    record.acquire_time = old.record.acquire_time;
    record.released = release_mark(old.uid, record);
}

/// What a write of the present role may do (own_record.hpp). Only a conditional PUT on a record
/// that was free proves that nobody else leads; a creation proves nothing of a leader whose Lease
/// was deleted under it (clause 4).
Standing standing_of(WriteKind kind) {
    switch (kind) {
        case WriteKind::create:
            return Standing::created;
        case WriteKind::recreate:
            return Standing::extends;
        case WriteKind::release:
            return Standing::release;
        default:
            return Standing::opens;
    }
}

}  // namespace

/// How long an answer still finds the role that asks: until the gate's end, or a release's.
Duration Elector::room(Now now) const {
    if (const auto* leading = std::get_if<Leading>(&role_))
        // An answer after the gate's end would find a follower, so the attempt doesn't last longer.
        return std::min(leadership_.valid_until, leading->stop_deadline) - now.monotonic;
    if (const auto* releasing = std::get_if<Releasing>(&role_))
        return releasing->deadline - now.monotonic;
    return config_.lease_duration;
}

/// A GET. What is known as it leaves decides later what its answer proves.
void Elector::send_look(Now now, Effects& out) {
    const RequestId id = requests_.begin({.id = {},
                                          .verb = LeaseVerb::get,
                                          .kind = {},
                                          .nonce = 0,
                                          .sent_at = now.monotonic,
                                          .known = view_.known(),
                                          .was_absent = view_.absent_since().has_value()});
    const Duration timeout = std::min(config_.attempt_timeout(), room(now));
    out.emplace_back(SendLease{id, LeaseVerb::get, nullptr, timeout});
}

/// A PUT or POST. Whatever becomes of it, it is remembered: it may be applied although its answer
/// says otherwise, and long after.
void Elector::send_write(Now now, WriteKind kind, Effects& out) {
    // A write while the last one is in doubt makes a conflict with oneself: it names the version
    // from before, and the late one has changed that.
    CHECK(!own_.must_look());
    // A poll under way must not delay a write that proves itself; its answer is dropped.
    requests_.postpone_look(now.monotonic);
    const bool post = kind == WriteKind::create || kind == WriteKind::recreate;
    CHECK(post ? view_.absent_since().has_value() : view_.lease() != nullptr);

    auto lease = std::make_shared<Lease>();
    if (!post) {
        // Version and uid are the precondition; whatever else the object holds is echoed.
        // 200 under this precondition means that nobody wrote since the record was seen. It is what
        // a takeover is proven by, and what makes a renewal one of our own record (clause 3).
        lease->version = view_.lease()->version;
        lease->uid = view_.lease()->uid;
        lease->extra = view_.lease()->extra;
        CHECK(lease->version == view_.known());
    }
    LeaseRecord& record = lease->record;
    record.holder = config_.identity;
    record.duration_seconds = static_cast<std::int32_t>(config_.lease_duration / 1s);
    // Beside the nonce, so that an edit of the spec doesn't shorten what others wait. A create is
    // no proof: it tells them, too, how long a leader unseen may last (clauses 2, 4).
    record.max_lease_seconds = post ? view_.bound_seconds(now.monotonic) : record.duration_seconds;
    // client-go compares records by whole seconds.
    record.renew_time =
        own_.next_renew_time(now.wall, config_.client_go_peers ? Duration(1s) : Duration(1us));
    record.nonce = record.acquisition = requests_.draw_nonce();
    record.acquire_time = record.renew_time;
    if (auto* leading = std::get_if<Leading>(&role_)) {
        // One leadership has one acquisition, also when its Lease is deleted and made again.
        leading->renewal_wanted = leading->refused = false;
        record.acquisition = leading->acquisition;
        record.acquire_time = leading->acquire_time;
        record.transitions = leading->transitions;
    } else if (view_.lease()) {
        continue_from(record, *view_.lease(), kind);
    }

    if (!post) name_container(*lease, out);
    if (auto* following = std::get_if<Following>(&role_)) following->blanked = Version();

    // Remembered before it leaves: its record may be shown by the watch before it is answered.
    own_.sent({.nonce = record.nonce,
               .renew_time = *record.renew_time,
               .sent_at = now.monotonic,
               .kind = kind,
               .precondition = lease->version,
               .standing = standing_of(kind)},
              view_.nonce());
    const LeaseVerb verb = post ? LeaseVerb::create : LeaseVerb::update;
    const RequestId id = requests_.begin({.id = {},
                                          .verb = verb,
                                          .kind = kind,
                                          .nonce = record.nonce,
                                          .sent_at = now.monotonic,
                                          .known = view_.known(),
                                          .was_absent = post});
    // The cadence counts from the send, so slow answers don't add up to a missed renewal.
    requests_.write_at = now.monotonic + config_.retry_period;
    const Duration timeout = std::min(config_.attempt_timeout(), room(now));
    out.emplace_back(SendLease{id, verb, std::move(lease), timeout});
}

void Elector::on(Now now, const LeaseAnswered& event, Effects& out) {
    const std::optional<Request> request = requests_.end(event.request);
    if (!request) {
        // Of a role that ended, or a GET that made way for a write.
        mark(out, MarkId::stale_answer);
        return;
    }
    const LeaseReply& reply = event.reply;
    const auto retry = [&] {
        return retry_at(now.monotonic, *request, reply, config_.retry_period,
                        std::holds_alternative<Following>(role_)
                            ? room(now)
                            : room(now) - config_.attempt_timeout());
    };
    const LeaseOutcome outcome = classify(request->verb, reply);
    if (request->verb == LeaseVerb::get) {
        if (outcome == LeaseOutcome::found)
            on_found(now, *request, reply.lease, out);
        else if (outcome == LeaseOutcome::missing)
            on_missing(now, *request, out);
        else
            requests_.look_by(retry());
        return;
    }
    switch (outcome) {
        case LeaseOutcome::written:
            on_written(now, *request, reply.lease, out);
            break;
        case LeaseOutcome::rejected: {
            // 4xx: certainly not applied, so nothing is in doubt and no look is needed.
            const bool renewal =
                request->kind == WriteKind::renew || request->kind == WriteKind::recreate;
            // And yet believed only as long as nothing shows the record: some proxies answer for a
            // server that has done the work.
            own_.not_applied(request->nonce, view_.nonce());
            requests_.write_at = retry();
            if (auto* leading = std::get_if<Leading>(&role_)) leading->refused = true;
            if (renewal && reply.status == 429) mark(out, MarkId::renewal_throttled);
            break;
        }
        case LeaseOutcome::conflict:
        case LeaseOutcome::exists:
        case LeaseOutcome::missing:
            // Somebody wrote in between. Who it was decides everything, so look before all else.
            if (request->kind == WriteKind::take_expired || request->kind == WriteKind::take_ended)
                mark(out, MarkId::takeover_lost_race);
            if (request->kind == WriteKind::release) mark(out, MarkId::release_retried);
            // It stays among the own writes: a request that was sent twice on its way meets itself,
            // and then the conflict's cause is our own record.
            own_.refused(request->known);
            requests_.look_by(now.monotonic);
            break;
        case LeaseOutcome::found:
            CHECK_MSG(false, "a write was answered as a GET");
        case LeaseOutcome::unknown:
            // Applied, or not, or not yet: only a GET can tell, and then only the first two
            // (clause 11). Writing again at once would make a conflict with oneself.
            if (request->kind == WriteKind::renew) mark(out, MarkId::renewal_unknown);
            if (request->kind == WriteKind::release) mark(out, MarkId::release_retried);
            own_.unknown();
            requests_.look_by(now.monotonic);
            break;
    }
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
        own_.not_applied(request.nonce, view_.nonce());
        mark(out, MarkId::renewal_unchanged);
        return;
    }
    // The own write is news; the watch owes what was there before it.
    const bool owed = watch_.owes(request.known, request.sent_at, 3 * config_.retry_period);
    if (version >= view_.known()) {
        if (lease->record.nonce != request.nonce) {
            own_.unknown();  // the answer shows another record than was sent
            requests_.look_by(now.monotonic);
            return;
        }
        observe(now, lease, LeaseView::Source::answer, out);
    }
    // A watch may have been faster, with this record or with one that came after it.
    const bool present = view_.nonce() == request.nonce;
    if (request.kind == WriteKind::release) {
        mark(out, MarkId::released_lease);
        return;  // what is there is ours no more, so the role ends in this step
    }
    if (!present || !own_.made(view_.lease()->record)) {
        mark(out, MarkId::stale_answer);  // a watch event has shown a newer record already
        return;
    }
    if (request.kind == WriteKind::create) mark(out, MarkId::created_lease);
    confirm(now, out);
    if (owed) lose_watch(out);
    open_watch(now, out);
}

}  // namespace leasehold
