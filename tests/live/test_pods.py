"""The end of a holder's container frees its Lease: on the kubelet's word at once, on nothing else.

The kubelet is played by lab/kubelet.py, on a real kube-apiserver with the Role that the chart makes.
"""

import time

import pytest

from lab.kubelet import Node, kills
from lab.kwok import Kwok, KwokNode, asked_for
from lab.processes import boottime_ns, wait_for
from lab.trio import SLOW, Trio
from test_election import wait_became_leader

SECOND = 1_000_000_000
LEASE = 15          # seconds: what a crash costs without a word
SHORT = 5           # seconds: where it has to be waited out
NOTICE = 1.0        # seconds from the end of a container to the kubelet's word
WATCHED = 1.2       # seconds for which a false proof is left to do harm
LATE = 1000         # milliseconds by which answers are late


@pytest.fixture(scope="module")
def node(lab):
    trio = Trio(lab, "pods", lease_duration=LEASE, retry_period="1s")
    made = Node(trio)
    yield made.start()
    trio.kill()


@pytest.fixture(scope="module")
def pair(lab):
    """Two agents with a short lease, which is waited out."""
    trio = Trio(lab, "pods-late", size=2, lease_duration=SHORT, retry_period="1s")
    made = Node(trio)
    yield made.start()
    trio.kill()


def followers(node, pod):
    return [agent for agent in node.trio.agents if agent is not pod.agent]


def crash(node, pod):
    """SIGKILL, which nobody tells of yet. When."""
    with node.trio.fault(f"crash {pod.agent.name}", [pod.agent]):
        pod.kill()
        node.trio.declared.crashed(pod.agent.name)
    return boottime_ns()


def keeps_the_lease(node, pod):
    """Whoever believes what was told takes the Lease within milliseconds."""
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        assert node.cluster.holder(node.trio.lease).startswith(pod.agent.name)
        time.sleep(0.05)
    assert pod.agent.leads()


def seen_by_followers(node, pod):
    """The followers watch this Pod's container, and the server has shown it to them."""
    def see():
        told = [agent.status()["holderContainer"] for agent in node.trio.agents
                if agent is not pod.agent and agent.answers]
        return all(one == {"id": pod.id, "seen": True} for one in told)
    wait_for(see, 10, "the followers to watch the leader's Pod")


def test_a_killed_leader_is_replaced_on_the_kubelets_word(node, reports):
    """SIGKILL, and a second later the status says so: the next one leads. Catches a proof that is
    not watched, not believed, or not followed by a PUT; each costs a lease of fifteen seconds."""
    took = []
    for _ in range(kills()):
        pod = node.named_leader()
        seen_by_followers(node, pod)
        killed = crash(node, pod)
        time.sleep(NOTICE)
        told = boottime_ns()
        pod.tell_end()
        at, successor = wait_became_leader(followers(node, pod), killed, LEASE + 5)
        took.append(((at - killed) / SECOND, (at - told) / SECOND))
        print(f"{successor.name} led {took[-1][0]:.3f} s after the kill, {took[-1][1]:.3f} s after "
              "the word")
        assert killed < told < at, "nobody may lead before the word"
        assert successor.metrics()['leasehold_marks_total{mark="takeover-after-end"}'] >= 1
        pod.start()
    times = sorted(whole for whole, _ in took)
    line = (f"{len(took)} kills, notice after {NOTICE} s: from the kill {times[0]:.3f} to "
            f"{times[-1]:.3f} s, from the word at most {max(word for _, word in took):.3f} s\n")
    print(line)
    (reports / "ended-holder.md").write_text(line)
    assert times[-1] < NOTICE + 1, "fifteen seconds otherwise"


def test_the_event_says_why(node):
    """Catches an Event that is lost or says of such a takeover what it says of every other."""
    def messages():
        events = node.cluster.must("GET", "/api/v1/namespaces/leasehold/events")["items"]
        return [one["message"] for one in events if one["involvedObject"]["name"] == "pods"]
    wait_for(lambda: any("the container of the holder before has ended" in one
                         for one in messages()), 5, "the Event")


