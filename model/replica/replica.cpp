#include "model/replica/replica.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

struct Replica::Parts {
    std::optional<Elector> elector;
    std::optional<RWStorageController> controller;
    Leadership known;  ///< what the controller was told last
    bool started = false;
    bool ended = false;              ///< Stopped was emitted
    Instant stop_deadline = kNever;  ///< without an elector: of a stop that was asked for
    bool stopping = false;

    /// Timers in a row at one instant that did nothing.
    struct Idle {
        Instant at = Instant::min();
        std::uint32_t timers = 0;
        /// How a replica came to where it is makes it no other one.
        friend bool operator==(const Idle&, const Idle&) { return true; }
    };
    Idle idle;
    friend bool operator==(const Parts&, const Parts&) = default;

    void sync(Now now, Effects& out);
    void grant_wishes(Now now, Effects& out);
    void step_alone(Now now, const Event& event, Effects& out);
    void stop_alone(Now now, Effects& out);
    void move_stopped_last(std::size_t begin, Effects& out);
    void check_idle(Now now, bool idles);
};

namespace {

/// Is the event the controller's? What is the elector's alone must not cost more than its step.
bool concerns_storage(const Event& event) {
    return !std::holds_alternative<Timer>(event) && !std::holds_alternative<LeaseAnswered>(event) &&
           !std::holds_alternative<LeaseWatched>(event) &&
           !std::holds_alternative<OwnContainer>(event) &&
           !std::holds_alternative<HolderEnded>(event);
}

}  // namespace

Replica::Replica(const ReplicaConfig& config) : parts_(std::make_unique<Parts>()) {
    CHECK_MSG(config.election || config.storage, "a replica that neither elects nor stores");
    if (config.election && config.storage)
        CHECK_MSG(config.storage->ha, "an elected replica needs storage with high availability");
    if (config.election) parts_->elector.emplace(*config.election);
    if (config.storage) {
        StorageConfig storage = *config.storage;
        storage.ha = config.election.has_value();  // without an election there is one writer
        if (config.election) storage.retry_period = config.election->retry_period;
        parts_->controller.emplace(storage);
    }
}

Replica::Replica(const Replica& other) : parts_(std::make_unique<Parts>(*other.parts_)) {}
Replica& Replica::operator=(const Replica& other) {
    if (this != &other) parts_ = std::make_unique<Parts>(*other.parts_);
    return *this;
}
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;
Replica::~Replica() = default;

// The elector goes first and settles time: a gate that has ended is closed, and the controller
// demoted, before the event is looked at, whichever event it is.
void Replica::step(Now now, const Event& event, Effects& out) {
    Parts& p = *parts_;
    if (p.ended) return;
    const std::size_t begin = out.size();
    if (std::holds_alternative<Start>(event)) {
        CHECK_MSG(!p.started, "a second Start");
        p.started = true;
    }
    // Told before, for one step may end a leadership and release.
    if (p.elector && p.controller) {
        p.elector->hold_release(p.controller->landing_until(now));
        p.elector->stand_back(p.controller->given_up());
    }
    if (p.elector)
        p.elector->step(now, event, out);
    else
        p.step_alone(now, event, out);
    p.sync(now, out);
    if (p.controller) {
        if (concerns_storage(event) || p.controller->next_deadline() <= now.monotonic)
            p.controller->step(now, event, out);
    }
    p.grant_wishes(now, out);
    if (!p.elector) p.stop_alone(now, out);
    p.move_stopped_last(begin, out);
    p.check_idle(now, std::holds_alternative<Timer>(event) && out.size() == begin);
}

// A deadline that has passed and is not moved asks to be woken at once, for ever: an agent would
// burn a core, and simulated time would stand still, a run without an end or a verdict. Work that
// goes on in portions is awake at one instant too, but not so often.
void Replica::Parts::check_idle(Now now, bool idles) {
    constexpr std::uint32_t kMost = 1U << 20;
    if (!idles || now.monotonic != idle.at) idle = {now.monotonic, 0};
    CHECK_MSG(++idle.timers < kMost, "a deadline has passed and nothing is done about it");
}

/// Tells the controller of a leadership that changed, in the same step.
void Replica::Parts::sync(Now now, Effects& out) {
    if (!elector || elector->leadership() == known) return;
    known = elector->leadership();
    if (controller) controller->lead(now, known, out);
}

