// Elector: the frame of a step, the roles' only writers, and the invariants.
#include "model/election/elector.hpp"

#include <algorithm>

#include "model/base/check.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

Elector::Elector(const ElectorConfig& config)
    : config_(config),
      renew_deadline_(config.effective_renew_deadline()),
      attempt_timeout_(config.attempt_timeout()),
      // Two processes given one seed by mistake still draw different nonces.
      random_(mix64(config.seed) ^ hash_text(config.identity)) {
    CHECK_MSG(config.problems().empty(), config.problems().front());
}

// Every entry point is one of these: end what time has ended, act, do what is due. So a late
// timer and a late answer give the same result in either order, and nothing due is left undone.
template <class Action>
void Elector::run(Now now, Effects& out, const Action& action) {
    CHECK_MSG(now.monotonic >= last_now_, "the monotonic clock went back");
    const Summary before = summary();
    last_now_ = now.monotonic;
    settle(now, out);
    action();
    pursue(now, out);
    deadline_ = due();
    check_step(now, before);
}

void Elector::step(Now now, const Event& event, Effects& out) {
    const bool ours = std::holds_alternative<Start>(event) || std::holds_alternative<Stop>(event) ||
                      std::holds_alternative<LeaseAnswered>(event) ||
                      std::holds_alternative<LeaseWatched>(event);
    // Most events are not the elector's, and between two deadlines they change nothing.
    if (!ours && now.monotonic >= last_now_ && now.monotonic < deadline_) {
        last_now_ = now.monotonic;
        return;
    }
    run(now, out, [&] {
        if (std::holds_alternative<Done>(role_)) return;
        if (std::holds_alternative<Start>(event)) {
            CHECK(!started_);
            started_ = true;
            look_at_ = now.monotonic;
        } else if (const auto* stop = std::get_if<Stop>(&event)) {
            on(now, *stop, out);
        } else if (const auto* answered = std::get_if<LeaseAnswered>(&event)) {
            on(now, *answered, out);
        } else if (const auto* watched = std::get_if<LeaseWatched>(&event)) {
            on(now, *watched, out);
        }
    });
}

void Elector::want_renewal(Now now, Effects& out) {
    run(now, out, [&] {
        auto* leading = std::get_if<Leading>(&role_);
        if (!leading) return;
        // One sent in this very instant serves: whatever the caller has seen, it saw before.
        const bool sent_now = in_flight_ && in_flight_->verb == LeaseVerb::update &&
                              in_flight_->sent_at == now.monotonic;
        if (!sent_now) leading->renewal_wanted = true;
    });
}

void Elector::give_up(Now now, Effects& out) {
    run(now, out, [&] {
        auto* leading = std::get_if<Leading>(&role_);
        if (!leading) return;
        release_leadership(now, out);
        mark(out, MarkId::stepped_down_abdicated);
    });
}

void Elector::drained(Now now, Effects& out) {
    run(now, out, [&] {
        const auto* leading = std::get_if<Leading>(&role_);
        if (leading && leading->stop_deadline != kNever) release_leadership(now, out);
    });
}

