#include "reports/timeline.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

// Marks that tell the story of a run. The others are counted in the result.
constexpr std::array kNotable{MarkId::acquired_free_lease,
                              MarkId::takeover_after_expiry,
                              MarkId::takeover_lost_race,
                              MarkId::created_lease,
                              MarkId::opened_created_lease,
                              MarkId::recreated_lease,
                              MarkId::retook_own_lease,
                              MarkId::renewal_unknown,
                              MarkId::renewal_resolved,
                              MarkId::renewal_throttled,
                              MarkId::gate_expired,
                              MarkId::woke_with_expired_lease,
                              MarkId::stepped_down_foreign,
                              MarkId::stepped_down_abdicated,
                              MarkId::adopted_metadata_edit,
                              MarkId::released_lease,
                              MarkId::release_retried,
                              MarkId::empty_holder_waited,
                              MarkId::restored_cluster,
                              MarkId::late_grant_refused,
                              MarkId::epoch_claimed,
                              MarkId::epoch_claim_contended,
                              MarkId::epoch_raised,
                              MarkId::write_resolved,
                              MarkId::stale_put_refused,
                              MarkId::write_fenced,
                              MarkId::put_not_permitted,
                              MarkId::put_aborted,
                              MarkId::read_reparked,
                              MarkId::object_corrupt,
                              MarkId::reconcile_uploaded,
                              MarkId::reconcile_discarded,
                              MarkId::preconditions_ignored,
                              MarkId::bucket_unusable,
                              MarkId::drained,
                              MarkId::promoted_with_pending_reads,
                              MarkId::stop_deadline};

// Marks that say why a role changed: they stand on the line of the change.
constexpr std::array kReasons{MarkId::acquired_free_lease,        MarkId::takeover_after_expiry,
                              MarkId::opened_created_lease,       MarkId::recreated_lease,
                              MarkId::retook_own_lease,           MarkId::gate_expired,
                              MarkId::stepped_down_foreign,       MarkId::stepped_down_abdicated,
                              MarkId::woke_with_expired_lease,    MarkId::drained,
                              MarkId::promoted_with_pending_reads};

template <class Set>
bool in(const Set& set, MarkId mark) {
    return std::find(set.begin(), set.end(), mark) != set.end();
}

// What a fault does to the columns, by the first word of its text (the scenario's key).
std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find(' '));
}
bool puts_to_sleep(std::string_view what) {
    return first_word(what) == "pause" || first_word(what) == "suspend";
}
bool wakes(std::string_view what) {
    return first_word(what) == "resume";
}
bool cuts(std::string_view what) {
    return first_word(what) == "cut";
}
bool heals(std::string_view what) {
    return first_word(what) == "heal";
}

}  // namespace

Timeline::Timeline(std::size_t first, std::size_t last) : first_(first), last_(last) {}

Timeline::Seat& Timeline::seat(ReplicaIndex replica) {
    if (seats_.size() <= replica) seats_.resize(std::size_t{replica} + 1);
    return seats_[replica];
}

std::string Timeline::name(ReplicaIndex replica) const {
    if (replica < seats_.size() && !seats_[replica].name.empty()) return seats_[replica].name;
    return "replica-" + std::to_string(replica);
}

char Timeline::column(std::size_t index) const {
    const Seat& seat = seats_[index];
    if (seat.crashed) return '#';
    if (!seat.running) return '.';
    if (seat.asleep) return 'z';
    if (!seat.cuts.empty()) return '-';
    const auto letter = static_cast<char>('a' + static_cast<char>(index % 26));
    return seat.leads ? static_cast<char>(letter - 'a' + 'A') : letter;
}

std::string Timeline::columns() const {
    std::string text;
    for (std::size_t i = 0; i < seats_.size(); ++i)
        text += column(i);
    return text;
}

Timeline::SeatState Timeline::seat_state(std::size_t index) const {
    const Seat& s = seats_.at(index);
    return {s.running, s.crashed,       s.leads,
            s.asleep,  !s.cuts.empty(), s.had_gate ? s.gate_end : TrueTime::min()};
}

Timeline::Line* Timeline::newest() {
    if (!tail_.empty()) return &tail_.back();
    return head_.empty() ? nullptr : &head_.back();
}

