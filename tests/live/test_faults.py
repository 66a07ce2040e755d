"""Faults by proxy and signal on real agents and real servers, thirty seconds each, with writes and
queries flowing. Afterwards the recordings of all agents, of the Lease's watch and of the bucket go
through the checkers that judge the simulator, and the bucket is read by a client of others.

All runs go on at the same time, each on a Lease, a prefix and links of its own.
"""

import inspect
import time

import pytest

from fixtures import Concurrent, chosen
from lab.electors import Elector
from lab.proxies import Action, FaultProxy
from lab.pki import Authority
from lab.processes import wait_for
from lab.runs import FAULT, KEY, LEASE, Run, leader_is_killed

# ---- the network --------------------------------------------------------------------------------


def leader_cut_from_the_api(lab, say):
    """Catches a leader that goes on writing after it could not renew, or a group without one."""
    with Run(lab, say, "cut-from-api") as run:
        with run.trio.fault(f"cut {run.leader.name} from the API", [run.leader], api=False):
            run.link_to_api(run.leader).down()
            run.trio.leader(LEASE + 3, other_than=run.leader)
            time.sleep(FAULT - LEASE)
            run.link_to_api(run.leader).heal()


def leader_cut_from_the_bucket(lab, say):
    """Catches a leader that holds the Lease and cannot write: it must leave the place to others."""
    with Run(lab, say, "cut-from-bucket", store="versitygw") as run:
        with run.trio.fault(f"cut {run.leader.name} from the bucket", [run.leader], bucket=False):
            run.link_to_bucket(run.leader).down()
            run.trio.leader(FAULT, other_than=run.leader)
            time.sleep(2)
            run.link_to_bucket(run.leader).heal()


def answers_late(lab, say):
    """Answers come after the next retry is due: catches validity counted from the answer, and
    leaderships lost for answers that were merely late."""
    with Run(lab, say, "answers-late") as run:
        with run.trio.fault(f"delay answers to {run.leader.name}", [run.leader], api=False,
                            bucket=False):
            run.link_to_api(run.leader).delay_answers(1200)
            run.link_to_bucket(run.leader).delay_answers(300)
            time.sleep(FAULT)
            run.link_to_api(run.leader).heal()
            run.link_to_bucket(run.leader).heal()


def black_hole(lab, say):
    """Packets vanish in both directions: catches deadlines that rest on somebody answering."""
    with Run(lab, say, "black-hole", store="versitygw") as run:
        with run.trio.fault(f"cut {run.leader.name} from everything", [run.leader], api=False,
                            bucket=False):
            run.link_to_api(run.leader).black_hole()
            run.link_to_bucket(run.leader).black_hole()
            run.trio.leader(LEASE + 3, other_than=run.leader)
            time.sleep(FAULT - LEASE)
            run.link_to_api(run.leader).heal()
            run.link_to_bucket(run.leader).heal()


def connections_reset(lab, say):
    """Every connection of everybody ends with RST at once: catches a broken connection that is
    taken for an answer, and clients that never connect again."""
    with Run(lab, say, "connections-reset") as run:
        agents = run.trio.agents
        with run.trio.fault("cut all from everything", agents, api=False, bucket=False):
            for link in run.trio.api_links + run.trio.bucket_links:
                link.reset_peer()
            time.sleep(FAULT)
            for link in run.trio.api_links + run.trio.bucket_links:
                link.heal()


# ---- the servers --------------------------------------------------------------------------------


def api_server_paused(lab, say):
    """Requests hang for 20 s and may be applied afterwards: catches renewals that are counted from
    their answer, and writes by a leader that could not renew."""
    cluster = lab.new_cluster()
    with Run(lab, say, "api-paused", cluster=cluster) as run:
        with run.trio.fault("outage of the API server", run.trio.agents, api=False):
            cluster.api.pause()
            time.sleep(20)
            cluster.api.resume()
            cluster.wait_ready()
    cluster.stop()


def api_server_killed(lab, say):
    """SIGKILL and a start on the old data: catches watches that are never opened again, and those
    that trust a resourceVersion which the new process no longer knows."""
    cluster = lab.new_cluster()
    with Run(lab, say, "api-killed", store="versitygw", cluster=cluster) as run:
        with run.trio.fault("outage of the API server", run.trio.agents, api=False):
            cluster.api.kill()
            time.sleep(3)
            cluster.start_api()
    cluster.stop()


