// What a process is told by signals before it says itself what it makes of them.
#pragma once

namespace leasehold::agent {

/// Takes back what a parent may have left (a blocked mask, an ignored SIGCHLD survive exec), and
/// ignores the signals that come with an error of a call, for which each call has its own answer.
/// SIGTERM and SIGINT end the process with 128 + signal, also the first one of a container, until
/// somebody says otherwise. At the start, before any thread.
void settle_signals();

}  // namespace leasehold::agent
