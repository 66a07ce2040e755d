#include "agent/lease/exec_keeper.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/base/one_line.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kErrorShown = 300;  // bytes
constexpr int kMostDoublings = 16;

/// What the plugin said last on its standard error: tools begin with what they are about to do.
std::string last_words(std::string errors) {
    errors.erase(errors.find_last_not_of(" \t\r\n") + 1);
    if (errors.size() > kErrorShown) errors.erase(0, errors.size() - kErrorShown);
    return one_line(errors, kErrorShown);
}

std::string explain(const ExecPlugin& plugin, const ChildEnd& end) {
    const std::string said = last_words(end.errors);
    std::string text = plugin.command + " " + end.problem;
    if (!said.empty()) text += ": " + said;
    if (end.missing && !plugin.install_hint.empty())
        text += " (" + one_line(plugin.install_hint, kErrorShown) + ")";
    return text;
}

}  // namespace

ExecKeeper::ExecKeeper(asio::io_context& loop, ExecPlugin plugin, std::function<void()> ended,
                       ExecTiming timing)
    : loop_(loop), plugin_(std::move(plugin)), ended_(std::move(ended)), timing_(timing) {}

bool ExecKeeper::alive(Instant now) const {
    return credential_.has_value() && now < ends_ && !dead_;
}

const ExecCredential* ExecKeeper::current() {
    const Instant now = boottime();
    const bool living = alive(now);
    if ((!living || now >= renew_at_) && !asking() && now >= not_before_) run();
    return living ? &*credential_ : nullptr;
}

void ExecKeeper::run() {
    ChildCommand command;
    command.program = plugin_.command;
    command.arguments = plugin_.arguments;
    command.environment = plugin_.environment;
    command.environment.emplace_back("KUBERNETES_EXEC_INFO", exec_info(plugin_));
    command.time_out = timing_.time_out;
    child_ =
        std::make_unique<ChildProcess>(loop_, command, [this](const ChildEnd& end) { take(end); });
}

void ExecKeeper::take(const ChildEnd& end) {
    child_.reset();
    dead_ = false;  // after a failure too: nothing better is to be had
    const Now now = read_now();
    if (!end.problem.empty()) {
        failed(end.problem, explain(plugin_, end), now.monotonic);
    } else if (auto found = decode_exec_credential(plugin_, end.output); !found) {
        failed("no ExecCredential", plugin_.command + ": " + found.error(), now.monotonic);
    } else if (found->expires && *found->expires <= now.wall) {
        failed("has ended already",
               plugin_.command + " gave a credential that has ended already: is a clock wrong?",
               now.monotonic);
    } else {
        renewed(*std::move(found), now);
    }
    ended_();
}

void ExecKeeper::renewed(ExecCredential credential, Now now) {
    ends_ = kNever;
    renew_at_ = kNever;
    if (credential.expires) {
        const Duration life = *credential.expires - now.wall;
        ends_ = saturating_add(now.monotonic, life);
        renew_at_ = ends_ - std::min(timing_.margin, life / 5);
    }
    credential_ = std::move(credential);
    ++generation_;
    problem_.clear();
    failures_ = 0;
    not_before_ = Instant::min();
}

void ExecKeeper::failed(const std::string& kind, const std::string& why, Instant now) {
    problem_ = why;
    problem_kind_ = kind;
    const int doublings = std::min(failures_, kMostDoublings);
    not_before_ = now + std::min(timing_.last_retry, timing_.first_retry * (1 << doublings));
    ++failures_;
}

void ExecKeeper::refused(std::uint64_t generation) {
    const Instant now = boottime();
    if (generation != generation_ || asking() || !credential_) return;
    if (now < next_refusal_ || now < not_before_) return;
    next_refusal_ = now + timing_.refused_again;
    dead_ = true;
    run();
}

}  // namespace leasehold::agent
