// Faults by the scenario's words, in C++: at(60s).crash("leader").lasting(20s).
//
// A line that makes no sense (a modifier that its verb doesn't take, a target that nobody is, a
// time after the run's end) is refused when the scenario is played, by the words of a scenario
// file's reader. scenarios/README.md says what each verb does and which modifiers it takes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "model/base/time.hpp"

namespace leasehold::testing {

/// A duration as scenarios write it: "1m30s", "-200ms".
[[nodiscard]] std::string duration_word(Duration span);

/// One fault. Targets are `leader`, `follower`, `followers`, `all`, `replica-N`, `zone NAME` or a
/// name that an earlier fault bound with as(); roles are bound when the fault is injected.
class FaultWords {
  public:
    /// `for`: ends after so long (> 0). Without it: until healed, resumed, or for good.
    FaultWords lasting(Duration span) const { return with("for", word(span)); }
    /// Binds whom it met to `name`, for later faults and heal().
    FaultWords as(std::string_view name) const { return with("as", name); }
    /// Of faults of single requests: whose requests.
    FaultWords of(std::string_view target) const { return with("of", target); }
    /// So many requests or operations, 1 to 1,000,000; excludes lasting().
    FaultWords times(std::uint32_t count) const { return with("times", std::to_string(count)); }
    /// crash: the local disk after it: `keep`, `lose` or `rollBack` (which needs age()).
    FaultWords disk(std::string_view what) const { return with("disk", what); }
    /// How far a disk or the API's store goes back; from 1 s on.
    FaultWords age(Duration back) const { return with("age", word(back)); }
    /// stop: the deadline of ending in order.
    FaultWords within(Duration deadline) const { return with("within", word(deadline)); }
    /// suspend: the machine's monotonic clock meanwhile: `frozen` or `running`.
    FaultWords clock(std::string_view what) const { return with("clock", what); }
    /// cut, delay: from which of `api`, `bucket`, `replicas`.
    FaultWords from(std::initializer_list<std::string_view> peers) const {
        return with("from", list(peers));
    }
    /// cut: `both`, `send` or `receive`, as the target sees it.
    FaultWords direction(std::string_view which) const { return with("direction", which); }
    /// delay: one way; applyLate: later; stepWallClock: by (may be negative); slow: each step
    /// takes.
    FaultWords by(Duration span) const { return with("by", word(span)); }
    /// answerError: 200 to 599.
    FaultWords status(int code) const { return with("status", std::to_string(code)); }
    /// answerError: whole seconds.
    FaultWords retry_after(Duration span) const { return with("retryAfter", word(span)); }
    /// answerError: and yet it was applied.
    FaultWords applied() const { return with("applied", "true"); }
    /// answerError: no Status object, so no reason.
    FaultWords plain_text() const { return with("plainText", "true"); }
    /// setDrift: "2000ppm", "-0.1%".
    FaultWords drift(std::string_view rate) const { return with("drift", rate); }
    /// breakWatch, damageAnswer, damageObject: in which way.
    FaultWords how(std::string_view way) const { return with("how", way); }
    /// restoreLease: revisions go on growing.
    FaultWords bump() const { return with("bump", "true"); }
    /// setPreconditions: which conditions; failFiles: which operations.
    FaultWords on(std::initializer_list<std::string_view> which) const {
        return with("on", list(which));
    }
    /// setPreconditions checked-then-stored: so long lies between the two.
    FaultWords window(Duration span) const { return with("window", word(span)); }
    /// omitKeys: of all keys, such as "20%".
    FaultWords share(std::string_view part) const { return with("share", part); }
    /// failFiles: `corrupt`, `noSpace` or `ioError`.
    FaultWords failing(std::string_view way) const { return with("with", way); }
    /// crash, stop, restart: it then runs the scenario's upgraded configuration.
    FaultWords upgrade() const { return with("upgrade", "true"); }
    /// Any modifier by its key: for what has no function here.
    FaultWords with(std::string_view key, std::string_view value) const {
        return FaultWords(text_ + ", " + std::string(key) + ": " + std::string(value));
    }

