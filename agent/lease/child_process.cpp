#include "agent/lease/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <optional>

#include "agent/base/clock.hpp"
#include "agent/base/descriptor.hpp"
#include "agent/base/timer.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kMostOutput = 1U << 20;
constexpr std::size_t kMostErrors = 4U << 10;  ///< the last of them

int living = 0;  ///< of ChildProcess::State

struct Pipe {
    Descriptor ours;
    Descriptor theirs;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail_errno("pipe");
    Pipe made{Descriptor(ends[0]), Descriptor(ends[1])};
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) fail_errno("pipe");
    return made;
}

/// The own variables with those of the command over them, "NAME=VALUE".
std::vector<std::string> merged_environment(const ChildCommand& command) {
    std::vector<std::string> all;
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
        const std::string entry = *at;
        const std::string name = entry.substr(0, entry.find('='));
        bool replaced = false;
        for (const auto& [other, value] : command.environment)
            replaced = replaced || other == name;
        if (!replaced) all.push_back(entry);
    }
    for (const auto& [name, value] : command.environment)
        all.push_back(name + "=" + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    for (std::string& word : words)
        all.push_back(word.data());
    all.push_back(nullptr);
    return all;
}

/// Hands it over; `from` keeps it where Asio throws.
void lend(asio::posix::stream_descriptor& to, Descriptor& from) {
    to.assign(from.number());
    (void)from.release();
}

/// posix_spawnattr_t and posix_spawn_file_actions_t, with an end.
class SpawnPlan {
  public:
    SpawnPlan(int output, int errors) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
        // Asio's sockets are not close-on-exec: a command that outlives the agent would keep its
        // port, and each client's connection, open.
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        posix_spawnattr_init(&attributes_);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);  // what the agent ignores, SIGPIPE, is no rule for others
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnPlan() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    /// 0, or an errno.
    int start(const ChildCommand& command, pid_t& pid) const {
        std::vector<std::string> arguments{command.program};
        arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
        std::vector<std::string> environment = merged_environment(command);
        return posix_spawnp(&pid, command.program.c_str(), &actions_, &attributes_,
                            pointers(arguments).data(), pointers(environment).data());
    }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

struct ChildProcess::State : std::enable_shared_from_this<ChildProcess::State> {
    State(asio::io_context& io, Duration time_out, std::function<void(ChildEnd)> to)
        : loop(io),
          done(std::move(to)),
          output(io),
          errors(io),
          exit(io),
          ends_at(saturating_add(boottime(), time_out)) {
        ++living;
    }
    ~State() {
        --living;
        if (pid <= 0) return;
        kill(-pid, SIGKILL);
        waitpid(pid, nullptr, 0);  // of a killed process: at once
    }

    void begin(const ChildCommand& command);
    void start(const ChildCommand& command);
    void could_not(const std::string& why);
    void watch(Descriptor& out, Descriptor& err);
    void read_on(asio::posix::stream_descriptor& from, std::string& into, std::size_t most);
    static void drain(int from, std::string& into, std::size_t most);
    void stop(const std::string& why);
    void ended();
    void finish();

    asio::io_context& loop;
    std::function<void(ChildEnd)> done;
    asio::posix::stream_descriptor output;
    asio::posix::stream_descriptor errors;
    asio::posix::stream_descriptor exit;  ///< a pidfd: readable when the program ended
    std::optional<BoottimeTimer> timer;   ///< made where its failure is answered
    Instant ends_at;
    pid_t pid = 0;
    ChildEnd end;
};

void ChildProcess::State::begin(const ChildCommand& command) {
    try {
        start(command);
    } catch (const std::exception& error) {
        could_not(std::string("cannot be started: ") + error.what());
    }
}

void ChildProcess::State::could_not(const std::string& why) {
    end.problem = why;
    asio::post(loop, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self != nullptr) self->finish();
    });
}

