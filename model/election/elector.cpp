// Elector: the frame of a step, the roles' only writers, and the invariants.
#include "model/election/elector.hpp"

#include <algorithm>

#include "model/base/check.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

using namespace election;

Elector::Elector(const ElectorConfig& config)
    : config_(config),
      view_(config),
      own_(config.identity),
      // Two processes given one seed by mistake still draw different nonces.
      requests_(mix64(config.seed) ^ hash_text(config.identity)) {
    CHECK_MSG(config.problems().empty(), config.problems().front());
}

// Every entry point is one of these: end what time has ended, act, do what is due. So a late
// timer and a late answer give the same result in either order, and nothing due is left undone.
template <class Action>
void Elector::run(Now now, Effects& out, const Action& action) {
    // A clock that goes back would open a gate that has closed.
    CHECK_MSG(now.monotonic >= progress_.last_now, "the monotonic clock went back");
    const Leadership before = leadership_;
    progress_.last_now = now.monotonic;
    settle(now, out);
    action();
    weigh_proof(out);
    pursue(now, out);
    check_step(now, before);
}

void Elector::step(Now now, const Event& event, Effects& out) {
    const bool ours = std::holds_alternative<Start>(event) || std::holds_alternative<Stop>(event) ||
                      std::holds_alternative<LeaseAnswered>(event) ||
                      std::holds_alternative<LeaseWatched>(event) ||
                      std::holds_alternative<OwnContainer>(event) ||
                      std::holds_alternative<HolderEnded>(event);
    // Most events are not the elector's, and between two deadlines they change nothing.
    if (!ours && now.monotonic >= progress_.last_now && now.monotonic < progress_.deadline) {
        progress_.last_now = now.monotonic;
        return;
    }
    run(now, out, [&] {
        if (std::holds_alternative<Done>(role_)) return;
        if (std::holds_alternative<Start>(event)) {
            CHECK(!progress_.started);
            progress_.started = true;
            requests_.look_at = now.monotonic;
        } else if (const auto* stop = std::get_if<Stop>(&event)) {
            on(now, *stop, out);
        } else if (const auto* answered = std::get_if<LeaseAnswered>(&event)) {
            on(now, *answered, out);
        } else if (const auto* watched = std::get_if<LeaseWatched>(&event)) {
            on(now, *watched, out);
        } else if (const auto* own = std::get_if<OwnContainer>(&event)) {
            on(*own);
        } else if (const auto* ended = std::get_if<HolderEnded>(&event)) {
            on(*ended, out);
        }
    });
}

void Elector::want_renewal(Now now, Effects& out) {
    run(now, out, [&] {
        auto* leading = std::get_if<Leading>(&role_);
        if (!leading) return;
        // One sent in this very instant serves: whatever the caller has seen, it saw before.
        const Request* sent = requests_.in_flight();
        const bool sent_now =
            sent && sent->verb == LeaseVerb::update && sent->sent_at == now.monotonic;
        if (!sent_now) leading->renewal_wanted = true;
    });
}

void Elector::give_up(Now now, Effects& out) {
    run(now, out, [&] {
        auto* leading = std::get_if<Leading>(&role_);
        if (!leading) return;
        end_leadership(now, out);
        mark(out, MarkId::stepped_down_abdicated);
    });
}

void Elector::drained(Now now, Effects& out) {
    run(now, out, [&] {
        const auto* leading = std::get_if<Leading>(&role_);
        if (leading && leading->stop_deadline != kNever) end_leadership(now, out);
    });
}

/// Ends what `now` has ended, whatever the event is. A gate closes by time alone: a leader that
/// was paused must find itself a follower before it reads what came in the meantime.
void Elector::settle(Now now, Effects& out) {
    if (const auto* leading = std::get_if<Leading>(&role_)) {
        const Instant end = leadership_.valid_until;
        const Instant stop = leading->stop_deadline;
        if (now.monotonic >= end) {
            close_gate(now, out);
            mark(out, MarkId::gate_expired);
            // A driver is never late by a whole period unless the process stood still.
            if (now.monotonic - end > config_.retry_period)
                mark(out, MarkId::woke_with_expired_lease);
            if (stop == kNever) {
                become_following(now, Instant::min());
            } else {
                // Its record may still be the present one: others need not wait for it.
                become_releasing(now, {.stopping = true, .deadline = stop, .sit_out_until = {}});
            }
        } else if (now.monotonic >= stop) {
            // The work never ended, so nothing is released: what it still does stays covered by
            // the rest of the lease.
            close_gate(now, out);
            mark(out, MarkId::stop_deadline);
            become_done(out);
        }
    }
    if (const auto* releasing = std::get_if<Releasing>(&role_);
        releasing && now.monotonic >= releasing->deadline) {
        if (releasing->stopping) {
            mark(out, MarkId::stop_deadline);
            become_done(out);
        } else {
            become_following(now, releasing->sit_out_until);
        }
    }
}

// ---- the roles' only writers ------------------------------------------------------------------

void Elector::close_gate(Now now, Effects& out) {
    CHECK(std::holds_alternative<Leading>(role_));
    // Gate first, then the role, then everything else: nobody may see a follower with a gate.
    out.emplace_back(GateMoved{leadership_.term, std::min(leadership_.valid_until, now.monotonic)});
    out.emplace_back(RoleChanged{Role::follower, Term()});
    // A gate is closed once and not opened again: the next one is another term's.
    leadership_ = Leadership{};
    own_.close();
}

