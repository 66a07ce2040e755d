// Play: one sequence of operations against a server and, step by step, against its simulation.
//
// An operation is symbolic ("PUT with the version that this client saw before the last"), so that
// it means the same on both sides whatever their versions, uids and ETags are. Operations of one
// round are sent at once; their real answers must then be those of the simulated server for some
// order of them. Every order that explains them is followed further (a candidate), and a later
// answer decides among those.
//
// A Domain gives the types and the rules: Op (with `client`, `expect`), Call, Answer, Subject,
// Simulated (copyable, a Subject too), Memory, Relations; build, learn, compare, fingerprint, text.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
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
inline constexpr std::size_t kCandidatesMax = 20'000;

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
        candidates_.assign(1, Candidate{domain_.simulated(), {}, {}, {}});
        for (std::size_t i = 0; i < sequence.size(); ++i)
            if (auto found = play_round(sequence, i)) return found;
        return std::nullopt;
    }

  private:
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
    };

    std::optional<Difference> play_round(const Sequence<Op>& sequence, std::size_t index) {
        const Round<Op>& round = sequence[index];
        std::vector<Call> calls;
        for (const Op& op : round)
            calls.push_back(domain_.build(op, memory_, subject_));
        const std::vector<Answer> answers = subject_.perform(calls);
        for (std::size_t i = 0; i < round.size(); ++i) {
            domain_.learn(memory_, round[i], calls[i], answers[i]);
            real_.push_back(answers[i]);
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
        std::vector<Partial> level;
        for (const Candidate& candidate : candidates_)
            level.push_back(begin(round, candidate));
        for (std::size_t depth = 0; depth < round.size(); ++depth)
            level = apply_one_more(level, round, answers);
        std::vector<Candidate> done;
        for (Partial& partial : level) {
            for (std::size_t i = 0; i < round.size(); ++i) {
                domain_.learn(partial.state.memory, round[i], partial.calls[i], partial.answers[i]);
                partial.state.answers.push_back(partial.answers[i]);
            }
            done.push_back(std::move(partial.state));
        }
        return done;
    }

    Partial begin(const Round<Op>& round, const Candidate& candidate) {
        Partial partial{candidate, {}, std::vector<Answer>(round.size()), 0};
        for (const Op& op : round)
            partial.calls.push_back(domain_.build(op, candidate.memory, partial.state.server));
        return partial;
    }

    std::vector<Partial> apply_one_more(const std::vector<Partial>& level, const Round<Op>& round,
                                        const std::vector<Answer>& answers) {
        std::vector<Partial> next;
        std::set<std::pair<std::uint64_t, std::string>> known;
        for (const Partial& partial : level) {
            for (std::size_t i = 0; i < round.size(); ++i) {
                if ((partial.applied >> i & 1U) != 0) continue;
                Partial tried = partial;
                tried.applied |= std::uint64_t{1} << i;
                tried.answers[i] = tried.state.server.apply(tried.calls[i]);
                if (domain_.compare(tried.state.relations, tried.answers[i], answers[i], subject_))
                    continue;
                // Another order to the same state explains no more than this one.
                if (known
                        .emplace(tried.applied,
                                 domain_.fingerprint(tried.state.server, tried.state.relations))
                        .second)
                    next.push_back(std::move(tried));
                if (next.size() > kCandidatesMax)
                    throw std::runtime_error("too many orders explain what was seen");
            }
        }
        return next;
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
    std::vector<Candidate> candidates_;
};

}  // namespace leasehold::conformance
