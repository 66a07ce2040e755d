"""Election and faults on a kube-apiserver that stores in kine with SQLite, as k3s has it.

What the API server's storage is, no agent may notice, but when it is away or was killed: what kine
acknowledged must be there again. Judged as the faults of test_faults.py are.
"""

import inspect
import time

import pytest

from fixtures import Concurrent, chosen
from lab.cluster import KineCluster
from lab.processes import boottime_ns
from lab.runs import FAULT, LEASE, Run


def handed_over(lab, say):
    """A leader that is told to stop: catches a release that kine's watch brings late, or never."""
    with Run(lab, say, "kine-handed-over", cluster=lab.kine()) as run:
        began = boottime_ns()
        assert run.leader.stop() == 0, run.leader.process.tail()
        run.trio.leader(LEASE, other_than=run.leader)
        took = (boottime_ns() - began) / 1e9
        say(f"the next one led {took:.3f} s after SIGTERM")
        assert took < 3, "a release was waited out"
        run.leader.start()


def leader_killed(lab, say):
    """SIGKILL and a start on the old files: catches a Lease that kine lost or shows late."""
    with Run(lab, say, "kine-leader-killed", store="versitygw", cluster=lab.kine()) as run:
        run.trio.kill_agent(run.leader)
        run.trio.leader(LEASE + 3, other_than=run.leader)
        time.sleep(2)
        run.leader.start()


def leader_paused(lab, say):
    """SIGSTOP beyond the lease: catches two leaders, of which kine would know one alone."""
    with Run(lab, say, "kine-leader-paused", store="versitygw", cluster=lab.kine()) as run:
        with run.trio.fault(f"pause {run.leader.name}", [run.leader]):
            run.leader.pause()
            run.trio.leader(LEASE + 3, other_than=run.leader)
            time.sleep(2)
            run.leader.resume()
        assert not run.leader.leads(), "it leads on after SIGCONT"


def lease_deleted(lab, say):
    """Catches versions that begin anew with a created Lease, where kine counts otherwise."""
    with Run(lab, say, "kine-lease-deleted", cluster=lab.kine()) as run:
        for _ in range(2):
            with run.trio.fault("delete the Lease", run.trio.agents):
                run.trio.cluster.delete_lease(run.trio.lease)
            time.sleep(6)
        assert run.trio.cluster.holder(run.trio.lease)


def kine_killed(lab, say):
    """SIGKILL of kine under renewals and watches, and a start on its file, three times: catches
    a leadership that a renewal's lost answer costs, and watches that are never opened again."""
    cluster = lab.new_cluster(KineCluster)
    with Run(lab, say, "kine-killed", cluster=cluster) as run:
        for _ in range(3):
            before = cluster.lease(run.trio.lease)
            with run.trio.fault("outage of kine", run.trio.agents, api=False):
                cluster.storage.kill()
                time.sleep(0.5)
                cluster.start_storage()
                cluster.wait_ready()
            after = cluster.lease(run.trio.lease)
            version = [int(one["metadata"]["resourceVersion"]) for one in (before, after)]
            assert version[1] >= version[0], "kine lost a Lease that it had acknowledged"
            time.sleep(4)
    cluster.stop()


def kine_away(lab, say):
    """Kine is down for longer than a lease, and the API server is killed meanwhile: catches a
    leader that goes on without renewals, and a group that does not come back by itself."""
    cluster = lab.new_cluster(KineCluster)
    with Run(lab, say, "kine-away", store="versitygw", cluster=cluster) as run:
        with run.trio.fault("outage of kine", run.trio.agents, api=False):
            cluster.storage.kill()
            time.sleep(FAULT)
            assert not any(agent.leads() for agent in run.trio.agents)
            cluster.api.kill()
            cluster.start_storage()
            cluster.start_api()
    cluster.stop()


RUNS = {run.__name__: run for run in (handed_over, leader_killed, leader_paused, lease_deleted,
                                      kine_killed, kine_away)}


@pytest.fixture(scope="module")
def results(lab, request):
    concurrent = Concurrent(lab, {name: RUNS[name] for name in chosen(request, "fault")})
    yield concurrent
    concurrent.close()


@pytest.mark.parametrize("fault", RUNS)
def test_fault(results, fault):
    """Catches what the fault's own words say (RUNS), and any invariant that verify finds broken."""
    print(inspect.getdoc(RUNS[fault]))
    results.result(fault)
