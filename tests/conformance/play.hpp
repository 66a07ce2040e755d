// Play: one sequence of operations against a server and, step by step, against its simulation.
//
// An operation is symbolic ("PUT with the version that this client saw before the last"), so that
// it means the same on both sides whatever their versions, uids and ETags are. Operations of one
// round are sent at once; their real answers must then be those of the simulated server for some
// order of them. Every order that explains them is followed further (a candidate), and a later
// answer decides among those.
//
// Where a server is known to check and to act in two steps, another operation of the round may come
// between them, but none that the server locks out. Where it is known to refuse an operation
// because of another of the round, without an effect, that refusal is let pass.
//
// A Domain gives the types and the rules: Op (with `client`, `expect`), Call, Answer, Subject,
// Simulated (copyable, a Subject too), Memory, Relations; build, learn, compare, fingerprint, text;
// two_steps, second_step, of_both, locks, succeeds; refused_beside, seen_beside, lost.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace leasehold::conformance {

/// Operations that leave at once.
template <class Op>
using Round = std::vector<Op>;
template <class Op>
using Sequence = std::vector<Round<Op>>;

/// One operation of a difference's sequence with both answers, for people.
struct Line {
    std::size_t round = 0;
    std::string operation;
    std::string real;
    std::string simulated;
};
struct Difference {
    std::size_t round = 0;  ///< of the sequence, where it showed
    std::string why;
    bool of_the_case = false;  ///< the servers agree, but not on what the scripted case states
    std::vector<Line> lines;   ///< up to and with that round
};

/// More explanations than this of what was seen would mean a generator that observes too little.
inline constexpr std::size_t kStatesMax = 20'000;

template <class D>
class Play {
  public:
    using Op = typename D::Op;
    using Call = typename D::Call;
    using Answer = typename D::Answer;

    Play(const D& domain, typename D::Subject& subject) : domain_(domain), subject_(subject) {}

    /// Plays the sequence on a fresh subject. The first difference, or nothing.
    std::optional<Difference> run(const Sequence<Op>& sequence) {
        subject_.fresh();
        memory_ = {};
        real_.clear();
        lost_ = 0;
        candidates_.assign(1, Candidate{domain_.simulated(), {}, {}, {}});
        for (std::size_t i = 0; i < sequence.size(); ++i)
            if (auto found = play_round(sequence, i)) return found;
        return std::nullopt;
    }

    /// Real answers that got lost on their way and were let pass, of the last run.
    [[nodiscard]] std::size_t lost() const { return lost_; }

  private:
    using Known = std::set<std::tuple<std::uint64_t, std::uint64_t, std::string>>;
    struct Candidate {
        typename D::Simulated server;
        typename D::Memory memory;
        typename D::Relations relations;
        std::vector<Answer> answers;  // to all operations so far
    };
    /// A candidate in the middle of a round: what it has applied of it.
    struct Partial {
        Candidate state;
        std::vector<Call> calls;
        std::vector<Answer> answers;
        std::uint64_t applied = 0;  // set of operations
        std::uint64_t checked = 0;  // set of those of two steps whose first was taken
        [[nodiscard]] bool done() const { return applied + 1 == std::uint64_t{1} << calls.size(); }
    };

    std::optional<Difference> play_round(const Sequence<Op>& sequence, std::size_t index) {
        const Round<Op>& round = sequence[index];
        std::vector<Call> calls;
        for (const Op& op : round)
            calls.push_back(domain_.build(op, memory_, subject_));
        const std::vector<Answer> answers = subject_.perform(calls);
        domain_.learn(memory_, round, calls, answers);
        for (const Answer& answer : answers) {
            real_.push_back(answer);
            if (domain_.lost(answer)) ++lost_;
        }
        std::vector<Candidate> explained = explain(round, answers);
        if (explained.empty()) return difference(sequence, index, answers);
        candidates_ = std::move(explained);
        const Answer& simulated = candidates_.front().answers.back();
        if (round.size() == 1 && round[0].expect != 0 &&
            domain_.status(simulated) != round[0].expect)
            return wrong_case(sequence, index, round[0].expect);
        return std::nullopt;
    }

    /// The candidates, after this round, that give these answers in some order.
    std::vector<Candidate> explain(const Round<Op>& round, const std::vector<Answer>& answers) {
        std::vector<Partial> open;
        for (const Candidate& candidate : candidates_)
            open.push_back(begin(round, candidate));
        std::vector<Candidate> explained;
        Known known;
        while (!open.empty()) {
            const Partial partial = std::move(open.back());
            open.pop_back();
            if (partial.done()) {
                explained.push_back(end(round, partial));
                continue;
            }
            for (std::size_t i = 0; i < round.size(); ++i)
                if (auto next = step(partial, i, answers[i], known))
                    open.push_back(*std::move(next));
            if (known.size() > kStatesMax)
                throw std::runtime_error("too many orders explain what was seen");
        }
        return explained;
    }

