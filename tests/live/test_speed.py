"""What the agent costs: beside the same PUT sent directly, idle, with many waiting reads, at start.

Ratios are of pairs in one run, so that the machine's speed cancels out.
"""

import contextlib
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

import pytest

from lab import rest
from lab.agents import Agent, Settings
from lab.precedence import precedence
from lab.processes import wait_for
from lab.puts import Direct, ThroughAgent, in_rows, in_turn, ratio, timed

SIZES = {"64 KiB": 64 << 10, "2 MiB": 2 << 20, "64 MiB": 64 << 20}
PAIRS = {"64 KiB": 60, "2 MiB": 60, "64 MiB": 20}
AIM_PUT_RATIO = 1.05
# The aim was met for 2 MiB with agent, client and server before all other work of the machine; the
# server shares the cores and the disk with the agent (agent/README.md says what costs what). These
# bounds catch what makes it worse. 64 MiB is taken in whole, to a file, before the gate is asked
# whether it may leave.
MOST_PUT_RATIO = {"64 KiB": 1.25, "2 MiB": 1.05, "64 MiB": 1.5}
MOST_ROW_RATIO = 1.6
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


def straight(lab, name, replicas, kind=Straight, program=None, poll_period="30s"):
    """`replicas` agents on one Lease and one prefix of MinIO, started."""
    folder = lab.folder / name
    folder.mkdir()
    token = folder / "token"
    token.write_text(lab.cluster.token())
    store = lab.stores["minio"]
    secret = store.secret(folder / "bucket.yaml", prefix=name)
    settings = Settings(program=program or lab.agent_program, lease=name, replicas=max(2, replicas),
                        lease_duration=15, retry_period="2s", poll_period=poll_period)
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


def sides_of(lab, agent):
    return {"signed": Direct(lab.stores["minio"], True),
            "unsigned": Direct(lab.stores["minio"], False), "through": ThroughAgent(agent)}


def beside(lab, name):
    """An agent of another build, to be compared with: none unless one is given."""
    program = os.environ.get("LEASEHOLD_AGENT_BESIDE")
    if not program:
        return None
    agent, = straight(lab, name, 1, program=program)
    wait_for(agent.leads, 60, f"{name} to lead", agent.process, every=0.05)
    return agent


@pytest.mark.parametrize(("alone", "size"),
                         [(Straight, size) for size in SIZES]
                         + [(FilesInMemory, size) for size in ("2 MiB", "64 MiB")],
                         indirect=["alone"])
def test_a_put_costs_little_more_than_a_direct_one(lab, alone, reports, size):
    """Catches a pass over the body too many, a copy too many, a lost keep-alive, a wait for a 100
    Continue, an fsync in the way."""
    sides = sides_of(lab, alone)
    other = beside(lab, f"beside-{next(_numbers)}")
    if other:
        sides["beside"] = ThroughAgent(other)
    processes = [alone.process, lab.stores["minio"].process] + ([other.process] if other else [])
    with precedence(*processes) as goes_first:
        times = in_turn(sides, SIZES[size], PAIRS[size])
    figures = {"pairs": PAIRS[size], "first": goes_first, "aim": AIM_PUT_RATIO}
    for name in sides:
        figures[f"{name}_ms"] = round(statistics.median(times[name]) * 1e3, 2)
    for name in sides.keys() - {"through"}:
        figures[f"ratio_to_{name}"] = ratio(times["through"], times[name])
    if other:
        figures["beside_to_signed"] = ratio(times["beside"], times["signed"])
        other.kill()
    place = "-files-in-memory" if isinstance(alone, FilesInMemory) else ""
    note(reports, f"put-{size.replace(' ', '-')}{place}", figures)
    # Beside other work of the machine the interval is wide, and says so.
    assert figures["ratio_to_signed"]["low"] <= MOST_PUT_RATIO[size], figures


