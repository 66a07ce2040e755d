"""A run of the fault suites: one trio with traffic, a fault, healing, and the judges."""

import time

from .traffic import Traffic
from .trio import Trio

LEASE = 5  # seconds
KEY = "etl/bingen/allocations/1d/1764028800-1764115200"
BEFORE, FAULT = 6, 12  # seconds: when it begins, how long it lasts
# After it: as long as the bound within which there must be a leader, or verify says "inconclusive".
HEALTHY = 24


class Run:
    """One trio with traffic; `end` heals, waits for a leader and a write, and judges."""

    def __init__(self, lab, say, name, store="minio", cluster=None, lease_duration=LEASE,
                 **settings):
        self.say = say
        self.trio = Trio(lab, name, store, cluster=cluster, lease_duration=lease_duration,
                         **settings)
        try:
            self.trio.start()
            self.leader = self.trio.leader()
            self.traffic = Traffic(self.trio.agents, KEY)
        except BaseException:
            self.trio.kill()
            raise

    def __enter__(self):
        time.sleep(BEFORE)
        self.leader = self.trio.leader()
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.say(self.trio.logs)
            self.trio.kill()
            return
        try:
            self.end()
        except BaseException:
            self.say(self.trio.logs)
            raise
        finally:
            self.trio.kill()

    def link_to_api(self, agent):
        return self.trio.api_links[self.trio.index(agent)]

    def link_to_bucket(self, agent):
        return self.trio.bucket_links[self.trio.index(agent)]

    def end(self):
        committed = self.traffic.outcomes["Committed"]
        time.sleep(HEALTHY)
        assert self.traffic.outcomes["Committed"] > committed, "no write committed after healing"
        self.traffic.stop()
        self.trio.stop()
        self.say(f"writes {dict(self.traffic.outcomes)}, queries {dict(self.traffic.queries)}, "
                 f"slowest query {self.traffic.slowest_query * 1000:.0f} ms")
        self.traffic.judge(self.trio.objects()[KEY])
        self.say(self.trio.verify())
        assert self.traffic.outcomes["Committed"] >= 10, self.traffic.outcomes
        assert sum(self.traffic.queries.values()) >= 50, self.traffic.queries
        assert set(self.traffic.queries) <= {200, 404, 503}, self.traffic.queries


def leader_is_killed(lab, name, store, say=print):
    """SIGKILL, and a start on its old files: catches what was acknowledged and lost."""
    with Run(lab, say, name, store=store) as run:
        run.trio.kill_agent(run.leader)
        run.trio.leader(LEASE + 3, other_than=run.leader)
        time.sleep(2)
        run.leader.start()
