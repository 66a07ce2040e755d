// ExecKeeper: the credential that a kubeconfig's command gave, asked for when first wanted and
// again in time.
//
// One run at a time. The old credential is used while a renewal runs or fails, as long as it lives.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/asio.hpp"
#include "agent/lease/child_process.hpp"
#include "agent/lease/exec_plugin.hpp"

namespace leasehold::agent {

struct ExecTiming {
    Duration time_out = std::chrono::minutes(1);        ///< of a run
    Duration first_retry = std::chrono::seconds(1);     ///< doubled after each failure
    Duration last_retry = std::chrono::minutes(1);      ///< and no longer than this
    Duration refused_again = std::chrono::seconds(10);  ///< least between runs after a refusal
    Duration margin = std::chrono::minutes(1);  ///< renewed so long before the end, or a fifth
};

class ExecKeeper {
  public:
    /// `ended` is called on the loop after each run.
    ExecKeeper(asio::io_context& loop, ExecPlugin plugin, std::function<void()> ended,
               ExecTiming timing = {});

    /// In force now. Null: a run is under way, of whose end `ended` tells, or the last one failed a
    /// moment ago. Begins a run where that helps.
    [[nodiscard]] const ExecCredential* current();
    [[nodiscard]] bool asking() const { return child_ != nullptr; }
    /// Counts the credentials had so far.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    /// Why the last run gave nothing, in one line; empty: it gave something.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// The same without the plugin's own words, which may differ each time.
    [[nodiscard]] const std::string& problem_kind() const { return problem_kind_; }
    /// The server answered 401 to the credential of this generation.
    void refused(std::uint64_t generation);

  private:
    void run();
    void take(const ChildEnd& end);
    void renewed(ExecCredential credential, Now now);
    void failed(const std::string& kind, const std::string& why, Instant now);
    [[nodiscard]] bool alive(Instant now) const;

    asio::io_context& loop_;
    ExecPlugin plugin_;
    std::function<void()> ended_;
    ExecTiming timing_;
    std::optional<ExecCredential> credential_;
    std::uint64_t generation_ = 0;
    Instant ends_ = kNever;
    Instant renew_at_ = kNever;
    bool dead_ = false;  ///< refused, and the next is asked for
    std::string problem_;
    std::string problem_kind_;
    int failures_ = 0;                       ///< in a row
    Instant not_before_ = Instant::min();    ///< of the next run after a failure
    Instant next_refusal_ = Instant::min();  ///< of the next run after a refusal
    std::unique_ptr<ChildProcess> child_;    ///< last: its end comes to this
};

}  // namespace leasehold::agent