def test_puts_one_after_the_other_cost_little_more(lab, alone, reports):
    """Nothing rests between them: what an answered PUT leaves to be done is paid for by the next
    one. Catches work that was put off in order to look fast."""
    sides = sides_of(lab, alone)
    del sides["unsigned"]
    with precedence(alone.process, lab.stores["minio"].process) as goes_first:
        times = in_rows(sides, SIZES["2 MiB"], rows=12, keys=16)
    figures = {"rows": 12, "keys": 16, "first": goes_first,
               "ratio_to_signed": ratio(times["through"], times["signed"])}
    for name in sides:
        figures[f"{name}_ms"] = round(statistics.median(times[name]) * 1e3 / 16, 2)
    note(reports, "puts-in-rows", figures)
    assert figures["ratio_to_signed"]["low"] <= MOST_ROW_RATIO, figures


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
            # On a core of its own: whoever asks is on another machine than who answers.
            done = subprocess.run(["taskset", "--cpu-list", "0", lab.tools["load"],
                                   "-connections=200", "-rounds=20", follower.url + path],
                                  capture_output=True, text=True, check=True)
            result = json.loads(done.stdout)
            assert set(result["statuses"]) == {"200"}, result
            return result
        # Who asks is started by this process, and goes first as it does.
        with precedence(follower.process) as goes_first:
            pairs = [(burst("/v1/query/etl/window"), burst("/healthz")) for _ in range(5)]
        queries, nothing = ([pair[side] for pair in pairs] for side in (0, 1))

        def figures_of(results):
            bursts = [one for result in results for one in result["burstP99Ms"]]
            return {"burst_p99_ms": round(statistics.median(bursts), 2),
                    "nine_of_ten_ms": round(statistics.quantiles(bursts, n=10)[-1], 2),
                    "all_p99_ms": [result["p99Ms"] for result in results],
                    "seen_p99_ms": [result["seenP99Ms"] for result in results],
                    "fired_ms": max(result["firedMs"] for result in results)}
        figures = {"first": goes_first, "most": MOST_BURST_MS, "query": figures_of(queries),
                   "healthz": figures_of(nothing)}
        note(reports, "burst", figures)
        # On a machine that has nothing else to do; on another one, by what it costs there anyway.
        assert min(figures["query"]["all_p99_ms"]) <= max(
            MOST_BURST_MS, 3 * min(figures["healthz"]["all_p99_ms"])), figures
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


# OpenSSL 3.0 keeps 14.1 kB for each session, GnuTLS 18.5 kB, and no option brings that down: the SSL
# object alone is 7,608 bytes, 73 MiB for 10,000 of them. So reads that each have a connection are out
# of reach of 64 MiB, and the bound catches what adds to it. Over HTTP/2 they share ten.
MOST_WAITING_MIB = {"plain": 64, "tls-http1": 176, "tls-http2": 64}


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def reads(lab, agent, key, *flags):
    """The command of a Go program that reads etl/KEY and a number from an agent with TLS."""
    url = agent.url.replace("http:", "https:")
    return [lab.tools["reads"], f"-ca={lab.authority.ca}", f"-first={url}/healthz",
            f"-url={url}/v1/backup/etl/{key}", *flags]


@contextlib.contextmanager
def reading(lab, follower, kind, count):
    """`count` reads of keys that are never written, on their way."""
    if kind == "tls-http2":
        with subprocess.Popen(reads(lab, follower, "never-", f"-count={count}")) as go:
            yield
            go.kill()
        return
    client = rest.trusting(lab.authority.ca) if kind == "tls-http1" else None
    with contextlib.ExitStack() as sockets:
        for i in range(count):
            one = socket.create_connection(("127.0.0.1", follower.port), timeout=10)
            if client:
                one = client.wrap_socket(one, server_hostname="127.0.0.1")
            sockets.enter_context(one)
            one.sendall(b"GET /v1/backup/etl/never-%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % i)
        yield


@pytest.mark.parametrize("kind", MOST_WAITING_MIB)
def test_ten_thousand_waiting_reads_stay_small(lab, reports, many_descriptors, kind):
    """Catches a buffer, a thread, a timer descriptor or a TLS object for each caller that waits."""
    count = 10_000
    agents = straight(lab, f"many-reads-{kind}", 2, Straight if kind == "plain" else Encrypted)
    try:
        wait_for(lambda: any(agent.leads() for agent in agents), 60, "a leader", every=0.05)
        follower = next(agent for agent in agents if not agent.leads())
        before = resident_mib(follower.process.pid)
        with reading(lab, follower, kind, count):
            wait_for(lambda: follower.status()["pendingReads"] == count, 60, "all to wait")
            resident = resident_mib(follower.process.pid)
            answer_ms = timed(follower.query, "etl/never-1") * 1e3
            note(reports, f"waiting-reads-{kind}",
                 {"reads": count, "resident_mib": round(resident, 1),
                  "grown_mib": round(resident - before, 1), "query_ms": round(answer_ms, 2)})
            assert resident <= MOST_WAITING_MIB[kind]
        wait_for(lambda: follower.status()["pendingReads"] == 0, 60, "none to wait any more")
    finally:
        for agent in agents:
            agent.process.kill()


def test_start_to_ready(alone, reports):
    """Catches a start that waits for the election, the bucket or the local files."""
    assert alone.stop() == 0
    began = time.monotonic()
    alone.start()
    took = time.monotonic() - began
    note(reports, "start", {"seconds": round(took, 3)})
    assert took < 1.0