def etcd_paused(lab, say):
    """Writes answer 504 and half of them are applied: catches "failed" where it is "unknown"."""
    cluster = lab.new_cluster()
    with Run(lab, say, "etcd-paused", cluster=cluster) as run:
        with run.trio.fault("outage of etcd", run.trio.agents, api=False):
            cluster.storage.pause()
            time.sleep(FAULT)
            cluster.storage.resume()
            cluster.wait_ready()
    cluster.stop()


# ---- the processes ------------------------------------------------------------------------------


def leader_killed(lab, say):
    """Catches what was acknowledged and lost."""
    leader_is_killed(lab, "killed", "versitygw", say)


def pause_with_a_put_in_flight(lab, say, name, store, blocks):
    with Run(lab, say, name, store=store) as run:
        large = b"held " * (1 << 20)
        with run.trio.fault(f"slow the bucket of {run.leader.name}", [run.leader], bucket=False):
            run.link_to_bucket(run.leader).bandwidth(256)  # KiB/s: this PUT takes 20 s
            held = run.leader.write_in_background(KEY, large)
            time.sleep(1.5)
            with run.trio.fault(f"pause {run.leader.name}", run.trio.agents if blocks else
                                [run.leader]):
                run.leader.pause()
                run.trio.leader(LEASE + 3, other_than=run.leader)
                committed = run.traffic.outcomes["Committed"]
                time.sleep(4)
                later = run.traffic.outcomes["Committed"]
                assert later > committed or blocks, "the successor could not write"
                run.leader.resume()
            run.link_to_bucket(run.leader).heal()
        acknowledgement = held.result(60)
        say(f"the held PUT was answered {acknowledgement!r}")
        assert acknowledgement != "Committed", "a PUT of a leader of the past was acknowledged"


def leader_paused_beyond_its_lease(lab, say):
    """SIGSTOP with a large PUT in flight, held by a slow link, and SIGCONT when another leads: the
    old PUT must be stopped or refused. Catches a gate that is looked at before the pause alone."""
    pause_with_a_put_in_flight(lab, say, "paused", "versitygw", False)


def leader_paused_while_the_store_waits(lab, say):
    """The same on MinIO, which locks a key from the head of a conditional PUT to its last byte:
    nobody reads or writes the key before the paused one is gone. Catches an agent that does not
    let go of its connection once it is awake and too late."""
    pause_with_a_put_in_flight(lab, say, "paused-minio", "minio", True)


def put_arrives_after_its_leader_is_gone(lab, say):
    """A whole PUT is under way while its sender sleeps beyond its lease, and reaches the store after
    the successor's writes. No time can stop it, the precondition alone. Catches a PUT without."""
    store = lab.stores["minio"]
    proxy = FaultProxy(store.url, store.ca, lab.authority.server("put-late"))
    with Run(lab, say, "put-late") as run:
        with run.trio.fault(f"delay a PUT of {run.leader.name}", [run.leader], bucket=False):
            run.link_to_bucket(run.leader).lead_to(proxy.port)
            proxy.set(lambda exchange: Action(hold=exchange.method == "PUT"))
            held = wait_for(lambda: next((x for x in proxy.exchanges if x.method == "PUT"), None),
                            10, "a PUT on its way")
            with run.trio.fault(f"pause {run.leader.name}", [run.leader]):
                run.leader.pause()
                run.trio.leader(LEASE + 3, other_than=run.leader)
                committed = run.traffic.outcomes["Committed"]
                wait_for(lambda: run.traffic.outcomes["Committed"] > committed + 1, 10,
                         "the successor's writes")
                proxy.heal()
                wait_for(lambda: held.status, 10, "the store's answer to the late PUT")
                run.leader.resume()
            run.link_to_bucket(run.leader).lead_to(store.port)
        say(f"the late PUT of {held.target} was answered {held.status}")
        assert held.status == 412, "the store took a PUT of a leader of the past"
    proxy.stop()


# ---- the Lease ----------------------------------------------------------------------------------


def lease_deleted(lab, say):
    """Catches a second leader beside the first (client-go: 42 of 60), and a group without one."""
    with Run(lab, say, "lease-deleted") as run:
        for _ in range(3):
            with run.trio.fault("delete the Lease", run.trio.agents):
                run.trio.cluster.delete_lease(run.trio.lease)
            time.sleep(6)
        assert run.trio.cluster.holder(run.trio.lease)


