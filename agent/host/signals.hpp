// What a process is told by signals before it says itself what it makes of them.
#pragma once

#include <array>
#include <csignal>

namespace leasehold::agent {

/// What asks a process to end. SIGHUP by its default action would leave the Lease unreleased.
inline constexpr std::array kEndingSignals{SIGTERM, SIGINT, SIGHUP};

/// Who started this process wants it not to hear that one: a shell for its background, nohup.
[[nodiscard]] bool is_ignored(int signal);

/// Takes back what a parent may have left (a blocked mask, an ignored SIGCHLD survive exec), and
/// ignores the signals that come with an error of a call, for which each call has its own answer.
/// Those that end a process end it with 128 + signal, also the first one of a container, until
/// somebody says otherwise; a terminal that hangs up is one of them. At the start, before any
/// thread.
void settle_signals();

}  // namespace leasehold::agent