/// What the controller wants of the elector. Each wish can change the leadership, which the
/// controller learns at once; it has at most one wish of each kind left after that.
void Replica::Parts::grant_wishes(Now now, Effects& out) {
    if (!elector) return;
    // Said anew, for what the elector was told before the event may have been answered by it.
    if (controller) elector->hold_release(controller->landing_until(now));
    if (controller && controller->take_give_up_wish()) {
        elector->give_up(now, out);
        sync(now, out);
    }
    if (controller && controller->take_renewal_wish()) {
        elector->want_renewal(now, out);
        sync(now, out);
    }
    if (known.draining && (!controller || controller->drained())) {
        out.emplace_back(Mark{MarkId::drained});
        elector->drained(now, out);
        sync(now, out);
    }
}

/// HA off or one replica: leads from the start, for ever.
void Replica::Parts::step_alone(Now now, const Event& event, Effects& out) {
    if (std::holds_alternative<Start>(event)) {
        known.role = Role::leader;
        known.valid_until = kNever;
        known.renewed_sent = now.monotonic;
        out.emplace_back(GateMoved{Term{}, kNever});
        out.emplace_back(RoleChanged{Role::leader, Term{}});
        if (controller) controller->lead(now, known, out);
    } else if (const Stop* stop = std::get_if<Stop>(&event); stop != nullptr && !stopping) {
        stopping = true;
        known.draining = true;
        stop_deadline = stop->deadline;
    }
}

/// Ends a replica without an elector when its work is done, or at the stop's deadline.
void Replica::Parts::stop_alone(Now now, Effects& out) {
    if (!stopping) return;
    const bool done = !controller || controller->drained();
    if (!done && now.monotonic < stop_deadline) return;
    out.emplace_back(Mark{done ? MarkId::drained : MarkId::stop_deadline});
    known = Leadership{};
    known.role = Role::stopped;
    out.emplace_back(GateMoved{Term{}, now.monotonic});
    out.emplace_back(RoleChanged{Role::stopped, Term{}});
    if (controller) controller->lead(now, known, out);
    out.emplace_back(Stopped{});
}

/// Every open call is answered before Stopped, which the elector emits before the controller
/// hears of it.
void Replica::Parts::move_stopped_last(std::size_t begin, Effects& out) {
    if (known.role != Role::stopped) return;
    const auto first = out.begin() + static_cast<Effects::difference_type>(begin);
    const auto is_stopped = [](const Effect& effect) {
        return std::holds_alternative<Stopped>(effect);
    };
    const auto found = std::find_if(first, out.end(), is_stopped);
    if (found == out.end()) return;
    std::rotate(found, found + 1, out.end());
    ended = true;
}

Instant Replica::next_deadline() const {
    const Parts& p = *parts_;
    if (p.ended) return kNever;
    Instant next = p.stop_deadline;
    if (p.elector) next = std::min(next, p.elector->next_deadline());
    if (p.controller) next = std::min(next, p.controller->next_deadline());
    return next;
}

bool Replica::permit(Instant now, RequestId request) const {
    const Parts& p = *parts_;
    if (p.ended) return false;
    return !p.controller || p.controller->permit(now, request);
}

bool Replica::gate_open(Instant now) const {
    const Parts& p = *parts_;
    if (p.elector) return p.elector->gate_open(now);
    return p.started && !p.ended && p.known.role == Role::leader;
}

Leadership Replica::leadership() const {
    return parts_->known;
}

std::vector<IndexEntry> Replica::index(std::string_view prefix) const {
    return parts_->controller ? parts_->controller->index(prefix) : std::vector<IndexEntry>{};
}

StorageStatus Replica::storage_status() const {
    return parts_->controller ? parts_->controller->status() : StorageStatus{};
}

namespace {

/// "1692.232s", cut to milliseconds.
std::string seconds(Instant at) {
    const auto ms = at.time_since_epoch() / std::chrono::milliseconds(1);
    return std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1) + "s";
}

}  // namespace

std::string Replica::summary() const {
    const Parts& p = *parts_;
    std::string text(word_of(p.known.role));
    if (p.known.role == Role::leader) {
        text += ", term " + std::to_string(p.known.term.value());
        if (p.known.valid_until != kNever)
            text += ", gate open until " + seconds(p.known.valid_until) + " of its clock";
        if (p.known.draining) text += ", draining";
    }
    if (p.controller) text += "; " + p.controller->summary();
    return text;
}

bool operator==(const Replica& a, const Replica& b) {
    return *a.parts_ == *b.parts_;
}

}  // namespace leasehold