# Each is written into the status of a leader that runs, and is true of no container of its own.
def failed(pod):
    pod.write(phase="Failed", reason="NodeLost")


def unknown(pod):
    pod.write({"state": {"terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137}},
               "containerID": pod.id, "ready": False})


def unknown_last(pod):
    pod.write({"state": {"waiting": {"reason": "ContainerCreating"}}, "ready": False, "lastState": {
        "terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137}}})


def lost_shim(pod):
    pod.write({"state": {"terminated": pod.exited(pod.id, code=255)}, "containerID": pod.id,
               "ready": False})


def other_container(pod):
    pod.write(pod.running(True), side={"state": {"terminated": pod.exited("containerd://side")}})


def earlier_restart(pod):
    pod.write({**pod.running(True), "lastState": {"terminated": pod.exited("containerd://old")}})


def unready(pod):
    pod.write(pod.running(False))


@pytest.mark.parametrize("lie", [failed, unknown, unknown_last, lost_shim, other_container,
                                 earlier_restart, unready], ids=lambda lie: lie.__name__)
def test_nothing_else_is_a_proof(node, lie):
    """Catches a takeover, which would come within milliseconds: the leader lives and goes on."""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    lie(pod)
    keeps_the_lease(node, pod)
    pod.write(pod.running(True))


def test_readiness_that_comes_and_goes_is_no_proof(node):
    """A probe that times out now and then, and a kubelet that starts anew and forgets `started`.
    Catches what takes a change for an end, or the second one if not the first."""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    for started in (True, False, True, False, True):
        for ready in (False, True):
            pod.write({**pod.running(ready), "started": started or ready})
            time.sleep(0.15)
    pod.write(pod.running(False))
    keeps_the_lease(node, pod)
    pod.write(pod.running(True))


def test_a_lost_node_is_no_proof(node):
    """NotReady, tainted, and every Pod on it marked so: its kubelet is cut off, and the process
    runs. Catches a takeover by a Pod's condition."""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    node.lost()
    keeps_the_lease(node, pod)
    node.back()
    for one in node.pods:
        one.write(one.running(True))


def test_an_eviction_is_no_proof_and_the_end_after_it_is(node):
    """A taint's eviction marks the Pod and gives it a deletionTimestamp, and its container runs on
    for as long as its node is away. Back again, the kubelet ends it and says so. Catches a
    takeover by the deletion's beginning, and an end that counts no more once it has begun."""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    pod.evict()
    keeps_the_lease(node, pod)
    killed = crash(node, pod)
    told = boottime_ns()
    pod.tell_end()
    at, _ = wait_became_leader(followers(node, pod), killed, LEASE + 5)
    assert told < at < told + SECOND, "by the kubelet's word, and not before it"
    pod.replaced()
    pod.start()


def test_an_end_that_is_heard_late_takes_nothing_from_the_next_container(node):
    """The leader's container ends, and the next one in the same Pod takes the Lease on the kubelet's
    word. The others hear of all that a second late: of the end when another holds the Lease, so that
    their PUT is refused, then of that one, in a status that still tells of the end. Catches an end
    that counts for whoever runs in the Pod."""
    # Their Lease's watch may be the faster one: who heard that another holds it first asks no more
    # of the end.
    assert any(hears_late(node) for _ in range(3)), "nobody heard of the end before the next holder"


def hears_late(node):
    """Plays that once. Did a follower hear of the end, and of the next holder after it?"""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    heard = {agent: ends(agent) for agent in followers(node, pod)}
    before = pod.id
    killed = crash(node, pod)
    time.sleep(1.1)  # for the second of the start to be another one
    pod.start(told=False)
    pod.agent.wait_ready()
    wait_for(lambda: pod.agent.status()["holderContainer"] == {"id": before, "seen": True}, 5,
             "the next container to watch its own Pod")
    links = [node.trio.api_links[node.trio.index(agent)] for agent in heard]
    with node.trio.fault("delay answers to followers", list(heard), api=False):
        for link in links:
            link.delay_answers(LATE)
        pod.write(pod.running(True))
        _, successor = wait_became_leader(node.trio.agents, killed, LEASE + 5)
        assert successor is pod.agent
        seen_by_followers(node, pod)
        assert node.named_leader() is pod and pod.id != before
        keeps_the_lease(node, pod)
        for link in links:
            link.heal()
    return any(ends(agent) > number for agent, number in heard.items())


def ends(agent):
    """Proofs that it was told of."""
    return agent.metrics()["leasehold_holder_ends_total"]


def test_a_status_that_is_one_restart_old_names_nobody(node):
    """A container that follows another in the same Pod reads the status of that one, running and
    ready for all that it says, and dead a moment later. Catches an id that is taken from it."""
    leader = node.named_leader()
    pod = next(one for one in node.pods if one is not leader)
    before = pod.id
    crash(node, pod)
    time.sleep(1.1)  # for the second of the start to be another one
    pod.start(told=False)
    pod.agent.wait_ready()
    time.sleep(1)
    assert pod.agent.status()["container"] is None, "the status is that of the container before"
    pod.write(pod.running(True))
    wait_for(lambda: pod.agent.status()["container"] == pod.id, 10, "its own container")
    assert pod.id != before


def test_a_pod_that_is_gone_or_replaced_is_no_proof(node):
    """Force deletion, as by the garbage collector of a lost node, leaves the process running. Last,
    as the Pods' names are another's then. Catches a takeover by absence, by name, and by an end that
    is told of another Pod."""
    pod = node.named_leader()
    seen_by_followers(node, pod)
    pod.force_delete()
    keeps_the_lease(node, pod)
    pod.make()
    pod.write({"state": {"terminated": pod.exited(pod.id)}, "containerID": pod.id, "ready": False})
    keeps_the_lease(node, pod)


def test_a_process_that_stands_still_is_waited_out(pair):
    """SIGSTOP, and the probe fails: no kubelet calls that an end. Within its lease the leader goes on
    as if nothing had been; beyond it the Lease is another's, and not a moment before. Catches a
    takeover by readiness, and a leader that acts once more when it goes on."""
    pod = pair.named_leader()
    seen_by_followers(pair, pod)
    with pair.trio.fault(f"pause {pod.agent.name}", [pod.agent]):
        pod.agent.pause()
        pod.write(pod.running(False))
        time.sleep(SHORT / 2)
        assert pair.cluster.holder(pair.trio.lease).startswith(pod.agent.name)
        pod.agent.resume()
    keeps_the_lease(pair, pod)
    pod.write(pod.running(True))
    with pair.trio.fault(f"pause {pod.agent.name}", [pod.agent]):
        pod.agent.pause()
        paused = boottime_ns()
        gate_ends = pod.agent.gates()[-1][1]
        pod.write(pod.running(False))
        at, successor = wait_became_leader(followers(pair, pod), paused, 2 * SHORT)
        print(f"{successor.name} led {(at - paused) / SECOND:.3f} s after the stop, "
              f"{(at - gate_ends) / SECOND:.3f} s after the gate's end")
        assert at > gate_ends, "two leaders"
        assert at - paused > (SHORT - 1.5) * SECOND, "it renews each second"
        pod.agent.resume()
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        assert not pod.agent.leads() and successor.leads()
    pod.write(pod.running(True))


def test_an_end_that_is_told_late_is_not_the_next_containers(pair):
    """The kubelet is behind: the next container in the leader's Pod has waited for the Lease and
    taken it when the status says that the one before has ended, and once more, from an older
    status, when it has named itself. Catches an end that counts by the Pod or by the container's
    name, and a leader that has named itself by the status of the one before."""
    pod = pair.named_leader()
    seen_by_followers(pair, pod)
    [other] = followers(pair, pod)
    link = pair.trio.api_links[pair.trio.index(other)]
    crash(pair, pod)
    time.sleep(1.1)  # for the second of the start to be another one
    with pair.trio.fault(f"cut {other.name} from the API", [other], api=False):
        link.down()
        pod.start(told=False)
        pod.agent.wait_ready()
        wait_for(pod.agent.leads, 2 * SHORT, "the next container to lead")
        link.heal()
    wait_for(lambda: other.status()["holder"].startswith(pod.agent.name), 10, "the way to be back")
    for _ in range(2):
        pod.tell_end()
        keeps_the_lease(pair, pod)
        pod.write(pod.running(True))
        assert pair.named_leader() is pod
        seen_by_followers(pair, pod)


@pytest.mark.parametrize("group", ["node", "pair"])
def test_recordings_hold_all_invariants(request, group):
    """All of the above through the checkers: no two leaders at once."""
    trio = request.getfixturevalue(group).trio
    trio.stop()
    print(trio.verify(may_lack=SLOW))


def test_without_the_right_on_pods_it_is_waited_out_as_ever(lab):
    """403: one line of log, and an election as before. Catches an agent that hangs on it."""
    trio = Trio(lab, "pods-forbidden", lease_duration=5, retry_period="1s", size=2,
                more=["--believe-ended-holder", "--pod-uid=none"])
    try:
        trio.start()
        leader = trio.leader()
        log = leader.process.tail(100)
        assert log.count("403") == 1 and "pods" in log, log
        assert leader.status()["container"] is None
        assert leader.metrics()['leasehold_duty_failing{duty="pods"}'] == 1
    finally:
        trio.kill()


@pytest.fixture
def kwok_node(lab):
    if not asked_for():
        pytest.skip("not asked for: KWOK (LEASEHOLD_KUBELETS=kwok)")
    kwok = Kwok(lab, lab.folder / "kwok")
    trio = Trio(lab, "pods-kwok", lease_duration=SHORT, retry_period="1s")
    try:
        yield KwokNode(trio).start()
    finally:
        trio.kill()
        kwok.stop()


def test_nothing_that_kwok_writes_frees_the_lease_of_a_leader_that_runs(kwok_node):
    """KWOK says of Pods what it likes, with all its own stages: running, NotReady, failed, gone.
    None of its words names a container, so without the kubelet's none is known, and a crash costs a
    lease. Catches a takeover by a phase, or by a Pod that is gone."""
    trio = kwok_node.trio
    leader = kwok_node.of(trio.leader())
    keeps_the_lease(kwok_node, leader)
    for pod in kwok_node.pods:
        assert "containerID" not in str(pod.get()["status"])
        assert pod.agent.status()["container"] is None
    for pod in kwok_node.pods:
        pod.write(pod.running(True))
    leader = kwok_node.named_leader()
    seen_by_followers(kwok_node, leader)
    kwok_node.not_ready()
    keeps_the_lease(kwok_node, leader)
    kwok_node.failed(leader)
    print(leader.get()["status"]["containerStatuses"])
    keeps_the_lease(kwok_node, leader)
    trio.cluster.must("DELETE", leader.path)
    wait_for(lambda: trio.cluster.ask("GET", leader.path).status == 404, 20,
             "the Pod to be gone, by KWOK")
    keeps_the_lease(kwok_node, leader)
    killed = crash(kwok_node, leader)
    at, _ = wait_became_leader(followers(kwok_node, leader), killed, 2 * SHORT)
    assert at - killed > (SHORT - 1.5) * SECOND, "nobody has said that it ended"
    trio.stop()
    print(trio.verify(may_lack=SLOW))
