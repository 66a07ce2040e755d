"""Electors of others: client-go's, which is that of Kubernetes' own controllers, and libraries'.

Each is a program of tools/ that takes the same flags and prints the same JSON lines.
"""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import install

from .processes import Process, boottime_ns, clean_environment, wait_for


@dataclass(frozen=True)
class Library:
    """An elector that is not ours, and what has to be known of it to play with it."""

    name: str       # of runs and parameters
    title: str      # with its version, for tables
    command: Callable  # of the tools of build.py: the words that start it
    family: str = ""   # of LEASEHOLD_ELECTORS, which asks for it; "": always played
    wants_a_lease: bool = False  # it does not create one
    renews_every: int = 2        # seconds
    tells_leaders: bool = False  # says "newleader" of another when it has seen the Lease
    runs_at_once: int = 100      # a virtual machine takes seconds of a core until it is there
    # Schedule of test_electors.py: seconds with two leaders, least and most; not there: none.
    two_leaders: dict = field(default_factory=dict)


CLIENT_GO = Library("client-go", "client-go 0.37.2", lambda tools: [tools["elector"]],
                    tells_leaders=True, two_leaders={"paused": (8, 14), "blanked": (0, 14)})
PYTHON = Library("python", "official Python 37.0.2", lambda tools: install.python_elector(),
                 two_leaders={"black-hole": (15, 35), "paused": (8, 14), "blanked": (0, 14)})
FABRIC8 = Library("fabric8", "fabric8 8.0.0", lambda tools: install.java_elector("fabric8"),
                  family="java", runs_at_once=4,
                  two_leaders={"blanked": (0, 14), "paused": (0, 1)})
OFFICIAL_JAVA = Library("official-java", "official Java 25.0.0",
                        lambda tools: install.java_elector("official-java"), family="java",
                        runs_at_once=4, tells_leaders=True, two_leaders={"paused": (8, 14)})
KUBERT = Library("kubert", "kubert 0.25.0", lambda tools: install.rust_elector("kubert"),
                 family="rust", wants_a_lease=True, renews_every=10,
                 two_leaders={"paused": (0, 1)})
KUBE_LEADER_ELECTION = Library(
    "kube-leader-election", "kube-leader-election 0.44.0",
    lambda tools: install.rust_elector("kube-leader-election"), family="rust", renews_every=5,
    two_leaders={"black-hole": (15, 45), "paused": (0, 1)})
LIBRARIES = {library.name: library for library in (
    CLIENT_GO, FABRIC8, OFFICIAL_JAVA, PYTHON, KUBERT, KUBE_LEADER_ELECTION)}


def asked_for(library):
    """Whether this session plays it; most need a tool chain of their own, and minutes."""
    asked = os.environ.get("LEASEHOLD_ELECTORS", "").replace(",", " ").split()
    return library.family == "" or library.family in asked


class Elector:
    """Reads its JSON lines as they come. Times are CLOCK_BOOTTIME in nanoseconds."""

    def __init__(self, lab, lease, name, url=None, token_file=None, cluster=None,
                 library=CLIENT_GO, **flags):
        cluster = cluster or lab.cluster
        self.name = name
        self.library = library
        self.events = []
        self._lock = threading.Lock()
        folder = lab.folder / "electors"
        folder.mkdir(exist_ok=True)
        if token_file is None:
            token_file = folder / f"{name}.token"
            token_file.write_text(cluster.token("elector"))
        command = [*library.command(lab.tools), f"--url={url or cluster.url}", f"--ca={cluster.ca}",
                   f"--token-file={token_file}", f"--lease={lease}", f"--id={name}"]
        command += [f"--{flag.replace('_', '-')}={str(value).lower()}"
                    for flag, value in flags.items()]
        self.process = Process(name, command, folder / f"{name}.log", clean_environment(folder),
                               stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the last line of a process that was killed
            with self._lock:
                self.events.append(event)

    def seen(self, kind, after=0):
        with self._lock:
            return [e["at"] for e in self.events if e["event"] == kind and e["at"] > after]

    def wait_leading(self, seconds=60):
        wait_for(self.leading, seconds, f"{self.name} to lead", self.process, every=0.01)
        return self

    def wait_contending(self, seconds=60):
        """A follower counts from its first look at the Lease: seconds after a JVM's start."""
        word = "newleader" if self.library.tells_leaders else "running"
        wait_for(lambda: self.seen(word), seconds, f"{self.name} to contend", self.process)

    def leading(self):
        """Whether the context of its leadership is open by its last words."""
        with self._lock:
            for event in reversed(self.events):
                if event["event"] in ("started", "belief"):
                    return True
                if event["event"] in ("cancelled", "running"):
                    return False
        return False

    def beliefs(self):
        """[(started, ended)]: while a user's code would have acted as leader.

        One that is paused believes on, as nobody has told it otherwise; one that was killed
        believed until its last word.
        """
        spans, started, last = [], None, 0
        with self._lock:
            events = list(self.events)
        for event in events:
            if event["event"] == "started":
                started = event["at"]
            elif event["event"] == "cancelled" and started is not None:
                spans.append((started, event["at"]))
                started = None
            if event["event"] in ("started", "belief"):
                last = event["at"]
        if started is not None:
            spans.append((started, last if not self.process.alive else boottime_ns()))
        return spans

    def stop(self, seconds=15):
        code = self.process.stop(seconds)
        self._reader.join(5)
        return code

    def kill(self):
        self.process.kill()
        self._reader.join(5)