def lease_edited(lab, say):
    """A label must change nothing; another holder's name must end the leadership in that step."""
    with Run(lab, say, "lease-edited", store="versitygw") as run:
        cluster, lease = run.trio.cluster, run.trio.lease
        before = cluster.lease(lease)["spec"]
        with run.trio.fault("label the Lease", run.trio.agents):
            cluster.edit_lease(lease, lambda one: one["metadata"].update(labels={"team": "a"}))
        time.sleep(3)
        after = cluster.lease(lease)
        assert after["spec"]["holderIdentity"] == before["holderIdentity"], "a label cost a leader"
        assert after["metadata"]["labels"] == {"team": "a"}, "a renewal dropped the label"
        with run.trio.fault("write another holder into the Lease", run.trio.agents):
            cluster.edit_lease(lease, lambda one: one["spec"].update(holderIdentity="operator"))
        wait_for(lambda: not run.leader.leads(), 2, "the leader to step down")
        run.trio.leader(3 * LEASE)


def lease_stolen_by_client_go(lab, say):
    """An elector of client-go is put into the Lease and leads: catches a leader of ours that does
    not give way, and one that takes the Lease back while the other renews it."""
    with Run(lab, say, "lease-stolen") as run:
        cluster, lease = run.trio.cluster, run.trio.lease
        with run.trio.fault("steal the Lease", run.trio.agents):
            cluster.edit_lease(lease, lambda one: one["spec"].update(
                holderIdentity="thief", leaseDurationSeconds=LEASE))
        thief = Elector(lab, lease, "thief", lease_duration=f"{LEASE}s", renew_deadline="4s",
                        retry_period="1s", release_on_cancel=True)
        thief.wait_leading()
        time.sleep(2 * LEASE)
        assert thief.leading() and cluster.holder(lease) == "thief", "ours took a renewed Lease"
        assert not any(agent.leads() for agent in run.trio.agents)
        with run.trio.fault("stop the elector that stole the Lease", run.trio.agents):
            thief.stop()
        run.trio.leader(2 * LEASE)


# ---- the credentials ----------------------------------------------------------------------------


def token_rotated(lab, say):
    """The old token stops working once a new one lies in the file: catches a token that is read
    once, which costs the leadership within an hour in a real cluster.

    The lease is three times as long as elsewhere: this run alone says that a leader does not change,
    and on a busy machine a server's stall of three seconds would change it too."""
    lab.cluster.add_account("rotated-old")
    lab.cluster.add_account("rotated-new")
    with Run(lab, say, "token-rotated", account="rotated-old", lease_duration=3 * LEASE) as run:
        term = run.leader.status()["term"]
        run.trio.write_token(lab.cluster.token("rotated-new"))
        lab.cluster.remove_account("rotated-old")
        # The server honours the old one for about 5 s, and a lease runs out after 15.
        time.sleep(FAULT + 12)
        assert run.leader.leads() and run.leader.status()["term"] == term, "the rotation was felt"


def token_revoked(lab, say):
    """No agent is let in for a while: catches leaders without renewal, and followers that give up
    for good on a 401."""
    lab.cluster.add_account("revoked")
    with Run(lab, say, "token-revoked", store="versitygw", account="revoked") as run:
        with run.trio.fault("outage of the API for this account", run.trio.agents, api=False):
            lab.cluster.remove_account("revoked")
            wait_for(lambda: not any(a.leads() for a in run.trio.agents), 5 + 2 * LEASE + 5,
                     "the leader to lose its place")
            run.trio.write_token(lab.cluster.add_account("revoked-new"))


def certificate_wrong(lab, say):
    """The leader's way to the API ends at a server of another CA: catches a token that is shown to
    a stranger, and a leader that goes on."""
    stranger = FaultProxy(lab.cluster.url, lab.cluster.ca,
                          Authority(lab.folder / "stranger", "stranger").server("stranger"))
    with Run(lab, say, "certificate-wrong") as run:
        with run.trio.fault(f"cut {run.leader.name} from the API", [run.leader], api=False):
            run.link_to_api(run.leader).lead_to(stranger.port)
            run.trio.leader(LEASE + 3, other_than=run.leader)
            time.sleep(FAULT - LEASE)
            run.link_to_api(run.leader).lead_to(lab.cluster.port)
    stranger.stop()
    assert not stranger.exchanges, "a request went to a server with a foreign certificate"


RUNS = {run.__name__: run for run in (
    leader_cut_from_the_api, leader_cut_from_the_bucket, answers_late, black_hole,
    connections_reset, api_server_paused, api_server_killed, etcd_paused, leader_killed,
    leader_paused_beyond_its_lease, leader_paused_while_the_store_waits,
    put_arrives_after_its_leader_is_gone, lease_deleted, lease_edited, lease_stolen_by_client_go,
    token_rotated, token_revoked, certificate_wrong)}


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
