#include "model/check/result.hpp"

#include <string>
#include <string_view>
#include <variant>

#include "model/base/check.hpp"

namespace leasehold::check {

namespace {

/// Position in the order in which the worst of many runs wins; greater is worse.
int badness(Outcome outcome) {
    switch (outcome) {
        case Outcome::pass:
            return 0;
        case Outcome::inconclusive:
            return 1;
        case Outcome::liveness:
            return 2;
        case Outcome::safety:
            return 3;
        case Outcome::nondeterministic:
            return 4;
        case Outcome::internal:
            return 5;
    }
    CHECK_MSG(false, "an outcome that does not exist");
}

}  // namespace

int exit_code(Outcome outcome) {
    switch (outcome) {
        case Outcome::pass:
            return 0;
        case Outcome::safety:
            return 1;
        case Outcome::liveness:
            return 2;
        case Outcome::inconclusive:
            return 3;
        case Outcome::nondeterministic:
            return 4;
        case Outcome::internal:
            return 70;
    }
    CHECK_MSG(false, "an outcome that does not exist");
}

void Work::answered(WriteAck ack) {
    ++writes;
    if (unanswered > 0) --unanswered;
    switch (ack) {
        case WriteAck::committed:
            ++committed;
            return;
        case WriteAck::skipped_follower:
            ++skipped;
            return;
        case WriteAck::fenced:
            ++fenced;
            return;
        case WriteAck::failed:
            ++failed;
            return;
        case WriteAck::unknown:
            ++unknown;
            return;
    }
}

void Work::asked(const Event& event) {
    if (std::holds_alternative<BackupWrite>(event) || std::holds_alternative<BackupRemove>(event))
        ++unanswered;
}

void expect_commits(RunResult& result) {
    const Work& work = result.work;
    if (work.mostly_committed()) return;
    result.expectations.push_back(
        {"most accepted writes are committed", false,
         std::to_string(work.committed) + " of " + std::to_string(work.accepted())});
}

Outcome worse(Outcome a, Outcome b) {
    return badness(a) >= badness(b) ? a : b;
}

std::string_view outcome_name(Outcome outcome) {
    switch (outcome) {
        case Outcome::pass:
            return "pass";
        case Outcome::safety:
            return "safety";
        case Outcome::liveness:
            return "liveness";
        case Outcome::inconclusive:
            return "inconclusive";
        case Outcome::nondeterministic:
            return "nondeterministic";
        case Outcome::internal:
            return "internal";
    }
    CHECK_MSG(false, "an outcome that does not exist");
}

}  // namespace leasehold::check
