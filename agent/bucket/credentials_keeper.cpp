#include "agent/bucket/credentials_keeper.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/base/clock.hpp"

namespace leasehold::agent {
namespace {

/// What says that keys or token are no good, and not that something is forbidden.
constexpr std::array<std::string_view, 6> kDeadCodes{
    "ExpiredToken",   "ExpiredTokenException", "InvalidToken",
    "InvalidTokenId", "TokenRefreshRequired",  "InvalidAccessKeyId"};

/// The same trouble again, whatever its milliseconds, ports and request ids.
std::string kind_of(std::string problem) {
    std::erase_if(problem, [](char c) { return c >= '0' && c <= '9'; });
    return problem;
}

std::string minutes(Duration span) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
    return seconds < 120 ? std::to_string(seconds) + "s" : std::to_string(seconds / 60) + "m";
}

}  // namespace

CredentialsKeeper::CredentialsKeeper(asio::io_context& loop,
                                     std::unique_ptr<CredentialsSource> source,
                                     std::optional<Grant> start, std::function<void()> ended,
                                     KeeperTiming timing)
    : ended_(std::move(ended)),
      timing_(timing),
      timer_(loop, [this] { ask(); }),
      source_(std::move(source)) {
    if (!start) return;
    grant_ = std::move(start);
    timer_.arm(boottime() + grant_->renew_after);
}

bool CredentialsKeeper::alive(Instant now) const {
    return grant_.has_value() && now < ends_ && !dead_;
}

const Credentials* CredentialsKeeper::current() {
    const Instant now = boottime();
    if (alive(now)) return &grant_->credentials;
    if (!asking_ && now >= not_before_) ask();
    return nullptr;
}

void CredentialsKeeper::ask() {
    if (asking_) return;
    asking_ = true;
    source_->fetch([this](Result<Grant, std::string> answer) { take(std::move(answer)); });
}

void CredentialsKeeper::take(Result<Grant, std::string> answer) {
    asking_ = false;
    dead_ = false;  // after a failure too: nothing better is to be had
    const Instant now = boottime();
    if (answer)
        renewed(*std::move(answer), now);
    else
        failed(answer.error(), now);
    ended_();
}

void CredentialsKeeper::renewed(Grant grant, Instant now) {
    const bool other = !grant_ || grant.credentials != grant_->credentials;
    const std::string life = grant.life ? ", good for " + minutes(*grant.life) : "";
    if (other) spdlog::info("bucket: new credentials ({}{})", grant.from, life);
    if (!other && failures_ > 0) spdlog::info("bucket: credentials can be had again");
    ends_ = grant.life ? saturating_add(now, *grant.life) : kNever;
    timer_.arm(now + (grant.role ? std::max(grant.renew_after, timing_.least) : grant.renew_after));
    grant_ = std::move(grant);
    problem_.clear();
    told_.clear();
    failures_ = 0;
    not_before_ = Instant::min();
}

void CredentialsKeeper::failed(const std::string& why, Instant now) {
    const Duration pause =
        std::min(timing_.last_retry, timing_.first_retry * (1 << std::min(failures_, 16)));
    ++failures_;
    not_before_ = now + pause;
    problem_ = why;
    // Without any it is asked for when a request wants some, and the request tells why there are
    // none.
    timer_.arm(grant_ ? not_before_ : kNever);
    if (!alive(now) || told_ == kind_of(why)) return;
    told_ = kind_of(why);
    const std::string left = ends_ == kNever ? "" : " for " + minutes(ends_ - now);
    spdlog::warn("bucket: credentials stay as they were{}: {}", left, why);
}

void CredentialsKeeper::refused(std::string_view access_key, std::string_view code) {
    if (asking_ || !grant_) return;
    if (!grant_->role) return ask();  // a file that may have been replaced
    const Instant now = boottime();
    const bool means = std::find(kDeadCodes.begin(), kDeadCodes.end(), code) != kDeadCodes.end();
    if (!means || access_key != grant_->credentials.access_key) return;
    if (now < next_refusal_ || now < not_before_) return;
    next_refusal_ = now + timing_.refused_again;
    dead_ = true;
    ask();
}

}  // namespace leasehold::agent