    /// The line as a scenario file has it, without braces.
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    friend class When;
    explicit FaultWords(std::string text) : text_(std::move(text)) {}
    static std::string word(Duration span) { return duration_word(span); }
    static std::string list(std::initializer_list<std::string_view> words) {
        std::string text;
        for (const std::string_view one : words)
            text += (text.empty() ? "" : ", ") + std::string(one);
        return "[" + text + "]";
    }
    std::string text_;
};

using Requests = std::initializer_list<std::string_view>;  ///< `updateLease`, `putObject` ...

/// When a fault comes; its verbs say what it is.
class When {
  public:
    FaultWords crash(std::string_view target) const { return verb("crash", target); }
    FaultWords restart(std::string_view target) const { return verb("restart", target); }
    FaultWords stop(std::string_view target) const { return verb("stop", target); }
    FaultWords pause(std::string_view target) const { return verb("pause", target); }
    FaultWords resume(std::string_view target) const { return verb("resume", target); }
    FaultWords suspend(std::string_view target) const { return verb("suspend", target); }
    FaultWords cut(std::string_view target) const { return verb("cut", target); }
    /// Ends what was bound to `name`; "all": every fault that lasts.
    FaultWords heal(std::string_view name) const { return verb("heal", name); }
    FaultWords delay(std::string_view target) const { return verb("delay", target); }
    /// `api` or `bucket`.
    FaultWords outage(std::string_view server) const { return verb("outage", server); }
    FaultWords drop_request(Requests of) const { return verb("dropRequest", FaultWords::list(of)); }
    FaultWords lose_answer(Requests of) const { return verb("loseAnswer", FaultWords::list(of)); }
    FaultWords apply_late(Requests of) const { return verb("applyLate", FaultWords::list(of)); }
    FaultWords answer_error(Requests of) const { return verb("answerError", FaultWords::list(of)); }
    FaultWords delete_lease() const { return verb("deleteLease", "lease"); }
    /// `clearHolder`, `stealHolder`, `label` ...
    FaultWords edit_lease(std::string_view how) const { return verb("editLease", how); }
    FaultWords step_wall_clock(std::string_view target) const {
        return verb("stepWallClock", target);
    }
    FaultWords set_drift(std::string_view target) const { return verb("setDrift", target); }
    /// `api` or `bucket`.
    FaultWords freeze(std::string_view server) const { return verb("freeze", server); }
    FaultWords break_watch(std::string_view target) const { return verb("breakWatch", target); }
    FaultWords restore_lease() const { return verb("restoreLease", "lease"); }
    /// `honoured`, `ignored`, `refused` or `checked-then-stored`.
    FaultWords set_preconditions(std::string_view rule) const {
        return verb("setPreconditions", rule);
    }
    FaultWords omit_keys() const { return verb("omitKeys", "bucket"); }
    FaultWords damage_answer(Requests of) const {
        return verb("damageAnswer", FaultWords::list(of));
    }
    /// `newest`, `epoch` or `all`.
    FaultWords damage_object(std::string_view which) const { return verb("damageObject", which); }
    FaultWords fail_files(std::string_view target) const { return verb("failFiles", target); }
    FaultWords slow(std::string_view target) const { return verb("slow", target); }
    /// The machine of `target` is gone, its kubelet with it.
    FaultWords kill_node(std::string_view target) const { return verb("killNode", target); }
    /// This fault and the next two: where `election.believe_ended_holder` is set.
    FaultWords kubelet_stops(std::string_view target) const { return verb("kubeletStops", target); }
    FaultWords force_delete_pod(std::string_view target) const {
        return verb("forceDeletePod", target);
    }
    /// `phaseFailed`, `notReady`, `statusUnknown` ..., of() whose Pod.
    FaultWords edit_pod(std::string_view how) const { return verb("editPod", how); }
    /// Any verb by its key.
    FaultWords verb(std::string_view key, std::string_view value) const {
        return FaultWords(text_ + ", " + std::string(key) + ": " + std::string(value));
    }

  private:
    friend When at(Duration time);
    friend When between(Duration first, Duration last);
    friend When every(Duration period, Duration first);
    friend When as_it_sends(std::string_view target, std::string_view request, std::uint32_t nth,
                            Duration after);
    friend When as_it_reaches(std::string_view target, std::string_view mark, std::uint32_t nth,
                              Duration after);
    friend When between_effects(std::string_view target, std::uint32_t nth, Duration after);
    explicit When(std::string text) : text_(std::move(text)) {}
    static When when(std::string_view target, const std::string& what, std::uint32_t nth,
                     Duration after) {
        return When("when: {replica: " + std::string(target) + ", " + what +
                    ", nth: " + std::to_string(nth) + ", after: " + FaultWords::word(after) + "}");
    }
    static std::string word(Duration span) { return FaultWords::word(span); }
    std::string text_;
};

/// At a time of the run, from 0 on.
[[nodiscard]] inline When at(Duration time) {
    return When("at: " + When::word(time));
}
/// At a time that the seed draws from first to last.
[[nodiscard]] inline When between(Duration first, Duration last) {
    return When("at: " + When::word(first) + ".." + When::word(last));
}
/// At `first`, and again each `period`.
[[nodiscard]] inline When every(Duration period, Duration first) {
    return When("every: " + When::word(period) + ", first: " + When::word(first));
}
/// As `target` is about to send its nth `request` (from 1) after `after`.
[[nodiscard]] inline When as_it_sends(std::string_view target, std::string_view request,
                                      std::uint32_t nth = 1, Duration after = Duration(0)) {
    return When::when(target, "sends: " + std::string(request), nth, after);
}
/// As `target` reaches `mark` (leasehold list --marks) for the nth time after `after`.
[[nodiscard]] inline When as_it_reaches(std::string_view target, std::string_view mark,
                                        std::uint32_t nth = 1, Duration after = Duration(0)) {
    return When::when(target, "reaches: " + std::string(mark), nth, after);
}
/// After the nth effect that `target` performs after `after`: between two of one step.
[[nodiscard]] inline When between_effects(std::string_view target, std::uint32_t nth = 1,
                                          Duration after = Duration(0)) {
    return When::when(target, "performs: effect", nth, after);
}

}  // namespace leasehold::testing