    Partial begin(const Round<Op>& round, const Candidate& candidate) {
        Partial partial{candidate, {}, std::vector<Answer>(round.size()), 0, 0};
        for (const Op& op : round)
            partial.calls.push_back(domain_.build(op, candidate.memory, partial.state.server));
        return partial;
    }
    Candidate end(const Round<Op>& round, Partial partial) {
        domain_.learn(partial.state.memory, round, partial.calls, partial.answers);
        for (const Answer& answer : partial.answers)
            partial.state.answers.push_back(answer);
        return std::move(partial.state);
    }

    /// Operation `i` taken next, or its next step, if it can be and explains its real answer and
    /// leads to a state that was not met in another order.
    std::optional<Partial> step(const Partial& partial, std::size_t i, const Answer& real,
                                Known& known) {
        const std::uint64_t bit = std::uint64_t{1} << i;
        if ((partial.applied & bit) != 0 || locked_out(partial, i)) return std::nullopt;
        Partial next = partial;
        if (domain_.refused_beside(partial.calls, i, real)) {
            next.answers[i] = real;
            next.applied |= bit;
            return unless_known(std::move(next), known);
        }
        const bool first = (partial.checked & bit) == 0;
        if (first && partial.calls.size() > 1 && domain_.two_steps(partial.calls[i])) {
            auto unchanged = partial.state.server;
            const Answer answer = unchanged.apply(partial.calls[i]);
            next.answers[i] = answer;
            (domain_.succeeds(answer) ? next.checked : next.applied) |= bit;
        } else {
            next.answers[i] = next.state.server.apply(
                first ? partial.calls[i] : domain_.second_step(partial.calls[i]));
            if (!first)
                next.answers[i] = domain_.of_both(partial.calls[i], partial.answers[i],
                                                  std::move(next.answers[i]));
            next.applied |= bit;
        }
        next.answers[i] = domain_.seen_beside(partial.calls, i, std::move(next.answers[i]), real);
        if ((next.applied & bit) != 0 &&
            domain_.compare(next.state.relations, next.answers[i], real, subject_))
            return std::nullopt;
        return unless_known(std::move(next), known);
    }
    std::optional<Partial> unless_known(Partial next, Known& known) {
        std::string print = domain_.fingerprint(next.state.server, next.state.relations);
        // What a first step saw is part of the answer that its second one gives.
        for (std::size_t i = 0; i < next.calls.size(); ++i)
            if (((next.checked & ~next.applied) >> i & 1U) != 0)
                print += domain_.text(next.answers[i], next.state.server) + ";";
        if (!known.emplace(next.applied, next.checked, print).second) return std::nullopt;
        return next;
    }

    /// Another operation is between its two steps, and holds what `i` needs.
    bool locked_out(const Partial& partial, std::size_t i) {
        for (std::size_t j = 0; j < partial.calls.size(); ++j) {
            const bool between = ((partial.checked & ~partial.applied) >> j & 1U) != 0;
            if (j != i && between && domain_.locks(partial.calls[j], partial.calls[i])) return true;
        }
        return false;
    }

    /// The answers of the first candidate that is left; to the last round, in the order in which
    /// it is written down.
    Difference difference(const Sequence<Op>& sequence, std::size_t index,
                          const std::vector<Answer>& answers) {
        const Round<Op>& round = sequence[index];
        std::vector<Answer> simulated = candidates_.front().answers;
        std::optional<std::string> why;
        Partial partial = begin(round, candidates_.front());
        for (std::size_t i = 0; i < round.size(); ++i) {
            simulated.push_back(partial.state.server.apply(partial.calls[i]));
            auto differs =
                domain_.compare(partial.state.relations, simulated.back(), answers[i], subject_);
            if (differs && !why) why = std::move(differs);
        }
        Difference found;
        found.round = index;
        found.why = why.value_or("none of the ways in which the rounds before can have gone");
        if (round.size() > 1)
            found.why =
                "no order of what was sent at once gives these answers; in the order "
                "written: " +
                found.why;
        found.lines = lines(sequence, index, simulated);
        return found;
    }
    Difference wrong_case(const Sequence<Op>& sequence, std::size_t index, std::int32_t expect) {
        Difference found;
        found.round = index;
        found.why = "the case expects " + std::to_string(expect);
        found.of_the_case = true;
        found.lines = lines(sequence, index, candidates_.front().answers);
        return found;
    }
    std::vector<Line> lines(const Sequence<Op>& sequence, std::size_t last,
                            const std::vector<Answer>& simulated) {
        std::vector<Line> all;
        for (std::size_t r = 0; r <= last; ++r)
            for (const Op& op : sequence[r]) {
                const std::size_t at = all.size();
                all.push_back({r, domain_.text(op), domain_.text(real_[at], subject_),
                               domain_.text(simulated[at], candidates_.front().server)});
            }
        return all;
    }

    const D& domain_;
    typename D::Subject& subject_;
    typename D::Memory memory_;
    std::vector<Answer> real_;
    std::size_t lost_ = 0;
    std::vector<Candidate> candidates_;
};

}  // namespace leasehold::conformance
