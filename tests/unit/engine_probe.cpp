// A process of its own for the engine's tests: `engine_probe WHAT [NUMBER...] [anything else]`.
#include <sys/wait.h>
#include <unistd.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/unit/engine_fuzz.hpp"

namespace {

using namespace leasehold;
using namespace leasehold::test;

void print_digest(std::uint64_t digest) {
    std::printf("%016" PRIx64 "\n", digest);
}

/// One run after the other in one engine; seeds first .. first+count-1, `rounds` times.
int in_a_row(Engine::Mode mode, std::uint64_t first, std::uint64_t count, std::uint64_t rounds) {
    Engine engine(fuzz_platform());
    engine.set_mode(mode);
    for (std::uint64_t round = 0; round < rounds; ++round)
        for (std::uint64_t seed = first; seed < first + count; ++seed)
            print_digest(FuzzRun(engine, seed).digest());
    return 0;
}

/// A process for each seed, forked before SimGrid was touched.
int fresh(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            in_a_row(Engine::Mode::run_ahead, seed, 1, 1);
            std::fflush(stdout);
            _exit(0);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
    }
    return 0;
}

int deadlock() {
    Engine engine(fuzz_platform());
    try {
        engine.provoke_deadlock();
    } catch (const CheckFailure& failure) {
        std::printf("%s\n", failure.what());
        return 70;
    }
    return 0;
}

extern "C" void on_interrupt(int) {
    _exit(55);
}

int interrupt() {
    std::signal(SIGINT, on_interrupt);
    Engine engine(fuzz_platform());
    std::raise(SIGINT);
    return 1;
}

int second_engine() {
    Engine engine(fuzz_platform());
    try {
        Engine another(fuzz_platform());
    } catch (const CheckFailure&) {
        return 70;
    }
    return 0;
}

/// A client that keeps one flow alive to the end of every run.
class Filler final : public Client {
    void due(const Due&) override {}
    void flow_ended(FlowId, bool) override {}
};

int fill() {
    Engine engine(fuzz_platform());
    Filler filler;
    constexpr Duration kEighth = std::chrono::seconds(1 << 17);
    int runs = 0;
    for (; engine.fits_another(kEighth); ++runs) {
        engine.begin_run(filler, 1, kEighth);
        engine.start_flow(0, 1, 1ULL << 50);
        engine.run();
        engine.end_run();
    }
    std::printf("%d runs\n", runs);
    try {
        engine.begin_run(filler, 1, std::chrono::seconds(1));
    } catch (const CheckFailure&) {
        std::printf("refused\n");
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    const auto number = [&](int i) {
        return argc > i ? std::strtoull(argv[i], nullptr, 10) : 1ULL;
    };
    if (what == "row") return in_a_row(Engine::Mode::run_ahead, number(2), number(3), number(4));
    if (what == "stepping")
        return in_a_row(Engine::Mode::stepping, number(2), number(3), number(4));
    if (what == "fresh") return fresh(number(2), number(3));
    if (what == "deadlock") return deadlock();
    if (what == "interrupt") return interrupt();
    if (what == "second") return second_engine();
    if (what == "fill") return fill();
    return 64;
}
