#!/usr/bin/env python3
"""The agent as a process, alone on a directory: agent_process_test.py AGENT

What limits, a parent and a busy disk do to it.
"""
import http.client
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AGENT = os.path.abspath(sys.argv[1])
MIB = 1 << 20
results = {"passed": 0, "failed": 0}


def expect(what, found, wanted):
    if found == wanted:
        results["passed"] += 1
        return
    results["failed"] += 1
    print(f"{what}: expected {wanted!r}, found {found!r}")


class Agent:
    def __init__(self, folder, *flags, before=None):
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [AGENT, "--standalone", "--bucket-dir", str(folder / "bucket"), "--store-dir",
                 str(folder / "store"), "--listen", "127.0.0.1:0", *flags],
                stderr=log, preexec_fn=before)
        end = time.monotonic() + 30
        while not (found := re.search(r"listens on 127.0.0.1:(\d+)", self.log.read_text())):
            assert time.monotonic() < end and self.process.poll() is None, self.log.read_text()
            time.sleep(0.01)
        self.port = int(found.group(1))

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            return connection.getresponse().status
        except OSError as error:
            return str(error)
        finally:
            connection.close()

    def stop(self, limit, by=signal.SIGTERM):
        """Exit code and seconds after the signal."""
        began = time.monotonic()
        self.process.send_signal(by)
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        return code, time.monotonic() - began


def a_body_above_the_limit_of_files(folder):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20 * MIB, 20 * MIB))
    agent = Agent(folder, before=limit)
    expect("a body above the limit", agent.ask("PUT", "/v1/backup/etl/big", b"x" * (30 * MIB)), 507)
    expect("alive after it", agent.ask("GET", "/healthz"), 200)
    expect("its end", agent.stop(30)[0], 0)


def a_parent_that_blocks_signals(folder):
    agent = Agent(folder, before=lambda: signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT}))
    expect("SIGTERM of a blocking parent", agent.stop(10)[0], 0)


def a_terminal_that_hangs_up(folder):
    agent = Agent(folder)
    expect("SIGHUP stops in order", agent.stop(10, signal.SIGHUP)[0], 0)
    expect("it says so", "drains, releases" in agent.log.read_text(), True)


def signals_that_a_parent_ignores(folder):
    # nohup, and a shell for what it runs in the background.
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    agent = Agent(folder, before=ignore)
    for ignored in (signal.SIGHUP, signal.SIGINT):
        agent.process.send_signal(ignored)
    time.sleep(0.5)
    expect("alive after what was to be ignored", agent.ask("GET", "/healthz"), 200)
    expect("SIGTERM of it", agent.stop(10)[0], 0)


def a_parent_that_closed_the_streams(folder):
    agent = Agent(folder, before=lambda: (os.close(0), os.close(1)))
    expect("no socket gets the number of a stream",
           [os.readlink(f"/proc/{agent.process.pid}/fd/{stream}") for stream in (0, 1)],
           ["/dev/null"] * 2)
    expect("SIGTERM of a parent that closed them", agent.stop(10)[0], 0)


def a_stop_while_the_disk_is_busy(folder):
    # A file of others is read once: without a record of ours nobody knows its digest.
    large = folder / "store" / "etl" / "bingen" / "large"
    large.parent.mkdir(parents=True)
    with open(large, "wb") as file:
        file.truncate(64 << 30)
    agent = Agent(folder, "--stop-deadline", "1s")
    time.sleep(0.3)
    code, took = agent.stop(20)
    expect("the stop of an agent that reads 64 GiB", code, 0)
    expect(f"{took:.1f} s is within its second and a half", took < 1.5, True)
    expect("it says so", "in the midst of work on the disk" in agent.log.read_text(), True)


def main():
    for case in (a_body_above_the_limit_of_files, a_parent_that_blocks_signals,
                 a_terminal_that_hangs_up, signals_that_a_parent_ignores,
                 a_parent_that_closed_the_streams, a_stop_while_the_disk_is_busy):
        folder = Path(tempfile.mkdtemp(prefix="leasehold-process-"))
        (folder / "bucket").mkdir()
        try:
            case(folder)
        finally:
            shutil.rmtree(folder)
    print(f"{results['passed']} passed, {results['failed']} failed")
    return 1 if results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