Timeline::Line& Timeline::add(const RecordBase& record, Kind kind, ReplicaIndex replica,
                              std::string text) {
    if (kind != Kind::mark) ++era_;
    Line line{{record.at, columns(), std::move(text), record.number},
              kind,
              replica,
              {},
              era_,
              1,
              record.at};
    if (head_.size() < first_) return head_.emplace_back(std::move(line));
    if (tail_.size() >= std::max<std::size_t>(last_, 1)) {
        tail_.pop_front();
        ++left_out_;
    }
    return tail_.emplace_back(std::move(line));
}

// What changed at the instant of the newest line belongs to that line's picture.
void Timeline::refresh(TrueTime at) {
    if (Line* line = newest(); line != nullptr && line->line.at == at)
        line->line.columns = columns();
}

void Timeline::on(const ProcessStarted& record) {
    Seat& s = seat(record.replica);
    const bool again = !s.name.empty();
    s.name = std::string(record.name);
    s.running = true;
    s.crashed = false;
    s.leads = false;
    s.asleep = false;
    s.elects = record.elects;
    s.clock = record.clock;
    s.valid_until = Instant{};
    Line* line = newest();
    if (line != nullptr && line->kind == Kind::start && line->line.at == record.at && !again) {
        line->line.text = std::to_string(++line->times) + " replicas start";
        line->line.columns = columns();
        return;
    }
    add(record, again ? Kind::other : Kind::start, record.replica,
        s.name + (again ? " starts again" : " starts"));
}

void Timeline::on(const ProcessEnded& record) {
    Seat& s = seat(record.replica);
    s.running = false;
    s.leads = false;
    s.asleep = false;
    s.crashed = record.cause == EndCause::crashed;
    if (s.had_gate) s.gate_end = std::min(s.gate_end, record.at);
    if (record.cause == EndCause::run_ended) return;
    Line* line = newest();
    // The fault that crashed it already says so.
    if (s.crashed && line != nullptr && line->kind == Kind::fault && line->line.at == record.at) {
        line->line.columns = columns();
        return;
    }
    add(record, s.crashed ? Kind::crash : Kind::other, record.replica,
        name(record.replica) + (s.crashed ? " crashed" : " has stopped"));
}

void Timeline::on(const ClockChanged& record) {
    Seat& s = seat(record.replica);
    s.clock = record.clock;
    // A gate that has ended stays ended; an open one ends when the new clock says so.
    if (s.had_gate && s.gate_end > record.at) s.gate_end = s.clock.reaches(s.valid_until);
}

void Timeline::on(const FaultTookEffect& record) {
    for (const ReplicaIndex target : record.targets) {
        if (target == kNobody) continue;
        Seat& s = seat(target);
        if (puts_to_sleep(record.what)) {
            s.asleep = record.began;
            s.asleep_since = record.at;
        } else if (wakes(record.what)) {
            s.asleep = false;
        } else if (heals(record.what)) {
            s.cuts.clear();
        } else if (cuts(record.what)) {
            std::erase(s.cuts, record.fault);
            if (record.began) s.cuts.push_back(record.fault);
        }
    }
    const std::string text = (record.began ? "fault: " : "fault ends: ") + std::string(record.what);
    Line* line = newest();
    const bool same_instant = line != nullptr && line->line.at == record.at;
    if (same_instant && record.began && line->kind == Kind::crash &&
        std::find(record.targets.begin(), record.targets.end(), line->replica) !=
            record.targets.end()) {
        line->line.text = text;
        line->kind = Kind::fault;
        line->line.columns = columns();
        return;
    }
    add(record, Kind::fault, record.targets.size() == 1 ? record.targets.front() : kNobody, text);
}

void Timeline::on(const PathChanged& record) {
    Seat& s = seat(record.replica);
    if (!record.api_healthy || !record.bucket_healthy || s.cuts.empty()) return;
    s.cuts.clear();  // a healthy path is not a cut one, whatever ended the cut
    refresh(record.at);
}