void Elector::settle(Now now, Effects& out) {
    if (const auto* leading = std::get_if<Leading>(&role_)) {
        const Instant end = leadership_.valid_until;
        const Instant stop = leading->stop_deadline;
        if (now.monotonic >= end) {
            close_gate(now, out);
            mark(out, MarkId::gate_expired);
            if (now.monotonic - end > config_.retry_period)
                mark(out, MarkId::woke_with_expired_lease);
            if (stop == kNever) {
                become_following(now, Instant::min());
            } else {
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

void Elector::pursue(Now now, Effects& out) {
    if (now.monotonic >= silence_ends()) lose_watch(now, out);
    if (std::holds_alternative<Releasing>(role_)) wind_down(now, out);
    if (std::holds_alternative<Following>(role_)) {
        follow(now, out);
    } else if (std::holds_alternative<Leading>(role_)) {
        lead(now, out);
    }
}

Instant Elector::due() const {
    if (std::holds_alternative<Done>(role_)) return kNever;
    Instant next = silence_ends();
    const auto sooner = [&next](Instant at) { next = std::min(next, at); };
    if (std::holds_alternative<Following>(role_)) {
        if (!in_flight_ || in_flight_->verb == LeaseVerb::get) {
            sooner(take_at());
            sooner(create_at());
        }
        if (!in_flight_) sooner(look_at_);
    } else if (const auto* leading = std::get_if<Leading>(&role_)) {
        sooner(leadership_.valid_until);
        sooner(leading->stop_deadline);
        if (!in_flight_) {
            sooner(look_at_);
            if (!must_look_) sooner(write_at_);
        }
    } else if (const auto* releasing = std::get_if<Releasing>(&role_)) {
        sooner(releasing->deadline);
        if (!in_flight_) sooner(must_look_ ? look_at_ : write_at_);
    }
    return next;
}

// ---- the roles' only writers ------------------------------------------------------------------

void Elector::close_gate(Now now, Effects& out) {
    CHECK(std::holds_alternative<Leading>(role_));
    // Gate first, then the role, then everything else: nobody may see a follower with a gate.
    out.emplace_back(GateMoved{leadership_.term, std::min(leadership_.valid_until, now.monotonic)});
    out.emplace_back(RoleChanged{Role::follower, Term()});
    leadership_ = Leadership{};
    // Nothing sent up to now may open or extend a gate any more (election-review 2). What is
    // found to be ours is taken by a new conditional PUT, as a new term, or released.
    for (OwnWrite& write : writes_)
        write.counts = false;
}

void Elector::become_following(Now now, Instant sit_out_until) {
    leadership_ = Leadership{};
    role_ = Following{sit_out_until};
    for (OwnWrite& write : writes_)
        write.counts = false;
    // A request of the role before may still be in flight; its answer says what is to be known.
    if (!watch_ || !observed_) look_at_ = std::min(look_at_, now.monotonic);
    reassess();
}

void Elector::become_leading(Now now, OwnWrite& write, Effects& out) {
    CHECK(observed_ && write.counts && write.proven);
    const LeaseRecord& record = observed_->lease->record;
    const Term term(observed_->lease->version.value());
    CHECK_MSG(term > last_term_, "a term that is not larger than the last one");
    last_term_ = term;
    leadership_ = Leadership{.role = Role::leader,
                             .term = term,
                             .valid_until = write.sent_at + renew_deadline_,
                             .renewed_sent = write.sent_at,
                             .draining = false};
    CHECK(leadership_.valid_until > now.monotonic);
    role_ = Leading{.acquisition = record.acquisition,
                    .acquire_time = record.acquire_time.value_or(write.renew_time),
                    .transitions = record.transitions,
                    .renewal_wanted = false,
                    .stop_deadline = kNever};
    write_at_ = write.sent_at + config_.retry_period;
    look_at_ = kNever;
    out.emplace_back(GateMoved{term, leadership_.valid_until});
    out.emplace_back(RoleChanged{Role::leader, term});
}

void Elector::become_releasing(Now now, const Releasing& releasing) {
    leadership_ = Leadership{};
    role_ = releasing;
    for (OwnWrite& write : writes_)
        write.counts = false;
    write_at_ = now.monotonic;
    // A GET that nothing depends on must not delay the release.
    if (in_flight_ && in_flight_->verb == LeaseVerb::get) {
        in_flight_.reset();
        look_at_ = now.monotonic;
    }
    reassess();
}

void Elector::become_done(Effects& out) {
    role_ = Done{};
    leadership_ = Leadership{.role = Role::stopped,
                             .term = {},
                             .valid_until = {},
                             .renewed_sent = {},
                             .draining = false};
    in_flight_.reset();
    writes_.clear();
    if (watch_) out.emplace_back(StopWatch{watch_->id});
    watch_.reset();
    out.emplace_back(RoleChanged{Role::stopped, Term()});
    out.emplace_back(Stopped{});
}

// ---- invariants -------------------------------------------------------------------------------

Elector::Summary Elector::summary() const {
    return {role_.index(), leadership_, known_};
}

void Elector::check_step(Now now, const Summary& before) const {
    const bool leads = std::holds_alternative<Leading>(role_);
    const Leadership& after = leadership_;
    // Basic: what holds at the end of every step.
    CHECK(leads == (after.role == Role::leader));
    CHECK_MSG(deadline_ > now.monotonic, "something due was left undone");
    if (leads) {
        CHECK_MSG(after.valid_until > now.monotonic, "a leader whose gate is closed");
        CHECK_MSG(after.valid_until == after.renewed_sent + renew_deadline_,
                  "validity that does not count from a send");
        CHECK(after.renewed_sent <= newest_sent_ && newest_sent_ <= now.monotonic);
        CHECK(after.term == last_term_ && after.term.value() != 0);
        CHECK_MSG(!observed_ || observed_->take == WriteKind::take_own ||
                      observed_->take == WriteKind::take_created,
                  "a leader over a foreign record");
    }
    CHECK(!(observed_ && absent_since_));
    if (std::holds_alternative<Done>(role_)) CHECK(!in_flight_ && !watch_ && deadline_ == kNever);
    // Before and after.
    if (before.leadership.role == Role::stopped) CHECK(after.role == Role::stopped);
    if (before.leadership.role == Role::leader && leads) {
        CHECK_MSG(after.term == before.leadership.term, "the term changed while leading");
        CHECK(after.valid_until >= before.leadership.valid_until);
        CHECK(after.draining || !before.leadership.draining);
    }
}

bool operator==(const Elector& a, const Elector& b) {
    const auto same = [&](auto... member) { return ((a.*member == b.*member) && ...); };
    return same(&Elector::config_, &Elector::last_now_, &Elector::deadline_, &Elector::started_,
                &Elector::random_, &Elector::requests_, &Elector::watches_) &&
           same(&Elector::known_, &Elector::observed_, &Elector::absent_since_,
                &Elector::largest_duration_, &Elector::uid_, &Elector::annotated_,
                &Elector::stale_mark_, &Elector::watch_) &&
           same(&Elector::writes_, &Elector::last_renew_time_, &Elector::newest_sent_,
                &Elector::in_flight_, &Elector::must_look_, &Elector::look_at_,
                &Elector::last_look_, &Elector::write_at_, &Elector::refused_,
                &Elector::last_term_) &&
           same(&Elector::role_, &Elector::leadership_);
}

}  // namespace leasehold
