#include "sim/cli/workers.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/base/check.hpp"
#include "reports/atomic_file.hpp"
#include "reports/result_codec.hpp"
#include "sim/cli/interrupt.hpp"

namespace leasehold::cli {
namespace {

// An answer's frame: its length, its kind, its content.
using FrameLength = std::uint32_t;
constexpr char kResult = 'R';
constexpr char kNoRoom = 'N';
constexpr char kOutputFailed = 'O';
constexpr char kBroken = 'B';

bool send_all(int socket, const void* data, std::size_t size) {
    const char* at = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        at += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

bool receive_all(int socket, void* data, std::size_t size) {
    char* at = static_cast<char*>(data);
    while (size > 0) {
        const ssize_t got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool send_frame(int socket, char kind, std::string_view content) {
    const auto length = static_cast<FrameLength>(content.size() + 1);
    std::string frame(sizeof length, '\0');
    std::memcpy(frame.data(), &length, sizeof length);
    frame += kind;
    frame += content;
    return send_all(socket, frame.data(), frame.size());
}

/// What travels of a job beside its text: plain bytes.
struct JobHead {
    std::uint64_t scenario = 0;
    std::uint64_t seed = 0;
    bool detailed = false;
    bool fresh = false;
    bool record = false;
    bool page = false;
    FrameLength text = 0;
};

bool send_job(int socket, const Job& job) {
    JobHead head{};
    head.scenario = job.scenario;
    head.seed = job.seed;
    head.detailed = job.detailed;
    head.fresh = job.fresh;
    head.record = job.record;
    head.page = job.page;
    head.text = static_cast<FrameLength>(job.text.size());
    std::string bytes(sizeof head, '\0');
    std::memcpy(bytes.data(), &head, sizeof head);
    bytes += job.text;
    return send_all(socket, bytes.data(), bytes.size());
}

bool receive_job(int socket, Job& job) {
    JobHead head;
    if (!receive_all(socket, &head, sizeof head)) return false;
    job = {head.scenario, head.seed, head.detailed, head.fresh, head.record, {}, head.page};
    job.text.resize(head.text);
    return head.text == 0 || receive_all(socket, job.text.data(), job.text.size());
}

std::string ending(int status) {
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        return "signal " + std::to_string(number) + " (" + strsignal(number) + ")";
    }
    return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

struct WorkerPool::Batch {
    const std::vector<Job>& jobs;
    std::deque<std::size_t> waiting;
    std::vector<bool> fresh;    ///< wants a process that has played nothing
    std::vector<int> attempts;  ///< workers that it has cost
    std::vector<std::optional<check::RunResult>> results;
    std::size_t done = 0;
};

WorkerPool::WorkerPool(Settings settings) : settings_(std::move(settings)) {
    workers_.resize(std::max(1U, settings_.workers));
}

WorkerPool::~WorkerPool() {
    for (Worker& worker : workers_)
        end(worker, worker.job.has_value());
}

void WorkerPool::say(const std::string& text) const {
    if (settings_.log) settings_.log(text);
}

void WorkerPool::start(Worker& worker) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        throw std::runtime_error(std::string("cannot make a socket pair: ") + std::strerror(errno));
    // A child must not print again what this process has only buffered.
    std::fflush(nullptr);
    const pid_t parent = getpid();
    const pid_t process = fork();
    if (process < 0) {
        close(sockets[0]);
        close(sockets[1]);
        throw std::runtime_error(std::string("cannot start a process: ") + std::strerror(errno));
    }
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        for (const Worker& other : workers_)
            if (other.socket >= 0) close(other.socket);
        close(sockets[0]);
        serve(sockets[1]);
    }
    close(sockets[1]);
    worker = Worker{};
    worker.process = process;
    worker.socket = sockets[0];
    say("worker " + std::to_string(process) + " starts");
}

// The worker's whole life. Leaves by _exit: what was inherited is not this process's to clean up.
void WorkerPool::serve(int socket) {
    std::unique_ptr<JobRunner> runner;
    Job job;
    while (receive_job(socket, job)) {
        bool sent = false;
        try {
            if (!runner) runner = settings_.make_runner();
            if (!runner->fits(job)) {
                sent = send_frame(socket, kNoRoom, "");
            } else {
                const check::RunResult result = runner->run(job);
                sent =
                    send_frame(socket, kResult, reports::to_line(reports::result_to_json(result)));
            }
        } catch (const reports::OutputError& error) {
            sent = send_frame(socket, kOutputFailed, error.what());
        } catch (const std::exception& error) {
            sent = send_frame(socket, kBroken, error.what());
        }
        if (!sent) break;
    }
    std::fflush(nullptr);
    _exit(0);
}

std::string WorkerPool::end(Worker& worker, bool kill_it) {
    if (worker.process == 0) return {};
    if (kill_it) kill(worker.process, SIGKILL);
    close(worker.socket);
    int status = 0;
    while (waitpid(worker.process, &status, 0) < 0 && errno == EINTR) {}
    say("worker " + std::to_string(worker.process) + " ended: " + ending(status));
    worker = Worker{};
    return ending(status);
}

void WorkerPool::lost(Batch& batch, std::size_t job, const std::string& how) {
    if (++batch.attempts[job] < 2) {
        batch.fresh[job] = true;
        batch.waiting.push_front(job);
        return;
    }
    batch.results[job] = settings_.blank(batch.jobs[job]);
    batch.results[job]->outcome = check::Outcome::internal;
    batch.results[job]->internal_error =
        "the process that played this run ended with " + how + ", twice";
    ++batch.done;
}

void WorkerPool::hand_out(Batch& batch) {
    for (Worker& worker : workers_) {
        if (worker.job || batch.waiting.empty()) continue;
        const std::size_t job = batch.waiting.front();
        batch.waiting.pop_front();
        if (worker.process != 0 && worker.started > 0 && batch.fresh[job]) end(worker, false);
        if (worker.process == 0) start(worker);
        worker.job = job;
        ++worker.started;
        if (!send_job(worker.socket, batch.jobs[job])) {
            worker.job.reset();
            lost(batch, job, end(worker, true));
        }
    }
}

void WorkerPool::answer(Batch& batch, Worker& worker, std::string_view frame) {
    CHECK(worker.job.has_value() && !frame.empty());
    const std::size_t job = *std::exchange(worker.job, std::nullopt);
    const char kind = frame[0];
    const std::string_view content = frame.substr(1);
    if (kind == kOutputFailed) throw reports::OutputError(std::string(content));
    if (kind == kNoRoom && worker.started > 1) {
        batch.fresh[job] = true;
        batch.waiting.push_front(job);
        return;
    }
    if (kind == kResult) {
        batch.results[job] = reports::result_from_json(reports::parse_json(content));
    } else {
        batch.results[job] = settings_.blank(batch.jobs[job]);
        batch.results[job]->outcome = check::Outcome::internal;
        batch.results[job]->internal_error =
            kind == kNoRoom ? "the run is longer than one engine can play" : std::string(content);
    }
    ++batch.done;
    if (kind == kBroken) end(worker, true);  // after an exception its engine is in doubt
    if (settings_.progress) settings_.progress(batch.done, batch.jobs.size());
}

void WorkerPool::receive(Batch& batch, Worker& worker) {
    char bytes[1 << 16];
    const ssize_t got = recv(worker.socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        const std::size_t job = *std::exchange(worker.job, std::nullopt);
        lost(batch, job, end(worker, false));
        return;
    }
    worker.input.append(bytes, static_cast<std::size_t>(got));
    FrameLength length = 0;
    if (worker.input.size() < sizeof length) return;
    std::memcpy(&length, worker.input.data(), sizeof length);
    if (worker.input.size() < sizeof length + length) return;
    const std::string frame = worker.input.substr(sizeof length, length);
    worker.input.clear();  // a worker answers one job at a time
    answer(batch, worker, frame);
}

void WorkerPool::wait(Batch& batch, bool asked) {
    constexpr timespec kTenth{0, 100'000'000};
    std::vector<pollfd> polled;
    std::vector<Worker*> owners;
    for (Worker& worker : workers_) {
        if (!worker.job) continue;
        polled.push_back({worker.socket, POLLIN, 0});
        owners.push_back(&worker);
    }
    if (polled.empty()) return;  // what was handed out is lost again: next round
    if (ppoll(polled.data(), polled.size(), asked ? &kTenth : nullptr, &waiting_mask()) < 0) return;
    for (std::size_t i = 0; i < polled.size(); ++i)
        if (polled[i].revents != 0) receive(batch, *owners[i]);
}

std::vector<std::optional<check::RunResult>> WorkerPool::run_until(
    const std::vector<Job>& jobs, const std::function<bool(std::size_t done)>& enough) {
    Batch batch{jobs,
                {},
                std::vector<bool>(jobs.size()),
                std::vector<int>(jobs.size()),
                std::vector<std::optional<check::RunResult>>(jobs.size()),
                0};
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        batch.waiting.push_back(i);
        batch.fresh[i] = jobs[i].fresh;
    }
    while (batch.done < jobs.size() && !interrupted() && !(enough && enough(batch.done))) {
        hand_out(batch);
        wait(batch, enough != nullptr);
    }
    // What they play belongs to nobody any more.
    for (Worker& worker : workers_)
        if (worker.job) end(worker, true);
    return std::move(batch.results);
}

std::optional<std::vector<check::RunResult>> WorkerPool::run(const std::vector<Job>& jobs) {
    std::vector<check::RunResult> all;
    for (std::optional<check::RunResult>& result : run_until(jobs, {})) {
        if (!result) return std::nullopt;
        all.push_back(std::move(*result));
    }
    return all;
}

}  // namespace leasehold::cli
