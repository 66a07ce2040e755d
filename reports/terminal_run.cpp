// One run for people.
#include <algorithm>

#include "reports/summary.hpp"
#include "reports/terminal_text.hpp"
#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

using check::Outcome;
using check::RunResult;
using check::Status;

constexpr std::size_t kLabel = 13;      // "not checked" and two spaces
constexpr std::size_t kInvariant = 31;  // the longest id and a space

// Every column apart where that leaves room for words.
std::string spread(std::string_view columns) {
    if (columns.size() > 12) return std::string(columns);
    std::string text;
    for (const char c : columns)
        text += (text.empty() ? "" : " ") + std::string(1, c);
    return text;
}

std::string header(const RunResult& run, Style style) {
    return painted(run.scenario, Colour::bold, style) + "   seed " + std::to_string(run.seed) +
           "   " + format_duration(run.simulated) + " simulated   " +
           counted(run.replicas.size(), "replica") + "\n";
}

std::string legend(const RunResult& run, Style style) {
    std::string names;
    for (std::size_t i = 0; i < run.replicas.size(); ++i)
        names += (names.empty() ? "" : ", ") +
                 std::string(1, static_cast<char>('a' + static_cast<char>(i % 26))) + " " +
                 run.replicas[i];
    const std::string text =
        names + "; capital leads, # crashed, z asleep, - cut off, . not running";
    return painted(wrap(text, 0, 2), Colour::dim, style) + "\n\n";
}

std::string timeline_line(const check::TimelineLine& line, std::size_t width) {
    std::string text = right(format_time(line.at), 11) + "  " + left(spread(line.columns), width);
    text += text.empty() || width == 0 ? "" : "  ";
    return text + wrap(line.text, text.size(), text.size()) + "\n";
}

std::string timeline(const RunResult& run) {
    std::size_t width = 0;
    for (const check::TimelineLine& line : run.timeline)
        width = std::max(width, spread(line.columns).size());
    std::string text;
    for (const check::TimelineLine& line : run.timeline)
        text += timeline_line(line, width);
    return text.empty() ? text : text + "\n";
}

struct Label {
    std::string_view word;
    Colour colour;
};

Label label_of(const RunResult& run, const check::Verdict& verdict) {
    switch (verdict.status) {
        case Status::pass:
            return {"pass", Colour::green};
        case Status::violated:
            if (was_allowed(run, verdict)) return {"allowed", Colour::yellow};
            return was_expected(run, verdict) ? Label{"expected", Colour::yellow}
                                              : Label{"VIOLATED", Colour::red};
        case Status::inconclusive:
            return {"inconclusive", Colour::yellow};
        case Status::not_applicable:
            return {"n/a", Colour::dim};
        case Status::not_checked:
            return {"not checked", Colour::dim};
    }
    return {"not checked", Colour::dim};
}

std::string labelled(std::string_view word, Colour colour, std::string_view name,
                     std::string_view text, Style style) {
    std::string line = painted(left(word, kLabel), colour, style) + left(name, kInvariant);
    line += wrap(text, kLabel + std::max(name.size(), kInvariant), kLabel + kInvariant);
    while (line.ends_with(' '))
        line.pop_back();
    return line + "\n";
}

std::string invariants(const RunResult& run, Style style) {
    std::string text;
    for (const check::Verdict& verdict : run.verdicts) {
        std::string what = verdict.what;
        if (verdict.checked > 0) {
            const std::string amount = grouped(verdict.checked) + " checked";
            what += what.empty() ? amount : " (" + amount + ")";
        }
        const Label label = label_of(run, verdict);
        text += labelled(label.word, label.colour, verdict.id, what, style);
    }
    return text;
}

// That a fault took effect is expected of every fault, and told with the faults.
bool of_a_fault(const check::Expectation& expectation) {
    return expectation.what.starts_with("took effect");
}

