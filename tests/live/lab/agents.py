"""One leasehold-agent: its process, its ways to the servers, its endpoints, its recordings."""

import concurrent.futures
import json
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from . import rest
from .processes import Process, clean_environment, free_port, wait_for

PREFIX = "etl/"
_background = concurrent.futures.ThreadPoolExecutor(256)


@dataclass
class Settings:
    """What the agents of one group have in common."""

    program: Path           # leasehold-agent
    lease: str
    replicas: int = 3
    lease_duration: int = 5    # seconds
    retry_period: str = "1s"
    poll_period: str = "2s"    # of the bucket; the default of 30 s is too slow for a test
    stop_deadline: str = "10s"
    write_deadline: str = "20s"
    more: list = field(default_factory=list)  # further flags


class Agent:
    """`api` and `bucket` are the URLs that it is given: mostly those of links with faults."""

    def __init__(self, name, folder, settings, cluster, api, token_file, bucket_secret,
                 variables=None):
        self.name = name
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.cluster = cluster
        self.api = api
        self.token_file = token_file
        self.bucket_secret = bucket_secret
        self.variables = variables
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.recordings = []
        self.process = None
        self.resumed_at = 0.0

    # ---- the process ----------------------------------------------------------------------------

    def flags(self, recording):
        s = self.settings
        flags = [
            "--leader-follower", f"--replicas={s.replicas}", f"--pod-name={self.name}",
            "--namespace=leasehold", f"--lease-name={s.lease}",
            f"--lease-duration={s.lease_duration}s", f"--retry-period={s.retry_period}",
            f"--api-server={self.api}", f"--api-ca-file={self.cluster.ca}",
            f"--api-token-file={self.token_file}", f"--listen=127.0.0.1:{self.port}",
            f"--stop-deadline={s.stop_deadline}", f"--record={recording}"]
        if self.bucket_secret:
            flags += [f"--bucket-config={self.bucket_secret}", f"--prefix={PREFIX}",
                      f"--poll-period={s.poll_period}", f"--write-deadline={s.write_deadline}",
                      f"--store-dir={self.folder / 'store'}"]
        return flags + s.more

    def start(self, wait=True):
        """Starts it, again after its end: with the same files and a recording of its own."""
        assert self.process is None or not self.process.alive, f"{self.name} runs already"
        recording = self.folder / f"recording-{len(self.recordings)}.jsonl"
        self.recordings.append(recording)
        self.process = Process(self.name, [self.settings.program, *self.flags(recording)],
                               self.folder / "agent.log", clean_environment(self.folder, self.variables))
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        wait_for(lambda: rest.request("GET", self.url + "/readyz", timeout=2).status == 200,
                 seconds, f"{self.name} to be ready", self.process, every=0.02)

    @property
    def answers(self):
        return self.process is not None and self.process.alive and not self.process.paused

    def kill(self):
        self.process.kill()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()
        self.resumed_at = time.monotonic()

    def stop(self, seconds=30):
        """SIGTERM; its exit code, which is 0 after a stop in order."""
        return self.process.stop(seconds)

    def stop_at_once(self):
        """Two signals: the second one ends it without waiting for anything."""
        self.process.signal(signal.SIGTERM)
        self.process.signal(signal.SIGTERM)

    # ---- its endpoints --------------------------------------------------------------------------

    def ask(self, method, path, body=None, timeout=60):
        return rest.request(method, self.url + path, body, timeout=timeout)

    def status(self):
        answer = self.ask("GET", "/v1/status", timeout=5)
        assert answer.status == 200, f"{self.name} /v1/status: {answer.status} {answer.text}"
        return answer.json

    def leads(self):
        """Whether it says so; one that is stopped or paused says nothing."""
        if not self.answers:
            return False
        try:
            return self.status()["role"] == "leader"
        except OSError:
            return False

    def metrics(self):
        """{name with labels: value} of /metrics."""
        lines = self.ask("GET", "/metrics", timeout=5).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def write(self, key, body, timeout=60):
        """The acknowledgement: Committed, SkippedFollower, Fenced, Failed or Unknown; "" if the
        process ended before it gave one."""
        return self._acknowledgement("PUT", key, body, timeout)

    def remove(self, key):
        return self._acknowledgement("DELETE", key, None, 60)

    def _acknowledgement(self, method, key, body, timeout):
        try:
            answer = self.ask(method, f"/v1/backup/{quote(key)}", body, timeout)
        except OSError:
            return ""
        try:
            return answer.json["outcome"]
        except (ValueError, KeyError) as error:
            raise AssertionError(
                f"{self.name} {method} {key}: {answer.status} {answer.text}") from error

    def write_in_background(self, key, body):
        """A future of the acknowledgement."""
        return _background.submit(self.write, key, body, 120)

    def read(self, key, deadline="30s", known=""):
        """A backup read: waits on a follower until the key's next version is there."""
        query = f"?deadline={deadline}" + (f"&known={quote(known, safe='')}" if known else "")
        return self.ask("GET", f"/v1/backup/{quote(key)}{query}", timeout=60)

    def query(self, key):
        return self.ask("GET", f"/v1/query/{quote(key)}", timeout=30)

    # ---- its recordings -------------------------------------------------------------------------

    def steps(self):
        """(at, event, effects) of every step of every start, in their order."""
        for recording in self.recordings:
            for line in _whole_lines(recording):
                record = json.loads(line)
                if record.get("record") == "replicaStepped":
                    yield record["at"], record["of"]["event"], record["of"]["effects"]

    def gates(self):
        """[(opened, closed)] in nanoseconds of CLOCK_BOOTTIME: when its write gate was open.

        By its own records, and counted to the end of validity for a process that was killed.
        """
        spans, opened, until = [], None, 0
        for at, _, effects in self.steps():
            for effect in effects:
                if effect["type"] != "gateMoved":
                    continue
                if opened is not None and (until <= at or effect["validUntil"] <= at):
                    spans.append((opened, min(until, at)))
                    opened = None
                if opened is None and effect["validUntil"] > at:
                    opened = at
                until = effect["validUntil"]
        if opened is not None:
            spans.append((opened, until))
        return spans


def _whole_lines(path):
    """The lines that end: a killed process may have left a piece of one."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield line
