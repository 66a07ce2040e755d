// OwnCheck: a rule of one's own over a run, judged beside the invariants.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/check/check.hpp"
#include "model/protocol/history.hpp"

namespace leasehold::sim {

/// Reads the history as it is made (Observer: override the records that matter), says with
/// violated() what broke and with looked() that there was something to look at. One is made for
/// each run. It must ask for no time and no randomness, or runs cannot be repeated.
class OwnCheck : public Observer {
  public:
    /// `id` names it in verdicts, such as "orders.never-twice"; no invariant has that name.
    explicit OwnCheck(std::string id) { verdict_.id = std::move(id); }

    /// What it found in a run that ended at `end`: violated, or pass, or inconclusive when it
    /// looked at nothing (a run that never met the rule proves nothing of it).
    [[nodiscard]] check::Verdict verdict(TrueTime end) {
        if (verdict_.status != check::Status::violated) ended(end);
        if (verdict_.status != check::Status::violated) {
            verdict_.status =
                verdict_.checked > 0 ? check::Status::pass : check::Status::inconclusive;
            if (verdict_.checked == 0) verdict_.what = "it looked at nothing";
        }
        return verdict_;
    }

  protected:
    /// Asked once, at the run's end, unless something broke before: for what must have happened by
    /// then.
    virtual void ended(TrueTime end) { static_cast<void>(end); }
    /// One more occasion at which the rule could have been broken.
    void looked() { ++verdict_.checked; }
    /// The rule broke with `record`: `what` says how, in words without what differs from run to run
    /// at its beginning. The first call counts.
    void violated(const RecordBase& record, std::string what) {
        if (verdict_.status == check::Status::violated) return;
        broke(record.at, std::move(what));
        verdict_.evidence.push_back(record.number);
    }
    /// Likewise, of what did not happen until `at`.
    void broke(TrueTime at, std::string what) {
        if (verdict_.status == check::Status::violated) return;
        verdict_.status = check::Status::violated;
        verdict_.what = std::move(what);
        verdict_.at = at;
    }

  private:
    check::Verdict verdict_;
};

/// Makes the checks of one run.
using MakeChecks = std::function<std::vector<std::unique_ptr<OwnCheck>>()>;

}  // namespace leasehold::sim