std::string expectations(const RunResult& run, Style style) {
    std::string text;
    for (const check::Expectation& expectation : run.expectations) {
        if (of_a_fault(expectation)) continue;
        text += labelled(
            expectation.met ? "met" : "NOT MET", expectation.met ? Colour::green : Colour::red,
            "expected",
            expectation.what + (expectation.found.empty() ? "" : ": " + expectation.found), style);
    }
    for (const check::FaultResult& fault : run.faults)
        text += labelled(
            fault.shown()           ? "took effect"
            : fault.took_effect > 0 ? "NOT FELT"
                                    : "NO EFFECT",
            fault.shown() ? Colour::green : Colour::yellow,
            "fault of line " + std::to_string(fault.line),
            fault.what +
                (fault.took_effect > 1 ? " (" + grouped(fault.took_effect) + " times)" : ""),
            style);
    return text;
}

std::string plain(std::string_view name, std::string_view text) {
    return left(name, kLabel) + wrap(text, kLabel, kLabel) + "\n";
}

std::string leaders(const RunResult& run) {
    const Percentiles failover = percentiles(run.failovers);
    const Percentiles gap = percentiles(run.leaderless);
    std::string text = counted(run.leaderships, "leadership");
    if (failover.count > 0) text += ", longest failover " + format_duration(failover.max);
    if (gap.count > 0) text += ", longest time without a leader " + format_duration(gap.max);
    return plain("leaders", text);
}

std::string work_of(const RunResult& run) {
    const check::Work& work = run.work;
    return plain("work", counted(work.events, "event") + ", " +
                             counted(work.lease_requests, "Lease request") + ", " +
                             counted(work.bucket_requests, "bucket request") + ", " +
                             counted(work.writes, "write") + " (" + grouped(work.committed) +
                             " committed, " + grouped(work.failed) + " failed, " +
                             grouped(work.unknown) + " unknown, " + grouped(work.fenced) +
                             " fenced, " + grouped(work.skipped) + " skipped by followers, " +
                             grouped(work.unanswered) + " without an answer), " +
                             counted(work.reads, "backup read") + ", " + grouped(work.queries) +
                             (work.queries == 1 ? " query" : " queries"));
}

// Why a run is not a pass, in a few words for its verdict line.
std::string reason(const RunResult& run) {
    std::string ids;
    for (const check::Verdict& verdict : run.verdicts)
        if (verdict.status == Status::violated && !was_expected(run, verdict))
            ids += (ids.empty() ? "" : ", ") + verdict.id;
    const std::string name(check::outcome_name(run.outcome));
    if (run.outcome == Outcome::safety || run.outcome == Outcome::liveness)
        return ids.empty() ? name + ": an expectation was not met" : name + ": " + ids;
    if (run.outcome == Outcome::nondeterministic) return "the same seed gave another digest";
    if (run.outcome == Outcome::internal) return "the program itself failed";
    return "this run proves nothing";
}

std::string what_broke(const RunResult& run) {
    std::string text;
    const auto add = [&](std::string_view what) {
        text += "  " + left("What", 8) + wrap(what, 10, 10) + "\n";
    };
    if (!run.internal_error.empty()) add(run.internal_error);
    for (const check::Verdict& verdict : run.verdicts) {
        const bool broken = verdict.status == Status::violated && !was_expected(run, verdict);
        const bool open =
            verdict.status == Status::inconclusive && run.outcome == Outcome::inconclusive;
        if (!broken && !open) continue;
        std::string what = verdict.id + ": " + verdict.what;
        if (broken && verdict.at != TrueTime{}) what += " [" + format_time(verdict.at) + "]";
        if (!verdict.evidence.empty()) {
            what += " [events";
            for (const std::uint64_t number : verdict.evidence)
                what += " " + std::to_string(number);
            what += "]";
        }
        add(what);
    }
    for (const check::Expectation& expectation : run.expectations)
        if (!expectation.met && !of_a_fault(expectation))
            add("expected: " + expectation.what +
                (expectation.found.empty() ? "" : "; found: " + expectation.found));
    for (const check::FaultResult& fault : run.faults)
        if (!fault.shown())
            add("the fault of line " + std::to_string(fault.line) +
                (fault.took_effect == 0   ? " took no effect: "
                 : fault.contradicted > 0 ? " took effect, and something went on as if it had not: "
                                          : " took effect, and nobody felt it: ") +
                fault.what);
    return text;
}

