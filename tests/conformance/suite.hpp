// Suite: all cases and random sequences against one server; every difference shrunk and told.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/cases.hpp"
#include "tests/conformance/play.hpp"
#include "tests/conformance/shrink.hpp"

namespace leasehold::conformance {

struct Settings {
    std::uint64_t seed = 1;
    std::uint64_t operations = 5000;  ///< of the random sequences, at least
    std::uint32_t clients = 4;        ///< 1 to 8
    std::string only;                 ///< this case or sequence alone; empty = all
    std::size_t differences_max = 5;  ///< stop after so many
};

/// What was asked.
struct Tally {
    std::size_t cases = 0;
    std::size_t sequences = 0;   ///< random ones
    std::size_t operations = 0;  ///< of both
    std::size_t at_once = 0;     ///< of these, how many were sent together with others
    std::size_t lost = 0;        ///< answers that got lost with their connection, and may
    std::size_t differences = 0;
};

/// A difference with the shortest sequence found that shows it.
struct Finding {
    std::string name;        ///< of the case or sequence that found it
    std::size_t played = 0;  ///< operations of that sequence
    Difference difference;
    bool again = true;  ///< false: it did not show a second time, the sequence is as played
};

/// Whether `sequence` has operations that are sent at once.
template <class Op>
bool is_concurrent(const Sequence<Op>& sequence) {
    return std::any_of(sequence.begin(), sequence.end(),
                       [](const Round<Op>& round) { return round.size() > 1; });
}
template <class Op>
std::size_t count_operations(const Sequence<Op>& sequence) {
    std::size_t count = 0;
    for (const Round<Op>& round : sequence)
        count += round.size();
    return count;
}

template <class D>
class Suite {
  public:
    using Op = typename D::Op;
    using Random = Sequence<Op> (*)(std::uint64_t seed, std::uint64_t number,
                                    std::uint32_t clients);
    using Report = std::function<void(const Finding&)>;

    Suite(const D& domain, typename D::Subject& subject, const Settings& settings, Report report)
        : domain_(domain), subject_(subject), settings_(settings), report_(std::move(report)) {}

    /// `prefix` begins the random sequences' names.
    Tally run(const std::vector<Case<Op>>& cases, const std::string& prefix, Random random) {
        for (const Case<Op>& one : cases) {
            if (!wanted(one.name)) continue;
            ++tally_.cases;
            play(one.name, one.sequence);
            if (full()) return tally_;
        }
        std::size_t random_operations = 0;
        for (std::uint64_t n = 0; random_operations < settings_.operations; ++n) {
            const std::string name = prefix + std::to_string(n);
            const Sequence<Op> sequence = random(settings_.seed, n, settings_.clients);
            random_operations += count_operations(sequence);
            if (!wanted(name)) continue;
            ++tally_.sequences;
            play(name, sequence);
            if (full()) return tally_;
        }
        return tally_;
    }

  private:
    [[nodiscard]] bool wanted(const std::string& name) const {
        return settings_.only.empty() || settings_.only == name;
    }
    [[nodiscard]] bool full() const { return tally_.differences >= settings_.differences_max; }

    void play(const std::string& name, const Sequence<Op>& sequence) {
        tally_.operations += count_operations(sequence);
        for (const Round<Op>& round : sequence)
            if (round.size() > 1) tally_.at_once += round.size();
        Play<D> played(domain_, subject_);
        auto found = played.run(sequence);
        tally_.lost += played.lost();
        if (!found) return;
        ++tally_.differences;
        report_(shorten(name, sequence, std::move(*found)));
    }

    Finding shorten(const std::string& name, const Sequence<Op>& sequence, Difference found) {
        // A race doesn't go the same way each time.
        constexpr std::size_t kTries = 600;
        constexpr int kRepeats = 4;

        const auto fails = [&](const Sequence<Op>& tried) -> std::optional<Difference> {
            for (int i = 0; i < (is_concurrent(tried) ? kRepeats : 1); ++i) {
                if (auto again = Play<D>(domain_, subject_).run(tried)) return again;
            }
            return std::nullopt;
        };
        Finding finding{name, count_operations(sequence), std::move(found), true};
        if (finding.difference.of_the_case) return finding;
        // What a case states holds for the whole of it alone.
        Sequence<Op> stripped = sequence;
        for (Round<Op>& round : stripped)
            for (Op& op : round)
                op.expect = 0;
        auto again = fails(stripped);
        finding.again = again.has_value();
        if (!again) return finding;
        Shrinker<Op> shrinker(
            fails, [this](const Op& op) { return domain_.simpler(op); }, kTries);
        finding.difference = shrinker.run(stripped, *again).difference;
        return finding;
    }

    const D& domain_;
    typename D::Subject& subject_;
    const Settings& settings_;
    Report report_;
    Tally tally_;
};

/// The finding for people: the operations with both answers side by side, and how to see it
/// again; `command` is what was called, without --only.
[[nodiscard]] std::string finding_text(const Finding& finding, const std::string& command);
/// "68 cases, 164 random sequences, 5213 operations (1442 at once), 0 differences".
[[nodiscard]] std::string tally_text(const Tally& tally);

}  // namespace leasehold::conformance
