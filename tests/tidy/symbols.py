#!/usr/bin/env python3
"""Undefined symbols of the model's archive: none may reach a clock, a source of randomness, a
thread, a file or a socket. An include can be hidden in another; a symbol can't.

    symbols.py --nm NM ARCHIVE
    symbols.py --nm NM --compiler CXX --self-test

Symbols are compared by exact name or by exact demangled scope, never by a word within: the
reference count of std::shared_ptr asks __libc_single_threaded, which is no thread.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# C functions, by name without a symbol version.
BANNED_NAMES = {name: kind for kind, names in {
    "a clock": "clock clock_gettime clock_nanosleep gettimeofday localtime localtime_r gmtime "
               "gmtime_r mktime nanosleep sleep time timespec_get timerfd_create usleep",
    "randomness": "arc4random drand48 getentropy getrandom lrand48 rand rand_r random srand "
                  "srandom",
    "a thread": "fork pthread_create pthread_mutex_lock pthread_mutex_unlock pthread_cond_wait "
                "pthread_once pthread_self sem_wait thrd_create vfork syscall",
    "a file": "close creat fclose fopen fopen64 fread fwrite lseek mmap open open64 openat printf "
              "putchar puts read readdir remove rename stat unlink write",
    "a socket": "accept bind connect epoll_wait listen poll recv recvfrom select send sendto "
                "socket",
    "the environment": "getenv secure_getenv setlocale system",
}.items() for name in names.split()}
# C++ scopes: the demangled name begins with one of these.
BANNED_SCOPES = {
    "std::chrono::_V2::": "a clock",
    "std::random_device::": "randomness",
    "std::thread::": "a thread",
    "std::this_thread::": "a thread",
    "std::mutex::": "a thread",
    "std::condition_variable": "a thread",
    "std::basic_fstream": "a file",
    "std::basic_ifstream": "a file",
    "std::basic_ofstream": "a file",
    "std::basic_filebuf": "a file",
    "std::filesystem::": "a file",
    "std::locale::locale(": "the environment",
    "std::cout": "a file",
    "std::cerr": "a file",
    "std::clog": "a file",
    "std::cin": "a file",
    "std::ios_base::Init": "a file",
}
# Scope patterns as the compiler spells them with inline namespaces and templates removed.
SPELLING = re.compile(r"::__cxx11\b|\[abi:cxx11\]|<[^<>]*>")


def plain(demangled):
    previous = None
    while previous != demangled:
        previous, demangled = demangled, SPELLING.sub("", demangled)
    return demangled


def undefined(nm, archive):
    """(object, mangled name) of each undefined symbol; the archive's own symbols are left out."""
    def run(*options):
        return subprocess.run([nm, "-A", "-P", *options, str(archive)], check=True,
                              capture_output=True, text=True).stdout.splitlines()
    defined = {line.split(": ", 1)[1].split()[0] for line in run("--defined-only")}
    for line in run("-u"):
        where, symbol = line.split(": ", 1)
        name = symbol.split()[0]
        if name not in defined:
            yield where, name


def demangle(names):
    result = subprocess.run(["c++filt"], input="\n".join(names), check=True, capture_output=True,
                            text=True)
    return result.stdout.splitlines()


def objections(nm, archive):
    pairs = list(undefined(nm, archive))
    found = []
    for (where, name), demangled in zip(pairs, demangle([n for _, n in pairs])):
        kind = BANNED_NAMES.get(name.split("@")[0])
        text = plain(demangled)
        for scope, scope_kind in BANNED_SCOPES.items():
            if text.startswith(scope):
                kind = scope_kind
        if kind:
            found.append((kind, f"{where}: {demangled} reaches {kind}"))
    return found, len(pairs)


PLANTED = {
    "a clock": [
        "#include <chrono>\nlong f() { return std::chrono::steady_clock::now().time_since_epoch()"
        ".count(); }",
        "#include <time.h>\nlong f() { timespec t; clock_gettime(CLOCK_BOOTTIME, &t); return "
        "t.tv_sec; }",
    ],
    "randomness": ["#include <random>\nunsigned f() { std::random_device d; return d(); }",
                   "#include <cstdlib>\nint f() { return std::rand(); }"],
    "a thread": ["#include <thread>\nvoid f() { std::thread([] {}).join(); }",
                 "#include <mutex>\nstd::mutex m;\nvoid f() { m.lock(); }"],
    "a file": ["#include <fstream>\nint f() { std::ifstream s(\"x\"); return s.get(); }",
               "#include <cstdio>\nvoid f() { std::fopen(\"x\", \"r\"); }",
               "#include <iostream>\nvoid f() { std::cout << 1; }"],
    "a socket": ["#include <sys/socket.h>\nint f() { return socket(1, 1, 0); }"],
    "the environment": ["#include <cstdlib>\nconst char* f() { return std::getenv(\"X\"); }"],
}
INNOCENT = """#include <map>
#include <memory>
#include <stdexcept>
#include <string>
std::shared_ptr<std::string> f(const std::shared_ptr<std::string>& a) { return a; }
int read_file_open_time(std::map<int, std::string>& m) {
    if (m.empty()) throw std::logic_error("clock");
    return int(m[1].size());
}
"""


def self_test(nm, compiler):
    cases = [(None, INNOCENT)] + [(k, t) for k, texts in PLANTED.items() for t in texts]
    failed = 0
    for kind, text in cases:
        with tempfile.TemporaryDirectory() as scratch:
            source, made = Path(scratch, "a.cpp"), Path(scratch, "a.o")
            source.write_text(text + "\n")
            subprocess.run([compiler, "-std=c++20", "-O2", "-c", source, "-o", made], check=True)
            kinds = {k for k, _ in objections(nm, made)[0]}
        if kinds != ({kind} if kind else set()) and not (kind and kind in kinds):
            print(f"expected {kind}, found {kinds}: {text.splitlines()[-1]}")
            failed += 1
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("archive", nargs="?")
    options = parser.parse_args()
    if options.self_test:
        return 1 if self_test(options.nm, options.compiler) else 0
    found, looked_at = objections(options.nm, options.archive)
    for _, message in found:
        print(message)
    print(f"{looked_at} undefined symbols, {len(found)} objections")
    return 1 if found or looked_at == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
