// ChildProcess: another program, run beside the loop and never waited for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/asio.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

struct ChildCommand {
    std::string program;  ///< a path, or a name to look up in PATH
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;  ///< over the own
    Duration time_out = std::chrono::minutes(1);
};

struct ChildEnd {
    std::string problem;   ///< for people, in one line; empty: it ended with 0
    bool missing = false;  ///< there is no such program
    std::string output;    ///< its standard output
    std::string errors;    ///< the end of its standard error
};

/// Its standard input is empty; it is the first of a process group of its own, all of which is
/// killed when its time is up or when it prints more than a MiB.
class ChildProcess {
  public:
    /// `done` is called exactly once, on the loop, never inside this call, and not after the end
    /// of this object, which kills the program.
    ChildProcess(asio::io_context& loop, const ChildCommand& command,
                 std::function<void(ChildEnd)> done);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Takes the ends of processes that others began and left to this one, as they are left to the
/// first of a container; else they would be zombies for as long as it lives. Nothing while there is
/// a ChildProcess, whose end is its own to take. On the thread of these.
void reap_orphans();

}  // namespace leasehold::agent