void ChildProcess::State::start(const ChildCommand& command) {
    timer.emplace(loop, [this] { stop("gave no answer within its time"); });
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    const int error = SpawnPlan(out.theirs.number(), err.theirs.number()).start(command, pid);
    if (error != 0) {
        pid = 0;
        end.missing = error == ENOENT;
        return could_not(error == ENOENT
                             ? "there is no such program"
                             : std::string("cannot be started: ") + std::strerror(error));
    }
    watch(out.ours, err.ours);
}

void ChildProcess::State::watch(Descriptor& out, Descriptor& err) {
    // Not the wrapper of newer C libraries: its header clashes with asio's.
    Descriptor ending(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!ending.valid()) fail_errno("pidfd_open");
    lend(output, out);
    lend(errors, err);
    lend(exit, ending);
    timer->arm(ends_at);
    read_on(output, end.output, kMostOutput);
    read_on(errors, end.errors, kMostErrors);
    exit.async_wait(asio::posix::stream_descriptor::wait_read,
                    [weak = weak_from_this()](const boost::system::error_code& error) {
                        if (const auto self = weak.lock(); self != nullptr && !error) self->ended();
                    });
}

void ChildProcess::State::drain(int from, std::string& into, std::size_t most) {
    std::array<char, 4096> piece{};
    for (ssize_t size = 1; size > 0 && into.size() <= 2 * most;) {
        size = read(from, piece.data(), piece.size());
        if (size > 0) into.append(piece.data(), static_cast<std::size_t>(size));
        if (size < 0 && errno == EINTR) size = 1;
    }
}

void ChildProcess::State::read_on(asio::posix::stream_descriptor& from, std::string& into,
                                  std::size_t most) {
    from.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [this, weak = weak_from_this(), &from, &into, most](const boost::system::error_code& code) {
            const auto self = weak.lock();
            if (self == nullptr || code) return;
            const std::size_t before = into.size();
            drain(from.native_handle(), into, most);
            if (into.size() == before) return;  // its end
            if (&into == &end.output && into.size() > most) return stop("printed more than 1 MiB");
            if (into.size() > most) into.erase(0, into.size() - most);
            read_on(from, into, most);
        });
}

void ChildProcess::State::stop(const std::string& why) {
    if (pid <= 0 || !end.problem.empty()) return;
    end.problem = why;
    kill(-pid, SIGKILL);  // and `exit` tells of the end
}

void ChildProcess::State::ended() {
    int status = 0;
    const pid_t found = waitpid(pid, &status, WNOHANG);
    if (found == 0) return;
    if (found != pid && end.problem.empty()) end.problem = "ended, and others were told how";
    pid = 0;
    drain(output.native_handle(), end.output, kMostOutput);
    drain(errors.native_handle(), end.errors, kMostErrors);
    if (end.problem.empty() && end.output.size() > kMostOutput)
        end.problem = "printed more than 1 MiB";
    if (end.problem.empty() && WIFSIGNALED(status))
        end.problem = "was ended by signal " + std::to_string(WTERMSIG(status));
    if (end.problem.empty() && WIFEXITED(status) && WEXITSTATUS(status) != 0)
        end.problem = "ended with " + std::to_string(WEXITSTATUS(status));
    if (end.errors.size() > kMostErrors) end.errors.erase(0, end.errors.size() - kMostErrors);
    finish();
}

void ChildProcess::State::finish() {
    if (timer) timer->arm(kNever);
    const auto self = shared_from_this();  // `done` may end this object
    const auto to = std::move(done);
    to(std::move(end));
}

ChildProcess::ChildProcess(asio::io_context& loop, const ChildCommand& command,
                           std::function<void(ChildEnd)> done)
    : state_(std::make_shared<State>(loop, command.time_out, std::move(done))) {
    state_->begin(command);
}

ChildProcess::~ChildProcess() = default;

void reap_orphans() {
    while (living == 0 && waitpid(-1, nullptr, WNOHANG) > 0) {}
}

}  // namespace leasehold::agent
