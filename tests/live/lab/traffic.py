"""Writes and queries that flow while faults happen, and what became of them."""

import hashlib
import threading
import time
from collections import Counter
from dataclasses import dataclass

NEVER = float("inf")


@dataclass
class Write:
    """One PUT; times are time.monotonic()."""

    digest: str
    sent: float
    answered: float = NEVER
    outcome: str = ""  # the acknowledgement; "" while there is none, or its process ended


class Traffic:
    """For each agent a thread that writes one key, as the pipelines of every replica do, and one
    that asks for it. Each payload names its agent and a number."""

    def __init__(self, agents, key, size=4096, writes_per_second=2.0, queries_per_second=3.0):
        self.key = key
        self.size = size
        self.writes = []
        self.queries = Counter()   # by status
        self.slowest_query = 0.0   # seconds, of those that a running agent answered
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each, args=(agent, 1 / rate), daemon=True)
                         for agent in agents
                         for each, rate in ((self._write, writes_per_second),
                                            (self._query, queries_per_second))]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(70)
            assert not thread.is_alive(), "a write or query was never answered"

    @property
    def outcomes(self):
        with self._lock:
            return Counter(write.outcome for write in self.writes)

    def judge(self, stored):
        """The stored object is the payload of a write that may have been the last one."""
        digest = hashlib.sha256(stored[-self.size:]).hexdigest()  # whatever header lies before it
        found = [write for write in self.writes if write.digest == digest]
        assert found, "the bucket holds a payload that nobody sent"
        last = found[0]
        assert last.outcome in ("Committed", "Unknown", ""), (
            f"the bucket holds a payload that was answered {last.outcome}: certainly not stored")
        later = [write for write in self.writes
                 if write.outcome == "Committed" and write.sent > last.answered]
        assert not later, f"{len(later)} acknowledged writes are gone from the bucket"

    def _write(self, agent, period):
        number = 0
        while not self._stop.wait(period):
            if not agent.answers:
                continue
            number += 1
            text = f"{agent.name} {number} ".encode()
            body = (text * (self.size // len(text) + 1))[:self.size]
            write = Write(hashlib.sha256(body).hexdigest(), time.monotonic())
            with self._lock:
                self.writes.append(write)
            outcome = agent.write(self.key, body)
            with self._lock:
                write.outcome = outcome
                write.answered = time.monotonic() if outcome else NEVER

    def _query(self, agent, period):
        while not self._stop.wait(period):
            if not agent.answers:
                continue
            began = time.monotonic()
            try:
                status = agent.query(self.key).status
            except OSError:
                continue  # it was killed or paused under our hands
            if agent.answers and agent.resumed_at < began:
                with self._lock:
                    self.queries[status] += 1
                    self.slowest_query = max(self.slowest_query, time.monotonic() - began)