/// Contends, from `sit_out_until` on. Writes of the role before open nothing any more.
void Elector::become_following(Now now, Instant sit_out_until) {
    leadership_ = Leadership{};
    role_ = Following{.sit_out_until = sit_out_until, .blanked = {}};
    own_.close();
    // A request of the role before may still be in flight; its answer says what is to be known.
    // With a watch open and the Lease known there is nothing to ask: its expiry has its own time.
    if (!watch_.open() || !view_.lease()) requests_.look_by(now.monotonic);
}

/// The only way to an open gate: the present record is `write`, sent when the Lease was free.
void Elector::become_leading(Now now, const OwnWrite& write, Effects& out) {
    const LeaseRecord& record = view_.lease()->record;
    CHECK(own_.claim(record) == Claim::proven && write.counts());
    // The version of the acquiring write orders leaderships across deletions of the Lease, where
    // transitions begin again.
    const Term term(view_.known().value());
    // No server can make it fall: what opens a gate is a write of ours that went over a version
    // known before, so it stands at a larger one; and where versions went back, the last term went
    // with them.
    CHECK_MSG(term > progress_.last_term, "a term that is not larger than the last one");
    progress_.last_term = term;
    leadership_ = Leadership{.role = Role::leader,
                             .term = term,
                             .valid_until = write.sent_at + config_.effective_renew_deadline(),
                             .renewed_sent = write.sent_at,
                             .draining = false,
                             .landing_until = std::max(landing_until_, Instant{})};
    // What is confirmed too late is refused by confirm(): it would be a gate that is closed
    // already.
    CHECK(leadership_.valid_until > now.monotonic);
    role_ = Leading{.acquisition = record.acquisition,
                    .acquire_time = record.acquire_time.value_or(write.renew_time),
                    .transitions = record.transitions,
                    .renewal_wanted = false,
                    .refused = false,
                    .stop_deadline = kNever};
    // The cadence counts from the send: an answer that was slow brings the first renewal forward.
    requests_.write_at = write.sent_at + config_.retry_period;
    requests_.look_at = kNever;
    out.emplace_back(GateMoved{term, leadership_.valid_until});
    out.emplace_back(RoleChanged{Role::leader, term});
}

/// The gate is closed, and the record may be ours: it is released, or found to be another's.
void Elector::become_releasing(Now now, const Releasing& releasing) {
    leadership_ = Leadership{};
    role_ = releasing;
    own_.close();
    requests_.write_at = now.monotonic;
    // A GET that nothing depends on must not delay the release.
    requests_.postpone_look(now.monotonic);
}

/// The end: whatever comes after finds nothing to match.
void Elector::become_done(Effects& out) {
    role_ = Done{};
    leadership_ = Leadership{.role = Role::stopped,
                             .term = {},
                             .valid_until = {},
                             .renewed_sent = {},
                             .draining = false,
                             .landing_until = {}};
    // What is in flight may still be applied. A release that is frees the Lease; a renewal that is
    // binds others for one more lease, and opens nothing here.
    requests_.drop();
    own_.forget();
    if (watch_.open()) out.emplace_back(StopWatch{watch_.id()});
    watch_.end();
    proof_.follow(nullptr, out);
    out.emplace_back(RoleChanged{Role::stopped, Term()});
    out.emplace_back(Stopped{});
}

bool operator==(const Elector& a, const Elector& b) {
    const bool same_container = a.container_ == b.container_ ||
                                (a.container_ && b.container_ && *a.container_ == *b.container_);
    return same_container && a.config_ == b.config_ && a.progress_ == b.progress_ &&
           a.view_ == b.view_ && a.own_ == b.own_ && a.watch_ == b.watch_ &&
           a.requests_ == b.requests_ && a.proof_ == b.proof_ &&
           a.landing_until_ == b.landing_until_ && a.release_held_until_ == b.release_held_until_ &&
           a.stand_back_ == b.stand_back_ && a.role_ == b.role_ && a.leadership_ == b.leadership_;
}

// ---- invariants -------------------------------------------------------------------------------

void Elector::check_step(Now now, const Leadership& before) const {
    const bool leads = std::holds_alternative<Leading>(role_);
    const Leadership& after = leadership_;
    // Basic: what holds at the end of every step.
    CHECK(leads == (after.role == Role::leader));
    CHECK_MSG(progress_.deadline > now.monotonic, "something due was left undone");
    if (leads) {
        // Clause 1: validity counts from a send, so no answer, however late, makes it longer.
        CHECK_MSG(after.valid_until > now.monotonic, "a leader whose gate is closed");
        CHECK_MSG(after.valid_until == after.renewed_sent + config_.effective_renew_deadline(),
                  "validity that does not count from a send");
        CHECK(after.renewed_sent <= now.monotonic);
        CHECK(after.term == progress_.last_term && after.term.value() != 0);
        // Clause 8: a foreign record ends leadership in the step that shows it.
        CHECK_MSG(!view_.lease() || own_.claim(view_.lease()->record) != Claim::none,
                  "a leader over a foreign record");
    }
    // One Lease is there or it is not: a write knows by this whether it is a PUT or a POST.
    CHECK(!(view_.lease() && view_.absent_since()));
    if (std::holds_alternative<Done>(role_))
        CHECK(requests_.idle() && !watch_.open() && progress_.deadline == kNever);
    // Before and after: a term is one leadership, and what was promised is never taken back.
    if (before.role == Role::stopped) CHECK(after.role == Role::stopped);
    if (before.role == Role::leader && leads) {
        CHECK_MSG(after.term == before.term, "the term changed while leading");
        CHECK(after.valid_until >= before.valid_until);
        CHECK(after.draining || !before.draining);
    }
}

}  // namespace leasehold
