"""Three agents on one Lease and one prefix of a bucket, with links that a test can spoil."""

import contextlib
import json
import subprocess
import threading

from .agents import PREFIX, Agent, Settings
from .declared import Declared
from .processes import Process, clean_environment, wait_for

# Invariants that a short test leaves open: they ask for a long time without a fault.
SLOW = ("leader.eventually-one", "follower.freshness")
API_ROUND_TRIP = "500ms"  # longest healthy Lease request here; 1 s is verify's default


class Trio:
    """`size` agents named NAME-0 ...; each has a link of its own to the API and to the bucket.

    `store` is a server, or the name of one of the lab's.
    `first_api` is the URL that the first agent is given in place of its link. Nothing is started
    by the constructor but the recorder of the world.
    """

    def __init__(self, lab, name, store="minio", size=3, cluster=None, account="agent",
                 first_api=None, **settings):
        self.lab = lab
        self.name = name
        self.cluster = cluster or lab.cluster
        self.store = lab.stores[store] if isinstance(store, str) else store
        self.folder = lab.folder / "trios" / name
        self.folder.mkdir(parents=True)
        self.lease = name
        self.prefix = f"trios/{name}"
        self.settings = Settings(program=lab.agent_program, lease=name,
                                 **{"replicas": size, **settings})
        self.token_file = self.folder / "token"
        self.write_token(self.cluster.token(account))
        self.api_links, self.bucket_links, self.agents = [], [], []
        for i in range(size):
            api = lab.toxiproxy.link(f"{name}-{i}-api", self.cluster.port)
            bucket = lab.toxiproxy.link(f"{name}-{i}-bucket", self.store.port)
            secret = self.store.secret(self.folder / f"bucket-{i}.yaml", bucket.url, self.prefix)
            self.api_links.append(api)
            self.bucket_links.append(bucket)
            url = first_api if first_api and i == 0 else api.url
            self.agents.append(Agent(f"{name}-{i}", self.folder / str(i), self.settings,
                                     self.cluster, url, self.token_file, secret,
                                     self.store.variables(bucket.url)))
        self.declared = Declared(self.folder / "declared.jsonl", [a.name for a in self.agents])
        self._faults = 0
        self._lock = threading.Lock()
        self.world = self._record_world()

    def write_token(self, token):
        """Into the file that the agents read again by themselves; renamed, as the kubelet does."""
        fresh = self.token_file.with_suffix(".new")
        fresh.write_text(token)
        fresh.chmod(0o600)
        fresh.rename(self.token_file)

    def _record_world(self):
        """The Lease's watch and the bucket, seen past the links that faults hit."""
        secret = self.store.secret(self.folder / "bucket-world.yaml", prefix=self.prefix)
        token = self.folder / "world-token"
        token.write_text(self.cluster.token())
        self.world_recording = self.folder / "world.jsonl"
        return Process(f"{self.name}-world", [
            self.lab.agent_program, "record-world", "--namespace=leasehold",
            f"--lease-name={self.lease}", f"--api-server={self.cluster.url}",
            f"--api-ca-file={self.cluster.ca}", f"--api-token-file={token}",
            f"--bucket-config={secret}", f"--prefix={PREFIX}", f"--record={self.world_recording}",
        ], self.folder / "world.log", clean_environment(self.folder, self.store.variables()))

    # ---- start, leader, stop --------------------------------------------------------------------

    def start(self):
        for agent in self.agents:
            agent.start(wait=False)
        for agent in self.agents:
            agent.wait_ready()
        return self

    def leader(self, seconds=60, other_than=None):
        """The agent that says that it leads; waits for one."""
        def find():
            return next((a for a in self.agents if a is not other_than and a.leads()), None)
        return wait_for(find, seconds, f"a leader of {self.name}", every=0.02)

    def followers(self):
        leader = self.leader()
        return [agent for agent in self.agents if agent is not leader]

    def index(self, agent):
        return self.agents.index(agent)

    def stop(self):
        """Every agent ends in order; the recorder last, so that it sees the releases."""
        codes = {agent.name: agent.stop() for agent in self.agents if agent.process is not None}
        assert self.world.stop(10) == 0, self.world.tail()
        self.declared.close()
        assert all(code in (0, -9) for code in codes.values()), f"exit codes: {codes}"

    def kill(self):
        """For a test that failed: leaves nothing running."""
        for process in [self.world, *(a.process for a in self.agents)]:
            if process is not None and process.alive:
                process.kill()

    # ---- faults ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def fault(self, what, targets, api=True, bucket=True):
        """Declares a fault around what the body does; `api` and `bucket` say which paths of the
        targets are healthy while it lasts. `what` begins with a word that the checkers know:
        crash, stop, cut, pause, outage topple a leader, others are met by retrying."""
        with self._lock:
            number = self._faults
            self._faults += 1
        names = [agent.name for agent in targets]
        for name in names:
            if not (api and bucket):
                self.declared.path_changed(name, api, bucket)
        self.declared.began(number, what, names)
        yield
        self.declared.ended(number, what, names)
        for name in names:
            if not (api and bucket):
                self.declared.path_changed(name, True, True)

    def kill_agent(self, agent):
        with self.fault(f"crash {agent.name}", [agent]):
            agent.kill()
            self.declared.crashed(agent.name)

    # ---- what came of it ------------------------------------------------------------------------

    def recordings(self):
        files = [path for agent in self.agents for path in agent.recordings]
        return [*files, self.world_recording, self.declared.path]

    def verify(self, may_lack=()):
        """Runs `leasehold verify` over everything that was recorded. Its table, if all invariants
        hold. Those of `may_lack` need more time than the test took: "inconclusive" is no failure,
        as the test itself waits for what they ask for."""
        report = self.folder / "verify.json"
        command = [self.lab.leasehold_program, "verify", f"--api-round-trip={API_ROUND_TRIP}",
                   f"--json={report}", *self.recordings()]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              check=False, timeout=120, env=clean_environment(self.folder))
        table = f"$ leasehold verify ({self.name})\n{done.stdout}{done.stderr}"
        assert done.returncode in (0, 3), f"exit code {done.returncode}\n{table}"
        invariants = json.loads(report.read_text())["scenarios"][0]["runs"][0]["invariants"]
        open_ones = {one["id"] for one in invariants if one["status"] == "inconclusive"}
        assert (done.returncode == 3) == bool(open_ones), table
        assert open_ones <= set(may_lack), f"inconclusive: {open_ones}\n{table}"
        return table

    def objects(self):
        """{key: payload} of the bucket by a client of others; headers are cut off by length."""
        found = self.store.objects(f"{self.prefix}/{PREFIX}")
        return {key.removeprefix(self.prefix + "/"): body for key, body in found.items()}

    @property
    def logs(self):
        return "\n".join(a.process.tail(40) for a in self.agents if a.process is not None)


def overlaps(spans_by_name):
    """Nanoseconds during which two of them were inside a span at once, over all pairs."""
    names = sorted(spans_by_name)
    total = 0
    for i, first in enumerate(names):
        for second in names[i + 1:]:
            for begin, end in spans_by_name[first]:
                for other_begin, other_end in spans_by_name[second]:
                    total += max(0, min(end, other_end) - max(begin, other_begin))
    return total
