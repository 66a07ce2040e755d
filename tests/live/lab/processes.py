"""Processes of the lab: each in a group of its own, with a log, and ended whatever happens."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# Ends the groups that it was told of once its standard input closes: that happens also when the
# tests are killed outright, where no handler of Python's runs.
REAPER = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    word, group = line.split()
    (groups.add if word == "add" else groups.discard)(int(group))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class Reaper:
    def __init__(self):
        self._lock = threading.Lock()
        self._process = subprocess.Popen([sys.executable, "-c", REAPER], stdin=subprocess.PIPE,
                                         text=True, start_new_session=True)

    def tell(self, word, group):
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{word} {group}\n")
            self._process.stdin.flush()


_reaper = None
_reaper_lock = threading.Lock()


def reaper():
    global _reaper
    with _reaper_lock:
        if _reaper is None:
            _reaper = Reaper()
        return _reaper


def clean_environment(home, more=None):
    """No proxy, no ETCD_* and no credentials of whoever runs the tests."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(home), "LC_ALL": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
            **(more or {})}


class Process:
    """One process; `log` takes its standard error, and its standard output unless that is given."""

    def __init__(self, name, command, log, environment=None, stdout=None, cwd=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.log = Path(log)
        self.paused = False
        with open(self.log, "ab") as output:
            self._popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=stdout or output, stderr=output,
                env=environment or clean_environment(self.log.parent), cwd=cwd,
                start_new_session=True)
        reaper().tell("add", self.pid)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def stdout(self):
        return self._popen.stdout

    @property
    def code(self):
        """The exit code, negative for a signal; None while it runs."""
        return self._popen.poll()

    @property
    def alive(self):
        return self.code is None

    def signal(self, number):
        if self.alive:
            os.kill(self.pid, number)
            self.paused = (number == signal.SIGSTOP) or (self.paused and number != signal.SIGCONT)

    def pause(self):
        self.signal(signal.SIGSTOP)
        # The signal is on its way when kill returns; the state says when it has arrived.
        wait_for(lambda: not self.alive or _state(self.pid) == "T", 5, f"{self.name} to stop")

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait(self, seconds):
        """The exit code, or None when it still runs after `seconds`."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._forget()
        return code

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        self._forget()

    def stop(self, seconds=15):
        """SIGTERM, then SIGKILL after `seconds`. The exit code."""
        self.signal(signal.SIGTERM)
        self.resume()
        code = self.wait(seconds)
        if code is None:
            self.kill()
            code = self.code
        return code

    def tail(self, lines=15):
        text = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"--- {self.name}: last lines of its log", *text])

    def _forget(self):
        reaper().tell("drop", self.pid)


def _state(pid):
    with contextlib.suppress(FileNotFoundError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return ""


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no VmRSS of {pid}")


_given = set()
_given_lock = threading.Lock()


def _ports():
    """Those of loopback that no connection is given by itself, or all where there are few."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return range(10000, low) if low > 20000 else range(10000, 65536)


def _ports_in_use():
    lines = [line for table in ("tcp", "tcp6")
             for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return {int(line.split()[1].rsplit(":", 1)[1], 16) for line in lines}


def free_port():
    """A loopback port that nobody has, and that this run has not given away before.

    Looked up, not tried: a socket that is bound for a moment lives on in every process that another
    thread has forked in that moment, until it runs its program.
    """
    with _given_lock:
        port = random.SystemRandom().choice(sorted(set(_ports()) - _given - _ports_in_use()))
        _given.add(port)
        return port


def wait_for(condition, seconds, what, process=None, every=0.05):
    """The first true value of `condition`; AssertionError after `seconds`, or when `process` ended.

    `what` completes the sentence "waited for ...". Errors of a connection count as not yet.
    """
    end = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except OSError as error:
            last = error
        if process is not None and not process.alive:
            raise AssertionError(f"{process.name} ended with {process.code} while waiting for "
                                 f"{what}\n{process.tail()}")
        if time.monotonic() > end:
            why = f" ({last})" if last else ""
            log = f"\n{process.tail()}" if process is not None else ""
            raise AssertionError(f"waited {seconds} s for {what}{why}{log}")
        time.sleep(every)


def boottime_ns():
    """The clock of the agents' recordings."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
