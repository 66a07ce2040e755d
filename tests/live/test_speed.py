"""What the agent costs: beside the same PUT sent directly, idle, with many waiting reads, at start.

Ratios are of pairs in one run, so that the machine's speed cancels out.
"""

import hashlib
import http.client
import json
import os
import resource
import socket
import statistics
import time
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab import rest
from lab.agents import Agent, Settings
from lab.processes import wait_for

KEY = "etl/bingen/allocations/1d/speed"
SIZE = 2 << 20
PAIRS = 60
AIM_PUT_RATIO = 1.05
# The aim is not reached beside a server on the same machine: taking 2 MiB in and hashing the payload
# and then the object costs 3 ms, which is a quarter of that server's 11 ms (agent/README.md). This
# bound catches what makes it worse.
MOST_PUT_RATIO = 1.6
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Straight(Agent):
    """An agent without links in between and without a recording."""

    def flags(self, recording):
        return [flag for flag in super().flags(recording) if not flag.startswith("--record")]


def straight(lab, name, replicas):
    """`replicas` agents on one Lease and one prefix of MinIO, started."""
    folder = lab.folder / name
    folder.mkdir()
    token = folder / "token"
    token.write_text(lab.cluster.token())
    store = lab.stores["minio"]
    secret = store.secret(folder / "bucket.yaml", prefix=name)
    settings = Settings(program=lab.agent_program, lease=name, replicas=max(2, replicas),
                        lease_duration=15, retry_period="2s", poll_period="30s")
    return [Straight(f"{name}-{i}", folder / str(i), settings, lab.cluster, lab.cluster.url,
                     token, secret).start() for i in range(replicas)]


@pytest.fixture
def alone(lab, request):
    """One agent that leads: elections are on, and nobody contends."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:40]
    agents = straight(lab, name, 1)
    wait_for(agents[0].leads, 60, f"{name} to lead", agents[0].process, every=0.05)
    yield agents[0]
    agents[0].process.kill()


class Direct:
    """A PUT of the same bytes to the same server, on a kept connection, signed like the agent's."""

    def __init__(self, store):
        self.store = store
        self.connection = rest.connect(store.url, rest.trusting(store.ca), timeout=30)
        self.signer = SigV4Auth(Credentials(store.access_key, store.secret_key), "s3", "us-east-1")
        self.etag = None

    def put(self, body):
        path = f"/{self.store.bucket}/speed/direct"
        headers = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        headers.update({"If-Match": self.etag} if self.etag else {})
        request = AWSRequest("PUT", self.store.url + path, headers=headers)
        self.signer.add_auth(request)
        self.connection.request("PUT", path, body, dict(request.headers.items()))
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        self.etag = answer.getheader("ETag")


class ThroughAgent:
    def __init__(self, agent):
        self.connection = rest.connect(agent.url, timeout=30)

    def put(self, body):
        self.connection.request("PUT", f"/v1/backup/{quote(KEY)}", body)
        answer = self.connection.getresponse()
        outcome = json.loads(answer.read())["outcome"]
        assert outcome == "Committed", outcome


def timed(call, *arguments):
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def note(reports, name, figures):
    (reports / f"speed-{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(name, figures)


def test_a_put_costs_little_more_than_a_direct_one(lab, alone, reports):
    """Catches a copy too many, a lost keep-alive, a wait for a 100 Continue, an fsync in the way."""
    direct, through = Direct(lab.stores["minio"]), ThroughAgent(alone)
    for warm in range(5):
        body = os.urandom(SIZE)
        direct.put(body)
        through.put(body)
    ratios, times = [], ([], [])
    for i in range(PAIRS):
        body = os.urandom(SIZE)
        order = (0, 1) if i % 2 == 0 else (1, 0)
        pair = {}
        for side in order:
            pair[side] = timed((direct, through)[side].put, body)
        times[0].append(pair[0])
        times[1].append(pair[1])
        ratios.append(pair[1] / pair[0])
    figures = {"pairs": PAIRS, "direct_ms": round(statistics.median(times[0]) * 1e3, 2),
               "through_ms": round(statistics.median(times[1]) * 1e3, 2),
               "ratio": round(statistics.median(times[1]) / statistics.median(times[0]), 3),
               "median_of_ratios": round(statistics.median(ratios), 3)}
    figures["aim"] = AIM_PUT_RATIO
    note(reports, "put", figures)
    assert figures["ratio"] <= MOST_PUT_RATIO, figures


def test_idle_costs_next_to_nothing(alone, reports):
    """Catches a busy loop, a timer that fires without need, memory that grows by itself."""
    pid = alone.process.pid
    time.sleep(2)
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(20)
    share = (cpu_seconds(pid) - before) / (time.monotonic() - began)
    figures = {"cpu_percent": round(share * 100, 3), "resident_mib": round(resident_mib(pid), 1)}
    note(reports, "idle", figures)
    assert figures["cpu_percent"] < 0.5 and figures["resident_mib"] < 32, figures


def test_ten_thousand_waiting_reads_stay_small(lab, reports):
    """Catches a buffer, a thread or a timer descriptor for each caller that waits."""
    count = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    agents = straight(lab, "many-reads", 2)
    open_sockets = []
    try:
        wait_for(lambda: any(agent.leads() for agent in agents), 60, "a leader", every=0.05)
        follower = next(agent for agent in agents if not agent.leads())
        before = resident_mib(follower.process.pid)
        for i in range(count):
            one = socket.create_connection(("127.0.0.1", follower.port), timeout=10)
            one.sendall(b"GET /v1/backup/etl/never-%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % i)
            open_sockets.append(one)
        end = time.monotonic() + 60
        while follower.status()["pendingReads"] < count and time.monotonic() < end:
            time.sleep(0.1)
        assert follower.status()["pendingReads"] == count
        grown = resident_mib(follower.process.pid) - before
        answer_ms = timed(follower.query, "etl/never-1") * 1e3
        note(reports, "waiting-reads", {"reads": count, "grown_mib": round(grown, 1),
                                        "query_ms": round(answer_ms, 2)})
        assert grown < 64
    finally:
        for one in open_sockets:
            one.close()
        for agent in agents:
            agent.process.kill()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_start_to_ready(alone, reports):
    """Catches a start that waits for the election, the bucket or the local files."""
    assert alone.stop() == 0
    began = time.monotonic()
    alone.start()
    took = time.monotonic() - began
    note(reports, "start", {"seconds": round(took, 3)})
    assert took < 1.0
