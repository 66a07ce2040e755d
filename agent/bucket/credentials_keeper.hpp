// CredentialsKeeper: the credentials in force, asked for when first wanted and renewed in time.
//
// One attempt at a time. The old ones are used while a renewal fails, as long as they live.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/asio.hpp"
#include "agent/base/timer.hpp"
#include "agent/bucket/credentials_source.hpp"

namespace leasehold::agent {

struct KeeperTiming {
    Duration first_retry = std::chrono::seconds(1);     ///< doubled after each failure
    Duration last_retry = std::chrono::minutes(1);      ///< and no longer than this
    Duration refused_again = std::chrono::seconds(30);  ///< least between renewals after a refusal
    Duration least = std::chrono::seconds(1);           ///< between a role's renewals
};

class CredentialsKeeper {
  public:
    /// `start` is what is known without asking. `ended` is called on the loop after each attempt.
    CredentialsKeeper(asio::io_context& loop, std::unique_ptr<CredentialsSource> source,
                      std::optional<Grant> start, std::function<void()> ended,
                      KeeperTiming timing = {});

    /// To sign with now. Null: an attempt is under way, of whose end `ended` tells, or the last one
    /// failed a moment ago. Begins an attempt where that helps. Good until the next turn of the
    /// loop.
    [[nodiscard]] const Credentials* current();
    [[nodiscard]] bool asking() const { return asking_; }
    /// Why there are none, while there are none; no secret.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// The server refused credentials with this access key; `code` is its word for it. A role's
    /// are renewed when the word means them (not for a permission that is missing), and once.
    void refused(std::string_view access_key, std::string_view code);

  private:
    void ask();
    void take(Result<Grant, std::string> answer);
    void renewed(Grant grant, Instant now);
    void failed(const std::string& why, Instant now);
    [[nodiscard]] bool alive(Instant now) const;

    std::function<void()> ended_;
    KeeperTiming timing_;
    std::optional<Grant> grant_;
    Instant ends_ = kNever;                  ///< of grant_
    std::string problem_;                    ///< of the last attempt; empty: it went well
    std::string told_;                       ///< the kind of failure in the log
    int failures_ = 0;                       ///< in a row
    Instant not_before_ = Instant::min();    ///< of the next attempt after a failure
    Instant next_refusal_ = Instant::min();  ///< of the next attempt after a refusal
    bool asking_ = false;
    bool dead_ = false;  ///< the server refused what is in force, and what follows is asked for
    BoottimeTimer timer_;
    std::unique_ptr<CredentialsSource> source_;  ///< last: its answers come to this
};

}  // namespace leasehold::agent