void Timeline::on(const ReplicaStepped& record) {
    Seat& s = seat(record.replica);
    // Who steps is awake, whatever woke it.
    if (s.asleep && record.at > s.asleep_since) s.asleep = false;
    bool with_role = false;
    for (const Effect& effect : record.effects) {
        if (const auto* gate = std::get_if<GateMoved>(&effect)) {
            if (s.had_gate && s.gate_end <= record.at) {
                s.earlier_end = s.gate_end;
                s.had_earlier = true;
            }
            s.valid_until = gate->valid_until;
            s.gate_end = gate->valid_until == kNever ? TrueTime::max()
                         : gate->valid_until <= record.now.monotonic
                             ? (s.had_gate ? std::min(s.gate_end, record.at) : record.at)
                             : s.clock.reaches(gate->valid_until);
            s.had_gate = true;
        } else if (const auto* role = std::get_if<RoleChanged>(&effect)) {
            on_role(record, *role);
            with_role = true;
        }
    }
    for (const Effect& effect : record.effects)
        if (const auto* mark = std::get_if<Mark>(&effect)) on_mark(record, mark->mark, with_role);
}

// How long nobody led before this leadership; nothing for the first one.
std::string Timeline::gap_text(TrueTime at, ReplicaIndex leader) const {
    bool any = false;
    TrueTime end{};
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        const Seat& other = seats_[i];
        if (i == leader ? !other.had_earlier : !other.had_gate) continue;
        const TrueTime closed = i == leader ? other.earlier_end : other.gate_end;
        end = any ? std::max(end, closed) : closed;
        any = true;
    }
    if (!any || end > at) return {};
    return ", after " + format_duration(at - end) + " without a leader";
}

void Timeline::on_role(const ReplicaStepped& record, const RoleChanged& change) {
    Seat& s = seat(record.replica);
    const bool led = s.leads;
    s.leads = change.role == Role::leader;
    if (s.leads) {
        std::string text = name(record.replica);
        text += s.elects ? " leads, term " + std::to_string(change.term.value()) +
                               gap_text(record.at, record.replica)
                         : std::string(" works alone, without an election");
        add(record, Kind::other, record.replica, std::move(text));
    } else if (led) {
        add(record, Kind::other, record.replica, name(record.replica) + " no longer leads");
    }
}

void Timeline::on_mark(const ReplicaStepped& record, MarkId mark, bool with_role) {
    if (!in(kNotable, mark)) return;
    Line* last = newest();
    if (with_role && in(kReasons, mark) && last != nullptr && last->line.number == record.number &&
        last->kind == Kind::other) {
        const bool first = !last->line.text.ends_with(')');
        if (!first) last->line.text.pop_back();
        last->line.text += (first ? " (" : ", ") + std::string(mark_name(mark)) + ")";
        return;
    }
    // Repeated without anything else having changed: the same line, counted.
    const auto repeats = [&](Line& line) {
        if (line.kind != Kind::mark || line.era != era_ || line.replica != record.replica ||
            line.mark != mark)
            return false;
        ++line.times;
        line.last = record.at;
        return true;
    };
    for (auto it = tail_.rbegin(); it != tail_.rend() && it->era == era_; ++it)
        if (repeats(*it)) return;
    for (auto it = head_.rbegin(); it != head_.rend() && it->era == era_; ++it)
        if (repeats(*it)) return;
    const MarkInfo& info = kMarks.at(static_cast<std::size_t>(mark));
    add(record, Kind::mark, record.replica, name(record.replica) + ": " + std::string(info.meaning))
        .mark = mark;
}

std::vector<check::TimelineLine> Timeline::lines() const {
    std::vector<check::TimelineLine> result;
    result.reserve(head_.size() + tail_.size() + 1);
    const auto put = [&](const Line& line) {
        result.push_back(line.line);
        if (line.kind == Kind::mark && line.times > 1)
            result.back().text +=
                " (" + std::to_string(line.times) + " times, until " + format_time(line.last) + ")";
    };
    for (const Line& line : head_)
        put(line);
    if (left_out_ > 0)
        result.push_back({tail_.front().line.at, tail_.front().line.columns,
                          "... " + std::to_string(left_out_) + " lines left out ...", 0});
    for (const Line& line : tail_)
        put(line);
    return result;
}

}  // namespace leasehold::reports