std::string chain(const RunResult& run) {
    std::string text;
    for (const check::TimelineLine& line : run.chain) {
        std::string start =
            "  " + left(text.empty() ? "Chain" : "", 8) + right(format_time(line.at), 11) + "  ";
        std::string end = "event " + std::to_string(line.number);
        if (&line == &run.chain.back()) end += "  <- first wrong step";
        text += start + wrap(line.text + "   " + end, start.size(), start.size()) + "\n";
    }
    return text;
}

std::string failure_title(const RunResult& run, Style style) {
    const std::string title = std::string(verdict_word(run.outcome)) + "  " + reason(run);
    const std::string exit = "exit " + std::to_string(check::exit_code(run.outcome));
    const std::size_t gap =
        title.size() + exit.size() + 2 < kColumns ? kColumns - title.size() - exit.size() : 3;
    return painted(title, verdict_colour(run.outcome), style) + std::string(gap, ' ') + exit + "\n";
}

std::string passed_line(const RunResult& run, Style style) {
    std::uint64_t passed = 0;
    for (const check::Verdict& verdict : run.verdicts)
        passed += verdict.status == Status::pass ? 1U : 0U;
    return painted("PASS", Colour::green, style) + "  " + counted(passed, "invariant") + " held";
}

}  // namespace

std::string render_failure(const RunResult& run, std::string_view arguments, Style style,
                           const Least& least) {
    if (run.outcome == Outcome::pass) return {};
    std::string text = failure_title(run, style) + what_broke(run) + chain(run);
    if (!run.state.empty()) text += "  " + left("State", 8) + wrap(run.state, 10, 10) + "\n";
    std::string_view rest = least.text;
    for (std::string_view label = "Least"; !rest.empty(); label = "") {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        text += "  " + left(label, 8) + std::string(rest.substr(0, end));
        rest.remove_prefix(end);
    }
    text += "  " + left("Again", 8) +
            (least.again.empty() ? replay_command(run, arguments) : least.again) + "\n";
    if (!least.capsule.empty())
        text += "  " + left("", 8) + "leasehold replay " + shell_quoted(least.capsule) + "\n";
    return text;
}

std::string render_verified(const RunResult& run, std::size_t files, Style style) {
    std::string text = painted(run.scenario, Colour::bold, style) + "   " + counted(files, "file") +
                       "   " + format_duration(run.simulated) + "   " +
                       counted(run.replicas.size(), "replica") + "\n" + legend(run, style) +
                       timeline(run) + invariants(run, style) + work_of(run) + leaders(run) + "\n";
    if (run.outcome != Outcome::pass)
        return text + failure_title(run, style) + what_broke(run) + chain(run);
    return text + passed_line(run, style) + "\n";
}

std::string render_run(const RunResult& run, std::string_view arguments, Style style) {
    // Of a run whose process died nothing else is known.
    if (run.replicas.empty())
        return painted(run.scenario, Colour::bold, style) + "   seed " + std::to_string(run.seed) +
               "\n\n" + render_failure(run, arguments, style);
    std::string text = header(run, style) + legend(run, style) + timeline(run);
    text += invariants(run, style) + expectations(run, style) + work_of(run) + leaders(run) +
            plain("digest", format_hex(run.digest)) + "\n";
    if (run.outcome != Outcome::pass) return text + render_failure(run, arguments, style);
    return text + passed_line(run, style) + "\nnext: leasehold check " + shell_quoted(run.file) +
           std::string(arguments) + "\n";
}

std::string render_seed_line(const RunResult& run, Style style) {
    const Percentiles failover = percentiles(run.failovers);
    const Percentiles gap = percentiles(run.leaderless);
    std::string text = "seed " + left(std::to_string(run.seed), 8);
    text += painted(left(check::outcome_name(run.outcome), 17), verdict_colour(run.outcome), style);
    text += format_hex(run.digest) + "  " + right(counted(run.leaderships, "leadership"), 14);
    text += failover.count > 0 ? "  failover " + format_duration(failover.max) : "";
    text += gap.count > 0 ? "  leaderless " + format_duration(gap.max) : "";
    return text + "\n";
}

}  // namespace leasehold::reports
