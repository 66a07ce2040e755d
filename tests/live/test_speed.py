"""What the agent costs: beside the same PUT sent directly, idle, with many waiting reads, at start.

Ratios are of pairs in one run, so that the machine's speed cancels out.
"""

import hashlib
import itertools
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from base64 import b64encode
from urllib.parse import quote
from zlib import crc32

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab import rest
from lab.agents import Agent, Settings
from lab.processes import wait_for

KEY = "etl/bingen/allocations/1d/speed"
SIZES = {"64 KiB": 64 << 10, "2 MiB": 2 << 20, "64 MiB": 64 << 20}
PAIRS = {"64 KiB": 60, "2 MiB": 60, "64 MiB": 20}
AIM_PUT_RATIO = 1.05
# The aim was met for 2 MiB with agent, client and server before all other work of the machine; the
# server shares the cores and the disk with the agent (agent/README.md says what costs what). These
# bounds catch what makes it worse. 64 MiB is taken in whole, to a file, before the gate is asked
# whether it may leave.
MOST_PUT_RATIO = {"64 KiB": 1.5, "2 MiB": 1.25, "64 MiB": 2.5}
MOST_BURST_MS = 5
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_numbers = itertools.count(1)


class Straight(Agent):
    """An agent without links in between and without a recording."""

    def flags(self, recording):
        return [flag for flag in super().flags(recording) if not flag.startswith("--record")]


class FilesInMemory(Straight):
    """Its local files lie on no disk that the server writes to: in production nobody shares it."""

    def flags(self, recording):
        given = f"--store-dir={self.folder / 'store'}"
        return [f"--store-dir={self.store}" if flag == given else flag
                for flag in super().flags(recording)]

    def start(self, wait=True):
        self.store = tempfile.mkdtemp(prefix="leasehold-", dir="/dev/shm")
        return super().start(wait)

    def kill(self):
        self.process.kill()
        shutil.rmtree(self.store)


class Encrypted(Straight):
    """Serves HTTPS."""

    def flags(self, recording):
        made = self.settings.certificate
        return super().flags(recording) + [f"--tls-certificate={made.certificate}",
                                           f"--tls-key={made.key}"]

    def ask(self, method, path, body=None, timeout=60):
        return rest.request(method, self.url.replace("http:", "https:") + path, body,
                            context=rest.trusting(self.settings.ca), timeout=timeout)

    def wait_ready(self, seconds=20):
        wait_for(lambda: self.ask("GET", "/readyz", timeout=2).status == 200, seconds,
                 f"{self.name} to be ready", self.process, every=0.02)


def straight(lab, name, replicas, kind=Straight):
    """`replicas` agents on one Lease and one prefix of MinIO, started."""
    folder = lab.folder / name
    folder.mkdir()
    token = folder / "token"
    token.write_text(lab.cluster.token())
    store = lab.stores["minio"]
    secret = store.secret(folder / "bucket.yaml", prefix=name)
    settings = Settings(program=lab.agent_program, lease=name, replicas=max(2, replicas),
                        lease_duration=15, retry_period="2s", poll_period="30s")
    if kind is Encrypted:
        settings.certificate, settings.ca = lab.authority.server(name), lab.authority.ca
    return [kind(f"{name}-{i}", folder / str(i), settings, lab.cluster, lab.cluster.url,
                     token, secret).start() for i in range(replicas)]


@pytest.fixture
def alone(lab, request):
    """One agent that leads: elections are on, and nobody contends."""
    name = f"alone-{next(_numbers)}"
    agent, = straight(lab, name, 1, getattr(request, "param", Straight))
    wait_for(agent.leads, 60, f"{name} to lead", agent.process, every=0.05)
    yield agent
    agent.kill()


class Direct:
    """A PUT of the same bytes to the same server, on a kept connection.

    Its signature covers the body, as Signature Version 4 is written; or the headers alone, with a
    CRC-32 for the server to verify, as boto3 and the agent do it over TLS.
    """

    def __init__(self, store, signed_over_body):
        self.store = store
        self.signed_over_body = signed_over_body
        self.connection = rest.connect(store.url, rest.trusting(store.ca), timeout=30)
        self.signer = SigV4Auth(Credentials(store.access_key, store.secret_key), "s3", "us-east-1")
        self.etag = None

    def put(self, body):
        path = f"/{self.store.bucket}/speed/direct-{self.signed_over_body}"
        if self.signed_over_body:
            digest = hashlib.sha256(body).hexdigest()
            headers = {"x-amz-content-sha256": digest}
        else:
            digest = "UNSIGNED-PAYLOAD"
            headers = {"x-amz-content-sha256": digest,
                       "x-amz-checksum-crc32": b64encode(crc32(body).to_bytes(4, "big")).decode()}
        headers.update({"If-Match": self.etag} if self.etag else {})
        request = AWSRequest("PUT", self.store.url + path, headers=headers)
        self.signer.payload = lambda _: digest
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


@pytest.mark.parametrize(("alone", "size"),
                         [(Straight, size) for size in SIZES] + [(FilesInMemory, "2 MiB")],
                         indirect=["alone"])
def test_a_put_costs_little_more_than_a_direct_one(lab, alone, reports, size):
    """Catches a pass over the body too many, a copy too many, a lost keep-alive, a wait for a 100
    Continue, an fsync in the way."""
    store = lab.stores["minio"]
    sides = {"signed": Direct(store, True), "unsigned": Direct(store, False),
             "through": ThroughAgent(alone)}
    times = {name: [] for name in sides}
    for i in range(-5, PAIRS[size]):
        body = os.urandom(SIZES[size])
        order = list(sides)
        order = order[i % 3:] + order[:i % 3]
        took = {name: timed(sides[name].put, body) for name in order}
        for name in order if i >= 0 else ():
            times[name].append(took[name])
    figures = {"pairs": PAIRS[size], "aim": AIM_PUT_RATIO, "most": MOST_PUT_RATIO[size]}
    for name in sides:
        figures[f"{name}_ms"] = round(statistics.median(times[name]) * 1e3, 2)
    for name in ("signed", "unsigned"):
        ratios = [mine / direct for mine, direct in zip(times["through"], times[name])]
        figures[f"ratio_to_{name}"] = round(statistics.median(ratios), 3)
    place = "-files-in-memory" if isinstance(alone, FilesInMemory) else ""
    note(reports, f"put-{size.replace(' ', '-')}{place}", figures)
    assert figures["ratio_to_signed"] <= MOST_PUT_RATIO[size], figures


def test_queries_at_the_same_instant(lab, reports):
    """200 queries of one window at once, beside as many requests that ask for nothing. Catches
    queries that wait for each other."""
    agents = straight(lab, "burst", 2)
    try:
        wait_for(lambda: any(agent.leads() for agent in agents), 60, "a leader", every=0.05)
        leader = next(agent for agent in agents if agent.leads())
        follower = next(agent for agent in agents if not agent.leads())
        assert leader.write("etl/window", b"x" * 1024) == "Committed"
        wait_for(lambda: follower.query("etl/window").status == 200, 60, "the follower's own copy")

        def burst(path):
            done = subprocess.run([lab.tools["load"], "-connections=200", "-rounds=20",
                                   follower.url + path], capture_output=True, text=True, check=True)
            result = json.loads(done.stdout)
            assert set(result["statuses"]) == {"200"}, result
            return result["p99Ms"]
        pairs = [(burst("/v1/query/etl/window"), burst("/healthz")) for _ in range(5)]
        query, nothing = min(pairs)
        note(reports, "burst", {"query_p99_ms": query, "beside_p99_ms": nothing,
                                "all": pairs, "most": MOST_BURST_MS})
        # On a machine that has nothing else to do; on another one, by what it costs there anyway.
        assert query <= max(MOST_BURST_MS, 3 * nothing)
    finally:
        for agent in agents:
            agent.process.kill()


def test_idle_costs_next_to_nothing(alone, reports):
    """Catches a busy loop, a timer that fires without need, memory that grows by itself."""
    pid = alone.process.pid
    time.sleep(2)
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(20)
    share = (cpu_seconds(pid) - before) / (time.monotonic() - began)
    figures = {"cpu_percent": round(share * 100, 3), "resident_mib": round(resident_mib(pid), 1)}
    note(reports, "idle", figures)
    assert figures["cpu_percent"] <= 0.25 and figures["resident_mib"] <= 20, figures


# OpenSSL 3.0 keeps 14.1 kB for each idle connection, GnuTLS 18.5 kB, and no option brings that down:
# the SSL object alone is 7,608 bytes, 73 MiB for all of them, so the aim of 64 MiB is out of reach.
# The bound catches what adds to it.
MOST_WAITING_MIB = {Straight: 64, Encrypted: 176}


@pytest.mark.parametrize("kind", [Straight, Encrypted])
def test_ten_thousand_waiting_reads_stay_small(lab, reports, kind):
    """Catches a buffer, a thread, a timer descriptor or a TLS object for each caller that waits."""
    count = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    agents = straight(lab, f"many-reads-{kind.__name__.lower()}", 2, kind)
    client = rest.trusting(lab.authority.ca) if kind is Encrypted else None
    open_sockets = []
    try:
        wait_for(lambda: any(agent.leads() for agent in agents), 60, "a leader", every=0.05)
        follower = next(agent for agent in agents if not agent.leads())
        before = resident_mib(follower.process.pid)
        for i in range(count):
            one = socket.create_connection(("127.0.0.1", follower.port), timeout=10)
            if client:
                one = client.wrap_socket(one, server_hostname="127.0.0.1")
            one.sendall(b"GET /v1/backup/etl/never-%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % i)
            open_sockets.append(one)
        end = time.monotonic() + 60
        while follower.status()["pendingReads"] < count and time.monotonic() < end:
            time.sleep(0.1)
        assert follower.status()["pendingReads"] == count
        resident = resident_mib(follower.process.pid)
        answer_ms = timed(follower.query, "etl/never-1") * 1e3
        note(reports, f"waiting-reads-{kind.__name__.lower()}",
             {"reads": count, "resident_mib": round(resident, 1),
              "grown_mib": round(resident - before, 1), "query_ms": round(answer_ms, 2)})
        assert resident <= MOST_WAITING_MIB[kind]
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
